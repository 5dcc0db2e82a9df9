"""Which account is meant: by our id, by a CRM's id, by a domain or by a name."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Text, bindparam, select, type_coerce, update

from earmark.intake import Key, crm_key
from storage import united
from storage.counters import LEXICON, bump
from storage.names import folded
from storage.rows import batches
from storage.tables import accounts

__all__ = ["chosen", "crm_ids_but", "meant", "parents", "set_parents"]

_AT_ONCE = 2_000


def meant(conn: Connection, keys: Iterable[Key]) -> dict[Key, tuple[str, ...]]:
    """Return the ids of all accounts that each key may mean; a key that means none is left out.

    One that was merged into another means that other.

    The list is read once from end to end, whatever is asked: an account has many domains and names.
    """
    asked: dict[Key, list[Key]] = {}
    for key in dict.fromkeys(keys):
        asked.setdefault(_plain(key), []).append(key)
    if not asked:
        return {}
    kinds = {key.kind for key in asked}
    found: dict[Key, list[str]] = {}
    heirs = united.heirs(conn)
    for row in _stream(conn, kinds):
        for plain in dict.fromkeys(_keys_of(row, kinds)):
            for key in asked.get(plain, ()):
                found.setdefault(key, []).append(heirs.get(row.id, row.id))
    return {key: tuple(sorted(set(ids))) for key, ids in found.items()}


def chosen(keys: Sequence[Key], found: Mapping[Key, Sequence[str]]) -> tuple[str | None, tuple[str, ...]]:
    """Return the account that the first unambiguous key means, and otherwise those that may be meant."""
    doubtful: dict[str, None] = {}
    for key in keys:
        ids = found.get(key, ())
        if len(ids) == 1:
            return ids[0], ()
        doubtful |= dict.fromkeys(ids)
    return None, tuple(doubtful)


def crm_ids_but(conn: Connection, named: Callable[[str], bool]) -> dict[Key, str]:
    """Return the accounts by their CRM ids, without those whose id ``named`` says yes to."""
    found: dict[Key, str] = {}
    for row in _stream(conn, {"crm"}):
        if row.crm_ids and not named(row.id):
            found |= dict.fromkeys(_keys_of(row, {"crm"}), row.id)
    return found


def parents(conn: Connection) -> dict[str, str]:
    """Return the parent of each account that has one."""
    query = select(accounts.c.id, accounts.c.parent).where(accounts.c.parent.is_not(None))
    return {row.id: row.parent for row in conn.execute(query)}


def set_parents(conn: Connection, links: Mapping[str, str | None]) -> None:
    """Give each account its parent, or none."""
    statement = update(accounts).where(accounts.c.id == bindparam("child")).values(parent=bindparam("head"))
    for batch in batches(sorted(links)):
        conn.execute(statement, [{"child": child, "head": links[child]} for child in batch])
    if links:
        bump(conn, LEXICON)


def _stream(conn: Connection, kinds: Collection[str]) -> Iterator[Row[Any]]:
    """Yield all accounts with the columns that these kinds of keys need."""
    columns: list[Any] = [accounts.c.id]
    columns += [_raw("domains")] if "domain" in kinds else []
    columns += [accounts.c.folded, _raw("aliases")] if "name" in kinds else []
    columns += [_raw("crm_ids"), accounts.c.own] if "crm" in kinds else []
    query = select(*columns).order_by(accounts.c.id)
    yield from conn.execute(query.execution_options(yield_per=_AT_ONCE))


def _raw(name: str) -> Any:
    """Return a packed column as it stands: of a million rows, unpacking would be most of the work."""
    return type_coerce(accounts.c[name], Text).label(name)


def _keys_of(row: Row[Any], kinds: Collection[str]) -> Iterator[Key]:
    if "id" in kinds:
        yield Key("id", row.id.casefold())
    if "domain" in kinds:
        yield from (Key("domain", domain.lower()) for domain in json.loads(row.domains or "[]"))
    if "name" in kinds:
        yield Key("name", row.folded)
        yield from (Key("name", folded(alias)) for alias in json.loads(row.aliases or "[]"))
    if "crm" in kinds:
        own = json.loads(row.crm_ids or "{}") if row.own is None else row.own.crm_ids
        yield from (crm_key(crm, remote) for crm, remote in own.items())


def _plain(key: Key) -> Key:
    """Return the key as it is compared."""
    if key.kind == "name":
        return Key("name", folded(key.text))
    return key if key.kind == "crm" else Key(key.kind, key.text.casefold())
