"""One running monitor: takes what is due, polls it side by side, and writes what follows.

The rows are the truth: a source is taken by a lease, so that two monitors never poll it at once, and a
killed one loses nothing. All database work runs on one writer thread, all thinking on another.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, ParamSpec, Self, TypeVar

from earmark.contract import Source
from earmark.errors import ConfigError, LifecycleError, StorageError
from earmark.types import Lexicon, StoredEvent
from matcher.read import Matcher
from monitors import pipeline
from monitors.finish import finished
from monitors.http import Fetcher
from monitors.parse import ParsePool
from monitors.pipeline import Written
from monitors.poll import Outcome, poll_source
from monitors.sweep import refresh_scores, sweep
from sources.registry import build
from storage import polls, rulebook
from storage.engine import Engine, reading, writing
from storage.polls import Configured, Finished

__all__ = ["Monitor"]

P = ParamSpec("P")
T = TypeVar("T")

LEASE: Final = timedelta(minutes=5)
SWEEP_EVERY: Final = timedelta(minutes=1)
SCORES_EVERY: Final = timedelta(minutes=15)
MOST_QUIET: Final = 200
ROUND: Final = 200
"""Sources taken at a time in a round: few enough to end within their lease."""
logger = logging.getLogger(__name__)


def _namespace() -> str:
    """Tell containers of one host name apart: the same number is another process in each."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


_HERE: Final = f"{socket.gethostname()}:{_namespace()}"


def _is_dead(worker: str) -> bool:
    here, _, process = worker.rpartition(":")
    if here != _HERE or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _told_at(event: StoredEvent) -> datetime:
    """Return the moment of a piece of news; one without a date is as old as our sight of it."""
    return event.published_at or event.occurred_at or event.seen_at


