"""Whose turn it is at a host: how many may ask it at once, and how far apart."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

__all__ = ["Turns"]

_MANY: Final = 1000


@dataclass(slots=True)
class _Lane:
    """The queue at one host."""

    gate: asyncio.Semaphore
    users: int = 0
    free_at: float = 0.0


class Turns:
    """Hands out turns: at most ``per_host`` at once for a host, their starts at least ``spacing`` apart.

    ``clock`` counts seconds; ``sleep`` waits for some.
    """

    def __init__(
        self,
        per_host: int,
        spacing: timedelta,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._per_host = per_host
        self._spacing = spacing.total_seconds()
        self._clock, self._sleep = clock, sleep
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at a host, first come first served, and hold it."""
        lane = self._lane(host)
        lane.users += 1
        try:
            async with lane.gate:
                now = self._clock()
                start = max(now, lane.free_at)
                lane.free_at = start + self._spacing
                if start > now:
                    await self._sleep(start - now)
                yield
        finally:
            lane.users -= 1

    def _lane(self, host: str) -> _Lane:
        lane = self._lanes.get(host)
        if lane is None:
            if len(self._lanes) >= _MANY:
                self._forget_quiet_hosts()
            lane = self._lanes[host] = _Lane(asyncio.Semaphore(self._per_host))
        return lane

    def _forget_quiet_hosts(self) -> None:
        now = self._clock()
        self._lanes = {host: lane for host, lane in self._lanes.items() if lane.users or lane.free_at > now}
