"""The faults of a machine: each has a stated behaviour, and none loses anything or ends in a crash loop."""

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

from earmark.errors import StorageError
from monitors.monitor import Monitor
from monitors.outage import Outage, patiently
from monitors.recorded import free_port
from monitors.schedule import run_until_stopped
from storage import accounts, events, leases, polls, rulebook, triggers
from storage.engine import Connection, Engine, PassingFault, migrate, reading, writing
from storage.polls import Configured
from tests.builders import NOW, an_account, days
from tests.monitors.hostile import Hostile, Seen, a_fetcher, answer
from tests.monitors.pools import HereAndNow
from tests.storage.databases import opened

FEED = (
    b"<rss version='2.0'><channel><title>Wire</title><item><guid>1</guid>"
    b"<title>Norvik Labs raises $20 million in Series B</title><link>https://wire.example/1</link>"
    b"<pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>"
)
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "earmark.db"


@pytest.fixture
def database(path: Path) -> Iterator[Engine]:
    with opened(f"sqlite:///{path}") as engine:
        migrate(engine)
        with writing(engine) as conn:
            accounts.upsert(conn, [an_account()])
            rulebook.save(conn, "threshold = 1\n", by="test", at=NOW)
        yield engine


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.engine._BUSY_SECONDS", 0.2)


@asynccontextmanager
async def monitored(
    engine: Engine, server: Hostile, clock: Callable[[], datetime] = lambda: NOW
) -> AsyncIterator[Monitor]:
    async with (
        a_fetcher(server, now=clock) as fetcher,
        HereAndNow() as pool,
        Monitor(engine, fetcher, pool, clock=clock) as monitor,
    ):
        yield monitor


def add(engine: Engine, server: Hostile, *names: str, at: datetime = NOW) -> None:
    with writing(engine) as conn:
        for name in names:
            polls.add(conn, name, "feed", {"url": server.url(f"/{name}"), "every": "PT1H"}, at)


def source(engine: Engine, name: str) -> Configured:
    with reading(engine) as conn:
        found = polls.get(conn, name)
    assert found is not None
    return found


