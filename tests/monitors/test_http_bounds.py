"""The fetcher towards hosts that send too much, too slowly, too little, or nothing that is HTTP."""

import asyncio
import gc
import gzip
import os
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta

import pytest

from earmark.errors import SourceChanged, SourceError, SourceUnavailable
from monitors.http import Answer
from tests.monitors.hostile import Handler, Hostile, Seen, a_fetcher, answer, raw

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MIB = 2**20
HURRY = timedelta(seconds=0.4)
"""A deadline for pages that never end."""


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


OK = b"HTTP/1.1 200 OK\r\n"


def deflated(data: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return packer.compress(data) + packer.flush()


BODY = b"<rss>" + os.urandom(200_000).hex().encode() + b"</rss>"


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(BODY)),
        ("GZip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("identity", BODY),
        ("identity, gzip", gzip.compress(BODY)),
        ("deflate", deflated(BODY, 15)),
        ("deflate", deflated(BODY, -15)),
        ("gzip", gzip.compress(BODY[:99_999]) + gzip.compress(b"") + gzip.compress(BODY[99_999:])),
        ("gzip", gzip.compress(BODY) + b"\x00" * 512),
        ("gzip", gzip.compress(BODY) + b"\x1f"),
        ("deflate", deflated(BODY, 15) + b"left over"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 65536])
async def test_a_compressed_page_is_unpacked_however_it_is_cut(
    server: Hostile, encoding: str, packed: bytes, size: int
) -> None:
    head = OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    cut = 40 * size  # the beginning in pieces of that size, the rest at once
    pieces = [packed[at : at + size] for at in range(0, cut, size)] + [packed[cut:]]
    assert (await fetch(server, raw(head, *pieces))).body == BODY


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_an_empty_page_may_call_itself_compressed(server: Hostile, encoding: str) -> None:
    assert (await fetch(server, answer(b"", f"Content-Encoding: {encoding}"))).body == b""


@pytest.mark.parametrize(
    "encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip, br", "deflate,gzip", "x", "gzip;q=1", "ß"]
)
async def test_an_encoding_that_was_not_asked_for_is_refused(server: Hostile, encoding: str) -> None:
    with pytest.raises(SourceChanged, match="though earmark asked for gzip, deflate only"):
        await fetch(server, answer(gzip.compress(b"x"), f"Content-Encoding: {encoding}"))


async def test_encodings_stacked_in_two_headers_are_refused(server: Hostile) -> None:
    with pytest.raises(SourceChanged, match="gzip, gzip"):
        await fetch(server, answer(b"x", "Content-Encoding: gzip", "Content-Encoding: gzip"))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_page_that_is_not_in_its_encoding_says_so(server: Hostile, encoding: str) -> None:
    with pytest.raises(SourceChanged, match="can't be unpacked"):
        await fetch(server, answer(b"<rss>not packed</rss>", f"Content-Encoding: {encoding}"))


@pytest.mark.parametrize(
    "packed", [gzip.compress(BODY)[:-9], gzip.compress(BODY)[:1], gzip.compress(BODY) * 2]
)
async def test_a_compressed_page_that_breaks_off_is_not_taken_for_whole(
    server: Hostile, packed: bytes
) -> None:
    with pytest.raises(SourceUnavailable, match="broke off in the middle"):
        await fetch(server, answer(packed[:-3] or packed, "Content-Encoding: gzip"))


def bomb(wbits: int, megabytes: int) -> list[bytes]:
    """Return a stream of so many MiB of zeros: one deflate block over and over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    head = packer.compress(b"\0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"\0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return [head, *[block] * (megabytes - 1)]


async def peak_of(awaitable: Awaitable[object]) -> int:
    """Return the most memory that was taken meanwhile, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        await awaitable
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
async def test_a_bomb_of_a_gigabyte_takes_no_more_memory_than_a_page(
    server: Hostile, encoding: str, wbits: int
) -> None:
    pieces = bomb(wbits, 1024)
    head = OK + f"Content-Encoding: {encoding}\r\nContent-Length: {sum(map(len, pieces))}\r\n\r\n".encode()

    async def attempt() -> None:
        with pytest.raises(SourceChanged, match=r"more than 10 MiB.*max_bytes"):
            await fetch(server, raw(head + b"".join(pieces)))

    assert await peak_of(attempt()) < 16 * MIB


async def test_a_bomb_within_a_bomb_stays_packed(server: Hostile) -> None:
    inner = gzip.compress(b"\0" * 50 * MIB)
    got = await fetch(server, answer(gzip.compress(inner), "Content-Encoding: gzip"))
    assert got.body == inner


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"\r\n", b"a" * 65536),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b"a" * 65535 + b"\r\n"),
        (b"Content-Encoding: deflate\r\n\r\n\x78\x9c", b"\x00\x00\x00\xff\xff" * 10_000),
        (b"Content-Encoding: deflate\r\n\r\n\x78\x9c", b"\x00\xff\xff\x00\x00" + b"a" * 65535),
    ],
    ids=["plain", "chunked", "packed nothings", "stored blocks"],
)
async def test_an_endless_page_is_cut_off_at_the_limit(server: Hostile, head: bytes, piece: bytes) -> None:
    with pytest.raises(SourceChanged, match=r"more than 1 MiB"):
        await fetch(server, endless(OK + head, piece), max_bytes=MIB)


