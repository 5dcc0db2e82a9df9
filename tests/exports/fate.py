"""Work that dies at one of its awaits, whichever it is: of a request, the database or a task of its own."""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any

from tests.exports.drives import Crash

__all__ = ["died"]


@dataclass
class _Fate:
    """Counts the awaits of some work and of all its tasks; after the one numbered ``at`` none goes on."""

    at: int
    awaits: int = 0
    has_come: bool = False

    async def work(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await self._steps(work)

    async def whole(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.get_running_loop().set_task_factory(
            lambda loop, task, **named: asyncio.Task(self.work(task), loop=loop, **named)
        )
        await self.work(work)

    @types.coroutine
    def _steps(self, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        go: Callable[[Any], Any] = work.send
        told: Any = None
        is_dead = False
        while True:
            try:
                waits = go(told)
            except StopIteration as end:
                return end.value
            self.awaits += 1
            mine = self.awaits
            try:
                go, told = work.send, (yield waits)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the work's own
                go, told = work.throw, error
            self.has_come |= mine == self.at
            if self.has_come and not is_dead:
                go, told, is_dead = work.throw, Crash(), True


def died(work: Coroutine[Any, Any, Any], *, at: int) -> bool:
    """Run the work and say whether it died at that await, counted from 1; False: it ended before.

    What was awaited has happened by then, so this is also the death just before whatever comes next.
    """
    fate = _Fate(at)
    try:
        asyncio.run(fate.whole(work))
    except BaseException:
        if not fate.has_come:  # a task group hands a crash on in a group of its own
            raise
    return fate.has_come
