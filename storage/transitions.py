"""The moves of accounts through their stages, kept for ever."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, select

from earmark.lifecycle import Cause, Stage
from earmark.types import Transition
from storage.rows import add, each
from storage.tables import transitions

__all__ = ["holds", "of_account", "of_accounts", "save", "stage_at"]


def of_account(conn: Connection, account_id: str) -> list[Transition]:
    """Return the moves of one account, the earliest first."""
    return list(of_accounts(conn, [account_id]).get(account_id, ()))


def of_accounts(conn: Connection, account_ids: Iterable[str]) -> dict[str, tuple[Transition, ...]]:
    """Return the moves of these accounts, by account, the earliest first."""
    query = select(transitions).order_by(transitions.c.at, transitions.c.number)
    found: dict[str, list[Transition]] = {}
    for row in each(conn, query, transitions.c.account, account_ids):
        found.setdefault(row.account, []).append(_as_transition(row))
    return {account: tuple(moves) for account, moves in found.items()}


def stage_at(conn: Connection, account_id: str, at: datetime) -> Stage:
    """Return the stage in which the account was at that time; cold before its first move."""
    latest = transitions.c.at.desc(), transitions.c.number.desc()
    query = select(transitions.c.after).order_by(*latest).limit(1)
    query = query.where(transitions.c.account == account_id, transitions.c.at <= at)
    return Stage(conn.execute(query).scalar_one_or_none() or Stage.COLD)


def holds() -> ColumnElement[bool]:
    """Return the condition that a move takes back no other, and was not taken back itself."""
    inverse = transitions.alias("inverse")
    undone = exists().where(inverse.c.account == transitions.c.account, inverse.c.undoes == transitions.c.id)
    return and_(transitions.c.undoes.is_(None), ~undone)


def save(conn: Connection, new: Sequence[Transition]) -> None:
    """Add the moves in their order; one that is there already stays as it is."""
    add(conn, transitions, [_row(move) for move in new])


def _as_transition(row: Row[Any]) -> Transition:
    return Transition(
        id=row.id,
        account=row.account,
        at=row.at,
        before=Stage(row.before),
        after=Stage(row.after),
        cause=Cause(row.cause),
        actor=row.actor,
        reason=row.reason,
        trigger=row.trigger,
        undoes=row.undoes,
        was=row.was,
    )


def _row(move: Transition) -> dict[str, Any]:
    return {
        "id": move.id,
        "account": move.account,
        "at": move.at,
        "before": move.before.value,
        "after": move.after.value,
        "cause": move.cause.value,
        "actor": move.actor,
        "reason": move.reason,
        "trigger": move.trigger,
        "undoes": move.undoes,
        "was": move.was,
    }
