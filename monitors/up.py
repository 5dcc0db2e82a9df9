"""The monitor with all that it needs: for one round, or until it is stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final

from earmark.config import Settings, clock, clock_is_fixed
from earmark.errors import ConfigError, StorageError
from monitors.hosts import day_of
from monitors.http import Fetcher
from monitors.monitor import Monitor
from monitors.outage import Outage, patiently
from monitors.parse import ParsePool
from monitors.pipeline import Written
from monitors.probe import probed
from monitors.schedule import run_until_stopped
from monitors.stopping import stopping
from monitors.targets import Targets
from storage import hosts
from storage.engine import Engine, PassingFault, connect, migrate, reading
from storage.rulebook import changes_version

__all__ = ["fetcher_of", "monitoring", "poll_once", "up", "visiting"]

LOOK_EVERY: Final = timedelta(seconds=1)


def fetcher_of(settings: Settings) -> Fetcher:
    """Return a fetcher, not yet open, with the bounds of a workspace; ConfigError without a contact."""
    http = settings.http
    return Fetcher(
        contact=settings.contact,
        version=version("earmark"),
        allow=http.allow,
        deadline=http.deadline,
        max_bytes=http.max_bytes,
        per_host=http.per_host,
        per_day=http.per_day,
        spacing=http.spacing,
    )


@asynccontextmanager
async def visiting(settings: Settings) -> AsyncIterator[Fetcher]:
    """Open a fetcher for visits beside the monitor's, which leaves alone whom that leaves alone now."""

    def heed() -> None:
        engine = connect(settings.database_url)
        try:
            with reading(engine) as connection:
                now = datetime.now(UTC)
                fetcher.hosts.learn(hosts.standing(connection, day_of(now), now))
        finally:
            engine.dispose()

    async with fetcher_of(settings) as fetcher:
        with suppress(StorageError):  # a look needs no database
            await asyncio.to_thread(heed)
        yield fetcher


@asynccontextmanager
async def monitoring(
    settings: Settings, engine: Engine, *, now: Callable[[], datetime] = clock
) -> AsyncIterator[Monitor]:
    """Open a monitor over a migrated database; on leaving, it drains."""
    async with (
        fetcher_of(settings) as fetcher,
        ParsePool(workers=settings.monitor.workers) as pool,
        Monitor(engine, fetcher, pool, clock=now, parallel=settings.monitor.parallel) as monitor,
    ):
        yield monitor


def poll_once(settings: Settings, only: Sequence[str] | None = None) -> list[Written]:
    """Poll the due sources once, or the named ones now, and return what each brought."""

    async def once() -> list[Written]:
        engine = _migrated(settings)
        try:
            async with monitoring(settings, engine) as monitor:
                return await monitor.round(only)
        finally:
            engine.dispose()

    return asyncio.run(once())


def up(settings: Settings, on_change: Callable[[Engine], None]) -> None:
    """Migrate, poll by schedule and sweep until SIGTERM or SIGINT; ``on_change`` sees each new state.

    A database that is locked, full or away for a while is waited for; any other fault of it is raised.
    Raises ConfigError when EARMARK_NOW holds the clock: what runs for months needs a clock that runs.
    """
    if clock_is_fixed():
        raise ConfigError("EARMARK_NOW is set, and `earmark up` needs a clock that runs. Unset EARMARK_NOW.")

    async def run() -> None:
        engine = await patiently(lambda: _migrated(settings), Outage())
        stop = asyncio.Event()
        listen(stop)
        async with monitoring(settings, engine) as monitor, probed(settings, engine, monitor):
            watcher = asyncio.create_task(_watch(engine, on_change, stop))
            exporting = asyncio.create_task(Targets(settings, engine).run(stop))
            await run_until_stopped(monitor, tick=settings.monitor.tick, stop=stop)
            await asyncio.gather(watcher, exporting)  # before this worker says that it holds nothing more

    with stopping() as listen:
        asyncio.run(run())


def _migrated(settings: Settings) -> Engine:
    engine = connect(settings.database_url)
    migrate(engine)
    return engine


async def _watch(engine: Engine, on_change: Callable[[Engine], None], stop: asyncio.Event) -> None:
    """Call ``on_change`` whenever the change counter has moved, and once at the end."""
    seen = -1
    try:
        while not stop.is_set():
            with suppress(PassingFault):  # the monitor meets the same fault, and says so
                now_seen = await asyncio.to_thread(_version, engine)
                if now_seen != seen:
                    await asyncio.to_thread(on_change, engine)
                    seen = now_seen
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY.total_seconds())
    finally:
        stop.set()  # a list that can't be shown any more is not to stand there as if it were today's


def _version(engine: Engine) -> int:
    with reading(engine) as connection:
        return changes_version(connection)
