"""How the cost of a reading grows with the accounts, and that of a poll with the events that are stored.

``python -m bench.curves [LARGEST]``; accounts and events go up to the largest, by tens. Times are CPU.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta

import psutil

from bench.town import BORN, Town, listed
from earmark.types import Event, Lexicon, StoredEvent
from matcher.read import Matcher
from monitors import pipeline
from monitors.finish import finished
from monitors.poll import Outcome
from sources.feed import FeedSource
from storage import accounts, events, listing, polls, rulebook
from storage.engine import Engine, migrate, reading, writing
from storage.wanted import Wanted
from tests.storage.databases import opened

SOURCE = FeedSource.model_validate({"url": "https://wire.example/feed"})
TEXT = "All that is known of it so far stands in this note of a few lines. " * 12
AT_ONCE = 20


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


def main() -> None:
    """Grow both by tens."""
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    sizes = [10**power for power in range(3, 8) if 10**power <= largest]
    for number in sizes:
        with tempfile.TemporaryDirectory() as folder, opened(f"sqlite:///{folder}/earmark.db") as engine:
            migrate(engine)
            with_accounts(engine, number)
    with tempfile.TemporaryDirectory() as folder, opened(f"sqlite:///{folder}/earmark.db") as engine:
        migrate(engine)
        with writing(engine) as conn:
            accounts.upsert(conn, listed(Town(1, accounts=1000)))
            polls.add(conn, "wire", "feed", {"url": "https://wire.example/feed"}, BORN)
        for known, number in zip([0, *sizes], sizes, strict=False):
            with_events(engine, number, known)


if __name__ == "__main__":
    main()
