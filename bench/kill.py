"""SIGKILLs in mid-poll, 1,000 on SQLite and 200 on PostgreSQL: nothing lost, nothing doubled.

Run with ``python -m bench.kill [ON_SQLITE] [ON_POSTGRESQL]``; the whole of it takes some forty minutes.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from tests.kill.loop import MOST_PER_FEED, Outlets, kill_loop, prepare, serving
from tests.kill.test_kill import verify
from tests.storage.databases import opened, postgresql


@contextmanager
def sqlite() -> Iterator[str]:
    """Give the address of a new file."""
    with tempfile.TemporaryDirectory(prefix="earmark-kill-") as folder:
        yield f"sqlite:///{folder}/earmark.db"


def told(seconds: list[float]) -> str:
    """Return the middle, the nineteenth of twenty and the longest of these wall seconds."""
    if len(seconds) < 2:  # noqa: PLR2004 - of one there is no spread
        return "too few kills to tell"
    parts = quantiles(seconds, n=20, method="inclusive")
    return f"p50 {parts[9]:.2f} s, p95 {parts[18]:.2f} s, at most {max(seconds):.2f} s"


def main() -> None:
    """Run both loops, one after the other, and print what they showed."""
    given = [int(word) for word in sys.argv[1:]]
    on_sqlite, on_postgresql = given + [1000, 200][len(given) :]
    for name, database, kills in (
        ("sqlite", sqlite, on_sqlite),
        ("postgresql", postgresql, on_postgresql),
    ):
        outlets = Outlets(born=datetime.now(UTC), most=max(MOST_PER_FEED, kills))
        with (
            database() as url,
            tempfile.TemporaryDirectory(prefix="earmark-kill-") as folder,
            serving(outlets) as port,
        ):
            workspace = Path(folder)
            prepare(workspace, url, port)
            recovery = kill_loop(workspace, outlets, kills, print)
            with opened(url) as engine:
                verify(engine, outlets)
        print(
            f"{name}: {kills} kills, {sum(outlets.counts)} events published, 0 lost, 0 doubled; "
            f"recovery {recovery.cpu:.1f} s of CPU"
        )
        print(
            f"{name}: from a kill until the next process holds what the dead one held: {told(recovery.wall)}"
        )


if __name__ == "__main__":
    main()
