"""The clock of one machine: its ticks, by APScheduler; the truth is in the rows, not in here."""

import asyncio
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitors.monitor import Monitor
from storage.engine import PassingFault

__all__ = ["run_until_stopped"]


async def run_until_stopped(monitor: Monitor, *, tick: timedelta, stop: asyncio.Event) -> None:
    """Tick until ``stop`` is set; raise what stopped a tick.

    A late tick runs late and a missed one once: after a suspended night there is one tick, not thousands.
    A fault of the database that can pass is said once and waited for.
    """
    ticking = asyncio.Lock()
    faults: list[BaseException] = []

    async def once() -> None:
        if ticking.locked():  # the one before is late: of that the scheduler itself would warn
            return
        async with ticking:
            if stop.is_set():
                return
            try:
                await monitor.tick()
                monitor.outage.ends()
            except PassingFault as error:
                monitor.outage.begins(error)
            except Exception as error:  # noqa: BLE001 - carried out of the scheduler and raised below
                faults.append(error)
                stop.set()

    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        once,
        "interval",
        seconds=tick.total_seconds(),
        next_run_time=datetime.now(UTC),
        coalesce=True,
        misfire_grace_time=None,
        max_instances=2,
    )
    scheduler.start()
    try:
        await stop.wait()
    finally:
        scheduler.pause()
        async with ticking:  # the tick under way ends; cancelling it could strand what it has taken
            scheduler.shutdown(wait=False)
    if faults:
        raise faults[0]
