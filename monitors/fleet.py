"""A fleet: any number of workers on any machines, woken by procrastinate over one PostgreSQL database.

The rows are the truth, by their leases and times; a job only says where to look. It carries nothing else,
so it may be lost or doubled harmlessly. A lock per queue of hosts makes ten workers as polite as one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker

from earmark.config import Settings, clock_is_fixed
from earmark.errors import ConfigError
from monitors.monitor import Monitor
from monitors.outage import AGAIN, Outage, patiently
from monitors.probe import probed
from monitors.stopping import Listen, stopping
from monitors.targets import Targets
from monitors.up import monitoring
from storage import leases
from storage.engine import Engine, PassingFault, connect, lay_apart, migrate

__all__ = ["SCHEMA", "Duty", "duties", "lay", "worker"]

SCHEMA: Final = "earmark_fleet_" + procrastinate.__version__.replace(".", "_")
"""Where procrastinate has its tables: apart from ours, and anew for each version of it."""
_WORK, _LOOK = "earmark", "earmark-look"
_AT_ONCE: Final = 16
"""Queues of hosts that one worker works off side by side."""
_HEARTBEAT: Final = 2.0
_STALLED: Final = 8
_DRAIN: Final = 9.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A kind of job: by ``cron`` it is asked what there is to do, and each subject is worked on alone."""

    name: str
    cron: str
    subjects: Callable[[Monitor], Awaitable[Sequence[str]]]
    work: Callable[[Monitor, str], Awaitable[object]]


def duties(tick: timedelta, targets: Targets) -> tuple[Duty, ...]:
    """Return what a fleet does: polls and exports what is due each ``tick``, and lets time pass."""
    return (
        Duty(name="take", cron=_each(tick), subjects=_buckets, work=_take),
        Duty(
            name="drain",
            cron=_each(tick),
            subjects=lambda _: targets.due(),
            work=lambda _, target: targets.attend(target),
        ),
        Duty(
            name="read",
            cron="* * * * *",
            subjects=lambda _: targets.to_be_read(),
            work=lambda _, target: targets.listen(target),
        ),
        Duty(name="sweep", cron="* * * * *", subjects=_everything, work=_sweep),
        Duty(name="scores", cron="*/15 * * * *", subjects=_everything, work=_scores),
        Duty(name="purge", cron="23 3 * * *", subjects=_everything, work=_purge),
    )


def lay(engine: Engine) -> None:
    """Make the tables of procrastinate in a schema of their own, unless they are there."""
    lay_apart(engine, SCHEMA, "procrastinate_jobs", SchemaManager.get_schema())


def worker(settings: Settings) -> None:
    """Migrate and work in the fleet until SIGTERM or SIGINT; then what has begun may end, within 10 s.

    A database that is away for a while is waited for. Raises ConfigError on SQLite, and under EARMARK_NOW.
    """
    if clock_is_fixed():
        raise ConfigError(
            "EARMARK_NOW is set, and `earmark worker` needs a clock that runs. Unset EARMARK_NOW."
        )
    if settings.database_url.startswith("sqlite"):
        raise ConfigError(
            "A fleet of workers shares one PostgreSQL database, and storage.url is a SQLite file, which is "
            "for one machine. Set storage.url to postgresql+psycopg://…, or run here: earmark up"
        )
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # what it meets is said here, once
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    with stopping() as listen:
        asyncio.run(_run(settings, listen))


async def _run(settings: Settings, listen: Listen) -> None:
    stop = asyncio.Event()
    engine = await patiently(lambda: _prepared(settings), Outage())
    listen(stop)
    asyncio.get_running_loop().set_exception_handler(_unheard)
    async with monitoring(settings, engine) as monitor, probed(settings, engine, monitor):
        crew = _Crew(engine, monitor, duties(settings.monitor.tick, Targets(settings, engine)), stop)
        await crew.serve()
    if crew.faults:
        raise crew.faults[0]


