"""Rows → accounts: which rows are one account, what they contradict each other in, what was left out."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from earmark.intake.cells import domain_in, domains_in, parts_of, size_in, slug_of, text_in, value_in
from earmark.intake.columns import Columns, chosen_columns, read_header
from earmark.intake.forms import ACCOUNTS
from earmark.intake.keys import Key, crm_key, keys_of_text
from earmark.intake.report import Report
from earmark.intake.tables import Row, open_table
from earmark.types import Account

__all__ = ["Claim", "Intake", "read_accounts"]

_LONGEST_NAME: Final = 300
_SINGLE: Final = ("tier", "owner", "territory", "industry", "size", "city", "country")
_TEXTS: Final = ("tier", "owner", "parent", "territory", "industry", "city", "country")
_NO_DOMAIN: Final = "no domain: found by its name only"


@dataclass(frozen=True, slots=True)
class Claim:
    """Which account a row means by its own words, where its CRM id names another one."""

    line: int
    account: str
    name: str


class Intake:
    """The accounts of one file: iterate once or more; each pass fills ``report`` and ``parents`` anew.

    ``mapping`` says what each column was taken for, ``crm`` whose export it looks like, ``words`` how
    the file was read. Rows of one account are merged and come last; all others are streamed, so a
    million rows need little memory. ``parents`` holds the line and the words in which a row names its parent.
    """

    def __init__(self, path: Path, chosen: Mapping[str, str] | None = None) -> None:
        self._table = open_table(path, ACCOUNTS, known=chosen is None)
        self._columns = read_header(self._table.header.cells, ACCOUNTS)
        if chosen is not None:
            self._columns = chosen_columns(self._columns, chosen, ACCOUNTS)
        self._seen: _Seen | None = None
        self.path = path
        self.report = Report()
        self.parents: dict[str, tuple[int, str]] = {}

    @property
    def mapping(self) -> Mapping[str, str]:
        """Header → field of Account, ``crm:NAME`` for a CRM's id, or ``extra``."""
        return self._columns.mapping

    @property
    def crm(self) -> str | None:
        """The CRM whose export this looks like, or None."""
        return self._columns.crm

    @property
    def words(self) -> str:
        """How the file was read: encoding and delimiter."""
        return self._table.words

    @property
    def given(self) -> frozenset[str]:
        """The fields that the file has a column for; of other columns ``extra.HEADER``."""
        columns = self._columns
        return frozenset(
            f"extra.{header}" if field_ == "extra" else field_
            for header, field_ in zip(columns.headers, columns.fields, strict=True)
        )

    def __iter__(self) -> Iterator[Account]:
        return self.read({})

    def read(self, renamed: Mapping[Key, str]) -> Iterator[Account]:
        """Yield the accounts; a row with one of these CRM ids is about the account that has it already."""
        seen = self._first_pass()
        report = self.report = Report()
        self.parents = {}
        crm_ids = _CrmIds(seen.shared)
        held: dict[str, tuple[int, Account]] = {}
        for row in self._table.rows():
            if not any(map(str.strip, row.cells)) and not row.fault:
                report.blank += 1
                continue
            report.rows += 1
            account = _account_of(row, self._columns, report)
            if account is None:
                continue
            account = crm_ids.kept_apart(_as_known(account, renamed), row.line, report)
            if account.parent is not None:
                self.parents.setdefault(account.id, (row.line, account.parent))
                account = replace(account, parent=None)
            if hash(account.id) in seen.repeated:
                _hold(held, row.line, account, report)
                continue
            report.accounts += 1
            report.without_domain += not account.domains
            yield account
        for _, account in held.values():
            report.accounts += 1
            report.without_domain += not account.domains
            yield account

    def names(self, account_id: str) -> bool:
        """Say whether a row of the file is about the account of this id, by its own words."""
        return hash(account_id) in self._first_pass().ids

    def claims(self, keys: Collection[Key]) -> dict[Key, Claim]:
        """Return which account the rows with these CRM ids mean by their own words."""
        found: dict[Key, Claim] = {}
        for row in self._table.rows():
            cells = _by_field(row, self._columns)
            for crm, remote in _crm_ids_of(cells).items():
                if (key := crm_key(crm, remote)) in keys:
                    name, domains = _name_of(cells), _domains_of(cells)[0]
                    account = _id_of(cells, name, domains)
                    found.setdefault(key, Claim(row.line, account, name or account))
        return found

    def parent_keys(self, text: str) -> tuple[Key, ...]:
        """Return what the words may mean by which a row names its parent, the surest first."""
        return keys_of_text(text, self.crm, domain_in(text)[0])

    def _first_pass(self) -> "_Seen":
        """Return what more than one row has, as hashes: numbers spare memory."""
        if self._seen is None:
            seen = self._seen = _Seen()
            keys: set[int] = set()
            for row in self._table.rows():
                cells = _by_field(row, self._columns)
                _note(hash(_id_of(cells, _name_of(cells), _domains_of(cells)[0])), seen.ids, seen.repeated)
                for crm, remote in _crm_ids_of(cells).items():
                    _note(hash(crm_key(crm, remote)), keys, seen.shared)
        return self._seen


