"""How a connection is made: a name is resolved once, judged, and that very address is connected to.

httpcore keeps the name for the Host header and for TLS, so nothing else of an exchange changes.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpcore

from earmark.errors import SourceUnavailable
from monitors.guard import Allow, admit, literal

__all__ = ["Line", "Resolve", "Resolver"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes a host name and a port, and returns its addresses in the order in which to try them."""

_SECONDS_PER_ADDRESS: Final = 8.0
_MOST_ADDRESSES: Final = 4


class Resolver:
    """Asks the system for the addresses of a name, in threads of its own.

    A name server that lets us wait holds one of these threads, and nobody else's.
    """

    def __init__(self, threads: int = 32) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="earmark-names")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host; SourceUnavailable when it has none."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except (OSError, UnicodeError) as error:
            raise SourceUnavailable(
                f"No address was found for {host}. Check how the name is written, and this machine's "
                "connection; it is tried again later."
            ) from error
        return tuple(dict.fromkeys(found))

    def close(self) -> None:
        """Give the threads back, without waiting for a slow name server."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Line(httpcore.AsyncNetworkBackend):
    """The network of one exchange: guards each connection, and can close what it opened.

    httpcore loses a connection that is cancelled during its TLS handshake; here it isn't lost. There is
    no way to a UNIX socket.
    """

    def __init__(self, resolve: Resolve, allow: Allow) -> None:
        self._resolve, self._allow = resolve, allow
        self._network = httpcore.AnyIOBackend()
        self._streams: list[httpcore.AsyncNetworkStream] = []
        self._closed = False

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host; SourceRefused when any of its addresses is refused."""
        written = literal(host)
        answers = [str(written)] if written else await self._resolve(host, port)
        addresses = admit(host, port, answers, self._allow)[:_MOST_ADDRESSES]
        for index, address in enumerate(addresses, start=1):
            try:
                stream = await self._network.connect_tcp(
                    address,
                    port,
                    timeout=min(timeout or _SECONDS_PER_ADDRESS, _SECONDS_PER_ADDRESS),
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if index == len(addresses):
                    raise
            else:
                self._streams.append(stream)
                if self._closed:
                    await self.aclose()
                return stream
        raise AssertionError  # admit() returns at least one address

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore asks for it between attempts."""
        await asyncio.sleep(seconds)

    async def aclose(self) -> None:
        """Close every connection that this exchange opened, and any that it is just opening."""
        self._closed = True
        while self._streams:
            await self._streams.pop().aclose()
