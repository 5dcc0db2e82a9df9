"""The part of the list that somebody sees, as a condition that the database can keep to."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, FromClause, and_, or_, select, true

from storage.names import folded
from storage.tables import accounts

__all__ = ["Scope", "owned", "within"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Accounts that one of ``names`` owns, and unowned ones of ``territories``; all in folded words.

    Without territories every unowned account is within; one that has no territory is within any.
    """

    names: frozenset[str]
    territories: frozenset[str] = frozenset()

    def holds(self, owner: str | None, territory: str | None) -> bool:
        """Tell whether an account of this owner and territory is within."""
        if owner is not None:
            return folded(owner) in self.names
        return territory is None or not self.territories or folded(territory) in self.territories


def within(conn: Connection, scope: Scope | None, table: FromClause = accounts) -> ColumnElement[bool]:
    """Return the condition on accounts that are within a scope; without one all are.

    ``table`` is the table of accounts or an alias of it. Owners and territories are written by people, so
    the condition names each spelling that stands in the list.
    """
    if scope is None:
        return true()
    theirs = owned(conn, scope.names, table)
    if not scope.territories:
        return or_(theirs, table.c.owner.is_(None))
    near = [name for name in _spellings(conn, accounts.c.territory) if scope.holds(None, name)]
    somewhere = or_(table.c.territory.is_(None), table.c.territory.in_(near))
    return or_(theirs, and_(table.c.owner.is_(None), somewhere))


def owned(conn: Connection, names: Collection[str], table: FromClause = accounts) -> ColumnElement[bool]:
    """Return the condition on accounts that somebody of these (folded) names owns."""
    own = [owner for owner in _spellings(conn, accounts.c.owner) if folded(owner) in names]
    return table.c.owner.in_(own)


def _spellings(conn: Connection, column: Column[str]) -> Iterator[str]:
    yield from conn.execute(select(column).distinct().where(column.is_not(None))).scalars()
