"""The digests that people want by mail: to whom, when, and through which moment each was told.

A period is named by the moment at which it is due (``next_at``); it tells what came after ``through``. What
was tried keeps its period, so that a letter that may have arrived is the same letter when it is sent again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, delete, func, null, or_, select, update

from earmark.lifecycle import Cause, Stage
from earmark.types import Mark, Trigger, TriggerState
from storage.rows import each, upsert
from storage.tables import digests, transitions, triggers
from storage.triggers import as_trigger

__all__ = ["Schedule", "done", "every", "failed", "fresh", "get", "keep", "remove", "take", "waiting"]


_READY: Final = (Stage.OUTREACH_READY.value, Stage.WARM.value, Stage.HOT.value)
_WAITING: Final = (TriggerState.OPEN.value, TriggerState.ACCEPTED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When somebody is told by mail: ``every`` is daily or weekly; hour and weekday (Monday is 0) are local.

    ``query`` is the view that it is about, "" for all that is theirs. ``through`` is the moment through which
    they were told, ``next_at`` when the next letter is due; while ``lease_until`` lies ahead it is in
    somebody's hands, or waits after a failure.
    """

    user: str
    every: str
    hour: int
    weekday: int = 0
    query: str = ""
    through: datetime | None = None
    next_at: datetime | None = None
    sent_at: datetime | None = None
    lease_until: datetime | None = None
    failures: int = 0
    last_error: str | None = None


def keep(conn: Connection, wanted: Schedule) -> None:
    """Keep when somebody wants to be told; through when they were told stays, failures are forgotten."""
    row = {
        "user": wanted.user,
        "every": wanted.every,
        "hour": wanted.hour,
        "weekday": wanted.weekday,
        "query": wanted.query,
        "through": wanted.through,
        "next_at": wanted.next_at,
        "failures": 0,
    }
    statement = upsert(conn, digests).values(row)
    over = {name: statement.excluded[name] for name in ("every", "hour", "weekday", "query", "next_at")}
    afresh = over | {"failures": 0, "last_error": None, "lease_until": None}
    conn.execute(statement.on_conflict_do_update(index_elements=["user"], set_=afresh))


def remove(conn: Connection, user: str) -> bool:
    """Tell somebody nothing more by mail, and say whether they were told."""
    return conn.execute(delete(digests).where(digests.c.user == user)).rowcount > 0


def get(conn: Connection, user: str) -> Schedule | None:
    """Return when somebody is told, or None."""
    row = conn.execute(select(digests).where(digests.c.user == user)).one_or_none()
    return None if row is None else _as_schedule(row)


def every(conn: Connection) -> list[Schedule]:
    """Return all schedules by user."""
    return [_as_schedule(row) for row in conn.execute(select(digests).order_by(digests.c.user))]


def take(conn: Connection, due_at: datetime, now: datetime, until: datetime) -> Schedule | None:
    """Return the schedule that is due the longest, by ``due_at``, and hold it until then; None when none is.

    It is returned as it stood: whether it was tried before shows by its ``lease_until``.
    """
    free = or_(digests.c.lease_until.is_(None), digests.c.lease_until <= now)
    query = (
        select(digests).where(digests.c.next_at <= due_at, free).order_by(digests.c.next_at, digests.c.user)
    )
    row = conn.execute(query.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    held = digests.c.user == row.user, digests.c.next_at == row.next_at
    conn.execute(update(digests).where(*held).values(lease_until=until))
    return _as_schedule(row)


def done(
    conn: Connection, taken: Schedule, *, through: datetime, next_at: datetime, sent_at: datetime | None
) -> None:
    """Note that somebody was told through a moment; where their schedule changed meanwhile, that stays.

    ``sent_at`` is None when there was nothing to tell. Of another view than the one taken, nothing was told.
    """
    told: dict[str, Any] = {"through": through} | ({"sent_at": sent_at} if sent_at is not None else {})
    values = {**told, "next_at": next_at, "failures": 0, "last_error": None, "lease_until": None}
    held = digests.c.user == taken.user, digests.c.next_at == taken.next_at
    if conn.execute(update(digests).where(*held).values(values)).rowcount:
        return
    before = or_(digests.c.through.is_(None), digests.c.through < through)
    same = digests.c.user == taken.user, digests.c.query == taken.query, before
    conn.execute(update(digests).where(*same).values(told))


def failed(conn: Connection, taken: Schedule, error: str, again_at: datetime) -> None:
    """Note why a letter was not sent; it is tried again then, as the same letter."""
    held = digests.c.user == taken.user, digests.c.next_at == taken.next_at
    values = {"failures": digests.c.failures + 1, "last_error": error, "lease_until": again_at}
    conn.execute(update(digests).where(*held).values(values))


def fresh(conn: Connection, after: datetime, through: datetime) -> tuple[list[Trigger], set[str]]:
    """Return what is new of a time: the live triggers made in it that wait, and the accounts promoted in it.

    The triggers come without their notes, for there may be thousands.
    """
    made = _light().where(triggers.c.created_at > after, triggers.c.created_at <= through)
    moved = select(transitions.c.account).where(
        and_(transitions.c.at > after, transitions.c.at <= through),
        transitions.c.after.in_(_READY),
        transitions.c.before != transitions.c.after,
        transitions.c.cause != Cause.MERGED.value,
    )
    new = conn.execute(made.where(triggers.c.mark == Mark.LIVE.value))
    return [as_trigger(row) for row in new], set(conn.execute(moved.distinct()).scalars())


def waiting(conn: Connection, account_ids: Iterable[str]) -> dict[str, list[Trigger]]:
    """Return the triggers of accounts that wait for a person, without their notes, by account."""
    found: dict[str, list[Trigger]] = {}
    for row in each(conn, _light(), triggers.c.account, account_ids):
        found.setdefault(row.account, []).append(as_trigger(row))
    return found


def _light() -> Select[Any]:
    columns = [column for column in triggers.c if column.name != "note"]
    # With coalesce no index of states is walked, which holds all that waits: accounts or times lead.
    waits = func.coalesce(triggers.c.state, "").in_(_WAITING)
    return select(*columns, null().label("note")).where(waits)


def _as_schedule(row: Row[Any]) -> Schedule:
    return Schedule(
        user=row.user,
        every=row.every,
        hour=row.hour,
        weekday=row.weekday,
        query=row.query,
        through=row.through,
        next_at=row.next_at,
        sent_at=row.sent_at,
        lease_until=row.lease_until,
        failures=row.failures,
        last_error=row.last_error,
    )
