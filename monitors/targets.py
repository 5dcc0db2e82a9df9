"""Targets at work: each is opened with its door, and driven when something waits for it.

Each target has a task of its own: one that is slow or fails delays nothing else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Final

from earmark.config import Settings, clock
from earmark.contract import Exporter
from earmark.errors import ConfigError
from exports.registry import build, kinds
from monitors import alive, notices
from monitors.deliver import Done, deliver
from monitors.door import Door
from monitors.http import Fetcher
from monitors.readback import Heard, read_back
from storage import outbox, targets, workers
from storage.engine import Engine, PassingFault, reading, writing
from storage.targets import Target

__all__ = ["LOOK_EVERY", "Targets", "opened", "require"]

LOOK_EVERY: Final = timedelta(seconds=1)
DEADLINE: Final = timedelta(seconds=25)
"""For one request to a target; the webhook standard asks for 15 to 30 s."""
_MOST_A_DAY: Final = 1_000_000
_DRAIN: Final = 8.0

logger = logging.getLogger(__name__)


def require(engine: Engine, name: str) -> Target:
    """Return a target; ConfigError names those that there are."""
    with reading(engine) as connection:
        found = targets.get(connection, name)
        known = ", ".join(target.id for target in targets.every(connection))
    if found is None:
        there = f"There are: {known}." if known else "There is none yet."
        raise ConfigError(f"There is no target {name!r}. {there} Add one with: earmark exports add")
    return found


@asynccontextmanager
async def opened(
    settings: Settings,
    target: Target,
    *,
    now: Callable[[], datetime] = clock,
    memory: dict[str, Any] | None = None,
) -> AsyncIterator[tuple[Exporter, Door]]:
    """Open a target: its exporter with its door; ConfigError when its options can't be used."""
    exporter = build(target.kind, target.options)
    http = settings.http
    fetcher = Fetcher(
        contact=settings.contact,
        version=version("earmark"),
        allow=http.allow,
        deadline=min(http.deadline, DEADLINE),
        max_bytes=http.max_bytes,
        spacing=timedelta(0),  # the door keeps the pace of its target, over all its hosts
        per_day=_MOST_A_DAY,
        now=now,
    )
    async with fetcher:
        yield (
            exporter,
            Door(
                fetcher,
                name=target.id,
                per_second=exporter.per_second,
                clock=now,
                state=target.state,
                memory=memory,
                allow=http.allow,
            ),
        )


class Targets:
    """Drives what waits, target by target; what an exporter keeps in memory lives as long as this."""

    def __init__(self, settings: Settings, engine: Engine, *, now: Callable[[], datetime] = clock) -> None:
        self._settings, self._engine, self._now = settings, engine, now
        self._memories: dict[str, dict[str, Any]] = {}
        self._running: dict[str, asyncio.Task[object]] = {}

    async def due(self) -> list[str]:
        """Return the targets that are there, not paused, and have something waiting."""
        return await asyncio.to_thread(self._due)

    async def drive(self, name: str) -> Done:
        """Deliver all that waits for a target now."""
        target = await asyncio.to_thread(self._ready, name)
        memory = self._memories.setdefault(name, {})
        whole = Done(target=name)
        try:
            async with opened(self._settings, target, now=self._now, memory=memory) as (exporter, door):
                while True:
                    done = await deliver(self._engine, name, exporter, door, worker=alive.myself())
                    whole = _summed(whole, done)
                    if not (done.sent or done.skipped) or done.paused:
                        return whole
        except ConfigError as error:
            await asyncio.to_thread(self._pause, name, str(error))
            return Done(target=name, paused=str(error))

    async def to_be_read(self) -> list[str]:
        """Return the targets that are read back now: their kind can be, and their time has come."""
        return await asyncio.to_thread(self._to_be_read)

    async def read(self, name: str) -> Heard:
        """Read a target back now; what can't be read is said, and noted with the target."""
        target = await asyncio.to_thread(require, self._engine, name)
        try:
            async with opened(self._settings, target, now=self._now) as (exporter, door):
                heard = await read_back(self._engine, target, exporter, door)
        except ConfigError as error:
            await asyncio.to_thread(self._pause, name, str(error))
            return Heard(target=name, error=str(error))
        if heard.error:
            logger.warning("a target was not read back", extra={"target": name, "error": heard.error})
        return heard

    async def run(self, stop: asyncio.Event) -> None:
        """Drive what is due until ``stop``; then what is under way may end, within 8 s."""
        try:
            while not stop.is_set():
                with suppress(PassingFault):  # the monitor meets the same fault, and says so
                    await self.begin(await self.due())
                    await self.begin(await self.to_be_read(), self.listen)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_EVERY.total_seconds())
        finally:
            stop.set()
        if self._running:
            _, slow = await asyncio.wait(set(self._running.values()), timeout=_DRAIN)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)

    async def begin(
        self, names: Collection[str], work: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        """Start a drive (or other work) of each target that has none of it under way."""
        work = work or self.attend
        for name in names:
            job = f"{work.__name__} {name}"
            if job not in self._running:
                self._running[job] = asyncio.create_task(self._done(work, name, job), name=job)

    async def attend(self, name: str) -> None:
        """Drive a target, whatever its exporter does; what fails is said, and waits in the outbox."""
        await self._guarded(name, self._driven(name))

    async def listen(self, name: str) -> None:
        """Read a target back, whatever its exporter does."""
        await self._guarded(name, self.read(name))

    async def _driven(self, name: str) -> None:
        done = await self.drive(name)
        if done.failed:
            logger.warning("deliveries failed", extra={"target": name, "failed": len(done.failed)})

    async def _guarded(self, name: str, work: Awaitable[object]) -> None:
        try:
            await work
        except PassingFault as error:
            logger.warning("exports wait for the database", extra={"target": name, "error": str(error)})
        except Exception:
            # What one exporter can do must not end the others; its deliveries wait in the outbox.
            logger.exception("export failed", extra={"target": name})
            reason = f"The exporter of {name} broke down. This is a bug in it: please report it."
            await asyncio.to_thread(self._pause, name, reason)

    async def _done(self, work: Callable[[str], Awaitable[None]], name: str, job: str) -> None:
        try:
            await work(name)
        finally:
            self._running.pop(job, None)

    def _ready(self, name: str) -> Target:
        """Return the target; what a process held that was killed on this machine is free."""
        with writing(self._engine) as connection:
            alive.bury(connection, alive.myself(), workers.clock(connection))
        return require(self._engine, name)

    def _due(self) -> list[str]:
        with reading(self._engine) as connection:
            waiting = set(outbox.targets_due(connection, self._now()))
            return [
                target.id
                for target in (targets.every(connection) if waiting else ())
                if target.id in waiting and target.paused_reason is None
            ]

    def _to_be_read(self) -> list[str]:
        with reading(self._engine) as connection:
            found = targets.to_be_read(connection, self._now())
        return [target.id for target in found if target.kind in kinds() and kinds()[target.kind].reads]

    def _pause(self, name: str, reason: str) -> None:
        with writing(self._engine) as connection:
            targets.pause(connection, name, reason)
            notices.target_stopped(connection, name, reason, self._now())


def _summed(one: Done, next_one: Done) -> Done:
    return Done(
        target=one.target,
        sent=one.sent + next_one.sent,
        skipped={**one.skipped, **next_one.skipped},
        failed={**one.failed, **next_one.failed},
        changes=one.changes + next_one.changes,
        paused=next_one.paused,
    )
