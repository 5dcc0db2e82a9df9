"""The list of accounts read in pieces: by what is looked for, in the order of their names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, func, or_, select, tuple_

from earmark.lifecycle import Stage
from earmark.types import Account, TriggerState
from storage.accounts import as_account, of
from storage.columns import short
from storage.names import folded
from storage.rows import BATCH, each
from storage.scope import Scope, within
from storage.tables import accounts, remotes, sources, triggers
from storage.united import STANDS
from storage.values import pack

__all__ = [
    "Asked",
    "Place",
    "Record",
    "count",
    "leaf",
    "meant_by",
    "place_of",
    "reasons_of",
    "records_of",
    "values_of",
    "watched_by",
]

_MOST_VALUES: Final = 300
_SHORTEST: Final = 3
_OPEN: Final = (TriggerState.OPEN.value, TriggerState.ACCEPTED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which accounts are looked for; None is not asked, an empty owner means nobody's."""

    text: str = ""
    stage: Stage | None = None
    owner: str | None = None
    territory: str | None = None
    tier: str | None = None
    suppressed: bool | None = None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page of the list ends: the last account's name, folded, and its id."""

    folded: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The record of an account in a target, as we wrote or found it there."""

    target: str
    remote_id: str | None
    url: str | None
    at: datetime


def leaf(
    conn: Connection, asked: Asked, scope: Scope | None, after: Place | None = None
) -> Iterator[Account]:
    """Yield the accounts that are looked for, by name, from behind a place on, few in memory at a time."""
    query = select(accounts).where(*_conditions(conn, asked, scope))
    if after is not None:
        query = query.where(tuple_(accounts.c.folded, accounts.c.id) > tuple_(after.folded, after.id))
    query = query.order_by(accounts.c.folded, accounts.c.id)
    yield from map(as_account, conn.execute(query.execution_options(yield_per=BATCH)))


def place_of(account: Account) -> Place:
    """Return the place behind an account."""
    return Place(short(folded(account.name)), account.id)


def count(conn: Connection, asked: Asked, scope: Scope | None) -> int:
    """Return how many accounts are looked for."""
    query = select(func.count()).select_from(accounts).where(*_conditions(conn, asked, scope))
    return conn.execute(query).scalar_one()


def values_of(conn: Connection, scope: Scope | None) -> dict[str, list[str]]:
    """Return the owners, territories and tiers that accounts within the scope have, sorted."""
    columns = {"owner": accounts.c.owner, "territory": accounts.c.territory, "tier": accounts.c.tier}
    condition = and_(within(conn, scope), STANDS)
    return {name: _values(conn, column, condition) for name, column in columns.items()}


def reasons_of(conn: Connection, account_ids: Iterable[str]) -> dict[str, int]:
    """Return how many open reasons each of these accounts has."""
    query = select(triggers.c.account, func.count().label("held"))
    # Without coalesce SQLite walks the index of states: all that is open, for some accounts.
    query = query.where(func.coalesce(triggers.c.state, "").in_(_OPEN)).group_by(triggers.c.account)
    return {row.account: row.held for row in each(conn, query, triggers.c.account, account_ids)}


def records_of(conn: Connection, account_id: str) -> list[Record]:
    """Return the records of an account in all targets, the newest first."""
    query = select(remotes.c.target, remotes.c.remote_id, remotes.c.url, remotes.c.at)
    query = query.where(remotes.c.object == "company", remotes.c.key == short(account_id))
    rows = conn.execute(query.order_by(remotes.c.at.desc(), remotes.c.target))
    return [Record(target=row.target, remote_id=row.remote_id, url=row.url, at=row.at) for row in rows]


def meant_by(conn: Connection, words: Iterable[str]) -> dict[str, Account]:
    """Return the accounts that have one of these words as their id, their first domain or their name."""
    wanted = {word.strip().lower() for word in words if word.strip()}
    names = {plain for word in wanted if (plain := folded(word))}
    found = set[str]()
    query: Select[Any] = select(accounts.c.id)
    for column, values in ((accounts.c.domain, wanted), (accounts.c.folded, names), (accounts.c.id, wanted)):
        found |= {row.id for row in each(conn, query, column, sorted(values))}
    return {account.id: account for account in of(conn, sorted(found)).values()}


def watched_by(conn: Connection, account: Account) -> int:
    """Return how many sources name the account in their options: its domains or its name."""
    named = [*account.domains, *([account.name] if len(account.name) >= _SHORTEST else [])]
    if not named:
        return 0
    # Options are stored as ASCII JSON, in which a letter with an accent is an escape, each case its own.
    words = {pack(str, case)[1:-1].lower() for name in named for case in (name, name.lower())}
    options = func.lower(sources.c.options, type_=accounts.c.search.type)
    told = or_(*(options.contains(word, autoescape=True) for word in sorted(words)))
    found = conn.execute(select(sources.c.options).where(sources.c.enabled, told)).scalars()
    alone = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in named), re.IGNORECASE)
    return sum(any(alone.search(str(value)) for value in each_.values()) for each_ in found)


def _conditions(conn: Connection, asked: Asked, scope: Scope | None) -> list[ColumnElement[bool]]:
    found = [within(conn, scope), STANDS]
    if plain := asked.text.strip().lower():
        parts = [
            accounts.c.search.contains(value, autoescape=True) for value in {plain, folded(plain)} if value
        ]
        found.append(or_(*parts))
    if asked.stage is not None:
        found.append(accounts.c.stage == asked.stage.value)
    if asked.suppressed is not None:
        there = accounts.c.suppression.is_not(None)
        found.append(there if asked.suppressed else accounts.c.suppression.is_(None))
    for column, value in (
        (accounts.c.owner, asked.owner),
        (accounts.c.territory, asked.territory),
        (accounts.c.tier, asked.tier),
    ):
        if value is not None:
            found.append(_is(column, value))
    return found


def _is(column: Column[str], value: str) -> ColumnElement[bool]:
    plain = value.strip().lower()
    same = or_(func.lower(column) == plain, column == value)  # SQLite folds ASCII only
    return same if plain else or_(column.is_(None), column == "")


def _values(conn: Connection, column: Column[str], condition: ColumnElement[bool]) -> list[str]:
    query = select(column).distinct().where(column.is_not(None), condition).order_by(column)
    return [value for value in conn.execute(query.limit(_MOST_VALUES)).scalars() if value]
