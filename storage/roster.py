"""A file brought onto the list: accounts with their parents, and the contacts at them.

Each chunk is a transaction of its own, so that a long import never keeps others from writing; a crash in
between loses nothing, for the same file again goes on where it ended.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

from earmark.intake import ContactIntake, Intake, Introduced, Key, crm_key
from earmark.intake.cells import slug_of
from earmark.intake.report import Level
from earmark.types import Account, Contact
from storage import accounts, lessons, lookup, merges, united
from storage.accounts import Difference, Upserted
from storage.engine import Connection, Engine, reading, writing
from storage.lesson import Lesson
from storage.names import folded
from storage.rows import batches

__all__ = ["Imported", "import_accounts", "import_contacts", "upsert"]

_CHUNK: Final = 1_000
"""Accounts in one transaction: others wait for a part of a second at most."""
_MOST_EXAMPLES: Final = 20
_BY: Final = "import"


@dataclass(slots=True)
class Imported:
    """What an import changed: rows added, changed and left, which fields, and what that looks like."""

    added: int = 0
    changed: int = 0
    same: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    examples: list[Difference] = field(default_factory=list)

    def add(self, one: Upserted) -> None:
        """Count one chunk."""
        self.added, self.changed = self.added + one.added, self.changed + one.changed
        self.same += one.same
        self.fields.update(one.fields)
        self.examples += one.examples[: _MOST_EXAMPLES - len(self.examples)]


@dataclass(frozen=True, slots=True)
class _Renamed:
    """Rows whose CRM id is that of an account on the list which their own words no longer name.

    ``ids`` gives the account that keeps its id under another name or domain; ``lost`` the accounts whose CRM
    id goes to another one on the list, because the CRM has made one record of two.
    """

    ids: Mapping[Key, str] = field(default_factory=lambda: MappingProxyType({}))
    lost: Mapping[Key, str] = field(default_factory=lambda: MappingProxyType({}))
    told: tuple[tuple[int, Level, str], ...] = ()


def import_accounts(
    engine: Engine,
    intake: Intake,
    now: datetime,
    watch: Callable[[Iterable[Account]], Iterable[Account]] = iter,
) -> Imported:
    """Store the accounts of a file and say what that changed; ``intake.report`` tells of its rows.

    New ones are added, known ones brought up to date in the fields that the file has columns for, none is
    removed. A known CRM id means the account that has it, whatever it is called now. ``watch`` sees each
    account pass.
    """
    done = Imported()
    with reading(engine) as conn:
        renamed = _renamed(conn, intake)
        heads = lookup.parents(conn)
    given = intake.given
    orphans, fresh, touched = set[str](), set[str](), set[str]()
    for chunk in batches(watch(intake.read(renamed.ids)), _CHUNK):
        with writing(engine) as conn:
            one = upsert(conn, chunk, given, now)
        done.add(one)
        if "parent" in given:
            orphans |= {each.id for each in chunk if each.id in heads and each.id not in intake.parents}
            fresh |= one.new & intake.parents.keys()
            touched |= one.touched & (intake.parents.keys() | orphans)
    for line, level, told in renamed.told:
        intake.report.add(line, level, told)
    with writing(engine) as conn:
        _take_ids(conn, renamed.lost)
    changed = _link(engine, intake, heads, orphans)
    _count_links(done, {child: pair for child, pair in changed.items() if child not in fresh}, touched)
    return done


def upsert(
    conn: Connection, new: Iterable[Account], given: Collection[str] | None, now: datetime
) -> Upserted:
    """Store accounts as ``storage.accounts.upsert`` does; of those it renames, remember the former name."""
    done = accounts.upsert(conn, new, given)
    for key, former in done.renamed.items():
        _remember(conn, key, former, now)
    return done


def _renamed(conn: Connection, intake: Intake) -> _Renamed:
    if not any(meaning.startswith("crm:") for meaning in intake.given):
        return _Renamed()
    elsewhere = lookup.crm_ids_but(conn, intake.names)
    claims = intake.claims(elsewhere) if elsewhere else {}
    if not claims:
        return _Renamed()
    listed = accounts.of(conn, [claim.account for claim in claims.values()])
    ids: dict[Key, str] = {}
    lost: dict[Key, str] = {}
    told: list[tuple[int, Level, str]] = []
    level: Level
    for key, claim in claims.items():
        before = elsewhere[key]
        if claim.account in listed:
            lost[key] = before
            level = "warning"
            text = (
                f"{key.text} was {before} and is {claim.account} now, which is on the list, too: your CRM "
                f"made one of two. {claim.account} has the id; {before} stays on the list without it: if it "
                f"is the same company, merge them: earmark accounts merge {claim.account} {before}"
            )
        else:
            ids[key] = before
            level = "note"
            text = f"{key.text} is {before} on the list: it keeps that id, and is called {claim.name} now"
        told.append((claim.line, level, text))
    return _Renamed(ids=ids, lost=lost, told=tuple(told))


def _remember(conn: Connection, account_id: str, former: str, now: datetime) -> None:
    """Keep a former name as one of the account's own: news will use it for a while. A person may undo it."""
    account = accounts.get(conn, account_id)  # or the one that it was merged into
    old, known = folded(former), set[str]()
    if account is not None:
        known = {folded(name) for name in (account.name, *account.aliases, *account.not_aliases)}
    if not old or any(f"{name} ".startswith(f"{old} ") or f"{old} ".startswith(f"{name} ") for name in known):
        return
    digest = blake2b(f"{account_id}\x1f{former}".encode("utf-8", "replace"), digest_size=6).hexdigest()
    effect = "Its former name: an import renamed it."
    lesson = Lesson(id=digest, name=former, is_own=True, by=_BY, at=now, effect=effect)
    heir = account.id if account is not None else account_id
    held = lessons.of(conn, heir)
    lessons.save(conn, heir, [*(one for one in held if one.id != digest), lesson])
    if heir != account_id:
        merges.lend(conn, account_id, digest)


