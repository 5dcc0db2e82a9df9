"""Accounts that have a reason and are not to be contacted now: what the list of the day leaves out."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, null, or_, select

from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import Trigger, TriggerState
from storage.rows import each
from storage.scope import Scope, owned, within
from storage.tables import accounts, triggers
from storage.triggers import as_trigger

__all__ = ["best", "count"]

_SHOWN: Final = (Stage.OUTREACH_READY, Stage.WARM, Stage.HOT)
"""Stages in which an account may stand on the list of the day."""
_STATES: Final = (TriggerState.OPEN, TriggerState.ACCEPTED)
_WAITING: Final = (triggers.c.ended_at.is_(None), func.coalesce(triggers.c.state, "").in_(_STATES))


def best(
    conn: Connection,
    now: datetime,
    *,
    limit: int | None = None,
    scope: Scope | None = None,
    owners: Collection[str] = (),
) -> list[Trigger]:
    """Return the best reason of each such account, the best first, without its note.

    Only of accounts within a ``scope``, and that somebody of these (folded) ``owners`` has, if there are any.
    """
    highest = func.max(triggers.c.score_now)
    query = _reasons(conn, now, scope, owners).add_columns(highest.label("best"))
    query = query.order_by(highest.desc(), triggers.c.account).limit(limit)
    found = {row.account: row.best for row in conn.execute(query)}
    columns = [column for column in triggers.c if column.name != "note"]
    rows = select(*columns, null().label("note")).where(*_WAITING).order_by(triggers.c.id.desc())
    held = {
        row.account: row
        for row in each(conn, rows, triggers.c.account, found)
        if row.score_now == found[row.account]
    }
    return [as_trigger(held[account]) for account in found if account in held]


def count(
    conn: Connection, now: datetime, *, scope: Scope | None = None, owners: Collection[str] = ()
) -> int:
    """Return how many such accounts there are."""
    found = _reasons(conn, now, scope, owners).subquery()
    return int(conn.execute(select(func.count()).select_from(found)).scalar_one())


def _reasons(conn: Connection, now: datetime, scope: Scope | None, owners: Collection[str]) -> Select[Any]:
    """Return the query of these accounts by their reasons."""
    query = (
        select(triggers.c.account)
        .join(accounts, accounts.c.id == triggers.c.account)
        .where(triggers.c.account.is_not(None), *_WAITING, triggers.c.expires_at > now, _hidden(now))
        .where(within(conn, scope))
        .group_by(triggers.c.account)
    )
    return query.where(owned(conn, owners)) if owners else query


def _hidden(now: datetime) -> ColumnElement[bool]:
    """Return what keeps a reason off the list: its account, or that it alone is there, against contact."""
    other = triggers.alias("other")
    speaks_for = (
        other.c.account == triggers.c.account,
        other.c.ended_at.is_(None),
        func.coalesce(other.c.state, "").in_(_STATES),
        other.c.polarity != Polarity.SUPPRESS,
        other.c.expires_at > now,
    )
    return or_(
        accounts.c.stage.not_in(_SHOWN),
        accounts.c.snoozed_until > now,
        accounts.c.suppression.is_not(None),
        and_(triggers.c.polarity == Polarity.SUPPRESS, ~exists().where(*speaks_for)),
    )
