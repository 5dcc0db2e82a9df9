"""What the list says of an account that others were merged into: its own words first, theirs in the gaps.

Its row holds what all of them say together, so that every list and filter reads one row; its own words stand
beside that. The others keep their rows, out of sight, where an import goes on writing what it says of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, select, update

from earmark.intake.accounts import merged
from earmark.types import Account
from storage.columns import short
from storage.names import folded
from storage.rows import each
from storage.tables import accounts

__all__ = ["FIELDS", "STANDS", "assigned", "columns_of", "heirs", "imported", "own_words", "write"]

FIELDS: Final = (
    *("name", "domains", "aliases", "not_aliases", "tickers", "tier", "owner", "parent", "territory"),
    *("industry", "size", "city", "country", "extra", "crm_ids"),
)
"""What the list says of an account."""

STANDS: Final[ColumnElement[bool]] = accounts.c.merged_into.is_(None)
"""Of accounts that stand on the list by themselves."""


def columns_of(listed: Mapping[str, Any], others: Iterable[str] = ()) -> dict[str, Any]:
    """Return the columns by which an account is found; ``others`` are ids that mean it, too."""
    name = folded(listed["name"])
    domains: tuple[str, ...] = listed["domains"]
    ids = [listed["id"].lower(), *map(str.lower, others)]
    return {
        "folded": short(name),
        "domain": short(domains[0].lower()) if domains else None,
        "search": " | ".join([name, *map(folded, listed["aliases"]), *map(str.lower, domains), *ids]),
    }


def _listed(row: Any) -> Account:
    return Account(id=row.id, **{name: getattr(row, name) for name in FIELDS})


def own_words(row: Any) -> Any:
    """Return the own words of an account as if its row held nothing else."""
    own = {name: getattr(row.own, name) for name in FIELDS}
    return SimpleNamespace(**own | {"id": row.id, "digest": row.digest, "own": row.own, "parent": row.parent})


def imported(conn: Connection, account_ids: Iterable[str]) -> dict[str, Account]:
    """Return what the list says of each of these rows alone, without what others or people say of it."""
    found = each(conn, select(accounts), accounts.c.id, account_ids)
    return {row.id: _listed(row if row.own is None else own_words(row)) for row in found}


def write(conn: Connection, touched: Iterable[str]) -> frozenset[str]:
    """Unite anew what is said of those that these are or were merged into; return their ids."""
    names, written = set(touched), set[str]()
    while names:
        heads = select(accounts.c.merged_into).where(accounts.c.merged_into.is_not(None))
        above = {row.merged_into for row in each(conn, heads, accounts.c.id, names)}
        whole = select(accounts).where(accounts.c.own.is_not(None))
        for row in list(each(conn, whole, accounts.c.id, sorted(names | above))):
            _write(conn, row)
            written.add(row.id)
        names = above
    return frozenset(written)


def assigned(conn: Connection, owners: Mapping[str, str | None]) -> None:
    """Keep whose an account is now among its own words, too."""
    whole = select(accounts.c.id, accounts.c.own).where(accounts.c.own.is_not(None))
    for row in list(each(conn, whole, accounts.c.id, owners)):
        own = replace(row.own, owner=owners[row.id])
        conn.execute(update(accounts).where(accounts.c.id == row.id).values(own=own))


def heirs(conn: Connection) -> dict[str, str]:
    """Return for each account that was merged into another the one that stands for it now."""
    query = select(accounts.c.id, accounts.c.merged_into).where(accounts.c.merged_into.is_not(None))
    found = {row.id: row.merged_into for row in conn.execute(query)}
    return {gone: _last(heir, found) for gone, heir in found.items()}


def _last(heir: str, found: Mapping[str, str]) -> str:
    while heir in found:
        heir = found[heir]
    return heir


def _write(conn: Connection, row: Row[Any]) -> None:
    query = select(accounts).where(accounts.c.merged_into == row.id).order_by(accounts.c.id)
    members = [_listed(one) for one in conn.execute(query)]
    both = reduce(lambda one, other: merged(one, other)[0], members, row.own)
    names = {name.casefold() for name in (both.name, *both.aliases)}
    never = tuple(name for name in both.not_aliases if name.casefold() not in names)
    listed = {name: getattr(both, name) for name in FIELDS if name != "parent"} | {"not_aliases": never}
    columns = columns_of({"id": row.id, **listed}, [one.id for one in members])
    conn.execute(update(accounts).where(accounts.c.id == row.id).values(**listed, **columns))
