"""One running monitor: takes what is due, polls it side by side, and writes what follows.

The rows are the truth: a source is taken by a lease, so that two monitors never poll it at once, and a
killed one loses nothing. All database work runs on one writer thread, all thinking on another.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, ParamSpec, Self, TypeVar

from earmark.contract import Source
from earmark.errors import ConfigError, LifecycleError, StorageError
from earmark.types import Lexicon
from matcher.read import Matcher
from monitors import alive, notices, pipeline
from monitors.finish import finished
from monitors.http import Fetcher
from monitors.outage import Outage
from monitors.parse import ParsePool
from monitors.pipeline import Written
from monitors.poll import Outcome, poll_source, robots_of
from monitors.purge import AT_ONCE, PURGED_EVERY, Purged, purge
from monitors.sweep import refresh_scores, sweep
from sources.registry import build
from storage import leases, rulebook
from storage.engine import Connection, Engine, PassingFault, reading, writing
from storage.polls import Configured, Finished

__all__ = ["Monitor"]

P = ParamSpec("P")
T = TypeVar("T")

LEASE: Final = timedelta(minutes=5)
SWEEP_EVERY: Final = timedelta(minutes=1)
SCORES_EVERY: Final = timedelta(minutes=15)
DRAIN: Final = 8.0
MOST_QUIET: Final = 200
ROUND: Final = 200
"""Sources taken at a time in a round, and at most by one job: few enough to end within their lease."""
CLOCKS_APART: Final = timedelta(minutes=1)
"""Two workers whose clocks differ by more would take each other's sources."""
IN_LINE: Final = 4
"""Polls that may wait in line for each request that a host takes at a time."""
logger = logging.getLogger(__name__)


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
        self.worker = alive.myself()
        self.polled: Counter[str] = Counter()  # by result
        self.heard_at = time.monotonic()
        self.outage = Outage()
        self._robots = robots_of(fetcher)
        self._in_line = IN_LINE * fetcher.per_host
        self._database = ThreadPoolExecutor(1, thread_name_prefix="earmark-database")
        self._thinker = ThreadPoolExecutor(1, thread_name_prefix="earmark-thinker")
        self._lexicon = Lexicon(version=-1)
        self._matcher = Matcher(self._lexicon)
        self._fault: BaseException | None = None
        self._running: set[asyncio.Task[object]] = set()
        self._busy: Counter[str] = Counter()
        self._quiet: list[Finished] = []
        self._unwritten: list[str] = []
        self._filling, self._following, self._beating = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self._more_due = self._draining = self._clock_is_off = self._begun = False
        self._heart: asyncio.Task[None] | None = None
        self._swept_at = self._scored_at = self._purged_at = datetime.min.replace(tzinfo=clock().tzinfo)

    async def __aenter__(self) -> Self:
        if self._engine.dialect.name == "postgresql":  # elsewhere nobody but this machine looks for it
            self._heart = asyncio.create_task(self._beats())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._heart:
            self._heart.cancel()
        try:
            await self.drain()
            await self.beat()  # what was asked of hosts is stored with it
            await self._on_database(alive.end, self._engine, self.worker)
        except PassingFault as error:  # nothing is lost: what was not written is polled again
            logger.warning("stopped without the database", extra={"error": str(error)})
        finally:
            self._database.shutdown()
            self._thinker.shutdown()

    @property
    def now(self) -> datetime:
        """The time by the clock of this monitor."""
        return self._clock()

    async def beat(self) -> None:
        """Say that this worker is alive, and free what the dead have held; share what is known of hosts."""
        async with self._beating:
            if not self._begun:
                await self._on_database(alive.begin, self._engine, self.worker)
                self._begun = True
            ahead = await self._on_database(
                alive.beat, self._engine, self.worker, self._fetcher.hosts, self._clock(), LEASE
            )
            is_off = abs(ahead) > CLOCKS_APART
            if is_off and not self._clock_is_off:
                seconds = round(ahead.total_seconds())
                logger.warning(
                    "nothing is polled: the clock of this machine is not that of the database; set it",
                    extra={"seconds_behind": seconds},
                )
            self._clock_is_off = is_off
            if self._unwritten:
                await self._on_database(self._release, self._unwritten.copy())
                self._unwritten.clear()
            self.heard_at = time.monotonic()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(alive.BEAT.total_seconds())
            with suppress(StorageError):  # whoever polls meets the same fault, and says so
                await self.beat()
                self.outage.ends()

    async def tick(self) -> None:
        """Start polls of what is due, as far as there is room; sweep when it is time; never wait for a poll.

        Raises StorageError when the database can't be used, also on behalf of an earlier poll.
        """
        if self._fault:
            raise self._fault
        await self.beat()
        await self._follow_lexicon()
        await self._fill()
        await self._pass_time()
        await self._flush()

    async def round(self, only: Sequence[str] | None = None) -> list[Written]:
        """Poll every due source once (or the named ones, due or not), wait for all, then sweep."""
        await self.beat()
        await self._follow_lexicon()
        written: list[Written] = []
        room = asyncio.Semaphore(self._parallel)

        async def one(configured: Configured) -> None:
            async with room:
                written.append(await self._poll(configured))

        while taken := await self._take(len(only) if only else ROUND, only=only):
            faults = await asyncio.gather(*map(one, taken), return_exceptions=True)
            for fault in filter(None, faults):
                raise fault
            await self._flush()
            if only:
                break
        await self._pass_time()
        return sorted(written, key=lambda each: each.source)

    async def work_off(self, bucket: int) -> int:
        """Poll what is due in a queue of hosts, at most 200 sources, wait for all, and return how many."""
        await self.beat()
        await self._follow_lexicon()
        mine: set[asyncio.Task[object]] = set()
        begun = 0
        while True:
            async with self._filling:
                room = 0 if self._draining else min(self._parallel - len(self._running), ROUND - begun)
                taken = await self._take(room, bucket=bucket, at_host=self._in_line) if room > 0 else []
                mine |= {self._start(self._poll(configured)) for configured in taken}
                begun += len(taken)
            mine -= {task for task in mine if task.done()}
            waiting = mine or (self._running if room <= 0 and begun < ROUND and not self._draining else set())
            if not waiting:
                break
            await asyncio.wait(set(waiting), return_when=asyncio.FIRST_COMPLETED)
        await self._flush()
        if self._fault:
            raise self._fault
        return begun

    async def sweep(self) -> None:
        """Decide all that has fallen due."""
        await self._follow_lexicon()
        await self._on_database(sweep, self._engine, self._lexicon, self._clock())

    async def refresh_scores(self) -> None:
        """Bring the stored scores up to date."""
        await self._follow_lexicon()
        await self._on_database(refresh_scores, self._engine, self._lexicon, self._clock())

    async def purge(self) -> Purged:
        """Forget some of what is past its retention, and say whether there is more."""
        return await self._on_database(purge, self._engine, self._clock(), AT_ONCE)

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Ask the database on the writer thread."""

        def asked() -> T:
            with reading(self._engine) as connection:
                return question(connection)

        return await self._on_database(asked)

    async def drain(self) -> None:
        """Let running polls end, for at most eight seconds, then write what is ready."""
        self._draining = True
        if self._running:
            _, slow = await asyncio.wait(self._running, timeout=DRAIN)
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
            due = await self._take(room, at_host=self._in_line)
            self._more_due = len(due) == room
            for configured in due:
                self._start(self._poll(configured))

    def _start(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _poll(self, configured: Configured) -> Written:
        host = configured.host or configured.id
        self._busy[host] += 1
        try:
            return await self._polled(configured)
        except PassingFault:
            self._unwritten.append(configured.id)
            raise
        finally:
            self._busy[host] -= 1
            if not self._busy[host]:
                del self._busy[host]

    async def _polled(self, configured: Configured) -> Written:
        now = self._clock()
        try:
            source = build(configured.kind, configured.options)
        except ConfigError as error:
            broken = Outcome(source=configured.id, result="refused", error=str(error), started_at=now)
            await self._quietly(configured, None, broken)
            return Written(source=configured.id)
        outcome = await poll_source(configured, source, self._fetcher, self._pool, now, robots=self._robots)
        self.polled[outcome.result] += 1
        if self._fetcher.hosts.has_pauses_to_tell:
            await self.beat()  # a pause holds for all workers, and after a crash
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
        matched_at = self._clock()
        return await self._on_database(
            lambda: pipeline.write(
                self._engine,
                arrivals,
                readings,
                finished(configured, source, outcome, self._clock(), news=arrivals.new),
                lexicon=lexicon,
                now=self._clock(),
                matched_at=matched_at,
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
            try:
                await self._on_database(self._write_quiet, ready)
            except PassingFault:
                self._quiet = ready + self._quiet
                raise

    async def _pass_time(self) -> None:
        now = self._clock()
        if not timedelta() <= now - self._swept_at < SWEEP_EVERY:  # the clock may have been put back
            await self._on_database(sweep, self._engine, self._lexicon, now)
            self._swept_at = now
        if not timedelta() <= now - self._scored_at < SCORES_EVERY:
            await self._on_database(refresh_scores, self._engine, self._lexicon, now)
            self._scored_at = now
        if not timedelta() <= now - self._purged_at < PURGED_EVERY and not (await self.purge()).more:
            self._purged_at = now

    async def _follow_lexicon(self) -> None:
        """Rebuild the matcher when accounts or rulebook have changed."""
        async with self._following:
            version = await self.ask(rulebook.lexicon_version)
            if version != self._lexicon.version:
                self._lexicon = await self.ask(rulebook.lexicon)
                self._matcher = await self._on(self._thinker, Matcher, self._lexicon)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, PassingFault):
            self.outage.begins(error)  # what was not written is polled again
        elif error:
            self._fault = error
        elif self._more_due and len(self._running) <= self._parallel // 2:
            self._more_due = False
            self._start(self._fill())

    async def _take(
        self,
        limit: int,
        *,
        only: Sequence[str] | None = None,
        bucket: int | None = None,
        at_host: int | None = None,
    ) -> list[Configured]:
        """Take sources to poll; a worker whose clock is wrong takes none."""
        if self._clock_is_off:
            return []
        now, busy = self._clock(), dict(self._busy)

        def taken() -> list[Configured]:
            with writing(self._engine) as connection:
                return leases.take_due(
                    connection,
                    now,
                    limit=limit,
                    lease=LEASE,
                    worker=self.worker,
                    only=only,
                    bucket=bucket,
                    at_host=at_host,
                    busy=busy,
                )

        return await self._on_database(taken)

    def _release(self, ids: Sequence[str]) -> None:
        with writing(self._engine) as connection:
            leases.release(connection, ids)

    def _write_quiet(self, ready: Sequence[Finished]) -> None:
        with writing(self._engine) as connection:
            notices.finish(connection, ready, self._clock())

    async def _on_database(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._on(self._database, function, *args, **kwargs)

    async def _on(
        self, thread: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(thread, lambda: function(*args, **kwargs))
