"""200 SIGKILLs in the middle of deliveries, on each database: nothing lost, nothing doubled.

The target fails after it did what was asked (one request in seven), before it (as many), and its search lags.
Run with ``python -m bench.outbox_kill [KILLS]``; it takes some four minutes.
"""

import sys
import tempfile
import time
from pathlib import Path

from bench.kill import sqlite
from storage.engine import migrate
from tests.exports.fakes.standing import standing
from tests.kill.outbox import Flaky, kill_loop, prepare, verify
from tests.storage.databases import opened, postgresql


def main() -> None:
    """Run both loops, one after the other, and print what they showed."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for name, database in (("sqlite", sqlite), ("postgresql", postgresql)):
        begun = time.monotonic()
        with (
            database() as url,
            tempfile.TemporaryDirectory(prefix="earmark-kill-") as folder,
            standing() as server,
            opened(url) as engine,
        ):
            migrate(engine)
            workspace = Path(folder)
            prepare(workspace, engine, server, url)
            cabinet = Flaky()
            cabinet.on(server)
            tally = kill_loop(workspace, engine, cabinet, kills, print)
            verify(engine, cabinet, tally)
        print(
            f"{name}: {tally.kills} kills, {tally.in_work} of them in the middle of a drive; {tally.put} "
            f"deliveries, {cabinet.requests} requests, 0 lost, 0 doubled; {time.monotonic() - begun:.0f} s"
        )


if __name__ == "__main__":
    main()
