"""Conversations: triggers without an account, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from earmark.types import Trigger, TriggerState
from storage.rows import each
from storage.tables import sources, triggers
from storage.triggers import as_trigger

__all__ = ["Rank", "counts", "kinds_of", "leaf"]

_WAITING = (TriggerState.OPEN.value, TriggerState.ACCEPTED.value)


@dataclass(frozen=True, slots=True)
class Rank:
    """Where a page ends: the score and the id of its last conversation."""

    score: float
    id: str


def leaf(
    conn: Connection,
    now: datetime,
    *,
    states: tuple[TriggerState, ...] = (TriggerState.OPEN, TriggerState.ACCEPTED),
    problem: str | None = None,
    after: Rank | None = None,
    limit: int = 20,
) -> tuple[list[Trigger], Rank | None]:
    """Return conversations in these states, the best first, and where the next page begins."""
    table = triggers.c
    query = select(triggers)
    query = query.where(table.account.is_(None), _state().in_([state.value for state in states]))
    if set(states) <= {TriggerState.OPEN, TriggerState.ACCEPTED}:
        query = query.where(table.expires_at > now)
    if problem is not None:
        query = query.where(table.problem == problem)
    if after is not None:
        behind = and_(table.score_now == after.score, table.id > after.id)
        query = query.where(or_(table.score_now < after.score, behind))
    rows = conn.execute(query.order_by(table.score_now.desc(), table.id).limit(limit + 1)).all()
    shown = rows[:limit]
    more = len(rows) > limit
    return list(map(as_trigger, shown)), Rank(shown[-1].score_now, shown[-1].id) if more else None


def counts(conn: Connection, now: datetime) -> dict[str, int]:
    """Return how many conversations wait for each problem; those of none under an empty name."""
    table = triggers.c
    query = select(table.problem, func.count().label("held"))
    query = query.where(table.account.is_(None), _state().in_(_WAITING), table.expires_at > now)
    return {row.problem or "": row.held for row in conn.execute(query.group_by(table.problem))}


def _state() -> ColumnElement[str]:
    """Return the state, so that no index of states is walked: few triggers have no account, they lead."""
    return func.coalesce(triggers.c.state, "")


def kinds_of(conn: Connection, source_ids: set[str]) -> dict[str, str]:
    """Return the kind of each of these sources, as far as it is still there."""
    query = select(sources.c.id, sources.c.kind)
    return {row.id: row.kind for row in each(conn, query, sources.c.id, sorted(source_ids))}
