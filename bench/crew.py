"""Real workers on a real PostgreSQL, over a town of feeds at hosts of their own: for the fault loops."""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bench.town import BORN, Town, expected, found, listed, serving
from monitors.latency import spread
from storage import accounts, polls, rulebook
from storage.engine import Engine, migrate, reading, writing
from storage.latency import listings
from storage.tables import events, outbox
from storage.tables import polls as poll_rows
from tests.fleet.servers import PostgreSQL, postgresql
from tests.storage.databases import opened

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

__all__ = ["EVERY", "Crew", "crew"]

EVERY = 30
"""Seconds between two polls of a feed; the floor of its kind is lowered for that."""
SECONDS_AN_HOUR = 2
"""In how many seconds an hour passes for the town."""
_PROGRAM = (
    "from datetime import timedelta; from sources.feed import FeedSource; "
    "FeedSource.floor = timedelta(seconds=5); from earmark.cli import main; main()"
)


@dataclass
class Crew:
    """Workers that are started and killed, and what they work on."""

    folder: Path
    engine: Engine
    server: PostgreSQL
    town: Town
    hour: "Synchronized[int]"
    began: float = field(default_factory=time.monotonic)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def hire(self) -> None:
        """Start one more worker."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(Path.cwd())}
        with (self.folder / "workers.log").open("ab") as log:
            self.running.append(
                subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
                    [sys.executable, "-c", _PROGRAM, "--workspace", str(self.folder), "worker"],
                    env=environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )

    def kill(self, number: int) -> None:
        """Kill one worker, without a word."""
        victim = self.running.pop(number)
        victim.kill()
        victim.wait()

    def wind(self) -> None:
        """Set the clock of the town."""
        self.hour.value = int((time.monotonic() - self.began) / SECONDS_AN_HOUR)

    def rest(self, seconds: float) -> None:
        """Let them work for so long, while time passes in the town."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.wind()
            time.sleep(0.2)

    def settle(self, seconds: float) -> bool:
        """Stop the clock, and wait until all that was published is stored."""
        ends, wanted = time.monotonic() + seconds, expected(self.town, self.hour.value)
        while time.monotonic() < ends:
            if found(self.engine)[0] == wanted:
                return True
            time.sleep(1)
        return False

    def tell(self) -> None:
        """Print what was lost, doubled and starved; exit when something was lost or doubled."""
        stored, number, twice = found(self.engine)
        wanted = expected(self.town, self.hour.value)
        with reading(self.engine) as conn:
            keys = Counter(conn.execute(select(outbox.c.target + outbox.c.key)).scalars())
            done = conn.execute(select(func.count()).select_from(poll_rows)).scalar_one()
            ids = select(events.c.source, events.c.external_id).group_by("source", "external_id")
            again = len(conn.execute(ids.having(func.count() > 1)).all())
            took = spread([made.listed_at - made.seen_at for made in listings(conn, BORN)])
        doubled = sum(count - 1 for count in keys.values())
        longest = self.longest_pause()
        print(f"polls              {done:>10,}; longest pause of a source {longest:.1f} s of {EVERY}")
        print(f"events published   {wanted.total():>10,}, lost {(wanted - stored).total()}, doubled {again}")
        print(f"triggers           {number:>10,}, doubled {twice}")
        if took:
            p95 = took.p95.total_seconds()
            print(f"fetched to listed  {p95:>10.2f} s for 19 of 20 of {took.count} live triggers")
        print(f"notices            {keys.total():>10,}, doubled {doubled}")
        if stored != wanted or twice or again or doubled:
            raise SystemExit("Something was lost or doubled.")

    def longest_pause(self) -> float:
        """Return the longest time, in seconds, between two polls of the same source."""
        query = select(poll_rows.c.source, poll_rows.c.finished_at).order_by("source", "finished_at")
        with reading(self.engine) as conn:
            rows = conn.execute(query).all()
        pauses = [
            later.finished_at - earlier.finished_at
            for earlier, later in pairwise(rows)
            if earlier.source == later.source
        ]
        return max(pauses).total_seconds() if pauses else 0.0


def _widen(server: PostgreSQL, engine: Engine) -> None:
    """Let in as many as a large crew holds: what is measured is their cost, not the default of a server."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("ALTER SYSTEM SET max_connections = 400")
    engine.dispose()
    server.stop_at_once()
    server.start()


@contextmanager
def crew(feeds: int) -> Iterator[Crew]:
    """Give a crew without workers, over so many feeds (at most 200), on a PostgreSQL of its own."""
    town = Town(feeds, accounts=50)
    with (
        tempfile.TemporaryDirectory(prefix="earmark-crew-") as folder,
        postgresql() as server,
        serving(town, addresses=feeds) as (port, hour, _),
        opened(server.url) as engine,
    ):
        _widen(server, engine)
        migrate(engine)
        now = datetime.now(UTC)
        with writing(engine) as conn:
            accounts.upsert(conn, listed(town))
            rulebook.save(conn, 'threshold = 1\ntargets = ["crm"]\n', by="bench", at=now)
            for feed in range(feeds):
                options = {
                    "url": f"http://127.0.0.{feed + 1}:{port}/{feed}",
                    "every": EVERY,
                    "backfill": "all",
                }
                polls.add(conn, f"feed-{feed}", "feed", options, now)
        (Path(folder) / "earmark.toml").write_text(
            f'[storage]\nurl = "{server.url}"\n[http]\ncontact = "bench@earmark.example"\n'
            'allow = ["127.0.0.0/8"]\nspacing = 0\nper_day = 1000000\n[monitor]\ntick = 1\nworkers = 1\n',
            encoding="utf-8",
        )
        made = Crew(Path(folder), engine, server, town, hour)
        try:
            yield made
        finally:
            for process in made.running:
                process.terminate()
            for process in made.running:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(15)
                process.kill()
