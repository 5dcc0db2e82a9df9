"""A farm of company sites on this machine: each names a feed, and a few feeds tell of something."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from earmark.config import Settings, load
from earmark.contract import Page
from monitors import discover
from monitors.discover import Scout
from monitors.parse import ParsePool
from monitors.schedule import run_until_stopped
from monitors.up import fetcher_of, monitoring
from storage.engine import connect
from tests.builders import NOW, ago

__all__ = ["Farm", "a_list", "farmed", "polled"]

_FIRST = (
    "Tundra",
    "Harbour",
    "Quarry",
    "Meadow",
    "Beacon",
    "Cinder",
    "Juniper",
    "Marble",
    "Willow",
    "Falcon",
)
_SECOND = ("loom", "forge", "kiln", "mill", "works", "press", "yard", "weave", "craft", "stone")
_THIRD = ("Systems", "Robotics", "Foods", "Freight")


def a_list(count: int) -> list[str]:
    """Return so many invented companies that share no name."""
    names = [f"{one}{two} {three}" for three in _THIRD for one in _FIRST for two in _SECOND]
    return names[:count]


def domain_of(name: str) -> str:
    return name.lower().replace(" ", "") + ".example"


@dataclass
class Farm:
    """Sites of companies; ``news`` is told by the feed of the company that it names."""

    port: int
    names: list[str]
    news: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def site(self, host: str, path: str) -> bytes | None:
        """Return a page of a company's site, or None."""
        name = {domain_of(one): one for one in self.names}.get(host)
        if name is None:
            return None
        if path == "/":
            feed = f"http://127.0.0.1:{self.port}/{host}/feed.xml"
            link = f'<link rel="alternate" type="application/rss+xml" href="{feed}">'
            return f"<html><head>{link}</head></html>".encode()
        if path == "/feed.xml":
            titles = [self.news.get(name, f"{name} thanks its visitors"), f"A quiet week at {name}"]
            items = "".join(
                f"<item><guid>{host}-{number}</guid><title>{title}</title><link>https://{host}/{number}</link>"
                f"<pubDate>{ago(number + 1):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
                for number, title in enumerate(titles)
            )
            return f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>".encode()
        return None


@contextmanager
def farmed(monkeypatch: pytest.MonkeyPatch, names: list[str], news: dict[str, str]) -> Iterator[Farm]:
    """Serve the farm; what discovery would ask of the companies' own hosts is asked of it, over real HTTP."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, host, *rest = self.path.split("/")
            body = farm.site(host, "/" + "/".join(rest))
            farm.asked.append(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("content-type", "application/rss+xml" if "feed" in self.path else "text/html")
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    farm = Farm(server.server_address[1], names, news)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    @asynccontextmanager
    async def scouting(settings: Settings, _: object) -> AsyncIterator[Scout]:
        async with fetcher_of(settings) as fetcher, ParsePool(workers=settings.monitor.workers) as pool:

            async def ask(url: str) -> Page:
                parts = urlsplit(url)
                own = parts.hostname == "127.0.0.1"
                where = url if own else f"http://127.0.0.1:{farm.port}/{parts.hostname}{parts.path}"
                answer = await fetcher.fetch("GET", where)
                seen = answer.url if own else url
                return Page(url=seen, status=answer.status, headers=answer.headers, body=answer.body)

            yield Scout(ask, pool.run, NOW)

    monkeypatch.setattr(discover, "scouting", scouting)
    try:
        yield farm
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def polled(workspace: Path, *, tick: timedelta) -> Iterator[None]:
    """Run the real monitor over a workspace on a thread of its own, beside the page."""
    settings = load(workspace)
    began = threading.Event()
    stops: list[Callable[[], object]] = []

    async def run() -> None:
        engine = connect(settings.database_url)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        began.set()
        try:
            async with monitoring(settings, engine, now=lambda: NOW) as monitor:
                await run_until_stopped(monitor, tick=tick, stop=stop)
        finally:
            engine.dispose()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert began.wait(10)
    try:
        yield
    finally:
        stops[0]()
        thread.join(30)
