"""The user's own list: accounts and the contacts at them."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from earmark.lifecycle import Stage
from earmark.types import Account, Contact
from storage.agenda import wake
from storage.columns import short
from storage.counters import LEXICON, bump
from storage.lesson import taught_names
from storage.rows import batches, each, put
from storage.tables import accounts
from storage.tables import contacts as people

__all__ = [
    "Upserted",
    "as_account",
    "as_contact",
    "contacts",
    "count",
    "every",
    "find",
    "get",
    "of",
    "relatives",
    "upsert",
    "upsert_contacts",
]

_LAST = "\U0010ffff"
_LIVED = ("stage", "stage_since", "snoozed_until", "suppression")
"""What became of an account; an import of the list never touches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """How many rows an import added, changed and left; ``refused`` are contacts without a listed account."""

    added: int = 0
    changed: int = 0
    same: int = 0
    refused: tuple[str, ...] = ()


def upsert(conn: Connection, new: Iterable[Account]) -> Upserted:
    """Store the accounts, batch by batch; stage, snooze and suppression of a known one stay."""
    added = changed = same = 0
    for batch in batches(new):
        rows = {account.id: _row(account) for account in batch}
        query = select(accounts.c.id, accounts.c.digest)
        stored = {row.id: row.digest for row in each(conn, query, accounts.c.id, rows)}
        differing = [row for key, row in sorted(rows.items()) if stored.get(key) != row["digest"]]
        put(conn, accounts, differing, keep=_LIVED)
        wake(conn, [f"a:{row['id']}" for row in differing if row["id"] in stored])
        fresh = len(rows) - len(stored)
        added, changed, same = (
            added + fresh,
            changed + len(differing) - fresh,
            same + len(rows) - len(differing),
        )
    if added or changed:
        bump(conn, LEXICON)
    return Upserted(added=added, changed=changed, same=same)


def every(conn: Connection) -> dict[str, Account]:
    """Return the whole list by id."""
    return {row.id: as_account(row) for row in conn.execute(select(accounts).order_by(accounts.c.id))}


def get(conn: Connection, account_id: str) -> Account | None:
    """Return one account, or None."""
    row = conn.execute(select(accounts).where(accounts.c.id == account_id)).one_or_none()
    return None if row is None else as_account(row)


def of(conn: Connection, account_ids: Iterable[str]) -> dict[str, Account]:
    """Return these accounts by id, as far as they are listed."""
    found = each(conn, select(accounts), accounts.c.id, account_ids)
    return {row.id: as_account(row) for row in found}


def relatives(conn: Connection, of_these: Iterable[Account]) -> dict[str, tuple[Account, ...]]:
    """Return the parent, the subsidiaries and the sisters of each account, by its id, in their order."""
    family = {account.id: account.parent or account.id for account in of_these}
    heads = sorted({*family, *family.values()})
    members = {row.id: as_account(row) for row in each(conn, select(accounts), accounts.c.parent, heads)}
    members |= of(conn, {head for own, head in family.items() if own != head})
    found: dict[str, tuple[Account, ...]] = {}
    for own, head in family.items():
        kin = [
            each_one
            for key, each_one in sorted(members.items())
            if key != own and (key == head or each_one.parent in (own, head))
        ]
        if kin:
            found[own] = tuple(kin)
    return found


def find(conn: Connection, text: str, *, limit: int = 20) -> list[Account]:
    """Return the accounts that a person may mean by an id, a name, an alias or a domain.

    Whole words come before beginnings, beginnings before words inside.
    """
    if not (plain := text.strip().lower()):
        return []
    columns = [(accounts.c.domain, plain)]
    if words := _folded(text):
        columns.append((accounts.c.folded, words))
    whole = or_(accounts.c.id == text.strip(), *(column == value for column, value in columns))
    # A range, not LIKE: it uses the index on both databases.
    begins = or_(*(and_(column >= value, column <= value + _LAST) for column, value in columns))
    inside = or_(*(accounts.c.search.contains(value, autoescape=True) for _, value in columns))
    found: dict[str, Account] = {}
    for condition in (whole, begins, inside):
        if len(found) < limit:
            query = select(accounts).where(condition).order_by(accounts.c.folded, accounts.c.id).limit(limit)
            for row in conn.execute(query):
                found.setdefault(row.id, as_account(row))
    return list(found.values())[:limit]


def count(conn: Connection) -> int:
    """Return how many accounts are on the list."""
    return conn.execute(select(func.count()).select_from(accounts)).scalar_one()


