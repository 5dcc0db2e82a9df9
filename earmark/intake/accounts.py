"""Rows → accounts: which rows are one account, what they contradict each other in, what was left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from earmark.intake.cells import domains_in, parts_of, size_in, slug_of, text_in, value_in
from earmark.intake.columns import SEVERAL, Columns, read_header
from earmark.intake.tables import Row, open_table
from earmark.types import Account

__all__ = ["Intake", "Level", "Report", "RowReport", "read_accounts"]

Level = Literal["refused", "merged", "warning", "note"]

_LONGEST_NAME: Final = 300
_SINGLE: Final = ("tier", "owner", "territory", "industry", "size", "city", "country")
_TEXTS: Final = ("tier", "owner", "territory", "industry", "city", "country")
_NO_DOMAIN: Final = "no domain: found by its name only"


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of a row that was not taken as it stands.

    Level refused: the row is in no account; merged: it went into the account of an earlier line;
    warning: something of it was left out; note: good to know.
    """

    line: int
    level: Level
    reason: str


@dataclass(slots=True)
class Report:
    """The count of an import, and the rows that were not taken as they stand; complete after reading."""

    rows: int = 0
    accounts: int = 0
    without_domain: int = 0
    blank: int = 0
    lines: list[RowReport] = field(default_factory=list)

    def add(self, line: int, level: Level, reason: str) -> None:
        """Note what became of a row."""
        self.lines.append(RowReport(line, level, reason))

    def count(self, level: Level) -> int:
        """Return how many lines of the report have this level."""
        return sum(one.level == level for one in self.lines)

    @property
    def words(self) -> str:
        """The count in one line."""
        rows = f"{_counted(self.accounts, 'account')} from {_counted(self.rows, 'row')}"
        parts = (
            f"{self.without_domain:,} without domain" if self.without_domain else "",
            f"{_counted(self.count('merged'), 'row')} merged" if self.count("merged") else "",
            _counted(self.count("warning"), "warning") if self.count("warning") else "",
            f"{_counted(self.count('refused'), 'row')} refused" if self.count("refused") else "",
            f"{self.blank:,} blank" if self.blank else "",
        )
        return ", ".join([rows, *filter(None, parts)])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


class Intake:
    """The accounts of one file: iterate once or more; each pass fills ``report`` anew.

    ``mapping`` says what each column was taken for, ``crm`` whose export it looks like, ``words`` how
    the file was read. Rows of one account are merged and come last; all others are streamed, so a
    million rows need little memory.
    """

    def __init__(self, path: Path) -> None:
        self._table = open_table(path)
        self._columns = read_header(self._table.header.cells)
        self.path = path
        self.report = Report()

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

    def __iter__(self) -> Iterator[Account]:
        repeated = self._repeated()
        report = self.report = Report()
        held: dict[str, tuple[int, Account]] = {}
        for row in self._table.rows():
            if not any(map(str.strip, row.cells)) and not row.fault:
                report.blank += 1
                continue
            report.rows += 1
            account = _account_of(row, self._columns, report)
            if account is None:
                continue
            if hash(account.id) in repeated:
                _hold(held, row.line, account, report)
                continue
            report.accounts += 1
            report.without_domain += not account.domains
            yield account
        for _, account in held.values():
            report.accounts += 1
            report.without_domain += not account.domains
            yield account

    def _repeated(self) -> set[int]:
        """Return the hashes of ids that more than one row has; a set of numbers, to spare memory."""
        seen: set[int] = set()
        repeated: set[int] = set()
        for row in self._table.rows():
            cells = _by_field(row, self._columns)
            key = hash(_id_of(cells, _name_of(cells), _domains_of(cells)[0]))
            (repeated if key in seen else seen).add(key)
        return repeated


def read_accounts(path: Path) -> Intake:
    """Return the accounts of a CSV file or workbook; ConfigError when it is none or names no companies."""
    return Intake(path)


def _by_field(row: Row, columns: Columns) -> dict[str, str]:
    """Return the cells of a row by field; a field of several columns has them joined by ``;``."""
    cells: dict[str, str] = {}
    for field_, cell in zip(columns.fields, row.cells, strict=False):
        if field_ != "extra" and cell:
            cells[field_] = f"{cells[field_]};{cell}" if field_ in SEVERAL and field_ in cells else cell
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
