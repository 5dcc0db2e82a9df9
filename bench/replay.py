"""What a replay costs: generated events, two rulebooks side by side, on all cores.

Run ``python -m bench.replay [EVENTS] [ACCOUNTS] [SHARE]``. The share (0.025) is that of the events about an
account of the list; the others are what a wire brings besides: news of companies on no list, and no news at
all. The new rules change the threshold and the ICP.
"""

import os
import random
import resource
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.reading import CASES, PROSE, SYLLABLES
from earmark.types import Account, StoredEvent
from monitors.comparison import compared
from monitors.relive import Span
from monitors.replay import WARM_UP, replay
from storage import accounts, events, rulebook
from storage.engine import connect, migrate, reading, writing
from storage.rows import batches

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DAYS = 90
TOLD = (
    "{} raises ${} million Series B",
    "{} opens a new office in Tallinn after {} years",
    "{} appoints a new chief financial officer for its {} sites",
    "{} lays off {} people",
    "{} acquires Tessel Systems for ${} million",
)
BESIDES = (
    "Ten things that {} readers said about garden sheds",
    "Weather: {} millimetres of rain are expected on the coast",
    "How to keep {} houseplants alive in a dark flat",
    "Markets close higher as {} shares gain ground",
)
NEW = 'threshold = 35\n[[icp]]\nfield = "industry"\nop = "is"\nvalue = "Robotics"\n'


def main(number: int, listed: int, share: float) -> None:
    """Print the figures."""
    chance = random.Random(1)  # the same history each time
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{Path(folder) / 'earmark.db'}")
        migrate(engine)
        names = ["".join(chance.choices(SYLLABLES, k=4)).capitalize() for _ in range(listed)]
        with writing(engine) as conn:
            accounts.upsert(conn, [_account(place, name) for place, name in enumerate(names)])
        start = time.perf_counter()
        for batch in batches(_events(number, chance, names, share), 5_000):
            with writing(engine) as conn:
                events.insert(conn, batch)
        stored = time.perf_counter() - start
        print(f"{number:,} events, {share:.1%} of them about {listed:,} accounts, stored in {stored:.0f} s")
        with reading(engine) as conn:
            rules = [rulebook.decided(conn), rulebook.decided(conn, text_toml=NEW)]
        since = NOW - timedelta(days=DAYS)
        span = Span(warm_from=since - WARM_UP, since=since, until=NOW, list_at=NOW - timedelta(days=1))
        start = time.perf_counter()
        rounds: dict[str, float] = {}
        now, new = replay(
            engine,
            rules,
            span,
            processes=os.cpu_count() or 1,
            tell=lambda what, _done, _of: rounds.__setitem__(what, time.perf_counter() - start),
        )
        took = time.perf_counter() - start
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = compared(now, new, (), span, UTC)
        engine.dispose()
    ends = ", ".join(f"{what} after {seconds:.0f} s" for what, seconds in rounds.items())
    print(f"replayed twice in {took:.0f} s on {os.cpu_count()} cores ({ends}): {number / took:,.0f} events/s")
    worked = usage.ru_utime + usage.ru_stime
    print(f"CPU seconds of the processes: {worked:.0f}, {1000 * worked / number:.2f} ms an event")
    print(f"alerts a day: {found.now.alerts_a_day:.1f} now, {found.new.alerts_a_day:.1f} by the new rules")


def _account(place: int, name: str) -> Account:
    industry = "Robotics" if place % 3 else "Logistics"
    return Account(
        id=f"a{place}", name=f"{name} Labs", domains=(f"{name.lower()}{place}.example",), industry=industry
    )


def _events(number: int, chance: random.Random, names: list[str], share: float) -> Iterator[StoredEvent]:
    beside = (*BESIDES, *(case["text"] for case in tomllib.loads(CASES.read_text("utf-8"))["cases"]))
    for place in range(number):
        if chance.random() < share:
            title = chance.choice(TOLD).format(f"{chance.choice(names)} Labs", chance.randint(2, 90))
        else:
            title = chance.choice(beside).replace("{}", str(chance.randint(2, 90)))
        yield _event(place, number, chance, title)


def _event(place: int, number: int, chance: random.Random, title: str) -> StoredEvent:
    seen = NOW - timedelta(days=DAYS) * (1 - place / number)
    return StoredEvent(
        external_id=f"entry-{place}",
        title=title,
        text=" ".join(chance.sample(PROSE, 3)),
        url=f"https://wire.example/{place}",
        canonical_url=f"https://wire.example/{place}",
        publisher="wire.example",
        published_at=seen - timedelta(hours=2),
        id=f"{chance.getrandbits(96):024x}",
        source="wire",
        seen_at=seen,
        fingerprint=f"{place:024x}",
    )


if __name__ == "__main__":
    asked = [*sys.argv[1:], *("1000000", "20000", "0.025")[len(sys.argv) - 1 :]]
    main(int(asked[0]), int(asked[1]), float(asked[2]))
