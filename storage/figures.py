"""Figures over many rows, counted by the database: what came, what became of it, and where accounts stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    and_,
    case,
    false,
    func,
    literal_column,
    select,
    type_coerce,
)

from earmark.lifecycle import Cause, Stage
from earmark.types import TriggerState
from storage.record import COUNTED
from storage.rows import batches
from storage.tables import accounts, events, judgements, matches, outcomes, transitions, triggers
from storage.transitions import holds
from storage.united import STANDS

__all__ = [
    "Judged",
    "RuleActed",
    "accounts_by_kind",
    "accounts_waiting",
    "acted_by_rule",
    "by_kind_and_day",
    "first_trigger_at",
    "judged",
    "newest_events",
    "newest_triggers",
    "outcomes_by_kind",
    "reached",
    "some_of_kind",
    "standing",
]

_WAITING: Final = (TriggerState.OPEN.value, TriggerState.ACCEPTED.value)
# What waits is read from the index that holds all that is counted of it; as a plain condition, the state
# would lead SQLite to another one, and to every row.
_WAITS: Final = (triggers.c.ended_at.is_(None), func.coalesce(triggers.c.state, "").in_(_WAITING))
_LOOKED_AT: Final = 200
_ACTED_ON: Final = (TriggerState.ACCEPTED.value, TriggerState.CONTACTED.value)
_SECONDS_A_DAY: Final = 86_400
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleActed:
    """How many triggers of a kind a source told first, and how many of them were acted on.

    ``waiting`` of them are fresh, and nobody has answered them yet.
    """

    source: str
    kind: str
    triggers: int
    acted_on: int
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A trigger that a person called good or not, and the score (0 to 100) that it was given."""

    score: float
    is_good: bool


def accounts_by_kind(conn: Connection, kinds: Iterable[str]) -> dict[str, int]:
    """Return for how many accounts a trigger of each of these kinds waits for a person."""
    found: dict[str, int] = {}
    for batch in batches(kinds):
        of_these = select(triggers.c.kind, triggers.c.account).where(*_WAITS, triggers.c.kind.in_(batch))
        one = of_these.where(triggers.c.account.is_not(None)).distinct().subquery()
        query = select(one.c.kind, func.count().label("number")).group_by(one.c.kind)
        found |= {row.kind: row.number for row in conn.execute(query)}
    return found


def accounts_waiting(conn: Connection) -> int:
    """Return how many accounts have a trigger that waits for a person."""
    one = select(triggers.c.account).where(*_WAITS, triggers.c.account.is_not(None))
    query = select(func.count()).select_from(one.group_by(triggers.c.account).subquery())
    found: int = conn.execute(query).scalar_one()
    return found


def some_of_kind(conn: Connection, kind: str | None, *, limit: int) -> list[str]:
    """Return the ids of some triggers of a kind that wait for a person, the best of them first.

    Of any kind (None) they are the best of all.
    """
    query = select(triggers.c.id, triggers.c.score_now).where(*_WAITS)
    if kind is None:
        best = query.order_by(triggers.c.score_now.desc(), triggers.c.id.desc()).limit(limit)
        return list(conn.execute(best).scalars())
    # To find the very best of a rare kind would mean to read every row.
    some = query.where(triggers.c.kind == kind).order_by(triggers.c.account).limit(_LOOKED_AT).subquery()
    return list(conn.execute(select(some.c.id).order_by(some.c.score_now.desc()).limit(limit)).scalars())


def first_trigger_at(conn: Connection) -> datetime | None:
    """Return when the first trigger was made."""
    found: datetime | None = conn.execute(select(func.min(triggers.c.created_at))).scalar_one()
    return found


def newest_triggers(conn: Connection, number: int, since: datetime) -> datetime:
    """Return the time since which at most so many triggers were made, no earlier than a time."""
    return _newest(conn, triggers.c.created_at, number, since)


def newest_events(conn: Connection, number: int, since: datetime) -> datetime:
    """Return the time since which at most so many events happened, no earlier than a time."""
    return _newest(conn, events.c.at, number, since)


def by_kind_and_day(
    conn: Connection, since: datetime, until: datetime, zone: tzinfo
) -> dict[tuple[str, int], int]:
    """Return how many triggers of each kind were made on each day of a zone; days count from 1970."""
    day = _day(conn, triggers.c.created_at, _shifts(since, until, zone)).label("day")
    query = select(triggers.c.kind, day, func.count().label("number"))
    query = query.where(triggers.c.created_at >= since, triggers.c.created_at < until)
    query = query.where(triggers.c.state != TriggerState.MERGED.value).group_by(triggers.c.kind, day)
    return {(row.kind, int(row.day)): row.number for row in conn.execute(query)}