@dataclass(frozen=True, slots=True)
class _Seen:
    """Hashes of all ids of a file, of those that more rows have, and of CRM ids that more rows have."""

    ids: set[int] = field(default_factory=set)
    repeated: set[int] = field(default_factory=set)
    shared: set[int] = field(default_factory=set)


def _note(number: int, once: set[int], again: set[int]) -> None:
    (again if number in once else once).add(number)


class _CrmIds:
    """CRM ids that several rows have: the first account keeps its id, the others go without."""

    def __init__(self, shared: Collection[int]) -> None:
        self._shared = shared
        self._owners: dict[Key, tuple[int, str]] = {}

    def kept_apart(self, account: Account, line: int, report: Report) -> Account:
        """Return the account without a CRM id that an earlier row gave to another one."""
        kept = dict(account.crm_ids)
        for crm, remote in account.crm_ids.items():
            key = crm_key(crm, remote)
            if hash(key) in self._shared:
                first, owner = self._owners.setdefault(key, (line, account.id))
                if owner != account.id:
                    del kept[crm]
                    told = f"its {crm} id {remote} is that of line {first} ({owner}); left out here"
                    report.add(line, "warning", told)
        return (
            account if len(kept) == len(account.crm_ids) else replace(account, crm_ids=MappingProxyType(kept))
        )


def _as_known(account: Account, renamed: Mapping[Key, str]) -> Account:
    """Return the account under the id that it has on the list, where its CRM id says so."""
    if renamed:
        for crm, remote in account.crm_ids.items():
            if known := renamed.get(crm_key(crm, remote)):
                return replace(account, id=known)
    return account


def read_accounts(path: Path, chosen: Mapping[str, str] | None = None) -> Intake:
    """Return the accounts of a CSV file or workbook; ConfigError when it is none or names no companies.

    ``chosen`` says by header what a column is taken for, in the place of what was guessed.
    """
    return Intake(path, chosen)


def _by_field(row: Row, columns: Columns) -> dict[str, str]:
    """Return the cells of a row by field; a field of several columns has them joined by ``;``."""
    cells: dict[str, str] = {}
    for field_, cell in zip(columns.fields, row.cells, strict=False):
        if field_ != "extra" and cell:
            cells[field_] = (
                f"{cells[field_]};{cell}" if field_ in ACCOUNTS.several and field_ in cells else cell
            )
    return cells


def _name_of(cells: Mapping[str, str]) -> str:
    return text_in(cells.get("name", ""))


