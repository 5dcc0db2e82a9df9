"""One monitor, every kind of bad server at once, and healthy feeds beside them."""

import asyncio
import gzip
import zlib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from monitors.monitor import Monitor
from monitors.parse import ParsePool
from storage import events, polls
from storage.engine import Engine, migrate, reading, writing
from tests.builders import NOW
from tests.monitors.hostile import Handler, Hostile, Seen, a_fetcher, answer
from tests.storage.databases import opened

pytestmark = pytest.mark.slow

HEALTHY = 10
ENTRY = "<item><guid>{n}</guid><title>Story {n}</title><link>https://wire.example/{n}</link></item>"


def a_feed(number: int) -> bytes:
    entries = "".join(ENTRY.format(n=f"{number}-{i}") for i in range(3))
    return f"<rss version='2.0'><channel><title>Wire</title>{entries}</channel></rss>".encode()


async def endless(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss><channel>")
    while True:
        writer.write(b"<item><title>again</title></item>" * 1_000)
        await writer.drain()


async def dripping(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"<")
        await writer.drain()
        await asyncio.sleep(0.05)


def moved(address: str) -> Handler:
    return answer(b"", f"Location: {address}", status="302 Found")


def bombed() -> Handler:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    return answer(body, "Content-Encoding: gzip")


BAD: dict[str, tuple[Handler, str]] = {
    "html": (answer(b"<html><title>Log in</title><p>Please log in</p></html>"), "HTML"),
    "empty": (answer(b""), "empty"),
    "endless": (endless, "MiB"),
    "dripping": (dripping, "2 s"),
    "nested": (answer(b"<a>" * 100_000), "feed"),
    "bomb": (bombed(), "MB"),
    "stacked": (answer(gzip.compress(a_feed(0)), "Content-Encoding: gzip, gzip"), "gzip"),
    "private": (
        answer(b"", "Location: http://169.254.169.254/latest", status="302 Found"),
        "169.254.169.254",
    ),
    "local": (answer(b"", "Location: http://127.0.0.1:1/", status="301 Moved Permanently"), "127.0.0.1"),
    "file": (answer(b"", "Location: file:///etc/passwd", status="302 Found"), "http"),
    "path": (answer(b"/etc/passwd"), "feed"),
    "address": (answer(b"http://127.0.0.1:1/feed"), "feed"),
    "gone": (answer(b"", status="410 Gone"), "410"),
    "down": (answer(b"", status="503 Busy"), "503"),
}
GOOD = {f"good-{number}": answer(a_feed(number)) for number in range(HEALTHY)}


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Poll all of them in one round, at most two minutes of it."""

    async def run(engine: Engine) -> None:
        good = {f"/{name}": handler for name, handler in GOOD.items()}
        bad = {f"/{name}": handler for name, (handler, _) in BAD.items()}
        async with asyncio.timeout(100), Hostile(good) as healthy, Hostile(bad) as hostile:
            with writing(engine) as conn:
                for server in (hostile, healthy):
                    for path in server.pages:
                        polls.add(conn, path.strip("/"), "feed", {"url": server.url(path)}, NOW)
            async with (
                a_fetcher(hostile, healthy, deadline=timedelta(seconds=2), per_host=30) as fetcher,
                ParsePool() as pool,
                Monitor(engine, fetcher, pool, clock=lambda: NOW, parallel=30) as monitor,
            ):
                await monitor.round()

    path = tmp_path_factory.mktemp("bystander") / "earmark.db"
    with opened(f"sqlite:///{path}") as engine:
        migrate(engine)
        asyncio.run(run(engine))
        yield engine


@pytest.mark.parametrize("name", BAD)
def test_a_bad_server_is_a_sentence_about_that_source(polled: Engine, name: str) -> None:
    with reading(polled) as conn:
        source = polls.get(conn, name)
        stored = events.find(conn, source=name)
    assert source is not None
    assert source.failures == 1
    assert stored == []
    assert source.last_error is not None
    assert BAD[name][1].lower() in source.last_error.lower()
    assert source.last_error.rstrip().endswith(".")
    assert source.pages == {}, "the next poll sees the page again"


@pytest.mark.parametrize("name", GOOD)
def test_the_feeds_beside_it_are_read_whole(polled: Engine, name: str) -> None:
    with reading(polled) as conn:
        source = polls.get(conn, name)
        stored = events.find(conn, source=name)
    assert source is not None
    assert (source.failures, source.last_error) == (0, None)
    assert len(stored) == 3
