"""What a person did last and has not taken back: what an undo without more words is about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, or_, select

from earmark.lifecycle import Cause
from earmark.types import TriggerState
from storage.rows import each
from storage.tables import accounts, actions, transitions, triggers
from storage.transitions import holds

__all__ = ["Standing", "contacted", "last", "newest", "of_trigger", "since"]

_ENDED: Final = (TriggerState.ACCEPTED.value, TriggerState.CONTACTED.value, TriggerState.DISMISSED.value)
_CONTACTED: Final = "Contacted"
"""How outreach is told: that nobody answered has the same cause, and tells of an outreach before."""
_FARTHEST: Final = 1_000
"""How many actions back a conversation is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Something done that still holds: to an account by a ``transition``, or to a conversation."""

    account: str | None
    trigger: str | None
    transition: str
    name: str
    words: str
    by: str
    at: datetime


def last(conn: Connection, by: str) -> Standing | None:
    """Return what this person did last, of what still holds; None where there is nothing."""
    move = conn.execute(_moves().where(transitions.c.actor == by).limit(1)).first()
    said = _conversation(conn, by)
    if move is None or said is None:
        return _of_account(move) if move is not None else said and _of_conversation(said)
    if (said.at, said.number) > (move.at, _number(conn, move)):
        return _of_conversation(said)
    return _of_account(move)


def newest(conn: Connection) -> int:
    """Return the number of the newest move of any account: a page says with it what it had seen."""
    return conn.execute(select(func.max(transitions.c.number))).scalar_one_or_none() or 0


def since(conn: Connection, account: str, seen: int) -> list[Standing]:
    """Return what people did to an account after the move of this number, the latest first."""
    query = _moves().where(transitions.c.account == account, transitions.c.number > seen)
    return [_of_account(row) for row in conn.execute(query)]


def contacted(conn: Connection, at: datetime, until: datetime) -> set[str]:
    """Return the accounts that people contacted from a time on, up to another, and that still holds."""
    whose = func.coalesce(actions.c.account, triggers.c.account)
    acted = select(whose).outerjoin_from(actions, triggers, triggers.c.id == actions.c.trigger)
    acted = acted.where(actions.c.at >= at, actions.c.at <= until, whose.is_not(None)).distinct()
    made = transitions.c.cause == Cause.CONTACTED.value, transitions.c.reason.startswith(_CONTACTED)
    moves = _moves().where(transitions.c.at >= at, transitions.c.at <= until, *made)
    return {row.account for row in each(conn, moves, transitions.c.account, conn.execute(acted).scalars())}


def of_trigger(conn: Connection, trigger: str) -> list[Standing]:
    """Return what people did to a trigger, the latest first; of a conversation the last thing alone."""
    moves = conn.execute(_moves().where(transitions.c.trigger == trigger)).all()
    if moves:
        return [_of_account(row) for row in moves]
    query = select(actions.c.number, actions.c.at, actions.c.trigger, actions.c.body)
    query = query.where(actions.c.trigger == trigger).order_by(actions.c.number.desc()).limit(1)
    return [_of_conversation(row) for row in conn.execute(query)]


def _moves() -> Any:
    """Return the query of what people did to accounts and did not take back, the latest first."""
    query = select(transitions, accounts.c.name).join(accounts, accounts.c.id == transitions.c.account)
    by_people = transitions.c.was.is_not(None)
    return query.where(by_people, holds()).order_by(transitions.c.number.desc())


def _conversation(conn: Connection, by: str) -> Any:
    """Return the last action of this person on a conversation, if nobody took it back or did another."""
    query = select(actions.c.number, actions.c.at, actions.c.trigger, actions.c.body)
    query = query.join(triggers, triggers.c.id == actions.c.trigger)
    query = query.where(triggers.c.account.is_(None), triggers.c.state.in_(_ENDED))
    seen: set[str] = set()
    for row in conn.execute(query.order_by(actions.c.number.desc()).limit(_FARTHEST)):
        if row.trigger not in seen and row.body.by == by and row.body.verb != "undo":
            return row
        seen.add(row.trigger)
    return None


def _number(conn: Connection, move: Row[Any]) -> int:
    """Return the number of the action that made a move."""
    own = select(triggers.c.id).where(triggers.c.account == move.account)
    about = or_(actions.c.account == move.account, actions.c.trigger.in_(own))
    query = select(func.max(actions.c.number)).where(actions.c.at == move.at, about)
    return conn.execute(query).scalar_one_or_none() or 0


def _of_account(row: Row[Any]) -> Standing:
    return Standing(
        account=row.account,
        trigger=row.trigger,
        transition=row.id,
        name=row.name,
        words=row.reason.removesuffix("."),
        by=row.actor,
        at=row.at,
    )


def _of_conversation(row: Any) -> Standing:
    value = f" as {row.body.value.replace('_', ' ')}" if row.body.value else ""
    verb = {"accept": "Accepted", "contacted": "Contacted", "dismiss": "Dismissed"}.get(row.body.verb)
    return Standing(
        account=None,
        trigger=row.trigger,
        transition="",
        name="a conversation",
        words=f"{verb or row.body.verb}{value}",
        by=row.body.by,
        at=row.at,
    )
