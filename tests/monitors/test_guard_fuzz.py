"""Odd addresses by the thousand: whatever they look like, nothing that is not public is ever dialled."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest

from earmark.errors import SourceError
from monitors import dial
from monitors.http import Fetcher
from tests.monitors.hostile import a_fetcher
from tests.monitors.urls import INSIDE, OUTSIDE, Liar, is_public, odd_urls, written_as

SEED = 20261122
MANY = [pytest.param(1_000, id="1,000"), pytest.param(10_000, id="10,000", marks=pytest.mark.slow)]


@dataclass
class Network:
    """Stands where httpcore's network stood: notes every address that is dialled, and answers for it."""

    location: str | None = None
    dialled: list[tuple[str, int]] = field(default_factory=list)

    async def connect_tcp(self, host: str, port: int, **_: Any) -> httpcore.AsyncNetworkStream:
        self.dialled.append((host, port))
        head = "HTTP/1.1 200 OK\r\n"
        if self.location is not None and self.location.isprintable():
            head = f"HTTP/1.1 302 Found\r\nLocation: {self.location}\r\n"
            self.location = None
        return httpcore.AsyncMockStream([f"{head}Content-Length: 0\r\n\r\n".encode()])

    @property
    def inside(self) -> list[tuple[str, int]]:
        return [(host, port) for host, port in self.dialled if not is_public(host)]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    network = Network()
    monkeypatch.setattr(httpcore, "AnyIOBackend", lambda: network)
    return network


@asynccontextmanager
async def fetching(resolver: Any, **changes: Any) -> AsyncIterator[Fetcher]:
    changes = {"resolve": resolver, "deadline": timedelta(seconds=5), "per_day": 10**9} | changes
    async with a_fetcher(**changes) as fetcher:
        yield fetcher


async def outcomes(asked: Iterable[Any]) -> list[bool]:
    """Return for each request whether it got an answer; anything but a SourceError is a bug."""
    answered = []
    for each in asked:
        try:
            await each
        except SourceError:
            answered.append(False)
        else:
            answered.append(True)
    return answered


@pytest.mark.parametrize("number", MANY)
def test_no_address_however_it_is_written_leads_inside(number: int, network: Network) -> None:
    async def run() -> list[bool]:
        async with fetching(Liar(SEED)) as fetcher:
            return await outcomes(fetcher.fetch("GET", url) for url in odd_urls(number, SEED))

    answered = asyncio.run(run())
    assert network.inside == []
    assert len(network.dialled) >= sum(answered) > number / 100, "some were public, and were asked"
    assert answered.count(False) > number / 2


@pytest.mark.parametrize("number", MANY)
def test_no_redirect_leads_inside(number: int, network: Network) -> None:
    liar = Liar(SEED + 1)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return (OUTSIDE,) if host == "start.example" else await liar(host, port)

    async def redirected(fetcher: Fetcher, url: str) -> None:
        network.location = url
        await fetcher.fetch("GET", "http://start.example/")

    async def run() -> None:
        async with fetching(resolve) as fetcher:
            await outcomes(redirected(fetcher, url) for url in odd_urls(number, SEED + 1))

    asyncio.run(run())
    assert network.inside == []
    assert len(network.dialled) > number, "each was begun, and some redirects were followed"


@pytest.mark.parametrize("number", MANY)
def test_what_is_delivered_and_what_reads_mail_leads_nowhere_inside_either(
    number: int, network: Network
) -> None:
    """``send`` is the door of the exports, ``addresses`` that of the mail."""
    given: list[str] = []

    async def ask_for(fetcher: Fetcher, host: str) -> None:
        given.extend(await fetcher.addresses(host, 993))

    async def run() -> None:
        chance = random.Random(SEED + 2)
        async with fetching(Liar(SEED + 2)) as fetcher:
            await outcomes(fetcher.send("POST", url, content=b"{}") for url in odd_urls(number, SEED + 2))
            hosts = [written_as(ip_address(chance.choice(INSIDE)), chance) for _ in range(number // 10)]
            await outcomes(ask_for(fetcher, host.strip("[]")) for dresses in hosts for host in dresses)
            await outcomes(ask_for(fetcher, f"mail-{each}.example") for each in range(50))

    asyncio.run(run())
    assert network.inside == []
    assert [address for address in given if not is_public(address)] == []
    assert OUTSIDE in given


def test_a_name_that_turns_inside_after_it_was_judged_is_not_followed(network: Network) -> None:
    """DNS rebinding: the address that was judged is the one that is dialled, each time anew."""
    answers = iter([[OUTSIDE], ["127.0.0.1"], [OUTSIDE], ["10.0.0.1", OUTSIDE], ["169.254.169.254"]])
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    async def run() -> list[bool]:
        async with fetching(resolve) as fetcher:
            return await outcomes(fetcher.fetch("GET", "http://turncoat.example/") for _ in range(5))

    assert asyncio.run(run()) == [True, False, True, False, False]
    assert network.dialled == [(OUTSIDE, 80)] * 2
    assert len(asked) == 5, "each connection asks once, and dials what it was told"


def test_the_fuzz_would_see_a_guard_that_lets_something_through(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "admit", lambda _host, _port, answers, _allow: tuple(answers))

    async def run() -> None:
        async with fetching(Liar(SEED)) as fetcher:
            await outcomes(fetcher.fetch("GET", url) for url in odd_urls(500, SEED))

    asyncio.run(run())
    assert network.inside


def test_the_grammar_is_odd_enough() -> None:
    urls = odd_urls(10_000, SEED)
    assert len(set(urls)) > 9_000
    for piece in (
        "0x7f",
        "[::ffff:",
        "[64:ff9b::",
        "@",
        "。",
        "%25eth0",
        "localhost",
        "\\",
        "file://",
        ":65536",
    ):
        assert any(piece in url for url in urls), piece