def upsert_contacts(conn: Connection, new: Iterable[Contact]) -> Upserted:
    """Store the contacts, batch by batch; one whose account is not on the list is refused."""
    added = changed = same = 0
    refused: list[str] = []
    for batch in batches(new):
        listed = set(each(conn, select(accounts.c.id), accounts.c.id, [c.account for c in batch]))
        known = {row.id for row in listed}
        refused += [contact.id for contact in batch if contact.account not in known]
        wanted = {contact.id: contact for contact in batch if contact.account in known}
        stored = {row.id: as_contact(row) for row in each(conn, select(people), people.c.id, wanted)}
        differing = [contact for key, contact in sorted(wanted.items()) if stored.get(key) != contact]
        put(conn, people, [_contact_row(contact) for contact in differing])
        fresh = len(wanted) - len(stored)
        added, changed = added + fresh, changed + len(differing) - fresh
        same += len(wanted) - len(differing)
    if added or changed:
        bump(conn, LEXICON)
    return Upserted(added=added, changed=changed, same=same, refused=tuple(refused))


def contacts(conn: Connection, account_ids: Iterable[str]) -> dict[str, tuple[Contact, ...]]:
    """Return the contacts of these accounts, by account, in the order of their ids."""
    found: dict[str, list[Contact]] = {}
    for row in each(conn, select(people).order_by(people.c.id), people.c.account, account_ids):
        found.setdefault(row.account, []).append(as_contact(row))
    return {account: tuple(members) for account, members in found.items()}


def as_account(row: Row[Any]) -> Account:
    """Return the account that a row of the table holds, with the names that people taught of it."""
    aliases, not_aliases = taught_names(row.aliases, row.not_aliases, row.lessons)
    return Account(
        id=row.id,
        name=row.name,
        domains=row.domains,
        aliases=aliases,
        not_aliases=not_aliases,
        tickers=row.tickers,
        tier=row.tier,
        owner=row.owner,
        parent=row.parent,
        territory=row.territory,
        industry=row.industry,
        size=row.size,
        city=row.city,
        country=row.country,
        extra=row.extra,
        crm_ids=row.crm_ids,
        stage=Stage(row.stage),
        stage_since=row.stage_since,
        snoozed_until=row.snoozed_until,
        suppression=row.suppression,
    )


def as_contact(row: Row[Any]) -> Contact:
    """Return the contact that a row of the table holds."""
    return Contact(
        id=row.id,
        account=row.account,
        name=row.name,
        title=row.title,
        email=row.email,
        relation=row.relation,
        since=row.since,
        crm_ids=row.crm_ids,
    )


def _row(account: Account) -> dict[str, Any]:
    listed: dict[str, Any] = {
        "id": account.id,
        "name": account.name,
        "domains": account.domains,
        "aliases": account.aliases,
        "not_aliases": account.not_aliases,
        "tickers": account.tickers,
        "tier": account.tier,
        "owner": account.owner,
        "parent": account.parent,
        "territory": account.territory,
        "industry": account.industry,
        "size": account.size,
        "city": account.city,
        "country": account.country,
        "extra": account.extra,
        "crm_ids": account.crm_ids,
    }
    names = [account.name, *account.aliases]
    return listed | {
        "folded": short(_folded(account.name)),
        "domain": short(account.domains[0].lower()) if account.domains else None,
        "search": " | ".join([*map(_folded, names), *map(str.lower, account.domains), account.id.lower()]),
        "digest": _digest(listed),
        "stage": account.stage.value,
        "stage_since": account.stage_since,
        "snoozed_until": account.snoozed_until,
        "suppression": account.suppression,
    }


def _contact_row(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "account": contact.account,
        "name": contact.name,
        "title": contact.title,
        "email": contact.email,
        "relation": contact.relation,
        "since": contact.since,
        "crm_ids": contact.crm_ids,
    }


def _digest(listed: Mapping[str, Any]) -> str:
    # A field that came later counts only where it is given: lists from before it are the same lists.
    held = [value for name, value in listed.items() if name != "parent" or value is not None]
    plain = [sorted(value.items()) if isinstance(value, Mapping) else value for value in held]
    return blake2b(repr(plain).encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()


def _folded(text: str) -> str:
    """Return lower-case words without accents and punctuation, one space between."""
    letters = text.lower() if text.isascii() else unicodedata.normalize("NFKD", text.casefold())
    kept = ("" if unicodedata.combining(letter) else letter for letter in letters)
    return " ".join("".join(letter if letter.isalnum() else " " for letter in "".join(kept)).split())
