"""How fast events are stored: our upsert against raw sqlite3 with one multi-VALUES statement per batch.

``python -m bench.storage`` writes the same events both ways, half of them known, in batches of 500 and one
transaction a batch, interleaved, and prints the median of the runs; then the import of accounts.
"""

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from earmark.types import Account, StoredEvent
from storage import accounts, events
from storage.engine import connect, migrate, reading, writing
from storage.rows import batches
from storage.tables import events as events_table

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RUNS, EVENTS, ACCOUNTS = 5, 6_000, 56_881


def some_events(number: int, seed: int) -> list[StoredEvent]:
    """Return events with titles and texts of the usual length."""
    chance = random.Random(seed)
    words = ["raises", "million", "Norvik", "platform", "series", "customers", "launches", "the", "of", "new"]
    return [
        StoredEvent(
            external_id=f"https://wire.example/{n}",
            title=" ".join(chance.choices(words, k=9)),
            text=" ".join(chance.choices(words, k=60)),
            url=f"https://wire.example/{n}",
            canonical_url=f"https://wire.example/{n}",
            published_at=NOW - timedelta(minutes=n),
            id=f"{n:024x}",
            source="wire",
            seen_at=NOW,
            fingerprint=f"{n:024x}",
        )
        for n in range(number)
    ]


def ours(path: Path, known: list[StoredEvent], all_events: list[StoredEvent]) -> float:
    """Return rows per second of ``storage.events.insert``."""
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    with writing(engine) as conn:
        events.insert(conn, known)
    start = time.perf_counter()
    new = 0
    for batch in batches(all_events):
        with writing(engine) as conn:
            new += len(events.insert(conn, batch))
    seconds = time.perf_counter() - start
    engine.dispose()
    assert new == len(all_events) - len(known)  # noqa: S101 - the bench must do the work it times
    return len(all_events) / seconds


def raw(path: Path, known: list[StoredEvent], all_events: list[StoredEvent]) -> float:
    """Return rows per second of sqlite3 alone, with the same tables and columns."""
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    with writing(engine) as conn:
        events.insert(conn, known)
    engine.dispose()
    columns = [column.name for column in events_table.columns]
    row = f"({', '.join('?' * len(columns))})"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    start = time.perf_counter()
    new = 0
    for batch in batches(all_events):
        connection.execute("BEGIN IMMEDIATE")
        statement = (
            f"INSERT INTO events ({', '.join(columns)}) VALUES {', '.join([row] * len(batch))} "  # noqa: S608 - our own names
            "ON CONFLICT DO NOTHING RETURNING id"
        )
        values = [value for event in batch for value in _plain(event)]
        new += len(connection.execute(statement, values).fetchall())
        connection.execute("COMMIT")
    seconds = time.perf_counter() - start
    connection.close()
    assert new == len(all_events) - len(known)  # noqa: S101 - the bench must do the work it times
    return len(all_events) / seconds


def _plain(event: StoredEvent) -> tuple[object, ...]:
    at = int(event.order[0].timestamp() * 1e6)
    seen = int(event.seen_at.timestamp() * 1e6)
    return (event.id, event.source, event.external_id, event.external_id, event.url, event.canonical_url,
            event.title, event.text, None, None, at, None, seen, at, None, None, None, None,
            event.fingerprint, 1, "live")  # fmt: skip


def list_import(folder: Path, number: int) -> None:
    """Print the seconds of a first and a second import, of loading the list, and of a search."""
    engine = connect(f"sqlite:///{folder}/accounts.db")
    migrate(engine)
    new = [
        Account(id=f"a{n}", name=f"Company {n} Ltd", domains=(f"company{n}.example",), industry="software")
        for n in range(number)
    ]
    for turn in ("first import", "second import"):
        start = time.perf_counter()
        with writing(engine) as conn:
            told = accounts.upsert(conn, new)
        print(f"{turn} of {number:,} accounts: {time.perf_counter() - start:.2f} s, {told}")
    with reading(engine) as conn:
        start = time.perf_counter()
        accounts.every(conn)
        print(f"load all: {time.perf_counter() - start:.2f} s")
        start = time.perf_counter()
        accounts.find(conn, "company 4711")
        print(f"find by name: {1000 * (time.perf_counter() - start):.1f} ms")
    engine.dispose()


def main() -> None:
    """Run both ways in turn and print medians."""
    all_events = some_events(EVENTS, seed=1)
    known = all_events[::2]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speeds: dict[str, list[float]] = {"ours": [], "raw": []}
        for run in range(RUNS):
            speeds["ours"].append(ours(folder / f"ours{run}.db", known, all_events))
            speeds["raw"].append(raw(folder / f"raw{run}.db", known, all_events))
        mine, theirs = statistics.median(speeds["ours"]), statistics.median(speeds["raw"])
        print(f"ours {mine:,.0f} rows/s; raw sqlite3 {theirs:,.0f} rows/s; ratio {mine / theirs:.2f}")
        list_import(folder, int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS)


if __name__ == "__main__":
    main()