def acted_by_rule(conn: Connection, since: datetime, fresh: datetime | None = None) -> list[RuleActed]:
    """Return what came of the triggers since a time, by the source that told each first and by kind.

    What was made since ``fresh`` and is open still waits; without that time nothing does.
    """
    order = (events.c.seen_at, events.c.id)
    place = func.row_number().over(partition_by=triggers.c.id, order_by=order).label("place")
    told = triggers.join(matches, matches.c.story == triggers.c.story)
    first = select(
        triggers.c.kind, triggers.c.state, triggers.c.created_at, events.c.source, place
    ).select_from(told.join(events, events.c.id == matches.c.event))
    made = (triggers.c.created_at >= since, triggers.c.state != TriggerState.MERGED.value)
    one = first.where(*made).subquery()
    acted = func.sum(case((one.c.state.in_(_ACTED_ON), 1), else_=0)).label("acted_on")
    waits = one.c.state == TriggerState.OPEN.value
    waits = and_(waits, one.c.created_at >= fresh) if fresh is not None else false()
    waiting = func.sum(case((waits, 1), else_=0)).label("waiting")
    query = select(one.c.source, one.c.kind, func.count().label("number"), acted, waiting)
    query = query.where(one.c.place == 1)
    rows = conn.execute(query.group_by(one.c.source, one.c.kind).order_by(one.c.source, one.c.kind))
    return [
        RuleActed(
            source=row.source,
            kind=row.kind,
            triggers=row.number,
            acted_on=int(row.acted_on),
            waiting=int(row.waiting),
        )
        for row in rows
    ]


def reached(conn: Connection, since: datetime) -> dict[str, int]:
    """Return how many accounts came into each stage since a time, less what was taken back."""
    number = func.count(func.distinct(transitions.c.account)).label("number")
    query = select(transitions.c.after, number).where(
        transitions.c.at >= since,
        transitions.c.after != transitions.c.before,
        transitions.c.cause != Cause.MERGED.value,
        holds(),
    )
    return {row.after: row.number for row in conn.execute(query.group_by(transitions.c.after))}


def standing(conn: Connection) -> dict[str, int]:
    """Return how many accounts stand in each stage now; a stage without any is 0."""
    query = select(accounts.c.stage, func.count().label("number")).where(STANDS).group_by(accounts.c.stage)
    counts = {row.stage: row.number for row in conn.execute(query)}
    return {stage.value: counts.get(stage.value, 0) for stage in Stage}


def outcomes_by_kind(conn: Connection, since: datetime) -> dict[str, int]:
    """Return of how many accounts each outcome was noted since a time, and holds."""
    number = func.count(func.distinct(outcomes.c.account)).label("number")
    held = and_(outcomes.c.at >= since, outcomes.c.taken_back_at.is_(None))
    query = select(outcomes.c.outcome, number).where(held).group_by(outcomes.c.outcome)
    return {row.outcome: row.number for row in conn.execute(query)}


def judged(conn: Connection, since: datetime) -> list[Judged]:
    """Return the triggers that were called good, of the wrong account or off topic since a time.

    Of several verdicts on one trigger the last holds.
    """
    wanted = [verdict.value for verdict in COUNTED]
    query = select(judgements.c.trigger, judgements.c.verdict, triggers.c.score)
    query = query.join_from(judgements, triggers, triggers.c.id == judgements.c.trigger)
    query = query.where(judgements.c.at >= since, judgements.c.taken_back_at.is_(None))
    rows = conn.execute(query.where(judgements.c.verdict.in_(wanted)).order_by(judgements.c.number))
    last = {row.trigger: Judged(score=row.score.total, is_good=row.verdict == "good") for row in rows}
    return list(last.values())


def _newest(conn: Connection, moment: Column[Any], number: int, since: datetime) -> datetime:
    query = select(moment).where(moment >= since).order_by(moment.desc()).offset(number - 1).limit(1)
    found: datetime | None = conn.execute(query).scalar_one_or_none()
    return found or since


def _shifts(since: datetime, until: datetime, zone: tzinfo) -> list[tuple[datetime, int]]:
    """Return from when on which offset from UTC, in seconds, holds in a zone."""
    found: list[tuple[datetime, int]] = []
    moment = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while moment <= until:
        offset = moment.astimezone(zone).utcoffset() or timedelta()
        seconds = int(offset.total_seconds())
        if not found or found[-1][1] != seconds:
            found.append((moment, seconds))
        moment += timedelta(hours=1)
    return found


def _day(
    conn: Connection, moment: ColumnElement[Any], shifts: Sequence[tuple[datetime, int]]
) -> ColumnElement[Any]:
    """Return the day of a moment where the clock stands so many seconds off UTC, counted from 1970."""
    later: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = [
        (moment >= begins, literal_column(str(seconds))) for begins, seconds in reversed(shifts)
    ]
    shift = case(*later, else_=literal_column("0")) if later else literal_column("0")
    if conn.dialect.name == "postgresql":
        return func.floor((func.extract("epoch", moment) + shift) / _SECONDS_A_DAY)
    microseconds = type_coerce(moment, BigInteger)
    return (microseconds + shift * _MICROSECONDS) // literal_column(str(_SECONDS_A_DAY * _MICROSECONDS))
