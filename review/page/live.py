"""Live: a stream of the counter that grows with every change, so that an open page knows when to look."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from earmark.errors import StorageError
from review.page.call import Asked
from storage import rulebook
from storage.engine import Connection, Engine, reading

__all__ = ["Live", "live_of", "router"]

router = APIRouter()
_LOOK: Final = 1.0  # seconds between two looks at the counter
_HEARTBEAT: Final = 15.0  # seconds after which a silent line says that it is there
_MOST: Final = 500  # listeners
_UNKNOWN: Final = -1  # the counter before the first look

Still = Callable[[Connection, frozenset[str]], frozenset[str]]
"""What returns those of some secrets that open the page still."""

_log = logging.getLogger(__name__)


class Live:
    """Watches the counter for all listeners of a process: one look a second however many they are.

    ``close`` ends every stream, for a server that stops; so does a listener that goes. A stream whose secret
    opens the page no longer, as ``still`` says, ends with the next look.
    """

    def __init__(
        self, engine: Engine, still: Still, *, look: float = _LOOK, heartbeat: float = _HEARTBEAT
    ) -> None:
        self._engine, self._still, self._look, self._heartbeat = engine, still, look, heartbeat
        self._moved = asyncio.Condition()
        self._version = _UNKNOWN
        self._closed = False
        self._watcher: asyncio.Task[None] | None = None
        self._heard_by: Counter[str] = Counter()
        self._shut: frozenset[str] = frozenset()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return self._heard_by.total()

    async def stream(self, secret: str) -> AsyncGenerator[str, None]:
        """Yield the counter as it stands and each time it moves, and a comment when it does not for long.

        It ends when the ``secret`` of who listens opens the page no longer.
        """
        self._heard_by[secret] += 1
        try:
            yield "retry: 3000\n\n"
            if self._watcher is None or self._watcher.done():
                self._watcher = asyncio.create_task(self._watch(), name="live")
            seen = _UNKNOWN
            while not self._is_over(secret):
                if seen != self._version:
                    seen = self._version
                    yield f"event: changes\nid: {seen}\ndata: {seen}\n\n"
                elif not await self._move(seen, secret):
                    yield ": still here\n\n"
        finally:
            self._heard_by -= Counter([secret])
            if not self.listeners and self._watcher is not None:
                self._watcher.cancel()
                self._watcher, self._version, self._shut = None, _UNKNOWN, frozenset()

    async def close(self) -> None:
        """End every stream."""
        self._closed = True
        async with self._moved:
            self._moved.notify_all()

    def _is_over(self, secret: str) -> bool:
        return self._closed or secret in self._shut

    async def _move(self, seen: int, secret: str) -> bool:
        """Wait until the counter is another one, or the stream ends; False when the wait was too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._heartbeat), self._moved:
                await self._moved.wait_for(lambda: self._is_over(secret) or self._version != seen)
            return True
        return False

    async def _watch(self) -> None:
        while not self._closed:
            try:
                version, shut = await asyncio.to_thread(self._seen, frozenset(self._heard_by))
            except StorageError as error:
                _log.warning("the page can't look for changes", extra={"error": str(error)})
                version, shut = self._version, self._shut
            if (version, shut) != (self._version, self._shut):
                self._version, self._shut = version, shut
                async with self._moved:
                    self._moved.notify_all()
            await asyncio.sleep(self._look)

    def _seen(self, secrets: frozenset[str]) -> tuple[int, frozenset[str]]:
        """Return the counter, and those of the secrets that open the page no longer."""
        with reading(self._engine) as connection:
            return rulebook.changes_version(connection), secrets - self._still(connection, secrets)


def live_of(request: Request) -> Live:
    """Return what watches for all listeners of the page behind a request."""
    app = request.app
    if not hasattr(app.state, "live"):
        desk = app.state.desk
        app.state.live = Live(desk.engine, desk.keys.still)
    live: Live = app.state.live
    return live


@router.get("/live")
async def _live(call: Asked) -> Response:
    """Stream the counter of changes."""
    live = live_of(call.request)
    if live.listeners >= _MOST:
        raise HTTPException(503, "Too many pages listen already: load this one again for news.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(live.stream(call.entry.secret), media_type="text/event-stream", headers=headers)
