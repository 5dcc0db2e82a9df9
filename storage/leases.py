"""Leases: which sources are due, and which worker holds them while it polls."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, update

from storage import hosts, polls
from storage.polls import Configured
from storage.rows import batches
from storage.tables import sources

__all__ = ["buckets_due", "holders", "mend", "place", "release", "release_of", "take_due"]

CLOCKS_APART: Final = timedelta(minutes=5)
"""What lies further ahead than any wish was written by a clock that was wrong by more than this."""


def take_due(  # noqa: PLR0913 - each narrows what is taken
    conn: Connection,
    now: datetime,
    *,
    limit: int,
    lease: timedelta,
    worker: str,
    only: Sequence[str] | None = None,
    bucket: int | None = None,
    at_host: int | None = None,
    busy: Mapping[str, int] | None = None,
) -> list[Configured]:
    """Return sources to poll, the longest due first, and hold them for the worker until the lease ends.

    With ``only``, these ones, due or not, paused or not; never one that another worker holds. With
    ``bucket``, those of the hosts in that queue. With ``at_host``, so many of one host beside those that
    are ``busy`` with it: a slow host does not keep the others waiting.
    """
    query = select(sources.c.id, sources.c.host).where(_free(now))
    query = query.order_by(sources.c.next_poll_at, sources.c.id).with_for_update(skip_locked=True)
    query = query.where(_due(now)) if only is None else query.where(sources.c.id.in_(only))
    if bucket is not None:
        query = query.where(sources.c.bucket == bucket)
    if at_host is None:
        ids = [row.id for row in conn.execute(query.limit(limit))]
    else:
        ids = _in_turn(conn, query, limit, at_host, busy or {})
    if ids:
        held = update(sources).where(sources.c.id.in_(ids))
        conn.execute(held.values(lease_until=now + lease, lease_by=worker))
    return polls.some(conn, ids)


def buckets_due(conn: Connection, now: datetime) -> list[int]:
    """Return the queues in which sources are due that no worker holds."""
    query = select(sources.c.bucket).where(_free(now), _due(now), sources.c.bucket.is_not(None))
    return sorted(conn.execute(query.distinct()).scalars())


def release(conn: Connection, ids: Iterable[str]) -> None:
    """Give sources back that were taken and not polled."""
    for batch in batches(ids):
        held = update(sources).where(sources.c.id.in_(batch))
        conn.execute(held.values(lease_until=None, lease_by=None))


def holders(conn: Connection) -> frozenset[str]:
    """Return the workers that hold sources now."""
    held = select(sources.c.lease_by).where(sources.c.lease_by.is_not(None)).distinct()
    return frozenset(conn.execute(held).scalars())


def release_of(conn: Connection, workers: Iterable[str]) -> None:
    """Give back all that workers hold which are known to be dead."""
    for batch in batches(workers):
        held = update(sources).where(sources.c.lease_by.in_(batch))
        conn.execute(held.values(lease_until=None, lease_by=None))


def mend(conn: Connection, now: datetime, lease: timedelta) -> None:
    """Make due again what was polled, and give back what was taken, by a clock that ran ahead."""
    ahead = sources.c.last_polled_at > now + CLOCKS_APART
    conn.execute(update(sources).where(ahead).values(next_poll_at=now, last_polled_at=now))
    endless = sources.c.lease_until > now + lease + CLOCKS_APART
    conn.execute(update(sources).where(endless).values(lease_until=None, lease_by=None))


def place(conn: Connection) -> None:
    """Give a queue to the sources that were added before there were any."""
    without = select(sources.c.id, sources.c.kind, sources.c.options).where(sources.c.bucket.is_(None))
    for row in conn.execute(without).all():
        host = hosts.host_of(row.kind, row.options)
        moved = update(sources).where(sources.c.id == row.id)
        conn.execute(moved.values(host=host, bucket=hosts.bucket_of(host)))


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(sources.c.lease_until.is_(None), sources.c.lease_until <= now)


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(sources.c.enabled, sources.c.paused_reason.is_(None), sources.c.next_poll_at <= now)


def _in_turn(
    conn: Connection, query: Select[Any], limit: int, at_host: int, busy: Mapping[str, int]
) -> list[str]:
    """Return ids in the order of the query, at most so many of one host."""
    counts, chosen = Counter(busy), list[str]()
    while len(chosen) < limit:
        full = [host for host, number in counts.items() if number >= at_host]
        others = or_(sources.c.host.is_(None), sources.c.host.not_in(full))
        left = limit - len(chosen)
        rows = conn.execute(query.where(others, sources.c.id.not_in(chosen)).limit(left)).all()
        for row in rows:
            if row.host is None or counts[row.host] < at_host:
                counts[row.host or ""] += row.host is not None
                chosen.append(row.id)
        if len(rows) < left:
            break
    return chosen