def _domains_of(cells: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return domains_in(cells["domains"], cells.get("name", "")) if "domains" in cells else ((), ())


def _crm_ids_of(cells: Mapping[str, str]) -> dict[str, str]:
    return {
        key[4:]: text for key, cell in cells.items() if key.startswith("crm:") and (text := value_in(cell))
    }


def _id_of(cells: Mapping[str, str], name: str, domains: tuple[str, ...]) -> str:
    """Return the id: the given one, else the domain, else the name (with the CRM's id, if any)."""
    given = value_in(cells.get("id", ""))
    if given:
        return given if len(given) <= 100 and not any(map(str.isspace, given)) else slug_of(given)  # noqa: PLR2004 - as long as a slug
    if domains:
        return domains[0]
    return "-".join([slug_of(name), *(slug_of(one) for one in _crm_ids_of(cells).values())])


def _account_of(row: Row, columns: Columns, report: Report) -> Account | None:
    if row.fault:
        report.add(row.line, "refused", f"{row.fault}: correct this line and import again")
        return None
    if len(row.cells) > len(columns.fields):
        more = [text for cell in row.cells[len(columns.fields) :] if (text := text_in(cell))]
        if more:
            report.add(row.line, "warning", f"more cells than the header; left out: {'; '.join(more)[:120]}")
    cells = _by_field(row, columns)
    name = _name_of(cells)
    domains, faults = _domains_of(cells)
    if not name and not domains:
        reason = "neither a name nor a domain" + (f" ({faults[0]})" if faults else "")
        report.add(row.line, "refused", reason)
        return None
    if len(name) > _LONGEST_NAME:
        report.add(
            row.line, "refused", f"the name has {len(name):,} characters: a quotation mark may be missing"
        )
        return None
    size, size_fault = size_in(cells.get("size", ""))
    for fault in (*faults, *((size_fault,) if size_fault else ())):
        report.add(row.line, "warning", fault)
    if not name:
        report.add(row.line, "warning", f"no name; took its domain {domains[0]}")
    if "\ufffd" in name:
        report.add(row.line, "warning", f"{name!r} holds characters that could not be read")
    if not domains:
        report.add(row.line, "note", _NO_DOMAIN)
    return Account(
        id=_id_of(cells, name, domains),
        name=name or domains[0],
        domains=domains,
        aliases=tuple(part for part in parts_of(cells.get("aliases", "")) if part != name),
        not_aliases=parts_of(cells.get("not_aliases", "")),
        tickers=parts_of(cells.get("tickers", "")),
        size=size,
        extra=_extra_of(row, columns),
        crm_ids=MappingProxyType(_crm_ids_of(cells)),
        **_texts_of(cells),
    )


def _texts_of(cells: Mapping[str, str]) -> dict[str, Any]:
    return {text: value_in(cells[text]) for text in _TEXTS if text in cells}


def _extra_of(row: Row, columns: Columns) -> Mapping[str, str]:
    return MappingProxyType(
        {
            header: text
            for header, field_, cell in zip(columns.headers, columns.fields, row.cells, strict=False)
            if field_ == "extra" and cell and (text := value_in(cell))
        }
    )


def _hold(held: dict[str, tuple[int, Account]], line: int, new: Account, report: Report) -> None:
    """Merge a row into the account of its id, or refuse it when it is plainly about another company."""
    if new.id not in held:
        held[new.id] = (line, new)
        return
    first, old = held[new.id]
    if _is_another(old, new):
        report.add(
            line,
            "refused",
            f"line {first} already gives the id {new.id!r} to {old.name!r}, and this row is about "
            f"{new.name!r}: give it an id of its own",
        )
        return
    merged, differs = _merge(old, new)
    held[new.id] = (first, merged)
    said = "; differs in " + ", ".join(differs) if differs else ""
    report.add(line, "merged", f"same account as line {first} ({old.id}){said}")


def _is_another(old: Account, new: Account) -> bool:
    """One given id, two names and no domain in common: two companies, not two spellings of one."""
    same_name = slug_of(new.name) in {slug_of(one) for one in (old.name, *old.aliases)}
    return not same_name and set(old.domains).isdisjoint(new.domains)


def _merge(old: Account, new: Account) -> tuple[Account, list[str]]:
    """Return the union: the first value stands, later ones fill gaps; say what was left out."""
    differs = []
    changes: dict[str, Any] = {}
    for single in _SINGLE:
        kept, other = getattr(old, single), getattr(new, single)
        if kept is None:
            changes[single] = other
        elif other is not None and other != kept:
            differs.append(f"{single} (kept {kept!r}, left out {other!r})")
    for crm, other in new.crm_ids.items():
        if (kept := old.crm_ids.get(crm, other)) != other:
            differs.append(f"its {crm} id (kept {kept!r}, left out {other!r})")
    differs += [
        f"{key} (kept {old.extra[key]!r}, left out {other!r})"
        for key, other in new.extra.items()
        if old.extra.get(key, other) != other
    ]
    names = (new.name,) if new.name != old.name else ()
    changes |= {
        "aliases": _union(old.aliases, (*names, *(one for one in new.aliases if one != old.name))),
        "extra": MappingProxyType({**new.extra, **old.extra}),
        "crm_ids": MappingProxyType({**new.crm_ids, **old.crm_ids}),
    }
    for several in ("domains", "not_aliases", "tickers"):
        changes[several] = _union(getattr(old, several), getattr(new, several))
    return replace(old, **changes), differs


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
