"""Saved views: parts of the list that a person, or the whole team, looks at again and again."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from earmark.errors import ConfigError
from storage.counters import CHANGES, bump
from storage.tables import views

__all__ = ["View", "arrange", "create", "every", "get", "remove", "rename"]

_LONGEST: Final = 60
_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A part of the list by its ``query``, as an address has it; without a ``user`` it is the team's."""

    id: str
    user: str | None
    name: str
    query: str


def every(conn: Connection, user: str) -> list[View]:
    """Return the views of a user and of the team, in the order that they were given."""
    theirs = or_(views.c.user.is_(None), views.c.user == user)
    return [_as_view(row) for row in conn.execute(select(views).where(theirs).order_by(*_ORDER))]


def get(conn: Connection, view_id: str) -> View | None:
    """Return one view, or None."""
    row = conn.execute(select(views).where(views.c.id == view_id)).one_or_none()
    return None if row is None else _as_view(row)


def create(conn: Connection, *, name: str, query: str, user: str | None, at: datetime) -> View:
    """Keep a view behind the others; ConfigError for a name that is empty or taken."""
    held = _of(conn, user)
    if len(held) >= _MOST:
        raise ConfigError(f"There are {_MOST} views already. Remove one first.")
    view = View(id=secrets.token_hex(8), user=user, name=_fresh(name, held), query=query)
    place = conn.execute(select(func.max(views.c.place))).scalar_one_or_none() or 0
    row = {"id": view.id, "user": user, "name": view.name, "query": query}
    conn.execute(insert(views), [{**row, "place": place + 1, "created_at": at}])
    bump(conn, CHANGES)
    return view


def rename(conn: Connection, view: View, name: str) -> None:
    """Give a view another name; ConfigError for one that is empty or taken."""
    held = [each for each in _of(conn, view.user) if each.id != view.id]
    conn.execute(update(views).where(views.c.id == view.id).values(name=_fresh(name, held)))
    bump(conn, CHANGES)


def remove(conn: Connection, view: View) -> None:
    """Remove a view; what it showed stays."""
    conn.execute(delete(views).where(views.c.id == view.id))
    bump(conn, CHANGES)


def arrange(conn: Connection, view: View, *, up: bool) -> None:
    """Let a view and the one before it (or behind it) change places, among those of its owner."""
    held = _of(conn, view.user)
    place = next(number for number, each in enumerate(held) if each.id == view.id)
    other = place - 1 if up else place + 1
    if 0 <= other < len(held):
        held[place], held[other] = held[other], held[place]
        for number, each in enumerate(held):
            conn.execute(update(views).where(views.c.id == each.id).values(place=number))
        bump(conn, CHANGES)


_ORDER = (views.c.user.is_not(None), views.c.place, views.c.created_at, views.c.id)


def _of(conn: Connection, user: str | None) -> list[View]:
    whose = views.c.user.is_(None) if user is None else views.c.user == user
    return [_as_view(row) for row in conn.execute(select(views).where(whose).order_by(*_ORDER))]


def _fresh(name: str, held: Sequence[View]) -> str:
    seen = "".join(char if char.isprintable() else " " for char in name)
    plain = " ".join(seen.split())[:_LONGEST]
    if not plain:
        raise ConfigError("A view needs a name. Write one, such as Hot in Europe.")
    if plain.casefold() in {each.name.casefold() for each in held}:
        raise ConfigError(f"There is a view {plain!r} already. Give another name.")
    return plain


def _as_view(row: Row[Any]) -> View:
    return View(id=row.id, user=row.user, name=row.name, query=row.query)