def _take_ids(conn: Connection, lost: Mapping[Key, str]) -> None:
    """Take the CRM ids from accounts that no longer have them: one id is never two accounts'."""
    held = united.imported(conn, lost.values())
    for key, account_id in lost.items():
        account = held[account_id]
        kept = {crm: remote for crm, remote in account.crm_ids.items() if crm_key(crm, remote) != key}
        held[account_id] = replace(account, crm_ids=MappingProxyType(kept))
    accounts.upsert(conn, held.values())


def _link(
    engine: Engine, intake: Intake, heads: dict[str, str], orphans: Iterable[str]
) -> dict[str, tuple[str | None, str | None]]:
    """Give the accounts of the file their parents, line by line; a circle is broken at its last line.

    Returns the old and the new parent of each account that has another one now.
    """
    named = sorted((line, child, text) for child, (line, text) in intake.parents.items())
    keys = {text: intake.parent_keys(text) for text in {text for _, _, text in named}}
    with reading(engine) as conn:
        found = lookup.meant(conn, [key for several in keys.values() for key in several])
    before = dict(heads)
    for child in (*orphans, *(child for _, child, _ in named)):
        heads.pop(child, None)
    for line, child, text in named:
        head, fault = _head_of(child, keys[text], found, heads)
        if head is None:
            intake.report.add(line, "warning", f"its parent {text[:80]!r} {fault}; left out")
        else:
            heads[child] = head
    changed = {
        child: heads.get(child)
        for child in (*orphans, *(child for _, child, _ in named))
        if heads.get(child) != before.get(child)
    }
    for batch in batches(sorted(changed), _CHUNK):
        with writing(engine) as conn:
            lookup.set_parents(conn, {child: changed[child] for child in batch})
    return {child: (before.get(child), head) for child, head in changed.items()}


def _head_of(
    child: str, keys: tuple[Key, ...], found: Mapping[Key, tuple[str, ...]], heads: Mapping[str, str]
) -> tuple[str | None, str]:
    """Return the parent that is meant, or why there is none."""
    head, doubtful = lookup.chosen(keys, found)
    if head is None:
        if doubtful:
            return None, f"may be several accounts ({', '.join(doubtful[:4])}): give its id"
        return None, "is not on the list"
    if head == child:
        return None, "is the account itself"
    path = [head]
    while (above := heads.get(path[-1])) is not None and above not in path:
        path.append(above)
    if child in path:
        return None, f"belongs to it already ({' → '.join([*path[: path.index(child) + 1]])}): a circle"
    return head, ""


