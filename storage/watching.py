"""How the sources fare, for who looks at many at once: counted, cut into pages, with what each brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from storage import polls as configured
from storage.polls import Configured
from storage.rows import each
from storage.tables import polls, sources

__all__ = [
    "ORDER",
    "Brought",
    "brought",
    "kinds",
    "listed",
    "states",
]

ORDER: Final = ("stopped", "failing", "late", "silent", "new", "ok", "paused")
"""The states of a source as ``monitors.health`` names them, those that want a person first."""
_LATE: Final = timedelta(minutes=15)
_MOST_WORDS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What the polls of a source since a time brought; ``failed`` counts those that told nothing."""

    polls: int = 0
    failed: int = 0
    new: int = 0
    triggers: int = 0


def states(conn: Connection, now: datetime) -> dict[str, int]:
    """Return how many sources there are in each state."""
    state = _state(now).label("state")
    query = select(state, func.count().label("held")).select_from(sources).group_by(state)
    return {row.state: row.held for row in conn.execute(query)}


def listed(
    conn: Connection,
    now: datetime,
    *,
    state: str | None = None,
    kind: str | None = None,
    words: str = "",
    after: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[Configured]:
    """Return a page of the sources, those that want a person first, then by id.

    ``words`` stand in the id or in the host; ``after`` is the place (see ``ORDER``) and the id of the last
    one of the page before.
    """
    place = _place(now)
    query = select(sources.c.id).order_by(place, sources.c.id).limit(limit)
    if state is not None:
        query = query.where(_state(now) == state)
    if kind is not None:
        query = query.where(sources.c.kind == kind)
    for word in words.replace("\x00", " ").split()[:_MOST_WORDS]:
        held = (sources.c.id, sources.c.host)
        query = query.where(or_(*(func.lower(one).contains(word.lower(), autoescape=True) for one in held)))
    if after is not None:
        query = query.where(or_(place > after[0], and_(place == after[0], sources.c.id > after[1])))
    return configured.some(conn, conn.execute(query).scalars().all())


def kinds(conn: Connection, now: datetime) -> dict[str, int]:
    """Return how many sources of each kind can show something: neither paused, stopped nor failing."""
    able = _state(now).not_in(("paused", "stopped", "failing"))
    query = select(sources.c.kind, func.count().label("held")).where(able).group_by(sources.c.kind)
    return {row.kind: row.held for row in conn.execute(query)}


def brought(conn: Connection, ids: Sequence[str], since: datetime) -> dict[str, Brought]:
    """Return for these sources what their polls since a time brought."""
    query = select(
        polls.c.source,
        func.count().label("held"),
        func.sum(case((polls.c.outcome.in_(("new", "unchanged", "waiting")), 0), else_=1)).label("failed"),
        func.sum(polls.c.new).label("new"),
        func.sum(polls.c.triggers).label("triggers"),
    ).where(polls.c.finished_at >= since)
    return {
        row.source: Brought(polls=row.held, failed=row.failed, new=row.new, triggers=row.triggers)
        for row in each(conn, query.group_by(polls.c.source), polls.c.source, ids)
    }


def _state(now: datetime) -> ColumnElement[str]:
    """Return the state of a source as ``monitors.health`` names it."""
    return case(
        (~sources.c.enabled, "paused"),
        (sources.c.paused_reason.is_not(None), "stopped"),
        (sources.c.failures > 0, "failing"),
        (sources.c.next_poll_at < now - _LATE, "late"),
        (sources.c.silent_since.is_not(None), "silent"),
        (sources.c.last_ok_at.is_(None), "new"),
        else_="ok",
    )


def _place(now: datetime) -> ColumnElement[int]:
    state = _state(now)
    return case({name: place for place, name in enumerate(ORDER)}, value=state, else_=len(ORDER))
