"""The fetcher's manners: how many requests at once, how far apart, and pauses that hosts ask for."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SourceUnavailable
from monitors.retry import LONGEST, retry_after
from monitors.turns import Turns
from tests.builders import NOW
from tests.monitors.hostile import Hostile, Seen, a_fetcher, answer, raw

pytestmark = pytest.mark.anyio

SECOND = timedelta(seconds=1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile({"/feed": answer(b"x")}) as hostile:
        yield hostile


@pytest.fixture(scope="module", autouse=True)
def _no_socket_is_left_open() -> Iterator[None]:
    yield
    gc.collect()  # a socket left open warns when it is collected, and a warning is an error


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        until = self.time + seconds
        await asyncio.sleep(0)
        self.time = max(self.time, until)


async def local(_: str, __: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def test_a_host_is_asked_by_so_many_at_once_and_no_more(server: Hostile) -> None:
    waiting: list[asyncio.Event] = []

    async def held(seen: Seen, writer: asyncio.StreamWriter) -> None:
        waiting.append(asyncio.Event())
        await waiting[-1].wait()
        await answer(b"x")(seen, writer)

    server.pages["/held"] = held
    async with a_fetcher(server, per_host=2) as fetcher:
        tasks = [asyncio.create_task(fetcher.fetch("GET", server.url(f"/held?{n}"))) for n in range(8)]
        released = 0
        async with asyncio.timeout(10):
            while released < 8:
                while len(waiting) == released:  # noqa: ASYNC110 - the server can't tell when it is full
                    await asyncio.sleep(0.001)
                await asyncio.sleep(0.01)
                assert server.live <= 2
                waiting[released].set()
                released += 1
            answers = await asyncio.gather(*tasks)
    assert [got.body for got in answers] == [b"x"] * 8
    assert server.live_max == 2


async def test_a_full_host_does_not_hold_up_another_one(server: Hostile) -> None:
    never = asyncio.Event()

    async def held(_: Seen, __: asyncio.StreamWriter) -> None:
        await never.wait()

    server.pages["/held"] = held
    async with a_fetcher(server, per_host=1, resolve=local) as fetcher:
        stuck = [
            asyncio.create_task(fetcher.fetch("GET", server.url("/held", host="a.example"))) for _ in range(3)
        ]
        assert (await fetcher.fetch("GET", server.url("/feed", host="b.example"))).body == b"x"
        for task in stuck:
            task.cancel()
        results = await asyncio.gather(*stuck, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


async def test_a_redirect_gives_its_turn_back_before_it_takes_the_next(server: Hostile) -> None:
    server.pages["/a"] = answer(b"", "Location: /b", status="302 Found")
    server.pages["/b"] = answer(b"x")
    async with a_fetcher(server, per_host=1) as fetcher, asyncio.timeout(10):
        answers = await asyncio.gather(*[fetcher.fetch("GET", server.url("/a")) for _ in range(4)])
    assert [got.body for got in answers] == [b"x"] * 4


async def test_requests_to_one_host_start_at_least_the_spacing_apart(server: Hostile) -> None:
    clock = Clock()
    starts: list[float] = []

    async def page(seen: Seen, writer: asyncio.StreamWriter) -> None:
        starts.append(clock.time)
        await answer(b"x")(seen, writer)

    server.pages["/feed"] = page
    async with a_fetcher(server, spacing=SECOND, clock=clock, sleep=clock.sleep) as fetcher:
        await asyncio.gather(*[fetcher.fetch("GET", server.url("/feed")) for _ in range(5)])
    assert clock.sleeps
    assert all(later - earlier >= 1 for earlier, later in zip(starts[::2], starts[2::2], strict=False))
    assert clock.time == 4


async def test_another_host_need_not_wait(server: Hostile) -> None:
    clock = Clock()
    async with a_fetcher(server, spacing=SECOND, clock=clock, sleep=clock.sleep, resolve=local) as fetcher:
        for name in ("a", "b", "c"):
            await fetcher.fetch("GET", server.url("/feed", host=f"{name}.example"))
    assert clock.sleeps == []


async def test_waiting_for_a_turn_does_not_use_up_the_deadline(server: Hostile) -> None:
    async def slow(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await answer(b"x")(seen, writer)

    server.pages["/slow"] = slow
    async with a_fetcher(server, per_host=1, deadline=timedelta(seconds=0.9)) as fetcher:
        answers = await asyncio.gather(*[fetcher.fetch("GET", server.url("/slow")) for _ in range(6)])
    assert [got.body for got in answers] == [b"x"] * 6


@given(st.lists(st.floats(0, 3), max_size=20), st.floats(0, 2), st.integers(1, 4))
def test_turns_are_given_in_order_and_never_closer_than_the_spacing(
    works: list[float], spacing: float, per_host: int
) -> None:
    clock = Clock()
    turns = Turns(per_host, timedelta(seconds=spacing), clock=clock, sleep=clock.sleep)
    starts: list[tuple[int, float]] = []
    live = 0

    async def visit(number: int, work: float) -> None:
        nonlocal live
        async with turns.turn("a.example"):
            starts.append((number, clock.time))
            live += 1
            assert live <= per_host
            await clock.sleep(work)
            live -= 1

    async def everybody() -> None:
        await asyncio.gather(*[visit(number, work) for number, work in enumerate(works)])

    asyncio.run(everybody())
    times = sorted(time for _, time in starts)
    rounded = timedelta(seconds=spacing).total_seconds()
    assert sorted(number for number, _ in starts) == list(range(len(works)))
    assert len(works) < 2 or times[-1] - times[0] >= rounded * (len(works) - 1) - 1e-6


async def test_a_cancelled_wait_gives_its_place_back() -> None:
    clock = Clock()
    turns = Turns(1, timedelta(0), clock=clock, sleep=clock.sleep)
    async with turns.turn("a.example"):
        waiting = asyncio.create_task(turns.turn("a.example").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(5), turns.turn("a.example"):
        pass


async def test_hosts_that_are_quiet_are_forgotten_in_time() -> None:
    clock = Clock()
    turns = Turns(1, SECOND, clock=clock, sleep=clock.sleep)
    for number in range(5000):
        async with turns.turn(f"{number}.example"):
            clock.time += 0.01
        assert len(turns._lanes) <= 1000


async def test_a_crowd_of_hosts_is_forgotten_when_it_is_quiet_again() -> None:
    clock = Clock()
    turns = Turns(1, SECOND, clock=clock, sleep=clock.sleep)
    for number in range(1500):
        async with turns.turn(f"{number}.example"):
            pass
    clock.time = 1.5
    async with turns.turn("late.example"):
        pass
    assert len(turns._lanes) == 1


async def test_a_host_that_is_asked_now_or_was_just_now_is_not_forgotten_in_a_crowd() -> None:
    clock = Clock()
    turns = Turns(1, SECOND, clock=clock, sleep=clock.sleep)

    async def crowd(name: str) -> None:
        for number in range(1200):
            async with turns.turn(f"{name}{number}.example"):
                pass

    async with turns.turn("slow.example"):
        clock.time = 5
        waiting = asyncio.create_task(turns.turn("slow.example").__aenter__())
        await crowd("a")
        third = asyncio.create_task(turns.turn("slow.example").__aenter__())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert not third.done(), "it is asked by one at a time"
        for task in (waiting, third):
            task.cancel()
        await asyncio.gather(waiting, third, return_exceptions=True)
    async with turns.turn("slow.example"):
        pass
    await crowd("b")
    assert clock.sleeps == []
    async with turns.turn("slow.example"):
        assert clock.sleeps == [1.0], "its spacing holds"


def http_date(moment: datetime) -> str:
    return f"{moment:%a, %d %b %Y %H:%M:%S} GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("1.5", 1.5),
        ("86400", 86400),
        ("86401", 86400),
        ("2000000", 86400),
        ("31622400", 86400),
        ("31622401", None),
        (http_date(NOW + timedelta(minutes=5)), 300),
        ((NOW + timedelta(minutes=5)).strftime("%A, %d-%b-%y %H:%M:%S GMT"), 300),
        ((NOW + timedelta(minutes=5)).strftime("%a %b %d %H:%M:%S %Y"), 300),
        ("Sat, 21 Nov 2026 11:05:00 +0200", 300),
        (http_date(NOW + timedelta(days=30)), 86400),
        ("0", None),
        ("-5", None),
        ("+5", None),
        ("", None),
        (None, None),
        ("soon", None),
        ("1e3", None),
        ("5 s", None),
        ("5, 10", None),
        ("٥", None),
        ("inf", None),
        ("nan", None),
        ("99999999999999999999", None),
        ("999999999999", None),
        (http_date(NOW), None),
        (http_date(NOW - timedelta(days=1)), None),
        (http_date(NOW + timedelta(days=4000)), None),
        ("Sat, 99 Nov 2026 09:05:00 GMT", None),
        ("Sat, 21 Nov 99999999999 09:05:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
    ],
)
def test_retry_after_is_read_with_suspicion(value: str | None, seconds: float | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(value, date=None, now=NOW) == expected


def test_a_date_is_measured_against_the_clock_of_the_host() -> None:
    fast = NOW + timedelta(hours=3)
    value = http_date(fast + timedelta(minutes=5))
    assert retry_after(value, date=http_date(fast), now=NOW) == timedelta(minutes=5)
    assert retry_after(value, date="yesterday", now=NOW) == timedelta(hours=3, minutes=5)


@given(st.text(max_size=60) | st.integers().map(str), st.none() | st.text(max_size=40))
def test_whatever_stands_in_retry_after_is_nothing_or_a_pause_of_a_day_at_most(
    value: str, date: str | None
) -> None:
    pause = retry_after(value, date=date, now=NOW)
    assert pause is None or timedelta(0) < pause <= LONGEST


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("value", ["120", http_date(NOW + timedelta(seconds=120))])
async def test_a_host_that_asks_for_a_pause_is_left_alone_as_a_whole(
    server: Hostile, status: str, value: str
) -> None:
    now = NOW
    server.pages["/busy"] = answer(b"", f"Retry-After: {value}", status=status)
    async with a_fetcher(server, now=lambda: now) as fetcher:
        with pytest.raises(SourceUnavailable) as caught:
            await fetcher.fetch("GET", server.url("/busy"))
        assert caught.value.retry_after == timedelta(seconds=120)
        assert fetcher.hosts.pauses == {"127.0.0.1": NOW + timedelta(seconds=120)}
        now = NOW + timedelta(seconds=50)
        with pytest.raises(
            SourceUnavailable, match="asked for a pause until 2026-11-21 09:02:00 UTC"
        ) as caught:
            await fetcher.fetch("GET", server.url("/feed"))
        assert caught.value.retry_after == timedelta(seconds=70)
        assert len(server.seen) == 1
        now = NOW + timedelta(seconds=120)
        assert (await fetcher.fetch("GET", server.url("/feed"))).body == b"x"
        assert fetcher.hosts.pauses == {}


async def test_a_pause_is_for_the_host_that_asked(server: Hostile) -> None:
    busy = answer(b"", "Retry-After: 60", status="429 Slow")
    server.pages |= {
        "/busy": busy,
        "/to": answer(b"", f"Location: http://b.example:{server.port}/busy", status="302 Found"),
    }
    async with a_fetcher(server, resolve=local) as fetcher:
        with pytest.raises(SourceUnavailable):
            await fetcher.fetch("GET", server.url("/to", host="a.example"))
        assert set(fetcher.hosts.pauses) == {"b.example"}
        assert (await fetcher.fetch("GET", server.url("/feed", host="a.example"))).body == b"x"


async def test_those_who_wait_for_their_turn_hear_of_the_pause_too(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"", "Retry-After: 60", status="429 Slow")
    async with a_fetcher(server, per_host=1) as fetcher:
        results = await asyncio.gather(
            *[fetcher.fetch("GET", server.url("/feed")) for _ in range(6)], return_exceptions=True
        )
    assert all(isinstance(result, SourceUnavailable) for result in results)
    assert len(server.seen) == 1


@pytest.mark.parametrize("value", ["-1", "0", "soon", "999999999999", ""])
async def test_a_nonsensical_wish_pauses_nobody(server: Hostile, value: str) -> None:
    server.pages["/busy"] = answer(b"", f"Retry-After: {value}", status="429 Slow")
    async with a_fetcher(server) as fetcher:
        with pytest.raises(SourceUnavailable) as caught:
            await fetcher.fetch("GET", server.url("/busy"))
        assert caught.value.retry_after is None
        assert (await fetcher.fetch("GET", server.url("/feed"))).body == b"x"


async def test_a_wish_on_another_status_is_not_heeded(server: Hostile) -> None:
    server.pages["/busy"] = answer(b"", "Retry-After: 60", status="500 Oops")
    server.pages["/good"] = answer(b"x", "Retry-After: 60")
    async with a_fetcher(server) as fetcher:
        with pytest.raises(SourceUnavailable):
            await fetcher.fetch("GET", server.url("/busy"))
        await fetcher.fetch("GET", server.url("/good"))
        assert fetcher.hosts.pauses == {}


async def test_a_shorter_wish_does_not_shorten_a_pause(server: Hostile) -> None:
    async with a_fetcher(server, per_host=2) as fetcher:
        long_until = NOW.astimezone(UTC) + timedelta(hours=1)
        server.pages["/busy"] = raw(b"HTTP/1.1 429 Slow\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n")

        async def meanwhile(seen: Seen, writer: asyncio.StreamWriter) -> None:
            fetcher.hosts.pauses["127.0.0.1"] = long_until
            await server.pages["/busy"](seen, writer)

        server.pages["/late"] = meanwhile
        with pytest.raises(SourceUnavailable):
            await fetcher.fetch("GET", server.url("/late"))
        assert fetcher.hosts.pauses == {"127.0.0.1": long_until}
