"""200 SIGKILLs in mid-poll, on each database: nothing lost, nothing doubled.

Run with ``python -m bench.kill [KILLS]``; it takes some ten minutes.
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
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for name, database in (("sqlite", sqlite), ("postgresql", postgresql)):
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
            f"recovery {recovery:.1f} s"
        )


if __name__ == "__main__":
    main()
