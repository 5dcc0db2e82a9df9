"""Stored events by when they were seen, in slices that several processes can read side by side."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from earmark.types import Mark, StoredEvent
from storage.events import as_event
from storage.rows import BATCH
from storage.tables import events

__all__ = ["count", "cuts", "events_between"]


def count(conn: Connection, since: datetime, until: datetime) -> int:
    """Return how many events that may speak were seen from ``since`` on and before ``until``."""
    number: int = conn.execute(_seen(select(func.count()), since, until)).scalar_one()
    return number


def cuts(conn: Connection, size: int) -> list[str]:
    """Return ids, in order, between which lie about ``size`` events each; the first one is empty."""
    ids = conn.execute(select(events.c.id).order_by(events.c.id).execution_options(yield_per=10_000))
    return ["", *(event for number, event in enumerate(ids.scalars(), start=1) if number % size == 0)]


def events_between(
    conn: Connection, after: str, to: str | None, since: datetime, until: datetime
) -> Iterator[StoredEvent]:
    """Yield the events of one slice that were seen in this time and may speak: all but the baseline."""
    query = _seen(select(events), since, until).where(events.c.id > after).order_by(events.c.id)
    if to is not None:
        query = query.where(events.c.id <= to)
    for row in conn.execute(query.execution_options(yield_per=BATCH)):
        yield as_event(row)


def _seen(query: Select[Any], since: datetime, until: datetime) -> Select[Any]:
    within = (events.c.seen_at >= since, events.c.seen_at < until, events.c.mark != Mark.BASELINE.value)
    return query.where(*within)
