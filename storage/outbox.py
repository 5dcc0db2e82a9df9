"""Deliveries to be made, committed with the change that causes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from earmark.types import Outgoing
from storage.rows import add as add_rows
from storage.tables import outbox

__all__ = ["Parcel", "add", "failed", "pending", "sent", "take"]

_WAITING, _SENT, _REFUSED = "waiting", "sent", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery on its way: ``number`` names it, ``attempts`` counts the failures so far."""

    number: int
    outgoing: Outgoing
    attempts: int
    next_at: datetime
    last_error: str | None = None


def add(conn: Connection, new: Sequence[Outgoing], at: datetime) -> None:
    """Add the deliveries; one whose target knows the key stays as it is: nothing goes out twice."""
    rows = [
        {
            "target": outgoing.target,
            "key": outgoing.key,
            "topic": outgoing.topic,
            "account": outgoing.account,
            "payload": outgoing.payload,
            "state": _WAITING,
            "created_at": at,
            "next_at": at,
            "attempts": 0,
        }
        for outgoing in new
    ]
    add_rows(conn, outbox, rows)


def pending(conn: Connection, now: datetime, limit: int = 100) -> list[Parcel]:
    """Return what waits to be delivered now and is in nobody's hands, the oldest first."""
    return [_as_parcel(row) for row in conn.execute(_waiting(now, limit))]


def take(conn: Connection, now: datetime, *, limit: int, lease: timedelta, worker: str) -> list[Parcel]:
    """Return what is pending and hold it for the worker until the lease ends."""
    rows = conn.execute(_waiting(now, limit).with_for_update(skip_locked=True)).all()
    held = update(outbox).where(outbox.c.number.in_([row.number for row in rows]))
    conn.execute(held.values(lease_until=now + lease, lease_by=worker))
    return [_as_parcel(row) for row in rows]


def sent(conn: Connection, number: int, receipt: Mapping[str, Any], at: datetime) -> None:
    """Note that the delivery was made, with its proof."""
    _end(conn, number, state=_SENT, receipt=receipt, ended_at=at, last_error=None)


def failed(conn: Connection, number: int, error: str, at: datetime, again_at: datetime | None) -> None:
    """Note that the delivery failed; it waits until ``again_at``, or for a person when that is None."""
    attempts = outbox.c.attempts + 1
    if again_at is None:
        _end(conn, number, state=_REFUSED, attempts=attempts, last_error=error, ended_at=at)
    else:
        _end(conn, number, state=_WAITING, attempts=attempts, last_error=error, next_at=again_at)


def _waiting(now: datetime, limit: int) -> Any:
    free = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now)
    query = select(outbox).where(outbox.c.state == _WAITING, outbox.c.next_at <= now, free)
    return query.order_by(outbox.c.next_at, outbox.c.number).limit(limit)


def _end(conn: Connection, number: int, **values: Any) -> None:
    statement = update(outbox).where(outbox.c.number == number)
    conn.execute(statement.values(lease_until=None, lease_by=None, **values))


def _as_parcel(row: Row[Any]) -> Parcel:
    return Parcel(
        number=row.number,
        outgoing=Outgoing(
            target=row.target, topic=row.topic, key=row.key, account=row.account, payload=row.payload
        ),
        attempts=row.attempts,
        next_at=row.next_at,
        last_error=row.last_error,
    )
