"""The manners of whole polls towards a real server: what is asked again, what is not, and when."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from earmark.errors import SourceUnavailable
from monitors.dial import Resolver
from monitors.faults import NotAsked
from monitors.monitor import Monitor
from storage import polls
from storage.engine import Engine, migrate, reading, writing
from storage.polls import Configured
from tests.builders import NOW
from tests.monitors.hostile import Handler, Hostile, Seen, a_fetcher, answer
from tests.monitors.pools import HereAndNow
from tests.storage.databases import opened

HOUR = timedelta(hours=1)


def feed(head: bytes = b"") -> bytes:
    return (
        b"<rss version='2.0'><channel><title>Wire</title>" + head + b"<item><guid>1</guid>"
        b"<title>Norvik Labs hires</title><link>https://wire.example/1</link></item></channel></rss>"
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    with opened(f"sqlite:///{tmp_path}/earmark.db") as engine:
        migrate(engine)
        yield engine


def visits(
    engine: Engine, handlers: dict[str, Handler], hours: list[float], *, kind: str = "feed", path: str = "/a"
) -> tuple[list[int], list[Seen], Configured]:
    """Let a monitor look at these hours; return the requests up to each, all of them, and the source."""

    async def run() -> tuple[list[int], list[Seen]]:
        now = NOW
        counts = []
        async with (
            Hostile(handlers) as server,
            a_fetcher(server, now=lambda: now) as fetcher,
            Monitor(engine, fetcher, HereAndNow(), clock=lambda: now) as monitor,
        ):
            with writing(engine) as conn:
                polls.add(conn, "a", kind, {"url": server.url(path)}, NOW)
            for hour in hours:
                now = NOW + hour * HOUR
                await monitor.round()
                counts.append(len(server.seen))
            return counts, server.seen

    counts, seen = asyncio.run(run())
    with reading(engine) as conn:
        found = polls.get(conn, "a")
    assert found is not None
    return counts, seen, found


def conditional(body: bytes, *headers: str, etag: str = '"7"') -> Handler:
    """Answer 304 to whoever sends the validator, and the page to others."""

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.headers.get("if-none-match") == etag:
            await answer(b"", *headers, status="304 Not Modified")(seen, writer)
        else:
            await answer(body, f"ETag: {etag}", *headers)(seen, writer)

    return handler


def test_every_poll_after_the_first_is_conditional_where_validators_are_offered(database: Engine) -> None:
    counts, seen, _ = visits(database, {"/a": conditional(feed())}, [0, 1, 2, 3])
    assert counts == [1, 2, 3, 4]
    assert [one.headers.get("if-none-match") for one in seen] == [None, '"7"', '"7"', '"7"']


def test_the_pause_that_a_feed_asks_for_holds_over_unchanged_polls(database: Engine) -> None:
    page = conditional(feed(b"<ttl>180</ttl>"))
    counts, _, told = visits(database, {"/a": page}, [0, 1, 2, 3.4, 4, 6])
    assert counts == [1, 1, 1, 2, 2, 2]
    assert "the feed asks" in (told.pace or "")
    assert told.next_poll_at >= NOW + 6.4 * HOUR


def test_the_hours_that_a_feed_wants_to_be_skipped_are_skipped_also_after_a_304(database: Engine) -> None:
    hours = b"".join(b"<hour>%d</hour>" % hour for hour in (10, 11, 12))  # NOW is 09:00 UTC
    page = conditional(feed(b"<skipHours>" + hours + b"</skipHours>"))
    counts, _, told = visits(database, {"/a": page}, [0, 0.6, 1.2, 2, 3, 4.9])
    assert counts == [1, 2, 2, 2, 2, 3]
    assert told.state["earmark:wishes"]["hours"] == [10, 11, 12], "kept with the source"


def test_a_user_that_sets_a_pace_is_not_overruled_by_the_feed(database: Engine) -> None:
    async def run() -> int:
        now = NOW
        page = answer(feed(b"<ttl>600</ttl>"))
        async with (
            Hostile({"/a": page}) as server,
            a_fetcher(server, now=lambda: now) as fetcher,
            Monitor(database, fetcher, HereAndNow(), clock=lambda: now) as monitor,
        ):
            with writing(database) as conn:
                polls.add(conn, "a", "feed", {"url": server.url("/a"), "every": "PT1H"}, NOW)
            for _ in range(3):
                await monitor.round()
                now += 1.2 * HOUR
            return len(server.seen)

    assert asyncio.run(run()) == 3


def test_failures_back_off_and_never_stop(database: Engine) -> None:
    hours = [0, 0.1, 0.3, 0.7, 1.5, 3, 6, 12, 24, 48, 72, 96, 120]
    counts, _, told = visits(database, {"/a": answer(status="500 Oops")}, hours)
    assert counts[-1] >= 10
    assert told.paused_reason is None
    assert told.next_poll_at - (NOW + 120 * HOUR) <= 27 * HOUR


def test_a_page_that_is_gone_is_asked_once_more_and_then_waits_for_a_person(database: Engine) -> None:
    counts, _, told = visits(database, {"/a": answer(status="410 Gone")}, [0, 12, 30, 60, 90])
    assert counts == [1, 1, 2, 2, 2]
    assert "410 twice" in (told.paused_reason or "")


@pytest.mark.parametrize("status", ["401 Who", "403 Forbidden", "451 Law", "404 Gone fishing"])
def test_who_refuses_once_is_asked_again_the_next_day_at_the_latest(database: Engine, status: str) -> None:
    counts, _, told = visits(database, {"/a": answer(status=status)}, [0, 30, 60])
    assert counts == [1, 2, 3]
    assert told.paused_reason is None


PAGE = (
    b"<html><body><main><h1>Pricing</h1><p>The Team plan costs 20 dollars a month.</p></main></body></html>"
)


def test_a_page_that_robots_txt_keeps_from_programs_is_not_asked(database: Engine) -> None:
    rules = answer(b"User-agent: *\nDisallow: /pricing\n")
    handlers = {"/robots.txt": rules, "/pricing": answer(PAGE)}
    counts, seen, told = visits(database, handlers, [0, 30], kind="webpage", path="/pricing")
    assert {one.target for one in seen} == {"/robots.txt"}
    assert counts[0] == 1
    assert "robots.txt" in (told.last_error or "")
    assert told.paused_reason is None, "rules change: it is looked at again each day"


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden"])
def test_without_rules_a_page_is_read_and_they_are_asked_once_a_day(database: Engine, status: str) -> None:
    handlers = {"/robots.txt": answer(status=status), "/pricing": answer(PAGE)}
    _, seen, told = visits(database, handlers, [0, 4, 8], kind="webpage", path="/pricing")
    assert [one.target for one in seen] == ["/robots.txt", "/pricing", "/pricing", "/pricing"]
    assert told.last_error is None


def test_while_the_rules_can_not_be_had_a_page_is_not_asked_and_is_tried_again(database: Engine) -> None:
    handlers = {"/robots.txt": answer(status="503 Busy"), "/pricing": answer(PAGE)}
    _, seen, told = visits(database, handlers, [0], kind="webpage", path="/pricing")
    assert [one.target for one in seen] == ["/robots.txt"]
    assert (told.failures, told.paused_reason) == (1, None)
    assert told.next_poll_at <= NOW + HOUR


def test_a_feed_is_made_for_programs_and_no_rules_are_asked(database: Engine) -> None:
    _, seen, _ = visits(database, {"/a": answer(feed())}, [0])
    assert [one.target for one in seen] == ["/a"]


def test_a_machine_without_network_blames_no_source(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    async def run() -> None:
        async with (
            a_fetcher(allow=["127.0.0.1:9"]) as fetcher,
            Monitor(database, fetcher, HereAndNow(), clock=lambda: NOW) as monitor,
        ):
            with writing(database) as conn:
                polls.add(conn, "a", "feed", {"url": "http://127.0.0.1:9/a"}, NOW)
            monkeypatch.setattr(socket.socket, "connect", unreachable)
            await monitor.round()

    asyncio.run(run())
    with reading(database) as conn:
        told = polls.get(conn, "a")
    assert told is not None
    assert (told.failures, told.last_error) == (0, None)
    assert "no network" in (told.pace or "")
    assert NOW < told.next_poll_at <= NOW + timedelta(minutes=20)


def test_two_sources_of_a_host_that_wait_do_not_come_back_in_one_moment(database: Engine) -> None:
    async def run() -> set[datetime]:
        async with Hostile({}) as server, a_fetcher(server, per_day=1) as fetcher:
            names = [f"s{n}" for n in range(6)]
            server.pages |= {f"/{name}": answer(feed()) for name in names}
            with writing(database) as conn:
                for name in names:
                    polls.add(conn, name, "feed", {"url": server.url(f"/{name}")}, NOW)
            async with Monitor(database, fetcher, HereAndNow(), clock=lambda: NOW) as monitor:
                await monitor.round()
        with reading(database) as conn:
            return {one.next_poll_at for one in polls.every(conn) if one.last_ok_at is None}

    assert len(asyncio.run(run())) == 5


def test_a_dead_name_server_blames_two_sources_at_most_and_each_name_alone_once_it_answers(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = {f"wire{n}.example" for n in range(6)}

    def looked_up(host: str, _port: int) -> list[str]:
        if host in dead:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return ["192.0.2.1"]

    monkeypatch.setattr("monitors.dial._look_up", looked_up)
    resolver = Resolver(threads=1)

    async def faults(*hosts: str) -> list[bool]:
        found = await asyncio.gather(*(resolver(host, 80) for host in hosts), return_exceptions=True)
        return [isinstance(each, NotAsked) for each in found if isinstance(each, SourceUnavailable)]

    async def run() -> None:
        async with (
            a_fetcher(resolve=resolver) as fetcher,
            Monitor(database, fetcher, HereAndNow(), clock=lambda: NOW) as monitor,
        ):
            with writing(database) as conn:
                for host in sorted(dead):
                    polls.add(conn, host, "feed", {"url": f"http://{host}/a"}, NOW)
            await monitor.round()
        assert await faults("wire0.example") == [True], "nobody has an address now"
        dead.remove("wire1.example")
        assert await faults("wire1.example") == [], "it answers again"
        assert await faults("wire0.example") == [False], "so the one that has none still is to blame"

    try:
        asyncio.run(run())
    finally:
        resolver.close()
    with reading(database) as conn:
        told = polls.every(conn)
    assert sorted(one.failures for one in told) == [0, 0, 0, 0, 1, 1]
    assert all("name server" in (one.pace or "") for one in told if not one.failures)
