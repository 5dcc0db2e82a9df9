"""Rows → contacts: who they are, how the file names their account, and what was left out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from earmark.intake.cells import domain_in, domains_in, parts_of, text_in, value_in
from earmark.intake.columns import Columns, chosen_columns, read_header
from earmark.intake.forms import CONTACTS
from earmark.intake.keys import Key, crm_key
from earmark.intake.report import Report
from earmark.intake.tables import Row, open_table

__all__ = ["ContactIntake", "Introduced", "read_contacts"]

_ADDRESS: Final = re.compile(r"[^\s@<>;,\"']+@[^\s@<>;,\"']+\.[^\s@<>;,\"']{2,}")
_LONGEST_NAME: Final = 200
_LATE: Final = 12  # a number above it is no month
_DAY: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
_DAY_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})(?:[T ,].*)?")
_YEAR: Final = re.compile(r"(\d{4})(?:-(\d{2}))?")
_EARLIEST: Final = 1950


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduced:
    """A person of the user's list as a row tells of them; ``account`` says where, the surest key first."""

    line: int
    name: str
    id: str | None = None
    title: str | None = None
    email: str | None = None
    relation: str | None = None
    since: datetime | None = None
    crm_ids: Mapping[str, str]
    account: tuple[Key, ...]


class ContactIntake:
    """The contacts of one file; each pass fills ``report`` anew, and knows no account yet.

    ``mapping`` says what each column was taken for: a field, ``crm:NAME`` for the CRM's id of the person,
    ``account_id`` for that of the account, or ``extra``, which is not kept.
    """

    def __init__(self, path: Path, now: datetime, chosen: Mapping[str, str] | None = None) -> None:
        self._table = open_table(path, CONTACTS, known=chosen is None)
        self._columns = read_header(self._table.header.cells, CONTACTS)
        if chosen is not None:
            self._columns = chosen_columns(self._columns, chosen, CONTACTS)
        self._now = now
        self.path = path
        self.report = Report(noun="contact")

    @property
    def mapping(self) -> Mapping[str, str]:
        """Header → what it was taken for."""
        return self._columns.mapping

    @property
    def crm(self) -> str | None:
        """The CRM whose export this looks like, or None."""
        return self._columns.crm

    @property
    def words(self) -> str:
        """How the file was read: encoding and delimiter."""
        return self._table.words

    def __iter__(self) -> Iterator[Introduced]:
        report = self.report = Report(noun="contact")
        for row in self._table.rows():
            if not any(map(str.strip, row.cells)) and not row.fault:
                report.blank += 1
                continue
            report.rows += 1
            person = _introduced(row, self._columns, report, self._now)
            if person is not None:
                yield person


def read_contacts(path: Path, now: datetime, chosen: Mapping[str, str] | None = None) -> ContactIntake:
    """Return the contacts of a CSV file or workbook; ConfigError when it is none or names no people.

    ``chosen`` says by header what a column is taken for, in the place of what was guessed.
    """
    return ContactIntake(path, now, chosen)


def _introduced(row: Row, columns: Columns, report: Report, now: datetime) -> Introduced | None:
    if row.fault:
        report.add(row.line, "refused", f"{row.fault}: correct this line and import again")
        return None
    cells = _by_field(row, columns)
    emails = tuple(dict.fromkeys(each.lower() for each in _ADDRESS.findall(cells.get("emails", ""))))
    name = text_in(cells.get("name", "")) or " ".join(
        part for key in ("first", "last") if (part := text_in(cells.get(key, "")))
    )
    if not name and not emails:
        report.add(row.line, "refused", "neither a name nor an e-mail address")
        return None
    if len(name) > _LONGEST_NAME:
        report.add(
            row.line, "refused", f"the name has {len(name):,} characters: a quotation mark may be missing"
        )
        return None
    if not emails and value_in(cells.get("emails", "")):
        report.add(row.line, "warning", f"{cells['emails'][:60]!r} is no e-mail address; left out")
    keys = _account_keys(cells, columns.crm, emails)
    if not keys:
        told = f"{name or emails[0]}: the row does not say at which account"
        report.add(row.line, "refused", f"{told}; give an account id, a company, or an e-mail address there")
        return None
    since, fault = _day_in(cells.get("since", ""), now)
    if fault:
        report.add(row.line, "warning", fault)
    return Introduced(
        line=row.line,
        name=name or emails[0],
        id=value_in(cells.get("id", "")),
        title=value_in(cells.get("title", "")),
        email=emails[0] if emails else None,
        relation=_relation_in(cells.get("relation", "")),
        since=since,
        crm_ids=MappingProxyType(
            {
                field[4:]: text
                for field, cell in cells.items()
                if field.startswith("crm:") and (text := value_in(cell))
            }
        ),
        account=keys,
    )


def _by_field(row: Row, columns: Columns) -> dict[str, str]:
    cells: dict[str, str] = {}
    for field, cell in zip(columns.fields, row.cells, strict=False):
        if field != "extra" and cell:
            cells[field] = f"{cells[field]};{cell}" if field in CONTACTS.several and field in cells else cell
    return cells


def _account_keys(cells: Mapping[str, str], crm: str | None, emails: tuple[str, ...]) -> tuple[Key, ...]:
    """Return what the row says of the account: its CRM id, its domain, its name, the domain of the e-mail."""
    company = text_in(cells.get("account", ""))
    keys: list[Key] = []
    for remote in parts_of(cells.get("account_id", "")):
        keys += [crm_key(crm, remote)] if crm else []
        keys.append(Key("id", remote))
    keys += [Key("domain", domain) for domain in domains_in(cells.get("domains", ""), company)[0]]
    if value_in(company):
        keys += [Key("id", company), Key("name", company)]
    for email in emails:
        domain, _ = domain_in(email)
        while domain and "." in domain:
            keys.append(Key("domain", domain))
            domain = domain.partition(".")[2]  # people write from mail.osk.example, too
            domain = domain if "." in domain else None
    return tuple(dict.fromkeys(keys))


def _relation_in(cell: str) -> str | None:
    """Return how we know them, as one word of ours: the first that counts of ``CHAMPION;DECISION_MAKER``."""
    parts = [" ".join(re.findall(r"[^\W_]+", part.lower())) for part in parts_of(cell.replace(",", ";"))]
    return next((part for part in parts if part == "champion"), parts[0] if parts else None)


def _day_in(cell: str, now: datetime) -> tuple[datetime | None, str | None]:
    """Return the day that a cell names, and why there is none; 03/04/2024 may be two days, so it is none."""
    text = value_in(cell)
    if text is None:
        return None, None
    shown = text[:40]
    if match := _DAY.fullmatch(text):
        parts = int(match[1]), int(match[2]), int(match[3])
    elif match := _YEAR.fullmatch(text):
        parts = int(match[1]), int(match[2] or 1), 1
    elif match := _DAY_LAST.fullmatch(text):
        one, other, year = int(match[1]), int(match[3]), int(match[4])
        if match[2] == "/" and one <= _LATE and other <= _LATE and one != other:
            return None, f"{shown!r} may be two days; write it as {year}-{one:02}-{other:02}; left out"
        day, month = (other, one) if match[2] == "/" and other > _LATE else (one, other)
        parts = year, month, day
    else:
        return None, f"{shown!r} is no day; write it like 2024-05-31; left out"
    try:
        moment = datetime(*parts, tzinfo=UTC)
    except ValueError:
        return None, f"{shown!r} is no day; write it like 2024-05-31; left out"
    if moment.year < _EARLIEST or moment > now:
        return None, f"{shown!r} is no day on which we can have come to know somebody; left out"
    return moment, None