def _count_links(
    done: Imported, changed: Mapping[str, tuple[str | None, str | None]], touched: Collection[str]
) -> None:
    """Count other parents of known accounts; ``touched`` are counted as changed already."""
    if changed:
        more = len(changed.keys() - touched)
        done.changed, done.same = done.changed + more, done.same - more
        done.fields["parent"] += len(changed)
        room = _MOST_EXAMPLES - len(done.examples)
        done.examples += [
            Difference(id=child, field="parent", before=before or "", after=after or "")
            for child, (before, after) in sorted(changed.items())[:room]
        ]


def import_contacts(engine: Engine, intake: ContactIntake, *, store: bool = True) -> Imported:
    """Store the contacts of a file and say what that changed; ``intake.report`` tells of its rows.

    A person is known again by the CRM's id or the e-mail address, else by account and name. Each is at one
    listed account: that of the CRM's id, the domain, the name or the e-mail; a row that says none is refused.
    Without ``store`` the rows are only reported.
    """
    people = list(intake)
    with reading(engine) as conn:
        found = lookup.meant(conn, [key for person in people for key in person.account])
        known = _known_people(conn)
    fresh: dict[str, tuple[int, Contact]] = {}
    for person in people:
        account, doubtful = lookup.chosen(person.account, found)
        if account is None:
            intake.report.add(person.line, "refused", _homeless(person, doubtful))
            continue
        contact = _contact_of(person, account, known)
        if contact.id in fresh:
            first, other = fresh[contact.id]
            intake.report.add(person.line, "merged", f"same contact as line {first} ({other.name})")
            contact = _filled(other, contact)
            fresh[contact.id] = (first, contact)
        else:
            fresh[contact.id] = (person.line, contact)
    intake.report.accounts = len(fresh)
    done = Imported()
    given = frozenset(_GIVEN.get(meaning, meaning) for meaning in intake.mapping.values())
    for batch in batches((contact for _, contact in fresh.values() if store), _CHUNK):
        with writing(engine) as conn:
            one = accounts.upsert_contacts(conn, batch, given)
        done.add(one)
        for gone in one.refused:
            intake.report.add(fresh[gone][0], "refused", "this person was erased, and is not taken in again")
            intake.report.accounts -= 1
    return done


_GIVEN: Final = {"emails": "email", "first": "name", "last": "name"}


def _known_people(conn: Connection) -> dict[tuple[str, ...], str]:
    known: dict[tuple[str, ...], str] = {}
    for contact in accounts.contact_list(conn):
        marks = _marks(contact.account, contact.name, contact.email, contact.crm_ids)
        known |= dict.fromkeys(marks, contact.id)
    return known


def _marks(
    account: str, name: str, email: str | None, crm_ids: Mapping[str, str]
) -> Iterator[tuple[str, ...]]:
    """Yield what a person is known again by, the surest first."""
    yield from ((crm, remote) for crm, remote in crm_ids.items())
    if email:
        yield ("email", email.lower())
    yield ("at", account, folded(name))


def _contact_of(person: Introduced, account: str, known: dict[tuple[str, ...], str]) -> Contact:
    marks = list(_marks(account, person.name, person.email, person.crm_ids))
    id_ = person.id or next((known[mark] for mark in marks if mark in known), None)
    if id_ is None:
        own = next(iter(sorted(person.crm_ids.items())), None)
        id_ = "-".join(own) if own else person.email or f"{account}/{slug_of(person.name)}"
    known |= dict.fromkeys(marks, id_)
    return Contact(
        id=id_,
        account=account,
        name=person.name,
        title=person.title,
        email=person.email,
        relation=person.relation,
        since=person.since,
        crm_ids=person.crm_ids,
    )


def _homeless(person: Introduced, doubtful: tuple[str, ...]) -> str:
    said = next((key.text for kind in ("name", "domain") for key in person.account if key.kind == kind), "")
    said = said or person.account[0].text
    if doubtful:
        return f"{person.name}: {said!r} may be several accounts ({', '.join(doubtful[:4])}); give its id"
    return f"{person.name}: the account {said!r} is not on the list; import it first"


def _filled(first: Contact, later: Contact) -> Contact:
    gaps: dict[str, Any] = {
        name: getattr(later, name)
        for name in ("title", "email", "relation", "since")
        if getattr(first, name) is None
    }
    return replace(first, **gaps, crm_ids=MappingProxyType({**later.crm_ids, **first.crm_ids}))
