"""The user's own list: accounts and the contacts at them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, func, or_, select

from earmark.lifecycle import Stage
from earmark.types import Account, Contact
from storage import erasures, search, united
from storage.agenda import wake
from storage.counters import LEXICON, bump
from storage.differences import Difference, Log, Upserted
from storage.lesson import taught_names
from storage.names import folded
from storage.rows import BATCH, batches, each, put
from storage.tables import accounts
from storage.tables import contacts as people
from storage.united import FIELDS, STANDS, columns_of

__all__ = [
    "Difference",
    "Upserted",
    "as_account",
    "as_contact",
    "champions",
    "contact_list",
    "contacts",
    "count",
    "each_account",
    "every",
    "find",
    "get",
    "of",
    "relatives",
    "upsert",
    "upsert_contacts",
]

_LAST = "\U0010ffff"
_MAPPINGS: Final = frozenset({"extra", "crm_ids"})
_STORED: Final = (accounts.c.id, accounts.c.digest, accounts.c.own, *(accounts.c[name] for name in FIELDS))
_LIVED = ("stage", "stage_since", "snoozed_until", "suppression")
"""What became of an account; an import of the list never touches it."""


def upsert(conn: Connection, new: Iterable[Account], given: Collection[str] | None = None) -> Upserted:
    """Store the accounts, batch by batch; stage, snooze and suppression of a known one stay.

    ``given`` names the fields that the new values speak of (columns of ``extra`` as ``extra.COLUMN``): the
    others stay as they are stored. None speaks of all; a parent that is not said stays in any case.
    """
    same, fresh, touched = 0, set[str](), set[str]()
    log = Log()
    gone = erasures.erased(conn)
    for batch in batches(new):
        wanted = {account.id: account for account in erasures.without(gone, batch)}
        found = each(conn, select(*_STORED), accounts.c.id, wanted)
        stored = {row.id: row if row.own is None else united.own_words(row) for row in found}
        rows, differing = [], []
        for key, account in sorted(wanted.items()):
            known = stored.get(key)
            listed = _listed(account)
            if known is None:
                fresh.add(key)
            else:
                listed = _over(known, listed, given)
                if _digest(listed) == known.digest and listed["parent"] == known.parent:
                    same += 1
                    continue
                differing.append(key)
                log.compare(known, listed)
            rows.append(_row(account, listed, is_whole=known is not None and known.own is not None))
        put(conn, accounts, rows, keep=_LIVED)
        moved = sorted({*differing, *united.write(conn, differing)})
        wake(conn, [f"a:{key}" for key in moved])
        search.fill_of_accounts(conn, moved)
        touched.update(differing)
    if fresh or log.changed:
        bump(conn, LEXICON)
    return Upserted(
        added=len(fresh),
        changed=log.changed,
        same=same,
        fields=log.fields,
        examples=tuple(log.examples),
        renamed=log.renamed,
        new=frozenset(fresh),
        touched=frozenset(touched),
    )


def every(conn: Connection) -> dict[str, Account]:
    """Return the whole list by id."""
    return {account.id: account for account in each_account(conn)}


def each_account(conn: Connection) -> Iterator[Account]:
    """Yield the whole list in the order of ids, with few of them in memory at a time."""
    query = select(accounts).where(STANDS).order_by(accounts.c.id).execution_options(yield_per=BATCH)
    yield from map(as_account, conn.execute(query))


def get(conn: Connection, account_id: str) -> Account | None:
    """Return one account, or None; of one that was merged into another, that other."""
    return of(conn, [account_id]).get(account_id)


def of(conn: Connection, account_ids: Iterable[str]) -> dict[str, Account]:
    """Return these accounts by the ids asked for, as far as they are listed; see ``get``."""
    rows = {row.id: row for row in each(conn, select(accounts), accounts.c.id, account_ids)}
    gone = {key: row.merged_into for key, row in rows.items() if row.merged_into is not None}
    found = {key: as_account(row) for key, row in rows.items() if key not in gone}
    heirs = of(conn, gone.values()) if gone else {}
    return found | {key: heirs[heir] for key, heir in gone.items() if heir in heirs}


def relatives(conn: Connection, of_these: Iterable[Account]) -> dict[str, tuple[Account, ...]]:
    """Return the parent, the subsidiaries and the sisters of each account, by its id, in their order."""
    family = {account.id: account.parent or account.id for account in of_these}
    heads = sorted({*family, *family.values()})
    rows = each(conn, select(accounts).where(STANDS), accounts.c.parent, heads)
    members = {row.id: as_account(row) for row in rows}
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
    if words := folded(text):
        columns.append((accounts.c.folded, words))
    whole = or_(accounts.c.id == text.strip(), *(column == value for column, value in columns))
    # A range, not LIKE: it uses the index on both databases.
    begins = or_(*(and_(column >= value, column <= value + _LAST) for column, value in columns))
    inside = or_(*(accounts.c.search.contains(value, autoescape=True) for _, value in columns))
    found: dict[str, Account] = {}
    for condition in (whole, begins, inside):
        if len(found) < limit:
            query = select(accounts).where(condition, STANDS).order_by(accounts.c.folded, accounts.c.id)
            for row in conn.execute(query.limit(limit)):
                found.setdefault(row.id, as_account(row))
    return list(found.values())[:limit]


def count(conn: Connection) -> int:
    """Return how many accounts are on the list."""
    return conn.execute(select(func.count()).select_from(accounts).where(STANDS)).scalar_one()


def upsert_contacts(
    conn: Connection, new: Iterable[Contact], given: Collection[str] | None = None
) -> Upserted:
    """Store the contacts, batch by batch; one whose account is not on the list is refused.

    Who was erased is refused too.

    With ``given``, fields that are not in it keep what is stored; the ids of CRMs are added to those known.
    """
    added = same = 0
    log = Log()
    refused: list[str] = []
    gone = erasures.erased(conn)
    for given_batch in batches(new):
        batch = erasures.without(gone, given_batch)
        left = {contact.id for contact in batch}
        refused += [contact.id for contact in given_batch if contact.id not in left]
        listed = set(each(conn, select(accounts.c.id), accounts.c.id, [c.account for c in batch]))
        known = {row.id for row in listed}
        refused += [contact.id for contact in batch if contact.account not in known]
        wanted = {contact.id: contact for contact in batch if contact.account in known}
        stored = {row.id: row for row in each(conn, select(people), people.c.id, wanted)}
        rows = []
        for key, contact in sorted(wanted.items()):
            row, before = _contact_row(contact), stored.get(key)
            if before is None:
                added += 1
            else:
                row = _contact_over(before, row, given)
                if all(getattr(before, name) == value for name, value in row.items()):
                    same += 1
                    continue
                log.compare(before, row)
            rows.append(row)
        put(conn, people, rows)
    if added or log.changed:
        bump(conn, LEXICON)
    return Upserted(
        added=added,
        changed=log.changed,
        same=same,
        refused=tuple(refused),
        fields=log.fields,
        examples=tuple(log.examples),
    )


def champions(conn: Connection) -> tuple[Contact, ...]:
    """Return the contacts whose move to another account is a reason, in the order of their ids."""
    query = select(people).where(func.lower(people.c.relation) == "champion").order_by(people.c.id)
    return tuple(as_contact(row) for row in conn.execute(query))


def contact_list(conn: Connection) -> list[Contact]:
    """Return all contacts in the order of their accounts and names."""
    query = select(people).order_by(people.c.account, people.c.name, people.c.id)
    return [as_contact(row) for row in conn.execute(query)]


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


def _listed(account: Account) -> dict[str, Any]:
    return {"id": account.id} | {name: getattr(account, name) for name in FIELDS}


def _over(known: Row[Any], new: Mapping[str, Any], given: Collection[str] | None) -> dict[str, Any]:
    """Return what the list says after new values came over the stored ones."""
    parent = known.parent if new["parent"] is None else new["parent"]
    if given is None:
        return {**new, "parent": parent}
    listed = {name: value if name in given else getattr(known, name) for name, value in new.items()}
    if new["name"] in new["domains"]:
        listed["name"] = known.name  # the row had none
    kept = {key: text for key, text in known.extra.items() if f"extra.{key}" not in given}
    extra, crm_ids = {**kept, **new["extra"]}, {**known.crm_ids, **new["crm_ids"]}
    return {**listed, "parent": parent, "extra": extra, "crm_ids": crm_ids}


def _contact_over(known: Row[Any], new: Mapping[str, Any], given: Collection[str] | None) -> dict[str, Any]:
    if given is None:
        return dict(new)
    kept = {name: value if name in given else getattr(known, name) for name, value in new.items()}
    return {**kept, "account": new["account"], "crm_ids": {**known.crm_ids, **new["crm_ids"]}}


def _row(account: Account, listed: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
    return {
        **listed,
        **columns_of(listed),
        "own": Account(**listed) if is_whole else None,
        "digest": _digest(listed),
        "stage": account.stage.value,
        "stage_since": account.stage_since,
        "snoozed_until": account.snoozed_until,
        "suppression": account.suppression,
    }


def _contact_row(contact: Contact) -> dict[str, Any]:
    names = ("id", "account", "name", "title", "email", "relation", "since", "crm_ids")
    return {name: getattr(contact, name) for name in names}


def _digest(listed: Mapping[str, Any]) -> str:
    """Return a digest of what the file said; the parent is another row, and compared for itself."""
    plain = [
        sorted(value.items()) if name in _MAPPINGS else value
        for name, value in listed.items()
        if name != "parent"
    ]
    return blake2b(repr(plain).encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()
