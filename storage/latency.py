"""How long things took: the times of events and of what followed from them, as they stand in the rows."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, ScalarSelect, Select, func, select, update

from earmark.lifecycle import Cause
from earmark.types import Mark, TriggerState
from storage.outbox import State
from storage.rows import batches
from storage.tables import events, matches, outbox, polls, transitions, triggers
from storage.transitions import holds

__all__ = [
    "Acted",
    "Arrival",
    "Listing",
    "acted_on",
    "arrivals",
    "listings",
    "matched",
    "notified",
    "opened",
    "unopened",
]

_NOT_ASKED = "waiting"
_ACTED_ON = (TriggerState.ACCEPTED.value, TriggerState.CONTACTED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One dated event: when it was published, when its source was last polled without it, when we saw it."""

    source: str
    published_at: datetime
    missed_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One trigger on its way, with the source that told of it first; None is what was not, or is unknown.

    It was published, its source was last polled without it, it was seen, its text was matched, it was in the
    list, a target or a reader was told, a person looked at it, and its account was contacted.
    """

    source: str
    trigger: str
    account: str | None
    published_at: datetime | None
    missed_at: datetime | None
    seen_at: datetime
    matched_at: datetime | None
    listed_at: datetime
    notified_at: datetime | None
    opened_at: datetime | None
    contacted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """How many triggers a source told first, and how many of them were accepted or led to outreach."""

    triggers: int = 0
    acted_on: int = 0


def arrivals(conn: Connection, since: datetime, *, source: str | None = None) -> Iterator[Arrival]:
    """Yield the live, dated events since a time; those of a source's first poll tell nothing of its pace."""
    query = select(
        events.c.source, events.c.published_at, events.c.seen_at, _missed().label("missed_at")
    ).where(events.c.at >= since, events.c.mark == Mark.LIVE.value, events.c.published_at.is_not(None))
    if source is not None:
        query = query.where(events.c.source == source)
    for row in conn.execute(query):
        yield Arrival(
            source=row.source,
            published_at=row.published_at,
            missed_at=row.missed_at,
            seen_at=row.seen_at,
        )


def listings(conn: Connection, since: datetime, *, source: str | None = None) -> Iterator[Listing]:
    """Yield the live triggers that were made since a time (and told by a source), the earliest first."""
    query = _told().where(triggers.c.created_at >= since, triggers.c.mark == Mark.LIVE.value)
    if source is not None:
        of_it = select(matches.c.story).join_from(events, matches, matches.c.event == events.c.id)
        of_it = of_it.where(events.c.source == source, events.c.seen_at >= since)
        query = query.where(triggers.c.story.in_(of_it))
    query = query.order_by(triggers.c.created_at, triggers.c.id, events.c.seen_at, events.c.id)
    notices = _notices(conn, since)
    last = None
    for row in conn.execute(query):
        if row.id != last and row.seen_at <= row.created_at:
            last = row.id
            yield _as_listing(row, notices.get(row.account, []))


def opened(conn: Connection, trigger_ids: Collection[str], at: datetime) -> int:
    """Note when a person looked at triggers for the first time; return for how many it was."""
    return _note(conn, trigger_ids, triggers.c.opened_at, at)


def unopened(conn: Connection, trigger_ids: Collection[str]) -> frozenset[str]:
    """Return those of the triggers at which nobody looked yet."""
    query = select(triggers.c.id).where(triggers.c.id.in_(trigger_ids), triggers.c.opened_at.is_(None))
    return frozenset(conn.execute(query).scalars())


def matched(conn: Connection, trigger_ids: Collection[str], at: datetime) -> None:
    """Note when the text of triggers was matched, which have just been made of it."""
    _note(conn, trigger_ids, triggers.c.matched_at, at)


def notified(conn: Connection, trigger_ids: Collection[str], at: datetime) -> None:
    """Note when somebody was told of triggers for the first time, other than by a target: in a digest."""
    _note(conn, trigger_ids, triggers.c.notified_at, at)


def acted_on(conn: Connection, since: datetime) -> dict[str, Acted]:
    """Return for each source what came of the triggers since a time that it told first."""
    told = matches.join(triggers, matches.c.story == triggers.c.story)
    query = select(triggers.c.id, triggers.c.state, events.c.source).select_from(
        told.join(events, events.c.id == matches.c.event)
    )
    query = query.where(triggers.c.created_at >= since, triggers.c.state != TriggerState.MERGED.value)
    found: dict[str, Acted] = {}
    last = None
    for row in conn.execute(query.order_by(triggers.c.id, events.c.seen_at, events.c.id)):
        if row.id != last:
            last, before = row.id, found.get(row.source, Acted())
            acted = before.acted_on + (row.state in _ACTED_ON)
            found[row.source] = Acted(triggers=before.triggers + 1, acted_on=acted)
    return found


def _note(conn: Connection, trigger_ids: Collection[str], column: Column[Any], at: datetime) -> int:
    noted = 0
    for batch in batches(sorted(trigger_ids)):
        fresh = update(triggers).where(triggers.c.id.in_(batch), column.is_(None))
        noted += conn.execute(fresh.values({column.name: at})).rowcount
    return noted


def _told() -> Select[Any]:
    told = matches.join(triggers, matches.c.story == triggers.c.story).join(
        events, events.c.id == matches.c.event
    )
    return select(
        triggers.c.id,
        triggers.c.account,
        triggers.c.created_at,
        triggers.c.matched_at,
        triggers.c.notified_at,
        triggers.c.opened_at,
        events.c.source,
        events.c.published_at,
        events.c.seen_at,
        _missed().label("missed_at"),
        _contacted().label("contacted_at"),
    ).select_from(told)


def _missed() -> ScalarSelect[Any]:
    """When an event's source was last asked before the event was seen, whether it answered well or not."""
    before = (polls.c.source == events.c.source, polls.c.finished_at < events.c.seen_at)
    latest = select(func.max(polls.c.finished_at)).where(*before, polls.c.outcome != _NOT_ASKED)
    return latest.correlate(events).scalar_subquery()


def _contacted() -> ScalarSelect[Any]:
    """When a trigger's account was first contacted after it, unless that was taken back."""
    return (
        select(func.min(transitions.c.at))
        .where(
            transitions.c.account == triggers.c.account,
            transitions.c.cause == Cause.CONTACTED.value,
            transitions.c.at >= triggers.c.created_at,
            holds(),
        )
        .scalar_subquery()
    )


def _notices(conn: Connection, since: datetime) -> dict[str, list[datetime]]:
    """Return when targets were told of each account since a time, the earliest first."""
    query = select(outbox.c.account, outbox.c.ended_at).where(
        outbox.c.state == State.SENT.value, outbox.c.ended_at >= since, outbox.c.account.is_not(None)
    )
    found: dict[str, list[datetime]] = {}
    for row in conn.execute(query.order_by(outbox.c.ended_at)):
        found.setdefault(row.account, []).append(row.ended_at)
    return found


def _as_listing(row: Row[Any], notices: list[datetime]) -> Listing:
    after = bisect_left(notices, row.created_at)
    told = [row.notified_at] if row.notified_at else []
    told += notices[after : after + 1]
    return Listing(
        source=row.source,
        trigger=row.id,
        account=row.account,
        published_at=row.published_at,
        missed_at=row.missed_at,
        seen_at=row.seen_at,
        matched_at=row.matched_at,
        listed_at=row.created_at,
        notified_at=min(told, default=None),
        opened_at=row.opened_at,
        contacted_at=row.contacted_at,
    )
