"""Live: a stream of the counter that grows with every change, so that an open page knows when to look."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from earmark.errors import StorageError
from review.page.call import Asked
from storage import rulebook
from storage.engine import Engine, reading

__all__ = ["Live", "live_of", "router"]

router = APIRouter()
_LOOK: Final = 1.0  # seconds between two looks at the counter
_HEARTBEAT: Final = 15.0  # seconds after which a silent line says that it is there
_MOST: Final = 500  # listeners
_UNKNOWN: Final = -1  # the counter before the first look

_log = logging.getLogger(__name__)


class Live:
    """Watches the counter for all listeners of a process: one look a second however many they are.

    ``close`` ends every stream, for a server that stops; so does a listener that goes.
    """

    def __init__(self, engine: Engine, *, look: float = _LOOK, heartbeat: float = _HEARTBEAT) -> None:
        self._engine, self._look, self._heartbeat = engine, look, heartbeat
        self._moved = asyncio.Condition()
        self._version = _UNKNOWN
        self._closed = False
        self._watcher: asyncio.Task[None] | None = None
        self.listeners = 0

    async def stream(self) -> AsyncGenerator[str, None]:
        """Yield the counter as it stands and each time it moves, and a comment when it does not for long."""
        self.listeners += 1
        try:
            yield "retry: 3000\n\n"
            if self._watcher is None or self._watcher.done():
                self._watcher = asyncio.create_task(self._watch(), name="live")
            seen = _UNKNOWN
            while not self._closed:
                if seen != self._version:
                    seen = self._version
                    yield f"event: changes\nid: {seen}\ndata: {seen}\n\n"
                elif not await self._move(seen):
                    yield ": still here\n\n"
        finally:
            self.listeners -= 1
            if not self.listeners and self._watcher is not None:
                self._watcher.cancel()
                self._watcher, self._version = None, _UNKNOWN

    async def close(self) -> None:
        """End every stream."""
        self._closed = True
        async with self._moved:
            self._moved.notify_all()

    async def _move(self, seen: int) -> bool:
        """Wait until the counter is another one, or the streams end; False when the wait was too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._heartbeat), self._moved:
                await self._moved.wait_for(lambda: self._closed or self._version != seen)
            return True
        return False

    async def _watch(self) -> None:
        while not self._closed:
            try:
                version = await asyncio.to_thread(self._counter)
            except StorageError as error:
                _log.warning("the page can't look for changes", extra={"error": str(error)})
                version = self._version
            if version != self._version:
                self._version = version
                async with self._moved:
                    self._moved.notify_all()
            await asyncio.sleep(self._look)

    def _counter(self) -> int:
        with reading(self._engine) as connection:
            return rulebook.changes_version(connection)


def live_of(request: Request) -> Live:
    """Return what watches for all listeners of the page behind a request."""
    app = request.app
    if not hasattr(app.state, "live"):
        app.state.live = Live(app.state.desk.engine)
    live: Live = app.state.live
    return live


@router.get("/live")
async def _live(call: Asked) -> Response:
    """Stream the counter of changes."""
    live = live_of(call.request)
    if live.listeners >= _MOST:
        raise HTTPException(503, "Too many pages listen already: load this one again for news.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(live.stream(), media_type="text/event-stream", headers=headers)