class Monitor:
    """Polls what is due and sweeps what time has changed; use it as an async context manager."""

    def __init__(
        self,
        engine: Engine,
        fetcher: Fetcher,
        pool: ParsePool,
        *,
        clock: Callable[[], datetime],
        parallel: int = 20,
    ) -> None:
        self._engine, self._fetcher, self._pool = engine, fetcher, pool
        self._clock, self._parallel = clock, parallel
        self.worker = f"{_HERE}:{os.getpid()}"
        self._database = ThreadPoolExecutor(1, thread_name_prefix="earmark-database")
        self._thinker = ThreadPoolExecutor(1, thread_name_prefix="earmark-thinker")
        self._lexicon = Lexicon(version=-1)
        self._matcher = Matcher(self._lexicon)
        self._fault: BaseException | None = None
        self._running: set[asyncio.Task[object]] = set()
        self._quiet: list[Finished] = []
        self._filling = asyncio.Lock()
        self._more_due = self._draining = False
        self._swept_at = self._scored_at = datetime.min.replace(tzinfo=clock().tzinfo)

    async def __aenter__(self) -> Self:
        await self._on_database(self._take_over)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drain()
        self._database.shutdown()
        self._thinker.shutdown()

    async def tick(self) -> None:
        """Start polls of what is due, as far as there is room; sweep when it is time; never wait for a poll.

        Raises StorageError when the database can't be used, also on behalf of an earlier poll.
        """
        if self._fault:
            raise self._fault
        await self._follow_lexicon()
        await self._fill()
        await self._pass_time()
        await self._flush()

    async def round(self, only: Sequence[str] | None = None) -> list[Written]:
        """Poll every due source once (or the named ones, due or not), wait for all, then sweep."""
        await self._follow_lexicon()
        written: list[Written] = []
        room = asyncio.Semaphore(self._parallel)

        async def one(configured: Configured) -> None:
            async with room:
                written.append(await self._poll(configured))

        while taken := await self._on_database(self._take, len(only) if only else ROUND, only):
            faults = await asyncio.gather(*map(one, taken), return_exceptions=True)
            for fault in filter(None, faults):
                raise fault
            await self._flush()
            if only:
                break
        await self._pass_time()
        return sorted(written, key=lambda each: each.source)

    async def drain(self) -> None:
        """Let running polls end, for at most eight seconds, then write what is ready."""
        self._draining = True
        if self._running:
            _, slow = await asyncio.wait(self._running, timeout=8)
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
        await self._flush()

    async def _fill(self) -> None:
        """Start polls until there is no more room or nothing more is due."""
        async with self._filling:
            room = self._parallel - len(self._running)
            if room <= 0 or self._draining:
                return
            due = await self._on_database(self._take, room)
            self._more_due = len(due) == room
            for configured in due:
                self._start(self._poll(configured))

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def _poll(self, configured: Configured) -> Written:
        now = self._clock()
        try:
            source = build(configured.kind, configured.options)
        except ConfigError as error:
            broken = Outcome(source=configured.id, result="refused", error=str(error), started_at=now)
            await self._quietly(configured, None, broken)
            return Written(source=configured.id)
        outcome = await poll_source(configured, source, self._fetcher, self._pool, now)
        try:
            return await self._written(configured, source, outcome)
        except (StorageError, LifecycleError):
            raise
        except Exception as error:
            # What a single page can do to the matcher must not end the polls of the others.
            logger.exception("reading failed", extra={"source": configured.id})
            said = (
                f"What {configured.id} brought could not be read: {type(error).__name__}. This is a bug: "
                "please report it. The others go on, and this one is tried again."
            )
            failed = Outcome(
                source=configured.id, result="changed", error=said, started_at=outcome.started_at
            )
            await self._quietly(configured, source, failed)
            return Written(source=configured.id)

    async def _written(self, configured: Configured, source: Source, outcome: Outcome) -> Written:
        """Read, think and write what a poll brought; a poll that brought nothing is written with others."""
        arrivals = await self._on_database(pipeline.read, self._engine, outcome, configured, source)
        if not arrivals.new and not arrivals.revised:
            await self._quietly(configured, source, outcome)
            return Written(source=configured.id, known=arrivals.known)
        lexicon, matcher = self._lexicon, self._matcher
        readings = await self._on(self._thinker, pipeline.think, matcher, arrivals)
        return await self._on_database(
            lambda: pipeline.write(
                self._engine,
                arrivals,
                readings,
                finished(configured, source, outcome, self._clock(), news=map(_told_at, arrivals.new)),
                lexicon=lexicon,
                now=self._clock(),
            )
        )

    async def _quietly(self, configured: Configured, source: Source | None, outcome: Outcome) -> None:
        self._quiet.append(finished(configured, source, outcome, self._clock()))
        if len(self._quiet) >= MOST_QUIET:
            await self._flush()

    async def _flush(self) -> None:
        """Write the polls that brought nothing, many in one transaction."""
        if self._quiet:
            ready, self._quiet = self._quiet, []
            await self._on_database(self._write_quiet, ready)

    async def _pass_time(self) -> None:
        now = self._clock()
        if now - self._swept_at >= SWEEP_EVERY:
            await self._on_database(sweep, self._engine, self._lexicon, now)
            self._swept_at = now
        if now - self._scored_at >= SCORES_EVERY:
            await self._on_database(refresh_scores, self._engine, self._lexicon, now)
            self._scored_at = now

    async def _follow_lexicon(self) -> None:
        """Rebuild the matcher when accounts or rulebook have changed."""
        version = await self._on_database(self._version)
        if version != self._lexicon.version:
            self._lexicon = await self._on_database(self._load_lexicon)
            self._matcher = await self._on(self._thinker, Matcher, self._lexicon)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._fault = error
        elif self._more_due and len(self._running) <= self._parallel // 2:
            self._more_due = False
            self._start(self._fill())

    def _take_over(self) -> None:
        """Give back what monitors of this machine held that were killed: nobody waits for their leases."""
        with writing(self._engine) as connection:
            dead = [worker for worker in polls.holders(connection) if _is_dead(worker)]
            polls.release_of(connection, dead)

    def _take(self, limit: int, only: Sequence[str] | None = None) -> list[Configured]:
        with writing(self._engine) as connection:
            return polls.take_due(
                connection, self._clock(), limit=limit, lease=LEASE, worker=self.worker, only=only
            )

    def _write_quiet(self, ready: Sequence[Finished]) -> None:
        with writing(self._engine) as connection:
            polls.finish(connection, ready)

    def _version(self) -> int:
        with reading(self._engine) as connection:
            return rulebook.lexicon_version(connection)

    def _load_lexicon(self) -> Lexicon:
        with reading(self._engine) as connection:
            return rulebook.lexicon(connection)

    async def _on_database(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._on(self._database, function, *args, **kwargs)

    async def _on(
        self, thread: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(thread, lambda: function(*args, **kwargs))
