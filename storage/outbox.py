"""Deliveries to be made, committed with the change that causes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, text, update

from earmark.types import Outgoing
from storage.engine import LOCK_CLASS
from storage.rows import add as add_rows
from storage.rows import batches, each
from storage.tables import outbox

__all__ = [
    "Parcel",
    "State",
    "add",
    "counts",
    "failed",
    "find",
    "hasten",
    "holders",
    "known",
    "pending",
    "postpone",
    "release",
    "release_of",
    "renew",
    "retry",
    "sent",
    "skipped",
    "take",
    "targets_due",
    "wanted_again",
]


class State(StrEnum):
    """What became of a delivery; what is refused waits for a person, what is skipped was not to go out."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    SKIPPED = "skipped"


_WAITING, _SENT, _REFUSED, _SKIPPED = (state.value for state in State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery: ``number`` names it, ``attempts`` counts the failures so far."""

    number: int
    outgoing: Outgoing
    attempts: int
    created_at: datetime
    next_at: datetime
    state: State = State.WAITING
    last_error: str | None = None
    receipt: Mapping[str, Any] | None = None


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


def find(
    conn: Connection,
    *,
    target: str | None = None,
    state: State | None = None,
    limit: int = 50,
    before: int | None = None,
) -> list[Parcel]:
    """Return the newest deliveries of a target, in a state; those ``before`` a number."""
    query = select(outbox).order_by(outbox.c.number.desc()).limit(limit)
    if target is not None:
        query = query.where(outbox.c.target == target)
    if state is not None:
        query = query.where(outbox.c.state == state.value)
    if before is not None:
        query = query.where(outbox.c.number < before)
    return [_as_parcel(row) for row in conn.execute(query)]


def targets_due(conn: Connection, now: datetime) -> list[str]:
    """Return the targets that something waits for now, by name."""
    query = select(outbox.c.target).where(outbox.c.state == _WAITING, outbox.c.next_at <= now)
    return sorted(conn.execute(query.distinct()).scalars())


def take(
    conn: Connection,
    now: datetime,
    *,
    limit: int,
    lease: timedelta,
    worker: str,
    target: str | None = None,
) -> list[Parcel]:
    """Return what is pending (for one target) and hold it for the worker until the lease ends.

    A target is in one hand at a time: while another worker holds some of it, there is nothing to take.
    """
    if target is not None and _is_held(conn, now, target, worker):
        return []
    waiting = _waiting(now, limit)
    if target is not None:
        waiting = waiting.where(outbox.c.target == target)
    rows = conn.execute(waiting.with_for_update(skip_locked=True)).all()
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


def skipped(conn: Connection, reasons: Mapping[int, str], at: datetime) -> None:
    """Note why deliveries did not go out after all; ``wanted_again`` brings them back."""
    for number, reason in sorted(reasons.items()):
        _end(conn, number, state=_SKIPPED, last_error=reason, ended_at=at)


def wanted_again(conn: Connection, new: Sequence[Outgoing], at: datetime) -> None:
    """Let those of the deliveries wait again that were skipped, with what they say now."""
    for outgoing in new:
        held = update(outbox).where(
            outbox.c.target == outgoing.target, outbox.c.key == outgoing.key, outbox.c.state == _SKIPPED
        )
        again = {"state": _WAITING, "payload": outgoing.payload, "next_at": at, "attempts": 0}
        conn.execute(held.values(**again, last_error=None, ended_at=None))


def _is_held(conn: Connection, now: datetime, target: str, worker: str) -> bool:
    """Say whether another worker is at this target; until the end of the transaction nobody else begins."""
    if conn.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:class, hashtext(:target))")
        conn.execute(lock, {"class": LOCK_CLASS + 1, "target": target})
    held = select(outbox.c.number).where(
        outbox.c.target == target, outbox.c.lease_until > now, outbox.c.lease_by != worker
    )
    return conn.execute(held.limit(1)).first() is not None


def renew(conn: Connection, numbers: Sequence[int], until: datetime) -> None:
    """Hold on to what was taken, until then."""
    conn.execute(update(outbox).where(outbox.c.number.in_(numbers)).values(lease_until=until))


def release(conn: Connection, numbers: Sequence[int]) -> None:
    """Give back what was taken and not tried."""
    held = update(outbox).where(outbox.c.number.in_(numbers))
    conn.execute(held.values(lease_until=None, lease_by=None))


def holders(conn: Connection) -> frozenset[str]:
    """Return the workers that hold deliveries now."""
    held = select(outbox.c.lease_by).where(outbox.c.lease_by.is_not(None)).distinct()
    return frozenset(conn.execute(held).scalars())


def release_of(conn: Connection, workers: Iterable[str]) -> None:
    """Give back all that workers hold which are known to be dead."""
    for batch in batches(workers):
        held = update(outbox).where(outbox.c.lease_by.in_(batch))
        conn.execute(held.values(lease_until=None, lease_by=None))


def known(conn: Connection, target: str, keys: Iterable[str]) -> set[str]:
    """Return those of the keys that a target was told, or refused for good."""
    ended = select(outbox.c.key).where(outbox.c.target == target, outbox.c.state.in_((_SENT, _REFUSED)))
    return {row.key for row in each(conn, ended, outbox.c.key, keys)}


def counts(conn: Connection) -> dict[tuple[str, State], int]:
    """Return how many deliveries each target has in each state."""
    query = select(outbox.c.target, outbox.c.state, func.count().label("held"))
    grouped = conn.execute(query.group_by(outbox.c.target, outbox.c.state))
    return {(row.target, State(row.state)): row.held for row in grouped}


def hasten(conn: Connection, now: datetime, *, target: str) -> None:
    """Let what waits for a target be tried now, whatever pause it is in."""
    held = update(outbox).where(outbox.c.target == target, outbox.c.state == _WAITING, outbox.c.next_at > now)
    conn.execute(held.values(next_at=now))


def postpone(conn: Connection, until: Mapping[int, datetime]) -> None:
    """Give back what was taken too early, each until its time."""
    for number, moment in sorted(until.items()):
        _end(conn, number, state=_WAITING, next_at=moment)


def retry(conn: Connection, now: datetime, *, target: str | None = None, number: int | None = None) -> int:
    """Let refused deliveries (of a target, or a single one) be tried again now; return how many."""
    held = update(outbox).where(outbox.c.state == _REFUSED)
    if target is not None:
        held = held.where(outbox.c.target == target)
    if number is not None:
        held = held.where(outbox.c.number == number)
    again = held.values(state=_WAITING, attempts=0, next_at=now, ended_at=None).returning(outbox.c.number)
    return len(conn.execute(again).all())


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
        state=State(row.state),
        created_at=row.created_at,
        last_error=row.last_error,
        receipt=row.receipt,
    )
