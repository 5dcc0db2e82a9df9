"""What is forgotten because it is old: texts of events, the log of polls, deliveries made."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select

from earmark.rulebook import Retention
from storage.stories import LIVE
from storage.tables import events, matches, outbox, polls, sources, triggers

__all__ = ["DELIVERIES", "POLLS", "Place", "count", "expired", "prune"]

POLLS: Final = timedelta(days=30)
DELIVERIES: Final = timedelta(days=365)
_BATCH: Final = 5_000

Place = tuple[datetime, str]
"""Where an event stands in the order of time: its moment and its id."""


def expired(
    conn: Connection, now: datetime, retention: Retention, *, after: Place | None = None, limit: int = 100
) -> list[Place]:
    """Return the events whose text is past its retention and which no trigger that lives rests on.

    The oldest come first; ``after`` goes on behind the last one of before.
    """
    aged = _aged(conn, now, retention)
    if aged is None:
        return []
    query = select(events.c.at, events.c.id).where(aged).order_by(events.c.at, events.c.id).limit(limit)
    if after is not None:
        query = query.where(
            or_(events.c.at > after[0], and_(events.c.at == after[0], events.c.id > after[1]))
        )
    return [(row.at, row.id) for row in conn.execute(query)]


def count(conn: Connection, now: datetime, retention: Retention) -> int:
    """Return how many events ``expired`` would name in all."""
    aged = _aged(conn, now, retention)
    if aged is None:
        return 0
    return conn.execute(select(func.count()).select_from(events).where(aged)).scalar_one()


def prune(conn: Connection, now: datetime, *, keep: timedelta = POLLS, limit: int = _BATCH) -> int:
    """Forget polls older than ``keep`` and deliveries made, or skipped, a year ago; return how many rows.

    At most ``limit`` rows of each go at once, so that no writer waits long.
    """
    old_polls = select(polls.c.number).where(polls.c.finished_at < now - keep).limit(limit)
    made = select(outbox.c.number).where(
        outbox.c.state.in_(("sent", "skipped")), outbox.c.ended_at < now - DELIVERIES
    )
    gone = conn.execute(delete(polls).where(polls.c.number.in_(old_polls))).rowcount
    return gone + conn.execute(delete(outbox).where(outbox.c.number.in_(made.limit(limit)))).rowcount


def _aged(conn: Connection, now: datetime, retention: Retention) -> ColumnElement[bool] | None:
    """Return the condition of an event whose time is over, or None where everything is kept."""
    kinds = {row.id: row.kind for row in conn.execute(select(sources.c.id, sources.c.kind))}
    own: dict[float, list[str]] = {}
    for source, kind in kinds.items():
        if kind in retention.kinds_days:
            own.setdefault(retention.kinds_days[kind], []).append(source)
    conditions = [
        and_(events.c.source.in_(these), events.c.at < now - timedelta(days=days))
        for days, these in own.items()
    ]
    if retention.events_days is not None:
        others = events.c.source.not_in([source for these in own.values() for source in these])
        conditions.append(and_(others, events.c.at < now - timedelta(days=retention.events_days)))
    if not conditions:
        return None
    alive = (
        select(matches.c.event)
        .join(triggers, triggers.c.story == matches.c.story)
        .where(matches.c.event == events.c.id, triggers.c.state.in_(LIVE))
    )
    speaks = or_(events.c.title != "", events.c.text != "")
    return and_(or_(*conditions), speaks, ~alive.exists())
