"""What a host is asked on one day, and the pauses that it wants: bounded, stored, shared, and shown."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.faults import NotAsked
from monitors.health import health_of
from monitors.hosts import Hosts
from monitors.monitor import Monitor
from storage import accounts, hosts, polls
from storage.engine import Engine, migrate, reading, writing
from storage.hosts import Host
from storage.polls import Configured
from tests.builders import NOW, an_account
from tests.monitors.hostile import Hostile, a_fetcher, answer
from tests.monitors.pools import HereAndNow
from tests.storage.databases import opened

FEED = (
    b"<rss version='2.0'><channel><title>Wire</title><item><guid>1</guid>"
    b"<title>Norvik Labs raises $20 million</title><link>https://wire.example/1</link></item></channel></rss>"
)
MIDNIGHT = datetime.combine(NOW.date() + timedelta(days=1), datetime.min.time(), NOW.tzinfo)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    with opened(f"sqlite:///{tmp_path}/earmark.db") as engine:
        migrate(engine)
        with writing(engine) as conn:
            accounts.upsert(conn, [an_account()])
        yield engine


def ask(some: Hosts, host: str, times: int) -> int:
    """Ask so often, and return how often that was allowed."""
    allowed = 0
    for _ in range(times):
        try:
            some.heed(host)
        except NotAsked:
            continue
        some.count(host)
        allowed += 1
    return allowed


def test_a_host_gets_its_budget_of_a_day_and_another_the_next_day(clock: Clock) -> None:
    some = Hosts(per_day=5, now=clock)
    assert ask(some, "a.example", 9) == 5
    assert ask(some, "b.example", 2) == 2
    with pytest.raises(NotAsked, match=r"a\.example got all 5 requests of today.*per_day") as caught:
        some.heed("a.example")
    assert caught.value.retry_after == MIDNIGHT - NOW
    clock.now = MIDNIGHT
    assert ask(some, "a.example", 9) == 5


@given(st.lists(st.sampled_from(["ask", "store", "fail", "restart", "other"]), max_size=60))
def test_however_often_it_is_stored_or_restarted_no_host_gets_more_than_its_budget(steps: list[str]) -> None:
    stored, asked = 0, 0

    def standing() -> list[Host]:
        return [Host(host="a.example", day="2026-11-21", requests=stored)]

    mine = Hosts(per_day=10, now=lambda: NOW)
    unsaved = 0
    for step in steps:
        if step == "ask":
            done = ask(mine, "a.example", 3)
            asked, unsaved = asked + done, unsaved + done
        elif step == "restart":  # a crash forgets what was not stored yet, and nothing else
            mine = Hosts(per_day=10, now=lambda: NOW)
            mine.learn(standing())
            asked, unsaved = asked - unsaved, 0
        elif step == "other":  # another worker asks meanwhile
            stored = min(stored + 1, 10 - unsaved if unsaved < 10 else stored)
            asked = max(asked, stored)
            mine.learn(standing())
        else:
            news = mine.take_news()
            if step == "fail":
                mine.put_back(news)
            else:
                stored += news.asked.get("a.example", 0)
                unsaved = 0
                mine.learn(standing())
        assert stored + unsaved <= 10


def test_a_pause_from_a_clock_that_ran_ahead_is_not_kept_for_days(clock: Clock) -> None:
    some = Hosts(now=clock)
    clock.now = NOW + timedelta(days=2)
    some.pause("a.example", timedelta(hours=1))
    clock.now = NOW
    some.heed("a.example")
    assert some.pauses == {}


def test_a_pause_is_handed_out_once_and_comes_back_if_it_could_not_be_stored(clock: Clock) -> None:
    some = Hosts(now=clock)
    some.pause("a.example", timedelta(hours=1))
    news = some.take_news()
    assert news.blocked == {"a.example": NOW + timedelta(hours=1)}
    assert not some.take_news()
    some.put_back(news)
    assert some.has_pauses_to_tell
    assert some.take_news().blocked == news.blocked


def source(engine: Engine, name: str) -> Configured:
    with reading(engine) as conn:
        found = polls.get(conn, name)
    assert found is not None
    return found


async def rounds(engine: Engine, server: Hostile, clock: Clock, **changes: object) -> None:
    """Start a monitor anew, as after a restart, and let it poll what is due."""
    async with (
        a_fetcher(server, now=clock, **changes) as fetcher,
        HereAndNow() as pool,
        Monitor(engine, fetcher, pool, clock=clock) as monitor,
    ):
        await monitor.round()


def test_when_the_budget_is_used_up_the_sources_wait_until_the_next_day_and_have_not_failed(
    database: Engine, clock: Clock
) -> None:
    names = [f"wire-{number}" for number in range(5)]

    async def run() -> list[int]:
        async with Hostile({f"/{name}": answer(FEED) for name in names}) as server:
            with writing(database) as conn:
                for name in names:
                    polls.add(conn, name, "feed", {"url": server.url(f"/{name}")}, NOW)
            asked = []
            for _ in range(2):  # the second monitor knows what the first has asked
                await rounds(database, server, clock, per_day=3)
                asked.append(len(server.seen))
                with writing(database) as conn:
                    polls.set_enabled(conn, "wire-0", enabled=True, at=NOW)
            clock.now = MIDNIGHT + timedelta(minutes=16)
            await rounds(database, server, clock, per_day=3)
            return [*asked, len(server.seen)]

    assert asyncio.run(run())[:2] == [3, 3]
    with reading(database) as conn:
        every = polls.every(conn)
        (host,) = hosts.standing(conn, "2026-11-22", clock.now)
    assert host.requests == 3
    assert all(one.failures == 0 and one.last_error is None for one in every)


def test_a_source_that_waits_says_until_when_and_why(database: Engine, clock: Clock) -> None:
    async def run() -> None:
        async with Hostile({"/a": answer(FEED)}) as server:
            with writing(database) as conn:
                polls.add(conn, "a", "feed", {"url": server.url("/a")}, NOW)
                hosts.note(conn, "2026-11-21", {"127.0.0.1": 7}, {})
            await rounds(database, server, clock, per_day=7)
            assert server.seen == []

    asyncio.run(run())
    waiting = source(database, "a")
    assert MIDNIGHT <= waiting.next_poll_at <= MIDNIGHT + timedelta(minutes=15)
    said = health_of(waiting, NOW).words + (waiting.pace or "")
    assert "127.0.0.1 got all 7 requests of today" in said


@pytest.mark.parametrize("status", ["429 Slow down", "503 Busy"])
def test_a_pause_that_a_host_asked_for_survives_a_restart(
    database: Engine, clock: Clock, status: str
) -> None:
    async def run() -> list[int]:
        busy = answer(b"", "Retry-After: 3600", status=status)
        async with Hostile({"/a": busy, "/b": answer(FEED)}) as server:
            with writing(database) as conn:
                polls.add(conn, "a", "feed", {"url": server.url("/a")}, NOW)
            await rounds(database, server, clock)
            with writing(database) as conn:
                polls.add(conn, "b", "feed", {"url": server.url("/b")}, NOW)
            clock.now += timedelta(minutes=30)
            await rounds(database, server, clock)
            asked = [len(server.seen)]
            clock.now += timedelta(minutes=45)
            await rounds(database, server, clock)
            return [*asked, len(server.seen)]

    first, second = asyncio.run(run())
    assert first == 1, "the other source of that host was not asked within the pause"
    assert second >= 2
    assert source(database, "b").last_error is None
    assert source(database, "a").failures >= 1


def test_what_was_asked_is_stored_also_by_a_monitor_that_ends_at_once(database: Engine, clock: Clock) -> None:
    async def run() -> None:
        async with Hostile({"/a": answer(FEED)}) as server:
            with writing(database) as conn:
                polls.add(conn, "a", "feed", {"url": server.url("/a")}, NOW)
            await rounds(database, server, clock)

    asyncio.run(run())
    with reading(database) as conn:
        assert [one.requests for one in hosts.standing(conn, "2026-11-21", NOW)] == [1]
