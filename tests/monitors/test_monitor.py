import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from earmark.errors import StorageError
from earmark.types import Reading, StoredEvent
from matcher.corrections import Correction
from matcher.read import Matcher
from monitors.monitor import Monitor
from monitors.schedule import run_until_stopped
from storage import accounts, events, leases, polls, rulebook
from storage.engine import Connection, Engine, PassingFault, migrate, reading, writing
from storage.polls import Configured
from tests.builders import NOW, an_account
from tests.monitors.hostile import Handler, Hostile, Seen, a_fetcher, answer
from tests.monitors.pools import HereAndNow
from tests.storage.databases import opened

FEED = (
    b"<rss version='2.0'><channel><title>Wire</title><item><guid>1</guid>"
    b"<title>Norvik Labs raises $20 million in Series B</title><link>https://wire.example/1</link>"
    b"<pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>"
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    with opened(f"sqlite:///{tmp_path}/earmark.db") as engine:
        migrate(engine)
        with writing(engine) as conn:
            accounts.upsert(conn, [an_account()])
            rulebook.save(conn, "", by="test", at=NOW)
        yield engine


@asynccontextmanager
async def monitored(
    engine: Engine,
    pages: Mapping[str, Handler],
    *,
    parallel: int = 20,
) -> AsyncIterator[tuple[Monitor, Hostile]]:
    async with Hostile(dict(pages)) as server, a_fetcher(server) as fetcher, HereAndNow() as pool:
        with writing(engine) as conn:
            for path in pages:
                polls.add(conn, path.strip("/"), "feed", {"url": server.url(path)}, NOW)
        async with Monitor(engine, fetcher, pool, clock=lambda: NOW, parallel=parallel) as monitor:
            yield monitor, server


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for is in a database and in sockets
            await asyncio.sleep(0.01)


def source(engine: Engine, name: str) -> Configured:
    with reading(engine) as conn:
        found = polls.get(conn, name)
    assert found is not None
    return found


def count(engine: Engine) -> int:
    with reading(engine) as conn:
        return events.count(conn)


def test_a_round_polls_what_is_due_once(database: Engine) -> None:
    async def run() -> None:
        async with monitored(database, {"/a": answer(FEED), "/b": answer(FEED)}) as (monitor, server):
            written = await monitor.round()
            assert [(each.source, each.new) for each in written] == [("a", 1), ("b", 1)]
            assert await monitor.round() == []
            assert len(server.seen) == 2

    asyncio.run(run())
    assert count(database) == 2
    assert source(database, "a").next_poll_at > NOW


def test_one_failing_source_never_stops_another(database: Engine) -> None:
    pages = {
        "/good": answer(FEED),
        "/html": answer(b"<html><body>Please log in</body></html>", "Content-Type: text/html"),
        "/empty": answer(b""),
        "/broken": answer(b"", status="500 Oops"),
        "/forbidden": answer(b"", status="403 Forbidden"),
    }

    async def run() -> None:
        async with monitored(database, pages) as (monitor, _):
            written = await monitor.round()
            assert {each.source: each.new for each in written}["good"] == 1

    asyncio.run(run())
    for name in ("html", "empty", "broken", "forbidden"):
        ill = source(database, name)
        assert ill.failures == 1, name
        assert ill.last_error, name
        assert ill.first_polled_at is None, name
    assert source(database, "good").last_error is None
    assert source(database, "forbidden").next_poll_at >= NOW + timedelta(hours=23)


def test_a_source_whose_options_no_longer_fit_is_said_and_the_others_go_on(database: Engine) -> None:
    async def run() -> None:
        async with monitored(database, {"/good": answer(FEED)}) as (monitor, _):
            with writing(database) as conn:
                polls.add(conn, "odd", "no_such_kind", {}, NOW)
            await monitor.round()

    asyncio.run(run())
    assert "no_such_kind" in (source(database, "odd").last_error or "")
    assert count(database) == 1


def test_a_page_on_which_the_matcher_fails_ends_its_own_poll_only(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Matcher.read

    def stumbles(matcher: Matcher, event: StoredEvent, corrections: Iterable[Correction] = ()) -> Reading:
        if event.source == "poison":
            raise RecursionError
        return reads(matcher, event, corrections)

    monkeypatch.setattr(Matcher, "read", stumbles)

    async def run() -> None:
        async with monitored(database, {"/poison": answer(FEED), "/good": answer(FEED)}) as (monitor, _):
            await monitor.tick()
            await until(lambda: count(database) == 1)
            await monitor.drain()
            await monitor.tick()

    asyncio.run(run())
    poison = source(database, "poison")
    assert "RecursionError" in (poison.last_error or "")
    assert (poison.pages, poison.first_polled_at) == ({}, None), "the next poll sees it all again"
    assert source(database, "good").last_error is None


def test_a_named_source_is_polled_though_it_is_not_due(database: Engine) -> None:
    async def run() -> None:
        async with monitored(database, {"/a": answer(FEED), "/b": answer(FEED)}) as (monitor, server):
            await monitor.round()
            assert [each.source for each in await monitor.round(["b"])] == ["b"]
            assert [seen.target for seen in server.seen].count("/b") == 2
            assert [seen.target for seen in server.seen].count("/a") == 1

    asyncio.run(run())


def test_a_slow_source_does_not_hold_up_the_others(database: Engine) -> None:
    release = asyncio.Event()

    async def slow(_: Seen, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FEED) + FEED)

    async def run() -> None:
        async with monitored(database, {"/slow": slow, "/quick": answer(FEED)}, parallel=2) as (monitor, _):
            await monitor.tick()
            await until(lambda: bool(count(database)))
            assert source(database, "quick").last_ok_at == NOW
            assert source(database, "slow").last_ok_at is None
            release.set()

    asyncio.run(run())
    assert source(database, "slow").last_ok_at == NOW, "drained on leaving"


def test_ticks_work_off_more_sources_than_fit_at_once(database: Engine) -> None:
    pages = {f"/{n}": answer(FEED) for n in range(12)}

    async def run() -> None:
        async with monitored(database, pages, parallel=3) as (monitor, server):
            await monitor.tick()
            await until(lambda: len(server.seen) == 12)
            assert server.live_max <= 3

    asyncio.run(run())
    assert count(database) == 12


def test_two_monitors_at_once_poll_no_source_twice(database: Engine) -> None:
    pages = {f"/{n}": answer(FEED) for n in range(8)}

    async def run() -> None:
        async with monitored(database, pages) as (one, server), HereAndNow() as pool:
            async with (
                a_fetcher(server) as fetcher,
                Monitor(database, fetcher, pool, clock=lambda: NOW) as two,
            ):
                await asyncio.gather(one.round(), two.round())
            assert len(server.seen) == 8

    asyncio.run(run())
    assert count(database) == 8


def test_what_a_killed_monitor_held_is_polled_at_once(database: Engine) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()

    def hold(name: str, worker: str) -> None:
        with writing(database) as conn:
            leases.take_due(conn, NOW, limit=1, lease=timedelta(minutes=5), worker=worker, only=[name])

    async def run() -> list[str]:
        async with monitored(database, {"/a": answer(FEED), "/b": answer(FEED)}) as (first, server):
            here = first.worker.rpartition(":")[0]
            hold("a", f"{here}:{dead.pid}")
            hold("b", f"elsewhere:1:{dead.pid}")
            async with (
                a_fetcher(server) as fetcher,
                HereAndNow() as pool,
                Monitor(database, fetcher, pool, clock=lambda: NOW) as second,
            ):
                return [each.source for each in await second.round()]

    assert asyncio.run(run()) == ["a"], "the worker of another machine may still be at it"


def test_a_new_account_is_followed_without_a_restart(database: Engine) -> None:
    feed = FEED.replace(b"Norvik Labs", b"Pelluma Health")
    later = feed.replace(b"<guid>1<", b"<guid>2<").replace(b"wire.example/1", b"wire.example/2")

    async def run() -> list[int]:
        async with monitored(database, {"/a": answer(feed)}) as (monitor, server):
            first = await monitor.round()
            with writing(database) as conn:
                accounts.upsert(conn, [an_account("Pelluma Health")])
            server.pages["/a"] = answer(later)
            second = await monitor.round(["a"])
            return [sum(each.triggers for each in written) for written in (first, second)]

    assert asyncio.run(run()) == [0, 1]


def test_a_database_that_can_not_be_written_stops_the_schedule_with_a_sentence(database: Engine) -> None:
    async def run() -> None:
        async with monitored(database, {"/a": answer(FEED)}) as (monitor, _):
            with writing(database) as conn:
                conn.exec_driver_sql("DROP TABLE counters")
            async with asyncio.timeout(20):
                await run_until_stopped(monitor, tick=timedelta(seconds=0.05), stop=asyncio.Event())

    with pytest.raises(StorageError):
        asyncio.run(run())


def test_the_schedule_ticks_until_it_is_stopped(database: Engine) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        async with monitored(database, {"/a": answer(FEED)}) as (monitor, server):
            running = asyncio.create_task(run_until_stopped(monitor, tick=timedelta(seconds=0.05), stop=stop))
            await until(lambda: count(database) == 1)
            stop.set()
            await running
            assert len(server.seen) == 1

    asyncio.run(run())


def test_a_late_tick_keeps_the_next_one_back_and_nobody_is_told_of_it(
    database: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun: list[bool] = []
    late = asyncio.Lock()

    async def run() -> None:
        stop = asyncio.Event()
        async with monitored(database, {}) as (monitor, _):

            async def tick() -> None:
                begun.append(late.locked())
                async with late:
                    await asyncio.sleep(0.2)
                if len(begun) == 3:
                    stop.set()

            monkeypatch.setattr(monitor, "tick", tick)
            await run_until_stopped(monitor, tick=timedelta(seconds=0.02), stop=stop)

    asyncio.run(run())
    assert begun == [False] * 3
    assert "apscheduler" not in caplog.text


def test_a_first_poll_that_broke_off_leaves_a_rhythm_that_is_no_silence(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [NOW - timedelta(hours=3 * number) for number in range(250)]
    entries = "".join(
        f"<item><guid>{number}</guid><title>Number {number}</title>"
        f"<pubDate>{format_datetime(at)}</pubDate></item>"
        for number, at in enumerate(moments)
    )
    page = f"<rss version='2.0'><channel><title>Wire</title>{entries}</channel></rss>".encode()
    insert, batches = events.insert, list[int]()

    def once_full(conn: Connection, new: Sequence[StoredEvent]) -> frozenset[str]:
        batches.append(len(new))
        if len(batches) == 2:
            raise PassingFault("The disk is full.")
        return insert(conn, new)

    monkeypatch.setattr(events, "insert", once_full)

    async def run() -> None:
        async with monitored(database, {"/wire": answer(page)}) as (monitor, _):
            await monitor.tick()
            await until(lambda: monitor.outage.said is not None)
            assert count(database) == 100
            await monitor.tick()
            await until(lambda: source(database, "wire").last_ok_at is not None)

    asyncio.run(run())
    wire = source(database, "wire")
    assert count(database) == 250
    assert wire.rhythm[-1] == max(moments).replace(second=0, microsecond=0)
    assert wire.silent_since is None


def test_a_fault_of_the_database_is_over_as_soon_as_a_beat_is_stored(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitors.alive.BEAT", timedelta(seconds=0.01))

    async def run() -> None:
        async with monitored(database, {}) as (monitor, _):
            monitor.outage.begins(PassingFault("A lock was not given."))
            beating = asyncio.create_task(monitor._beats())
            await until(lambda: monitor.outage.said is None)
            beating.cancel()

    asyncio.run(run())


def test_a_rhythm_is_learned_and_a_move_adopted_over_the_days(database: Engine) -> None:
    entry = FEED[FEED.index(b"<item>") : FEED.index(b"</channel>")]

    def grown(number: int) -> bytes:
        items = [
            entry.replace(b">1<", b">%d<" % n).replace(b"/1<", b"/%d<" % n).replace(b"20 Nov", b"%d Nov" % n)
            for n in range(14, 14 + number)
        ]
        return FEED.replace(entry, b"".join(items))

    async def run() -> list[str]:
        now = NOW
        async with Hostile({}) as server, a_fetcher(server) as fetcher, HereAndNow() as pool:
            with writing(database) as conn:
                polls.add(conn, "old", "feed", {"url": server.url("/old")}, NOW)
            server.pages["/old"] = answer(b"", "Location: /new", status="301 Moved")
            async with Monitor(database, fetcher, pool, clock=lambda: now) as monitor:
                for number in range(4):
                    server.pages["/new"] = answer(grown(6 + number))
                    assert [each.new for each in await monitor.round(["old"])] == [1 if number else 6]
                    now += timedelta(hours=13)
        return [seen.target for seen in server.seen]

    asked = asyncio.run(run())
    assert asked == ["/old", "/new", "/old", "/new", "/old", "/new", "/new"]
    told = source(database, "old")
    assert len(told.rhythm) == 9
    assert told.pace is not None
    assert "because it has news about once a day" in told.pace
