"""The fetcher towards hosts that break off, speak no HTTP or don't answer; and being stopped meanwhile."""

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from earmark.errors import SourceUnavailable
from monitors.http import Answer, Fetcher
from tests.monitors.hostile import Handler, Hostile, Seen, a_fetcher, answer, raw

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


@pytest.fixture(scope="module", autouse=True)
def _no_socket_is_left_open() -> Iterator[None]:
    yield
    gc.collect()  # a socket left open warns when it is collected, and a warning is an error


OK = b"HTTP/1.1 200 OK\r\n"


async def fetch(server: Hostile, page: Handler, **changes: object) -> Answer:
    server.pages["/feed"] = page
    async with a_fetcher(server, **changes) as fetcher:
        return await fetcher.fetch("GET", server.url("/feed"))


def endless(head: bytes, *pieces: bytes, pause: float | None = None) -> Handler:
    """Send these bytes over and over until the other side has had enough."""

    async def handler(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                if pause:
                    await asyncio.sleep(pause)

    return handler


async def silent(_: Seen, __: asyncio.StreamWriter) -> None:
    """Say nothing, and don't hang up."""
    await asyncio.Event().wait()


async def reset(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Send half a page, then reset the connection."""
    writer.write(OK + b"Content-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    own = writer.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize(
    "page",
    [
        reset,
        raw(OK + b"Content-Length: 1000\r\n\r\nhalf"),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhal"),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf!!"),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf"),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhalf"),
    ],
    ids=["reset", "length", "in a chunk", "between chunks", "chunk end", "chunk size", "negative chunk"],
)
async def test_half_a_page_is_no_page(server: Hostile, page: Handler) -> None:
    with pytest.raises(SourceUnavailable, match="broke off in the middle"):
        await fetch(server, page)


@pytest.mark.parametrize(
    "page",
    [
        raw(),
        raw(b"\x00\x01\x02\xff" * 100),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(b"<rss/>"),
        raw(b"HTTP/1.1\r\n\r\n"),
        raw(b"HTTP/1.1 abc OK\r\n\r\n"),
        raw(b"HTTP/1.1 20 OK\r\n\r\n"),
        raw(OK + b"no colon\r\n\r\n"),
        raw(OK + b"X: a\x00b\r\n\r\n"),
        raw(OK + b" folded first\r\n\r\n"),
        raw(OK + b"Content-Length: -5\r\n\r\n"),
        raw(OK + b"Content-Length: 5, 6\r\n\r\nabcde"),
        raw(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde"),
        raw(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n"),
        raw(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
        raw(OK[:-4]),
    ],
)
async def test_what_is_no_http_is_unavailable_in_plain_words(server: Hostile, page: Handler) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        await fetch(server, page)
    assert str(caught.value).startswith(server.url("/feed"))
    assert "hung up without an answer, or did not answer in HTTP" in str(caught.value)


async def test_more_bytes_than_announced_are_ignored(server: Hostile) -> None:
    assert (await fetch(server, raw(OK + b"Content-Length: 3\r\n\r\nabcdef"))).body == b"abc"


async def test_a_header_that_splits_the_answer_adds_no_body(server: Hostile) -> None:
    split = OK + b"X: a\r\nContent-Length: 1\r\n\r\nbHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    assert (await fetch(server, raw(split))).body == b"b"


async def test_a_port_where_nobody_listens_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with a_fetcher(allow=[f"127.0.0.1:{port}"]) as fetcher:
            with pytest.raises(SourceUnavailable, match=r"can't be reached \(Connection refused\)"):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/")


async def stalled(server: Hostile, fetcher: Fetcher, url: str) -> "asyncio.Task[Answer]":
    """Return a fetch that is under way, waiting for the rest of its answer."""
    task = asyncio.create_task(fetcher.fetch("GET", url))
    await until(lambda: server.live > 0)
    return task


async def test_a_fetch_can_be_cancelled_and_leaves_nothing_open(server: Hostile) -> None:
    server.pages["/feed"] = endless(OK + b"\r\n", b"a", pause=0.02)
    async with a_fetcher(server) as fetcher:
        task = await stalled(server, fetcher, server.url("/feed"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert fetcher._lines == set()
        await until(lambda: server.live == 0)
        server.pages["/feed"] = answer(b"x")
        assert (await fetcher.fetch("GET", server.url("/feed"))).body == b"x"


@pytest.mark.parametrize("secure", [False, True])
async def test_closing_ends_what_is_under_way(server: Hostile, *, secure: bool) -> None:
    server.pages["/feed"] = silent
    fetcher = a_fetcher(server)
    url = server.url("/feed")
    task = await stalled(server, fetcher, url.replace("http:", "https:") if secure else url)
    await fetcher.aclose()
    with pytest.raises(SourceUnavailable):
        await task
    await until(lambda: server.live == 0)


async def test_closing_also_ends_what_is_just_connecting(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"x")
    asked, resolved = asyncio.Event(), asyncio.Event()

    async def resolve(_: str, __: int) -> list[str]:
        asked.set()
        await resolved.wait()
        return ["127.0.0.1"]

    fetcher = a_fetcher(server, resolve=resolve)
    task = asyncio.create_task(fetcher.fetch("GET", server.url("/feed", host="feeds.example")))
    await asked.wait()
    await fetcher.aclose()
    resolved.set()
    with pytest.raises(SourceUnavailable):
        await task
    await until(lambda: server.live == 0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing tells when the other side has noticed
            await asyncio.sleep(0.001)