async def test_empty_gzip_members_without_end_are_cut_off(server: Hostile) -> None:
    members = gzip.compress(b"") * 3000
    with pytest.raises(SourceChanged, match="can't be unpacked"):
        await fetch(server, endless(OK + b"Content-Encoding: gzip\r\n\r\n", members))


async def test_a_page_that_announces_500_megabytes_is_not_read(server: Hostile) -> None:
    with pytest.raises(SourceChanged, match="more than 10 MiB"):
        await fetch(server, raw(OK + b"Content-Length: 524288000\r\n\r\n"))


@pytest.mark.parametrize("over", [0, 1])
async def test_the_limit_is_exact(server: Hostile, over: int) -> None:
    body = b"a" * (MIB + over)
    for page in (
        answer(body),
        answer(gzip.compress(body), "Content-Encoding: gzip"),
        raw(OK + b"\r\n" + body),
    ):
        if over:
            with pytest.raises(SourceChanged):
                await fetch(server, page, max_bytes=MIB)
        else:
            assert (await fetch(server, page, max_bytes=MIB)).body == body


@pytest.mark.parametrize(
    "page",
    [
        endless(OK, b"X-A: b\r\n" * 1000),
        endless(OK + b"X-A: ", b"a" * 10_000),
        endless(b"HTTP/1.1 200 ", b"O" * 10_000),
        endless(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nX: y\r\n\r\n" * 100),
        raw(OK + b"X-A: b\r\n" * 201 + b"\r\n"),
        raw(OK + b"X-A: " + b"b" * 70_000 + b"\r\n\r\n"),
    ],
    ids=["headers", "one header", "status line", "interim answers", "201 headers", "a huge header"],
)
async def test_headers_without_end_end_the_exchange(server: Hostile, page: Handler) -> None:
    async def attempt() -> None:
        with pytest.raises(SourceError):
            await fetch(server, page, deadline=timedelta(seconds=2))

    assert await peak_of(attempt()) < 8 * MIB


@pytest.mark.parametrize(
    "page",
    [
        endless(OK + b"\r\n", b"a", pause=0.02),
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", pause=0.02),
        endless(b"", b"H", b"T", b"T", b"P", pause=0.02),
        endless(OK, b"X: y\r\n", pause=0.02),
        silent,
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\na\r\n" * 5000]),
    ],
    ids=["body", "chunks", "status", "headers", "silence", "a million pieces"],
)
async def test_the_deadline_is_for_the_whole_and_not_for_each_read(server: Hostile, page: Handler) -> None:
    started = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"did not answer in full within 0\.4 s"):
        await fetch(server, page, deadline=HURRY)
    assert time.monotonic() - started < 5


async def test_redirects_share_one_deadline(server: Hostile) -> None:
    def slow(location: str) -> Handler:
        async def handler(seen: Seen, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.25)
            await answer(b"", f"Location: {location}", status="302 Found")(seen, writer)

        return handler

    server.pages |= {"/b": slow("/c"), "/c": slow("/d"), "/d": slow("/e")}
    with pytest.raises(SourceUnavailable, match="did not answer in full"):
        await fetch(server, slow("/b"), deadline=HURRY)
    assert len(server.seen) <= 2


async def test_a_slow_name_server_is_within_the_deadline(server: Hostile) -> None:
    async def resolve(_: str, __: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with a_fetcher(server, resolve=resolve, deadline=HURRY) as fetcher:
        with pytest.raises(SourceUnavailable, match="did not answer in full"):
            await fetcher.fetch("GET", "http://feeds.example/")


async def test_a_tls_handshake_that_never_ends_is_within_the_deadline() -> None:
    async with Hostile() as server, a_fetcher(server, deadline=HURRY) as fetcher:
        with pytest.raises(SourceUnavailable, match="did not answer in full"):
            await fetcher.fetch("GET", server.url("/").replace("http:", "https:"))
        await until(lambda: server.live == 0)


async def test_a_page_in_a_million_pieces_leaves_the_others_their_share(server: Hostile) -> None:
    server.pages["/slow"] = endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 5000)
    server.pages["/good"] = answer(b"x")
    async with a_fetcher(server, per_host=10) as fetcher:
        hostile = [asyncio.create_task(fetcher.fetch("GET", server.url("/slow"))) for _ in range(2)]
        await until(lambda: server.live == 2)
        good = [await fetcher.fetch("GET", server.url("/good")) for _ in range(3)]
        assert [task.done() for task in hostile] == [False, False]
        for task in hostile:
            task.cancel()
        await asyncio.gather(*hostile, return_exceptions=True)
    assert [got.body for got in good] == [b"x"] * 3
    assert max(got.elapsed for got in good) < timedelta(seconds=5)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing tells when the other side has noticed
            await asyncio.sleep(0.001)
