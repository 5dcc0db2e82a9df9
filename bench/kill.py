"""SIGKILLs in mid-poll, 1,000 on SQLite and 200 on PostgreSQL: nothing lost, nothing doubled.

Run with ``python -m bench.kill [ON_SQLITE] [ON_POSTGRESQL]``; the whole of it takes some forty minutes.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.kill.loop import MOST_PER_FEED, Outlets, kill_loop, prepare, serving
from tests.kill.test_kill import verify
from tests.storage.databases import opened, postgresql


@contextmanager
def sqlite() -> Iterator[str]:
    """Give the address of a new file."""
    with tempfile.TemporaryDirectory(prefix="earmark-kill-") as folder:
        yield f"sqlite:///{folder}/earmark.db"


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
            f"recovery {recovery:.1f} s of CPU"
        )


if __name__ == "__main__":
    main()
