"""How long things took: the times of events and of what followed from them, as they stand in the rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from earmark.lifecycle import Cause
from earmark.types import Mark
from storage.tables import events, matches, transitions, triggers

__all__ = ["Arrival", "Listing", "arrivals", "listings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One dated event: when it was published, and when we saw it."""

    source: str
    published_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One trigger, with the source that told of it first.

    It was seen, it was in the list, and its account was contacted (None: not yet).
    """

    source: str
    trigger: str
    seen_at: datetime
    listed_at: datetime
    contacted_at: datetime | None


def arrivals(conn: Connection, since: datetime) -> Iterator[Arrival]:
    """Yield the live, dated events since a time; those of a source's first poll tell nothing of its pace."""
    query = select(events.c.source, events.c.published_at, events.c.seen_at).where(
        events.c.at >= since, events.c.mark == Mark.LIVE.value, events.c.published_at.is_not(None)
    )
    for row in conn.execute(query):
        yield Arrival(source=row.source, published_at=row.published_at, seen_at=row.seen_at)


def listings(conn: Connection, since: datetime) -> Iterator[Listing]:
    """Yield the live triggers that were made since a time, the earliest first."""
    undone = transitions.alias()
    contacted = (
        select(func.min(transitions.c.at))
        .where(
            transitions.c.account == triggers.c.account,
            transitions.c.cause == Cause.CONTACTED.value,
            transitions.c.at >= triggers.c.created_at,
            transitions.c.undoes.is_(None),
            ~exists().where(undone.c.account == transitions.c.account, undone.c.undoes == transitions.c.id),
        )
        .scalar_subquery()
    )
    told = matches.join(triggers, matches.c.story == triggers.c.story).join(
        events, events.c.id == matches.c.event
    )
    query = (
        select(
            triggers.c.id,
            triggers.c.created_at,
            events.c.source,
            events.c.seen_at,
            contacted.label("contacted_at"),
        )
        .select_from(told)
        .where(triggers.c.created_at >= since, triggers.c.mark == Mark.LIVE.value)
        .order_by(triggers.c.created_at, triggers.c.id, events.c.seen_at, events.c.id)
    )
    last = None
    for row in conn.execute(query):
        if row.id != last and row.seen_at <= row.created_at:
            last = row.id
            yield Listing(
                source=row.source,
                trigger=row.id,
                seen_at=row.seen_at,
                listed_at=row.created_at,
                contacted_at=row.contacted_at,
            )
