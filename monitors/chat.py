"""Telling people through Apprise, which makes its own connections: so it runs in a process of its own.

There every connection is made by us, to addresses that the guard admits, without the proxies of the
environment; and a service that hangs is ended with the process. Only services that speak HTTP are taken.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from earmark.errors import ConfigError, ExportRefused, ExportRejected, ExportUnavailable, SourceError
from monitors.guard import Allow, admit

__all__ = ["SERVICES", "main", "tell"]

# fmt: off
SERVICES: Final = frozenset({
    "discord", "gchat", "gotify", "gotifys", "json", "jsons", "matrix", "matrixs", "mmost", "mmosts", "ntfy",
    "ntfys", "pbul", "pover", "rocket", "rockets", "tgram", "workflows", "wxteams", "zulip",
})
# fmt: on
"""The beginnings of addresses that may be told: those of services that speak HTTP."""

_SENT, _REFUSED, _FAILED, _MISSING = "sent", "refused", "failed", "missing"
_FAMILIES: Final = {socket.AF_INET, socket.AF_INET6}


async def tell(address: str, title: str, body: str, *, allow: Sequence[str], within: timedelta) -> None:
    """Tell the service at an Apprise address; raises ExportError when it was not told.

    The address holds a secret and stands in no error. ``allow`` excepts addresses from the guard.
    """
    service = address.partition("://")[0].lower()
    if service not in SERVICES:
        raise ExportRejected(
            f"Addresses that begin with {service[:20]!r} are not taken. "
            f"Give one of: {', '.join(sorted(SERVICES))}."
        )
    told = json.dumps({"address": address, "title": title, "body": body, "allow": list(allow)})
    plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # its log may hold the address
        env=plain | {"NO_PROXY": "*"},
    )
    try:
        async with asyncio.timeout(within.total_seconds()):
            out, _ = await process.communicate(told.encode())
    except TimeoutError as error:
        raise ExportUnavailable(
            f"The {service} service did not answer within {within.total_seconds():g} s. "
            "It is tried again later."
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    _judge(service, out.decode("utf-8", "replace").strip())


def _judge(service: str, said: str) -> None:
    result, _, reason = said.partition(" ")
    if result == _SENT:
        return
    if result == _MISSING:
        raise ConfigError("Telling services needs one more package. Install it: pip install 'earmark[chat]'")
    if result == _REFUSED:
        raise ExportRefused(reason)
    raise ExportUnavailable(
        f"The {service} service was not told. Check its address; it is tried again later."
    )


def main() -> None:
    """Tell what standard input says, and print what became of it."""
    told = json.load(sys.stdin)
    refusals = _guard(Allow.parse(told["allow"]))
    try:
        from apprise import Apprise  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        print(_MISSING)  # noqa: T201 - the answer to the process that asked
        return
    service = Apprise()
    is_sent = service.add(told["address"]) and service.notify(title=told["title"], body=told["body"])
    outcome = _SENT if is_sent else f"{_REFUSED} {refusals[0]}" if refusals else _FAILED
    print(outcome)  # noqa: T201 - the answer to the process that asked


def _guard(allow: Allow) -> list[str]:
    """Let nothing in this process connect but to what the guard admits; return the list of refusals."""
    refusals: list[str] = []
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in _FAMILIES:
            host, port = str(address[0]), int(address[1])
            try:
                admit(host, port, [host], allow)
            except SourceError as error:
                refusals.append(str(error))
                raise OSError(str(error)) from error
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign,assignment]  # all connections pass here
    return refusals


if __name__ == "__main__":
    main()
