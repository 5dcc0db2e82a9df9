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
from monitors.faults import SOON, NotAsked
from monitors.guard import Allow, admit, literal

__all__ = ["Line", "Resolve", "Resolver"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes a host name and a port, and returns its addresses in the order in which to try them."""

_SECONDS_PER_ADDRESS: Final = 8.0
_MOST_ADDRESSES: Final = 4
_SEVERAL: Final = 3


class Resolver:
    """Asks the system for the addresses of a name, in threads of its own.

    A name server that lets us wait holds one of these threads, and nobody else's. One that answers for none
    of several names is this machine's trouble, and not that of the names.
    """

    def __init__(self, threads: int = 32) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="earmark-names")
        self._unanswered: set[str] = set()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host; SourceUnavailable for none, NotAsked where no name has any."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except (OSError, UnicodeError) as error:
            if self._is_without_names(host, error):
                raise NotAsked(
                    f"{host} was not asked: this machine gets no answer for any name. Check its connection "
                    "and its name server; it is tried again soon.",
                    retry_after=SOON,
                ) from error
            raise SourceUnavailable(
                f"No address was found for {host}. Check how the name is written, and this machine's "
                "connection; it is tried again later."
            ) from error
        self._unanswered.clear()
        return tuple(dict.fromkeys(found))

    def _is_without_names(self, host: str, error: Exception) -> bool:
        """Say whether several names, this one among them, got no answer since the last that got one."""
        if not isinstance(error, socket.gaierror) or error.errno != socket.EAI_AGAIN:
            return False
        if len(self._unanswered) < _SEVERAL:
            self._unanswered.add(host)
        return len(self._unanswered) >= _SEVERAL

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
