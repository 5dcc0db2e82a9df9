"""How many rows the list has, and how many of them have each value that it can be filtered by."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Subquery, func, select

from storage.fitting import Fitting, fitting
from storage.scope import Scope
from storage.tables import accounts, triggers
from storage.wanted import Wanted

__all__ = ["count", "is_long", "values"]


def is_long(conn: Connection, most: int) -> bool:
    """Tell whether more than so many triggers are stored."""
    return conn.execute(select(triggers.c.id).offset(most).limit(1)).first() is not None


def count(
    conn: Connection, wanted: Wanted, now: datetime, scope: Scope | None = None, *, most: int | None = None
) -> int:
    """Return how many rows the list has in all; with ``most`` no more than that are counted."""
    fit = fitting(conn, wanted, now, scope)
    listed = _many(conn, _counted(fit).group_by(triggers.c.account).limit(most).subquery())
    rest = None if most is None else most - listed
    return listed + (_many(conn, _talked(fit).limit(rest).subquery()) if rest != 0 else 0)


def values(
    conn: Connection, wanted: Wanted, now: datetime, scope: Scope | None = None
) -> dict[str, dict[str, int]]:
    """Return how many rows have each kind, problem, stage, owner and tier."""
    fit = fitting(conn, wanted, now, scope)
    found: dict[str, dict[str, int]] = {}
    for column in (triggers.c.kind, triggers.c.problem):
        told = column.is_not(None)
        of_accounts = _counted(fit).add_columns(column.label("value")).where(told)
        of_nobody = _talked(fit).add_columns(column.label("value")).where(told)
        of_accounts = of_accounts.group_by(triggers.c.account, column)
        found[column.name] = _by(conn, of_accounts.union_all(of_nobody).subquery(), "value")["value"]
    names = ("stage", "owner", "tier")
    held = [func.max(accounts.c[name]).label(name) for name in names]  # an account has one of each
    query = _counted(fit).add_columns(*held)
    return found | _by(conn, query.group_by(triggers.c.account).subquery(), *names)


def _counted(fit: Fitting) -> Select[Any]:
    """Return the query of reasons of accounts, to be grouped by these: so an index alone answers it."""
    return _query(fit).where(triggers.c.account.is_not(None))


def _talked(fit: Fitting) -> Select[Any]:
    """Return the query of conversations."""
    return _query(fit).where(triggers.c.account.is_(None))


def _query(fit: Fitting) -> Select[Any]:
    joined = triggers.outerjoin(accounts, accounts.c.id == triggers.c.account)
    return select(triggers.c.account).select_from(joined).where(*fit.conditions)


def _many(conn: Connection, rows: Subquery) -> int:
    return int(conn.execute(select(func.count()).select_from(rows)).scalar_one())


def _by(conn: Connection, rows: Subquery, *names: str) -> dict[str, dict[str, int]]:
    """Return how many rows have each value of these columns."""
    columns = [rows.c[name] for name in names]
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in conn.execute(select(*columns, func.count().label("many")).group_by(*columns)):
        for name, value in zip(names, row, strict=False):
            if value is not None:
                found[name][value] = found[name].get(value, 0) + row.many
    return found
