"""How costs grow: of a reading with the accounts, of a tick with the sources, of a poll with the events.

``python -m bench.curves [LARGEST] [accounts] [sources] [events]``: those that are named, or all three, up to
the largest by tens. Times are CPU.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import psutil
from sqlalchemy import insert

from bench.town import BORN, Town, listed
from earmark.types import Event, Lexicon, StoredEvent
from matcher.read import Matcher
from monitors import alive, pipeline
from monitors.finish import finished
from monitors.hosts import Hosts
from monitors.poll import Outcome
from sources.feed import FeedSource
from storage import accounts, events, leases, listing, polls, rulebook
from storage.engine import Engine, migrate, reading, writing
from storage.pulse import pulse
from storage.tables import sources
from storage.wanted import Wanted
from tests.storage.databases import opened

SOURCE = FeedSource.model_validate({"url": "https://wire.example/feed"})
TEXT = "All that is known of it so far stands in this note of a few lines. " * 12
AT_ONCE = 20
HOUR = timedelta(hours=1)


def cpu(work: Callable[[], object], times: int = 1) -> float:
    """Return the milliseconds of CPU that the work takes, in the mean of so many times."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) * 1000 / times


def some_events(town: Town, first: int) -> list[Event]:
    """Return a page of events, of which each fifth names an account."""
    return [
        Event(
            external_id=f"e-{n}",
            title=f"{town.name(n % town.accounts)} raises ${5 + n % 90} million in Series B"
            if n % 5 == 0
            else f"Release {n} of the toolkit is out",
            text=TEXT,
            url=f"https://wire.example/{n}",
            published_at=BORN + timedelta(minutes=n % 10_000),
        )
        for n in range(first, first + AT_ONCE)
    ]


def with_accounts(engine: Engine, number: int) -> None:
    """Print what it takes to make ready for so many accounts, and to read an event then."""
    town = Town(1, accounts=number)
    with writing(engine) as conn:
        accounts.upsert(conn, listed(town))
    before = psutil.Process().memory_info().rss
    made: list[Matcher] = []

    def prepare() -> None:
        with reading(engine) as conn:
            made.append(Matcher(rulebook.lexicon(conn)))

    ready = cpu(prepare)
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    stored = [_stored(event) for event in some_events(town, 0)]
    each = cpu(lambda: [made[0].read(event) for event in stored], 20) / AT_ONCE
    print(f"{number:>10,} accounts {ready / 1000:>8.2f} s ready {grown:>8.0f} MB {each:>8.2f} ms an event")


def _stored(event: Event) -> StoredEvent:
    given = {name: getattr(event, name) for name in Event.__slots__}
    return StoredEvent(**given, id=event.external_id, source="wire", seen_at=BORN, fingerprint="x")


def with_events(engine: Engine, number: int, known: int) -> None:
    """Store events until there are so many, then print what a poll and the list of the day take."""
    town = Town(1, accounts=1000)
    for first in range(known, number, AT_ONCE * 25):
        batch = [
            _stored(e) for n in range(first, first + AT_ONCE * 25, AT_ONCE) for e in some_events(town, n)
        ]
        with writing(engine) as conn:
            events.insert(conn, batch)
    with reading(engine) as conn:
        lexicon: Lexicon = rulebook.lexicon(conn)
    matcher, place = Matcher(lexicon), iter(range(10**8 + number, 10**9, AT_ONCE))
    poll = cpu(lambda: _poll(engine, matcher, lexicon, some_events(town, next(place))), 5)

    def today() -> None:
        with reading(engine) as conn:
            listing.page(conn, Wanted(), BORN, limit=50)

    print(f"{number:>10,} events   {poll:>8.1f} ms a poll with 20 new {cpu(today, 5):>8.1f} ms the list")


def _poll(engine: Engine, matcher: Matcher, lexicon: Lexicon, told: list[Event]) -> None:
    with reading(engine) as conn:
        configured = polls.get(conn, "wire")
    if configured is None:
        raise SystemExit("The source is gone.")
    outcome = Outcome(source="wire", result="new", started_at=BORN, events=tuple(told))
    arrivals = pipeline.read(engine, outcome, configured, SOURCE)
    done = finished(configured, SOURCE, outcome, BORN)
    readings = pipeline.think(matcher, arrivals)
    pipeline.write(engine, arrivals, readings, done, lexicon=lexicon, now=BORN)


def with_sources(engine: Engine, number: int) -> None:
    """Print what a tick takes beside its polls, and what /healthz takes, with so many sources."""
    rows = [_source(each, number) for each in range(number)]
    with writing(engine) as conn:
        for first in range(0, number, 10_000):
            conn.execute(insert(sources), rows[first : first + 10_000])
    worker, hosts = alive.myself(), Hosts(now=lambda: BORN)
    alive.begin(engine, worker)

    def take() -> None:
        with writing(engine) as conn:
            leases.take_due(conn, BORN, limit=32, lease=HOUR, worker=worker, at_host=8)

    def look() -> None:
        with reading(engine) as conn:
            pulse(conn, BORN, recent=HOUR, heard_within=HOUR)

    beat = cpu(lambda: alive.beat(engine, worker, hosts, BORN, HOUR), 3)
    taking, looking = cpu(take, 3), cpu(look, 3)
    print(
        f"{number:>10,} sources {beat:>8.1f} ms a beat {taking:>8.1f} ms 32 due {looking:>8.1f} ms /healthz"
    )


def _source(each: int, number: int) -> dict[str, object]:
    """Return a row, of which one in a hundred is due and no host has more than three."""
    host = f"wire{each // 3}.example"
    return {
        "id": f"wire-{each}",
        "kind": "feed",
        "options": {"url": f"https://{host}/{each}"},
        "enabled": True,
        "created_at": BORN,
        "next_poll_at": BORN + HOUR * (each / number - 0.01),
        "last_polled_at": BORN - HOUR * (1 - each / number),
        "failures": 0,
        "host": host,
        "bucket": each // 3 % 64,
    }


def grown_accounts(sizes: Sequence[int]) -> None:
    """Measure each size in a database of its own."""
    for number in sizes:
        with fresh() as engine:
            with_accounts(engine, number)


def grown_sources(sizes: Sequence[int]) -> None:
    """Measure each size in a database of its own."""
    for number in sizes:
        with fresh() as engine:
            with_sources(engine, number)


def grown_events(sizes: Sequence[int]) -> None:
    """Measure each size on top of the one before."""
    with fresh() as engine:
        with writing(engine) as conn:
            accounts.upsert(conn, listed(Town(1, accounts=1000)))
            polls.add(conn, "wire", "feed", {"url": "https://wire.example/feed"}, BORN)
        for known, number in zip([0, *sizes], sizes, strict=False):
            with_events(engine, number, known)


@contextmanager
def fresh() -> Iterator[Engine]:
    """Give a database that is thrown away."""
    with tempfile.TemporaryDirectory() as folder, opened(f"sqlite:///{folder}/earmark.db") as engine:
        migrate(engine)
        yield engine


def main() -> None:
    """Grow what is named by tens."""
    grown = {"accounts": grown_accounts, "sources": grown_sources, "events": grown_events}
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    sizes = [10**power for power in range(3, 8) if 10**power <= largest]
    for name in sys.argv[2:] or grown:
        grown[name](sizes)


if __name__ == "__main__":
    main()
