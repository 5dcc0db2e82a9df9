"""What others may ask a running monitor over HTTP: whether it is well, and its figures for Prometheus.

It answers GET only, holds no secret and no name of an account, and listens where ``monitor.metrics`` says.
"""

import asyncio
import errno
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from earmark.config import Settings
from earmark.errors import ConfigError, StorageError
from monitors.monitor import Monitor
from storage.engine import Engine, reading
from storage.pulse import Pulse, pulse

__all__ = ["Reply", "answer", "probed"]

RECENT: Final = timedelta(minutes=15)
HEARD_WITHIN: Final = timedelta(minutes=2)
_PATIENCE: Final = 5.0
_MOST_HEAD: Final = 8192
_AGAIN: Final = 0.5
_DRAINED: Final = 12.0
"""Seconds in which a process that was told to end has given back its port."""
_LEAST_SILENCE: Final = timedelta(seconds=60)
_TICKS: Final = 4
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: its status line, type and body."""

    status: str
    body: bytes
    content_type: str = "application/json"


@asynccontextmanager
async def probed(settings: Settings, engine: Engine, monitor: Monitor) -> AsyncIterator[int | None]:
    """Answer while the block runs, if ``monitor.metrics`` is set; give the port that is listened on.

    Raises ConfigError when the address is not one of this machine, or stays taken: who had it may be ending.
    """
    where = settings.monitor.metrics
    if where is None:
        yield None
        return
    host, _, port = where.rpartition(":")
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            served.add(task)
            task.add_done_callback(served.discard)
        with suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _serve(reader, writer, lambda path: answer(path, settings, engine, monitor))
        writer.close()

    until = time.monotonic() + _DRAINED
    while True:
        try:
            server = await asyncio.start_server(serve, host.strip("[]"), int(port), limit=_MOST_HEAD)
            break
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise ConfigError(
                    f"monitor.metrics is {where}, where this process can't listen: "
                    f"{error.strerror or error}. Choose another port; beside another process of this "
                    "workspace, by EARMARK_MONITOR__METRICS."
                ) from error
        await asyncio.sleep(_AGAIN)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in served:
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: Callable[[str], Any]
) -> None:
    async with asyncio.timeout(2 * _PATIENCE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, _, rest = head.partition("\r\n")[0].partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        reply = (
            await answered(path)
            if method in {"GET", "HEAD"}
            else Reply(status="405 Method Not Allowed", body=b"Ask with GET.\n", content_type="text/plain")
        )
        lines = [
            f"HTTP/1.1 {reply.status}",
            f"Content-Type: {reply.content_type}",
            f"Content-Length: {len(reply.body)}",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        body = b"" if method == "HEAD" else reply.body
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await writer.drain()


async def answer(path: str, settings: Settings, engine: Engine, monitor: Monitor) -> Reply:
    """Return what is said at ``/healthz`` or ``/metrics``; anything else is 404."""
    if path not in {"/healthz", "/metrics"}:
        return Reply(
            status="404 Not Found", body=b"There are /healthz and /metrics.\n", content_type="text/plain"
        )
    silence = timedelta(seconds=time.monotonic() - monitor.heard_at)
    found, fault = await _pulse(engine, monitor.now)
    fault = fault or monitor.outage.said or ""
    if path == "/metrics":
        return _figures(found, monitor, silence)
    allowed = max(_LEAST_SILENCE, _TICKS * settings.monitor.tick)
    return _health(found, fault, silence=silence, allowed=allowed, now=monitor.now)


async def _pulse(engine: Engine, now: datetime) -> tuple[Pulse | None, str]:
    def asked() -> Pulse:
        with reading(engine) as connection:
            return pulse(connection, now, recent=RECENT, heard_within=HEARD_WITHIN)

    try:
        async with asyncio.timeout(_PATIENCE):
            return await asyncio.to_thread(asked), ""
    except StorageError as error:
        return None, str(error)
    except TimeoutError:
        return None, f"The database has not answered within {_PATIENCE:.0f} seconds."


def _figures(found: Pulse | None, monitor: Monitor, silence: timedelta) -> Reply:
    try:
        from monitors import metrics  # noqa: PLC0415 - its client is an extra
    except ImportError:
        said = b"Figures need one more package: pip install 'earmark[metrics]'. /healthz works without.\n"
        return Reply(status="501 Not Implemented", body=said, content_type="text/plain")
    body = metrics.exposition(found, polled=monitor.polled, silence=silence.total_seconds(), now=monitor.now)
    return Reply(status="200 OK", body=body, content_type=metrics.CONTENT_TYPE)


def _health(
    found: Pulse | None, fault: str, *, silence: timedelta, allowed: timedelta, now: datetime
) -> Reply:
    """503 when the monitor stands still or the database fails it; the rest is for a person to read."""
    is_well = not fault and silence <= allowed
    said: dict[str, Any] = {
        "ok": is_well,
        "monitor": {"seconds_since_its_last_round": round(silence.total_seconds(), 1)},
        "database": fault or "ok",
    }
    if found:
        late = round((now - found.due_since).total_seconds(), 1) if found.due_since else 0.0
        said["sources"] = dict(sorted(found.sources.items()))
        said["oldest_due"] = {"source": found.due_source, "seconds": late, "due": found.due}
        said["outbox"] = _boxes(found, now)
    body = json.dumps(said, ensure_ascii=False).encode() + b"\n"
    return Reply(status="200 OK" if is_well else "503 Service Unavailable", body=body)


def _boxes(found: Pulse, now: datetime) -> dict[str, dict[str, float]]:
    """Return for each target how many deliveries are in each state, and how long the oldest waits."""
    boxes: dict[str, dict[str, float]] = {}
    for (target, state), count in sorted(found.outbox.items()):
        boxes.setdefault(target, {})[state.value] = count
    for target, oldest in found.waiting.items():
        boxes[target]["oldest_waiting_seconds"] = round((now - oldest).total_seconds(), 1)
    return boxes
