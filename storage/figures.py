"""Figures over many rows, counted by the database: what came, what became of it, and where accounts stand."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from earmark.types import TriggerState
from storage.rows import each
from storage.tables import triggers

__all__ = ["accounts_by_kind", "accounts_waiting", "best_of_kind"]

_WAITING: Final = (TriggerState.OPEN.value, TriggerState.ACCEPTED.value)


def accounts_by_kind(conn: Connection, kinds: Iterable[str]) -> dict[str, int]:
    """Return for how many accounts a trigger of each of these kinds waits for a person."""
    number = func.count(func.distinct(triggers.c.account)).label("number")
    query = select(triggers.c.kind, number).where(triggers.c.state.in_(_WAITING)).group_by(triggers.c.kind)
    return {row.kind: row.number for row in each(conn, query, triggers.c.kind, kinds)}


def accounts_waiting(conn: Connection) -> int:
    """Return how many accounts have a trigger that waits for a person."""
    query = select(func.count(func.distinct(triggers.c.account))).where(triggers.c.state.in_(_WAITING))
    found: int = conn.execute(query).scalar_one()
    return found


def best_of_kind(conn: Connection, kind: str | None, now: datetime, *, limit: int) -> list[str]:
    """Return the ids of open triggers of a kind (None: of any), the best first; else of some that ended."""
    query = select(triggers.c.id).limit(limit)
    if kind is not None:
        query = query.where(triggers.c.kind == kind)
    live = query.where(triggers.c.state == TriggerState.OPEN.value, triggers.c.expires_at > now)
    found = conn.execute(live.order_by(triggers.c.score_now.desc(), triggers.c.id)).scalars().all()
    return list(found or conn.execute(query).scalars().all())
