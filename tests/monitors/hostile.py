"""A local HTTP server that does what it is told, byte for byte, however rude; and notes who asked what."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from monitors.http import Fetcher
from tests.builders import NOW

__all__ = ["CERTIFICATE", "Handler", "Hostile", "Seen", "a_fetcher", "answer", "raw"]

CERTIFICATE = Path(__file__).parent / "data" / "feeds.example.pem"
"""Key and self-signed certificate of feeds.example and 127.0.0.1, made for these tests only."""


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; header names in lower case, values byte for byte as Latin-1."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


Handler = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


def raw(*pieces: bytes) -> Handler:
    """Send these bytes and close."""

    async def handler(_: Seen, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return handler


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> Handler:
    """Send a well-formed answer with these header lines."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return raw("\r\n".join(lines).encode("latin-1") + body)


@dataclass
class Hostile:
    """Serves ``pages`` by path on a free port of 127.0.0.1; anything else is a 404.

    With a ``greeting`` it says that to whoever connects, and hangs up.
    """

    pages: dict[str, Handler] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    greeting: bytes | None = None
    seen: list[Seen] = field(default_factory=list)
    live: int = 0
    live_max: int = 0
    connections: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def allow(self) -> str:
        """The entry of an allow list that lets a fetcher in."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Return the address of a page."""
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.live += 1
        self.live_max = max(self.live_max, self.live)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                if self.greeting is not None:
                    writer.write(self.greeting)
                    return
                seen = await _request(reader)
                self.seen.append(seen)
                handler = self.pages.get(seen.target.partition("?")[0], answer(status="404 Not Found"))
                await _until_gone(reader, asyncio.ensure_future(handler(seen, writer)))
        finally:
            self.live -= 1
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()


async def _until_gone(reader: asyncio.StreamReader, handling: "asyncio.Future[None]") -> None:
    """Let a handler work until it is done, or until the other side hangs up."""
    gone = asyncio.ensure_future(reader.read(1))
    either: set[asyncio.Future[Any]] = {handling, gone}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (handling, gone):
            task.cancel()
        await asyncio.gather(handling, gone, return_exceptions=True)


_TRUSTING_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def a_fetcher(*servers: Hostile, **changes: Any) -> Fetcher:
    """Return a fetcher that may reach these servers, without spacing, at builders.NOW."""
    fields: dict[str, Any] = {
        "contact": "ops@norvik.example",
        "version": "1.2.3",
        "allow": [server.allow for server in servers],
        "spacing": timedelta(0),
        "tls": _TRUSTING_NOBODY,
        "now": lambda: NOW,
    }
    return Fetcher(**(fields | changes))


async def _request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")[:-2]
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method=method, target=target, headers=headers, body=body)
