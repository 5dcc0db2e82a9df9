"""Workers: which processes poll, since when, and when each was last heard of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, or_, select, update

from storage.rows import batches, put
from storage.tables import workers

__all__ = ["Worker", "beat", "begin", "clock", "end", "every", "forget", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process that polls or polled: ``host`` names its machine."""

    id: str
    host: str
    process: int
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None = None


def clock(conn: Connection) -> datetime:
    """Return the time by the clock that all workers share: the database server's, or this machine's."""
    if conn.dialect.name != "postgresql":
        return datetime.now(UTC)
    now: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


def begin(conn: Connection, worker: str, host: str, process: int, at: datetime) -> None:
    """Enter a worker that begins."""
    row = {"id": worker, "host": host, "process": process, "started_at": at, "seen_at": at}
    put(conn, workers, [row | {"stopped_at": None}])


def beat(conn: Connection, worker: str, at: datetime) -> bool:
    """Say that a worker is alive, whatever was thought of it; False for one that is not entered."""
    known = update(workers).where(workers.c.id == worker)
    return bool(conn.execute(known.values(seen_at=at, stopped_at=None)).rowcount)


def end(conn: Connection, ids: Iterable[str], at: datetime) -> None:
    """Say that workers have stopped, or were found dead."""
    for batch in batches(ids):
        conn.execute(update(workers).where(workers.c.id.in_(batch)).values(stopped_at=at))


def silent(conn: Connection, before: datetime) -> frozenset[str]:
    """Return the workers that have stopped, or were not heard of since."""
    gone = or_(workers.c.stopped_at.is_not(None), workers.c.seen_at < before)
    return frozenset(conn.execute(select(workers.c.id).where(gone)).scalars())


def forget(conn: Connection, at: datetime, *, after: timedelta = timedelta(days=1)) -> None:
    """Drop the workers that have been gone for so long."""
    conn.execute(delete(workers).where(workers.c.seen_at < at - after))


def every(conn: Connection) -> list[Worker]:
    """Return all workers, the latest heard of first."""
    return [
        Worker(
            id=row.id,
            host=row.host,
            process=row.process,
            started_at=row.started_at,
            seen_at=row.seen_at,
            stopped_at=row.stopped_at,
        )
        for row in conn.execute(select(workers).order_by(workers.c.seen_at.desc(), workers.c.id))
    ]
