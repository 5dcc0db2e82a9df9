"""A gate for work that takes a lot of the machine: a few at a time, some wait, more are turned away."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, ParamSpec, TypeVar

import anyio
from anyio.to_thread import run_sync

__all__ = ["Crowded", "Gate"]

_AT_A_TIME: Final = 2
_WAITING: Final = 20

P = ParamSpec("P")
T = TypeVar("T")


class Crowded(Exception):
    """Too many wait already."""


@dataclass
class Gate:
    """The gate of one page; passwords are checked behind it, each of which takes 64 MiB for a moment."""

    _limiter: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_AT_A_TIME))
    _inside: int = 0

    async def run(self, work: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        """Do the work in a thread when it is its turn; Crowded when too many wait."""
        if self._inside >= _AT_A_TIME + _WAITING:
            raise Crowded
        self._inside += 1
        try:
            return await run_sync(work, *args, limiter=self._limiter)
        finally:
            self._inside -= 1
