"""Who was erased: kept as digests, so that no import and no poll brings them back."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from sqlite3 import OperationalError
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, select

from earmark.types import Contact, Fact, Hint
from storage.columns import short
from storage.person import Digests, Person, link_digest
from storage.rows import add
from storage.tables import contacts, erasures

__all__ = ["erased", "known_as", "overwrite", "remember", "without"]

T = TypeVar("T")

_KEPT: Final = frozenset({"account", "crm_ids", "domains", "fingerprint", "id", "name", "parent", "source"})
_LINKS: Final = frozenset({"canonical_url", "external_id", "thread_url", "url"})


def remember(conn: Connection, person: Person, *, by: str, at: datetime) -> None:
    """Note that the person was erased; nothing but digests is kept."""
    add(conn, erasures, [{"digest": digest, "at": at, "by": by} for digest in sorted(person.digests)])


def erased(conn: Connection) -> Digests | None:
    """Return everybody who was erased, or None while there is nobody."""
    known = frozenset(conn.execute(select(erasures.c.digest)).scalars())
    return Digests(known) if known else None


def without(digests: Digests | None, items: Iterable[T]) -> list[T]:
    """Return the items (events, accounts, contacts …) without what names somebody erased.

    Of a contact that is one of them nothing is left; of others the names are replaced.
    """
    if digests is None:
        return list(items)
    return [_hidden(item, digests) for item in items if not _is_one(item, digests)]


def known_as(conn: Connection, person: Person) -> tuple[str, ...]:
    """Return the names and addresses under which the user's list has the person."""
    rows = conn.execute(select(contacts.c.name, contacts.c.email))
    found = [
        (row.name, row.email)
        for row in rows
        if person.in_text(row.name) or (row.email is not None and person.in_text(row.email))
    ]
    return tuple(dict.fromkeys(text for pair in found for text in pair if text))


def overwrite(engine: Engine) -> bool:
    """Have SQLite put out of its files what was deleted; say whether it could.

    It can't while another program writes. PostgreSQL does it in its own time (vacuum).
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as conn:
        raw = conn.connection.dbapi_connection
        if raw is None:
            return False
        cursor = raw.cursor()
        try:
            # The index of words keeps a mark of each that was taken out: it is made anew.
            cursor.execute("INSERT INTO search_words(search_words) VALUES ('rebuild')")
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, *_ = cursor.fetchone() or (1,)
            return bool(busy == 0)
        except OperationalError:
            return False
        finally:
            cursor.close()


def _is_one(item: Any, digests: Digests) -> bool:
    if not isinstance(item, Contact):
        return False
    return digests.in_text(item.name) or (item.email is not None and digests.in_text(item.email))


def _hidden(item: Any, digests: Digests) -> Any:
    """Return a value of ``earmark.types`` with the names in its texts replaced; what joins rows stays."""
    changes = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if field.name in _KEPT:
            continue
        linked = field.name in _LINKS
        hidden = _unlinked(field.name, value, digests) if linked else _clean(value, digests)
        if hidden != value:
            changes[field.name] = hidden
    return replace(item, **changes) if changes else item


def _unlinked(name: str, link: str | None, digests: Digests) -> str | None:
    """Return a link that names nobody erased; an id stays one by which the event is known again."""
    if link is None or not digests.in_text(link):
        return link
    return link_digest(short(link)) if name == "external_id" else None


def _clean(value: Any, digests: Digests) -> Any:
    if isinstance(value, str):
        return digests.hide(value)
    if isinstance(value, tuple):
        return tuple(_clean(each, digests) for each in value)
    if isinstance(value, Fact | Hint):
        return replace(value, value=_clean(value.value, digests))
    if isinstance(value, dict) or hasattr(value, "items"):
        return {key: _clean(each, digests) for key, each in value.items()}
    return value