def _unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Leave out that a job could not be signed off while the database was away: it is cleaned up later."""
    if not isinstance(context.get("exception"), ConnectorException | psycopg.Error):
        loop.default_exception_handler(context)


def _prepared(settings: Settings) -> Engine:
    engine = connect(settings.database_url)
    migrate(engine)
    lay(engine)
    return engine


class _Crew:
    """What one process does for the fleet: it takes jobs, and cleans up after dead workers."""

    def __init__(self, engine: Engine, monitor: Monitor, tasks: Iterable[Duty], stop: asyncio.Event) -> None:
        self._engine, self._monitor, self._duties = engine, monitor, tuple(tasks)
        self._outage, self._stop = monitor.outage, stop
        self._former: list[int] = []
        self.faults: list[Exception] = []

    async def serve(self) -> None:
        """Work until ``stop`` is set; connect again whenever the database was away."""
        while not self._stop.is_set():
            try:
                await self._monitor.beat()
                self._outage.ends()
                await self._session()
            except PassingFault as error:
                self._outage.begins(error)
            except (ConnectorException, psycopg.Error, OSError) as error:
                self._outage.begins(PassingFault(f"The queue of the fleet: {type(error).__name__}."))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), AGAIN.total_seconds())

    async def _session(self) -> None:
        """Take jobs over one pool of connections, until it breaks or ``stop`` is set."""
        app = procrastinate.App(connector=_connector(self._engine))
        for duty in self._duties:
            self._enlist(app, duty)
        async with app.open_async():
            await self._clean(app)
            hands = [_hands(app, _WORK, _AT_ONCE), _hands(app, _LOOK, 2)]
            running = [asyncio.create_task(each.run()) for each in hands]  # type: ignore[no-untyped-call]  # theirs
            beside = [asyncio.create_task(self._tend(app)), asyncio.create_task(self._stop.wait())]
            await asyncio.wait([*running, *beside], return_when=asyncio.FIRST_COMPLETED)
            for each in hands:
                each.stop()  # type: ignore[no-untyped-call]  # procrastinate types most, not this
            if self._stop.is_set():
                await self._monitor.drain()
            ended = await asyncio.gather(*running, return_exceptions=True)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self._former = [each.worker_id for each in hands if each.worker_id is not None]
            for error in ended:
                if isinstance(error, BaseException) and not self._stop.is_set():
                    raise error

    def _enlist(self, app: procrastinate.App, duty: Duty) -> None:
        """Make tasks of a duty: one that looks what there is to do, and one that does it."""

        async def work(subject: str) -> None:
            await self._guarded(duty.work(self._monitor, subject))

        job = app.task(name=duty.name, queue=_WORK)(work)

        async def look(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it to what is periodic
            for subject in await self._guarded(duty.subjects(self._monitor)) or ():
                lock = f"{duty.name} {subject}"
                with suppress(AlreadyEnqueued):
                    await job.configure(lock=lock, queueing_lock=lock).defer_async(subject=subject)

        name = f"look for {duty.name}"
        looking = app.task(name=name, queue=_LOOK, lock=name, queueing_lock=name)(look)
        app.periodic(cron=duty.cron)(looking)

    async def _guarded(self, work: Awaitable[Sequence[str] | object]) -> Sequence[str] | None:
        """Return what the work returns; a fault that passes is said, any other stops this worker."""
        try:
            done = await work
        except PassingFault as error:
            self._outage.begins(error)
        except Exception as error:  # noqa: BLE001 - carried out of the job and raised by _run
            self.faults.append(error)
            self._stop.set()
        else:
            return done if isinstance(done, Sequence) else None
        return None

    async def _tend(self, app: procrastinate.App) -> None:
        """Free, again and again, the locks that dead workers hold."""
        while True:
            await asyncio.sleep(_HEARTBEAT)
            await self._clean(app)

    async def _clean(self, app: procrastinate.App) -> None:
        for number in self._former:
            await app.job_manager.unregister_worker(number)
        self._former = []
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
            with suppress(ConnectorException):  # another worker was quicker
                await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        await app.job_manager.prune_stalled_workers(_STALLED)


def _hands(app: procrastinate.App, queue: str, at_once: int) -> Worker:
    return Worker(
        app,
        queues=[queue],
        concurrency=at_once,
        delete_jobs=DeleteJobCondition.ALWAYS,
        fetch_job_polling_interval=_HEARTBEAT,
        update_heartbeat_interval=_HEARTBEAT,
        stalled_worker_timeout=_STALLED,
        shutdown_graceful_timeout=_DRAIN,
        install_signal_handlers=False,
    )


def _connector(engine: Engine) -> procrastinate.PsycopgConnector:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = {"options": f"-c search_path={SCHEMA} -c timezone=UTC", "connect_timeout": 5}
    return procrastinate.PsycopgConnector(conninfo=url, kwargs=options, min_size=1, max_size=8, timeout=5.0)


def _each(tick: timedelta) -> str:
    """Return the schedule, with seconds in its sixth field, that comes closest to a tick."""
    return f"* * * * * */{min(max(round(tick.total_seconds()), 1), 30)}"


async def _buckets(monitor: Monitor) -> Sequence[str]:
    due = await monitor.ask(lambda connection: leases.buckets_due(connection, monitor.now))
    return [str(bucket) for bucket in due]


async def _everything(_monitor: Monitor) -> Sequence[str]:
    return ["all"]


async def _take(monitor: Monitor, bucket: str) -> None:
    await monitor.work_off(int(bucket))


async def _sweep(monitor: Monitor, _subject: str) -> None:
    await monitor.sweep()


async def _scores(monitor: Monitor, _subject: str) -> None:
    await monitor.refresh_scores()


async def _purge(monitor: Monitor, _subject: str) -> None:
    while (await monitor.purge()).more:
        pass
