"""What came last, the newest first, in pieces whose ends stay where they are while more comes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Tuple, and_, func, literal, or_, select, tuple_

from earmark.types import Judgement, Trigger, TriggerState, Verdict
from storage.fitting import SOME, key_of
from storage.rows import each
from storage.scope import Scope, within
from storage.tables import accounts, judgements, triggers
from storage.triggers import as_trigger

__all__ = ["Said", "made", "said", "some"]

_STEPS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A verdict with its number, by which the next piece begins; it may have been taken back."""

    number: int
    judgement: Judgement
    taken_back_at: datetime | None


def made(
    conn: Connection,
    *,
    limit: int,
    before: tuple[datetime, str] | None = None,
    since: datetime | None = None,
    kinds: Collection[str] = (),
    states: Collection[str] = (),
    account: str | None = None,
    scope: Scope | None = None,
) -> list[Trigger]:
    """Return triggers, the newest first, behind a place: the moment and the id of the last one known.

    What was merged into another is left out, unless that state is asked for.
    """
    query = select(triggers).outerjoin(accounts, accounts.c.id == triggers.c.account)
    if states:
        # Wrapped, so that the index in the order of the list is read, not that of a state, and then sorted.
        query = query.where(func.coalesce(triggers.c.state, "").in_(states))
    else:
        query = query.where(triggers.c.state != TriggerState.MERGED.value)
    if kinds:
        query = query.where(triggers.c.kind.in_(kinds))
    if account is not None:
        query = query.where(triggers.c.account == account)
    if since is not None:
        query = query.where(triggers.c.created_at >= since)
    if before is not None:
        at, name = before
        older = and_(triggers.c.created_at == at, triggers.c.id < name)
        query = query.where(triggers.c.created_at <= at, or_(triggers.c.created_at < at, older))
    if scope is not None:
        query = query.where(or_(triggers.c.account.is_(None), within(conn, scope)))
    query = query.order_by(triggers.c.created_at.desc(), triggers.c.id.desc())
    near = _near(kinds, states) if conn.dialect.name == "sqlite" and account is None else []
    end = _end(conn, before) if near else None
    if end is None:
        return [as_trigger(row) for row in conn.execute(query.limit(limit))]
    # As in ``storage.listing``: some steps along the order, then among what indexes say is near.
    here = tuple_(triggers.c.created_at, triggers.c.id)
    found = conn.execute(query.where(here >= end).limit(limit)).all()
    if len(found) < limit:
        further = query.where(here < end, *near).limit(limit - len(found))
        found = [*found, *conn.execute(further)]
    return [as_trigger(row) for row in found]


def _end(conn: Connection, before: tuple[datetime, str] | None) -> Tuple | None:
    """Return the place of the trigger so many steps behind another; None where there is none."""
    query = select(SOME.c.created_at, SOME.c.id)
    if before is not None:
        query = query.where(tuple_(SOME.c.created_at, SOME.c.id) < _place(*before))
    ordered = query.order_by(SOME.c.created_at.desc(), SOME.c.id.desc())
    row = conn.execute(ordered.offset(_STEPS - 1).limit(1)).first()
    return _place(row.created_at, row.id) if row is not None else None


def _place(at: datetime, name: str) -> Tuple:
    return tuple_(literal(at, triggers.c.created_at.type), name)


def _near(kinds: Collection[str], states: Collection[str]) -> list[ColumnElement[bool]]:
    """Return conditions that leave what is of these kinds and states, each a list made of an index."""
    lists = select(key_of(SOME, "sqlite")).select_from(SOME)
    merged = TriggerState.MERGED.value
    asked = [lists.where(SOME.c.state.in_(states))] if states else []
    if kinds and merged not in states:
        asked.append(lists.where(SOME.c.state != merged, SOME.c.kind.in_(kinds)))
    return [key_of(triggers, "sqlite", is_driver=False).in_(one) for one in asked]


def some(conn: Connection, trigger_ids: Collection[str]) -> list[Trigger]:
    """Return these triggers whole, as far as they are there."""
    return [as_trigger(row) for row in each(conn, select(triggers), triggers.c.id, trigger_ids)]


def said(
    conn: Connection,
    *,
    limit: int,
    before: int | None = None,
    since: datetime | None = None,
    scope: Scope | None = None,
) -> list[Said]:
    """Return verdicts, the newest first, behind the number of the last one known."""
    query = select(judgements).join(triggers, triggers.c.id == judgements.c.trigger)
    query = query.outerjoin(accounts, accounts.c.id == triggers.c.account)
    if before is not None:
        query = query.where(judgements.c.number < before)
    if since is not None:
        query = query.where(judgements.c.at >= since)
    if scope is not None:
        query = query.where(or_(triggers.c.account.is_(None), within(conn, scope)))
    return [
        Said(
            number=row.number,
            judgement=Judgement(
                id=row.id,
                trigger=row.trigger,
                verdict=Verdict(row.verdict),
                by=row.by,
                at=row.at,
                text=row.text,
            ),
            taken_back_at=row.taken_back_at,
        )
        for row in conn.execute(query.order_by(judgements.c.number.desc()).limit(limit))
    ]
