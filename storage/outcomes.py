"""What came of the outreach."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from earmark.types import Outcome
from storage.rows import add, each
from storage.tables import outcomes

__all__ = ["of_accounts", "save", "since", "take_back"]


def of_accounts(conn: Connection, account_ids: Iterable[str]) -> dict[str, tuple[Outcome, ...]]:
    """Return the outcomes that hold, by account, the earliest first."""
    query = select(outcomes).where(outcomes.c.taken_back_at.is_(None))
    found: dict[str, list[Outcome]] = {}
    for row in each(conn, query.order_by(outcomes.c.at, outcomes.c.number), outcomes.c.account, account_ids):
        found.setdefault(row.account, []).append(_as_outcome(row))
    return {account: tuple(came) for account, came in found.items()}


def since(conn: Connection, at: datetime) -> list[Outcome]:
    """Return the outcomes since a time that hold, the earliest first."""
    query = select(outcomes).where(outcomes.c.at >= at, outcomes.c.taken_back_at.is_(None))
    return [_as_outcome(row) for row in conn.execute(query.order_by(outcomes.c.at, outcomes.c.number))]


def save(conn: Connection, new: Sequence[Outcome]) -> None:
    """Add the outcomes; one that is there already stays as it is."""
    rows = [
        {
            "id": outcome.id,
            "account": outcome.account,
            "trigger": outcome.trigger,
            "outcome": outcome.outcome,
            "by": outcome.by,
            "at": outcome.at,
        }
        for outcome in new
    ]
    add(conn, outcomes, rows)


def take_back(conn: Connection, ids: Sequence[str], at: datetime) -> None:
    """Note that these outcomes no longer hold."""
    if ids:
        held = update(outcomes).where(outcomes.c.id.in_(ids), outcomes.c.taken_back_at.is_(None))
        conn.execute(held.values(taken_back_at=at))


def _as_outcome(row: Row[Any]) -> Outcome:
    return Outcome(
        id=row.id, account=row.account, trigger=row.trigger, outcome=row.outcome, by=row.by, at=row.at
    )