def stored(engine: Engine) -> tuple[int, int]:
    with reading(engine) as conn:
        return events.count(conn), len(triggers.of_account(conn, "norvik-labs"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for is in a database and in sockets
            await asyncio.sleep(0.01)


def errors(logs: pytest.LogCaptureFixture) -> str:
    """Return the sentences that were logged beside what happened."""
    return " ".join(str(getattr(record, "error", "")) for record in logs.records)


async def runs(
    engine: Engine, breaks: Callable[[], object], mends: Callable[[], object], logs: pytest.LogCaptureFixture
) -> None:
    """Let a monitor run, break something under it, mend it, and see that it went on by itself."""
    async with Hostile({"/a": answer(FEED), "/b": answer(FEED)}) as server:
        add(engine, server, "a")
        async with monitored(engine, server) as monitor:
            stop = asyncio.Event()
            tick = timedelta(seconds=0.05)
            running = asyncio.create_task(run_until_stopped(monitor, tick=tick, stop=stop))
            await until(lambda: source(engine, "a").last_ok_at is not None)
            breaks()
            await until(lambda: "waiting for the database" in logs.text)
            assert not running.done(), "it waits, and does not end"
            mends()
            await until(lambda: "the database works again" in logs.text)
            add(engine, server, "b")
            await until(lambda: source(engine, "b").last_ok_at is not None)
            stop.set()
            await running
    said = [one.getMessage() for one in logs.records if one.name == "monitors.outage"]
    assert said == ["waiting for the database; nothing is lost", "the database works again"], "once each"
    assert stored(engine) == (2, 1)


def test_a_locked_database_is_waited_for(
    database: Engine, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        lock, free = (partial(other.execute, word) for word in ("BEGIN IMMEDIATE", "COMMIT"))
        asyncio.run(runs(database, lock, free, caplog))
    assert "is locked" in errors(caplog)


def test_a_database_that_became_read_only_is_waited_for(
    database: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    read_only = asyncio.Event()

    def forbid(conn: Connection) -> None:
        if read_only.is_set():
            conn.exec_driver_sql("PRAGMA query_only=ON")

    event.listen(database, "begin", forbid)
    asyncio.run(runs(database, read_only.set, read_only.clear, caplog))
    assert "can't be written" in errors(caplog)


def test_a_full_disk_loses_nothing_and_what_could_not_be_stored_is_polled_again(
    database: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    entry = FEED[FEED.index(b"<item>") : FEED.index(b"</channel>")]
    entries = b"".join(
        entry.replace(b"<guid>1<", b"<guid>%d<" % n).replace(b"/1<", b"/%d<" % n) for n in range(400)
    )
    page = FEED.replace(entry, entries)
    full = asyncio.Event()

    def limit(conn: Connection) -> None:
        size = conn.exec_driver_sql("PRAGMA page_count").scalar_one() if full.is_set() else 2**30
        conn.exec_driver_sql(f"PRAGMA max_page_count={size}")

    event.listen(database, "begin", limit)

    async def run() -> int:
        async with Hostile({"/a": answer(page, 'ETag: "7"')}) as server:
            add(database, server, "a")
            async with monitored(database, server) as monitor:
                full.set()
                await monitor.tick()
                await until(lambda: monitor.outage.said is not None)
                full.clear()
                assert stored(database)[0] == 0
                await monitor.tick()
                await until(lambda: stored(database)[0] == 400)
            assert "if-none-match" not in server.seen[-1].headers, "what is not stored was not seen"
            return len(server.seen)

    assert asyncio.run(run()) == 2
    assert errors(caplog).count("disk is full") == 1
    assert source(database, "a").failures == 0, "the source is not to blame"


def test_without_file_descriptors_sources_wait_and_have_not_failed(database: Engine) -> None:
    clock = Clock()

    async def run() -> None:
        async with Hostile({"/a": answer(FEED)}) as server:
            add(database, server, "a")
            async with monitored(database, server, clock) as monitor:
                await monitor.beat()
                with no_descriptors():
                    await monitor.round()
                waiting = source(database, "a")
                assert (waiting.failures, waiting.last_error, stored(database)[0]) == (0, None, 0)
                assert "ulimit -n" in (waiting.pace or "")
                assert waiting.next_poll_at <= NOW + timedelta(minutes=20)
                clock.now += timedelta(minutes=20)
                await monitor.round()

    asyncio.run(run())
    assert stored(database) == (1, 1)


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Leave this process without a free file descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 50, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        for one in taken:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def polled_at(database: Engine, clock: Clock, *moments: datetime) -> list[int]:
    """Set the clock to these moments, one after the other, and count the requests up to each."""

    async def run() -> list[int]:
        counts = []
        async with Hostile({"/a": answer(FEED)}) as server:
            add(database, server, "a", at=moments[0])
            async with monitored(database, server, clock) as monitor:
                for moment in moments:
                    clock.now = moment
                    await monitor.round()
                    counts.append(len(server.seen))
        return counts

    return asyncio.run(run())


def test_after_eight_hours_of_sleep_a_source_is_polled_once_and_not_eight_times(database: Engine) -> None:
    moments = (NOW, NOW + 8 * HOUR, NOW + 8 * HOUR + timedelta(seconds=1))
    assert polled_at(database, Clock(), *moments) == [1, 2, 2]
    assert stored(database) == (1, 1)


def test_a_clock_put_back_an_hour_stops_nothing(database: Engine) -> None:
    assert polled_at(database, Clock(), NOW, NOW - HOUR, NOW - HOUR / 2, NOW + HOUR / 4) == [1, 2, 2, 3]
    assert stored(database) == (1, 1)


def test_a_clock_that_ran_two_days_ahead_does_not_silence_a_source_for_two_days(database: Engine) -> None:
    ahead = NOW + days(2)
    assert polled_at(database, Clock(), NOW, ahead, NOW + HOUR / 2, NOW + 2 * HOUR) == [1, 2, 3, 4]
    assert stored(database) == (1, 1)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ],
)
def test_summer_time_begins_and_ends_without_a_poll_more_or_less(
    database: Engine, monkeypatch: pytest.MonkeyPatch, zone: str, change: datetime
) -> None:
    try:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        moments = [change + timedelta(minutes=30 * half - 90) for half in range(7)]
        assert polled_at(database, Clock(), *moments) == [1, 1, 1, 2, 2, 2, 3], "each hour and its jitter"
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    next_poll_at = source(database, "a").next_poll_at
    assert HOUR <= next_poll_at - moments[-1] <= 1.1 * HOUR


def test_what_a_dead_process_held_is_free_for_a_monitor_that_runs_beside_it(database: Engine) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()

    async def run() -> None:
        async with Hostile({"/a": answer(FEED)}) as server, monitored(database, server) as monitor:
            await monitor.tick()
            add(database, server, "a")
            here = monitor.worker.rpartition(":")[0]
            with writing(database) as conn:
                leases.take_due(conn, NOW, limit=1, lease=HOUR, worker=f"{here}:{dead.pid}")
            await monitor.tick()  # a tick later, not when the lease ends
            await until(lambda: stored(database)[0] == 1)

    asyncio.run(run())


def test_what_a_draining_monitor_could_not_end_is_given_back(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitors.monitor.DRAIN", 0.2)

    async def silent(_: Seen, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def run() -> float:
        async with Hostile({"/a": silent}) as server:
            add(database, server, "a")
            async with monitored(database, server) as monitor:
                await monitor.tick()
                await until(lambda: bool(server.seen))
                began = time.monotonic()
        return time.monotonic() - began

    assert asyncio.run(run()) < 5
    with reading(database) as conn:
        assert leases.holders(conn) == frozenset()
    assert source(database, "a").next_poll_at == NOW, "it is due as it was"


def test_patience_is_for_faults_that_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitors.outage.AGAIN", timedelta(milliseconds=1))
    answers: list[object] = [PassingFault("busy"), PassingFault("busy"), 7]

    def work() -> object:
        if isinstance(found := answers.pop(0), Exception):
            raise found
        return found

    assert asyncio.run(patiently(work, Outage())) == 7
    answers.append(StorageError("not a database"))
    with pytest.raises(StorageError, match="not a database"):
        asyncio.run(patiently(work, Outage()))


def test_a_file_that_is_no_database_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "odd.db").write_bytes(b"This is a letter, and a long one at that." * 99)
    with opened(f"sqlite:///{tmp_path}/odd.db") as engine, pytest.raises(StorageError) as caught:
        migrate(engine)
    assert not isinstance(caught.value, PassingFault)


@pytest.mark.slow
def test_monitor_and_page_wait_for_a_database_that_is_locked_at_their_start(
    path: Path, tmp_path: Path
) -> None:
    settings = f'[storage]\nurl = "sqlite:///{path}"\n[http]\ncontact = "ops@norvik.example"\n'
    settings += f'[page]\naddress = "127.0.0.1:{free_port()}"\n'
    (tmp_path / "earmark.toml").write_text(settings, encoding="utf-8")
    program = [sys.executable, "-c", "from earmark.cli import main; main()", "-w", str(tmp_path), "up"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            program, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as process:
            said: list[str] = []

            def heard(words: str, *, times: int = 1) -> bool:
                while sum(words in line for line in said) < times:
                    said.append(process.stderr.readline() if process.stderr else "")
                    if not said[-1]:
                        return False
                return True

            assert heard("waiting for the database", times=2), "the one and the other"
            other.execute("ROLLBACK")
            assert heard("the database works again", times=2)
            assert heard("The page: ")
            process.terminate()
            process.communicate(timeout=15)
            assert process.returncode == 0
            assert "is started again" not in "".join(said), "neither ended meanwhile"
