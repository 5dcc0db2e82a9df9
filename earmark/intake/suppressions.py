"""Rows → whom nobody may contact: customers, rivals, open deals, opt-outs, as lists name them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from earmark.intake.cells import domain_in, domains_in, parts_of, text_in, value_in
from earmark.intake.columns import chosen_columns, read_header
from earmark.intake.forms import SUPPRESSIONS
from earmark.intake.keys import Key, crm_key
from earmark.intake.report import Report
from earmark.intake.tables import Row, open_table

__all__ = ["Barred", "SuppressionIntake", "read_suppressions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """Whom a row names, the surest key first; ``reason`` and ``until`` are the row's own words."""

    line: int
    shown: str
    keys: tuple[Key, ...]
    emails: tuple[str, ...] = ()
    reason: str | None = None
    until: str | None = None


class SuppressionIntake:
    """The rows of one file; each pass fills ``report`` anew."""

    def __init__(self, path: Path, chosen: Mapping[str, str] | None = None) -> None:
        self._table = open_table(path, SUPPRESSIONS, known=chosen is None)
        self._columns = read_header(self._table.header.cells, SUPPRESSIONS)
        if chosen is not None:
            self._columns = chosen_columns(self._columns, chosen, SUPPRESSIONS)
        self.path = path
        self.report = Report()

    def __iter__(self) -> Iterator[Barred]:
        report = self.report = Report()
        for row in self._table.rows():
            if not any(map(str.strip, row.cells)) and not row.fault:
                report.blank += 1
                continue
            report.rows += 1
            if row.fault:
                report.add(row.line, "refused", f"{row.fault}: correct this line and import again")
            elif (barred := self._barred(row)) is None:
                report.add(row.line, "refused", "neither an id, a domain, an e-mail address nor a name")
            else:
                yield barred

    def _barred(self, row: Row) -> Barred | None:
        cells: dict[str, str] = {}
        for field, cell in zip(self._columns.fields, row.cells, strict=False):
            if field != "extra" and cell:
                cells[field] = f"{cells[field]};{cell}" if field in cells else cell
        name = text_in(cells.get("name", ""))
        keys: list[Key] = []
        for field, cell in cells.items():
            if field.startswith("crm:") and (remote := value_in(cell)):
                keys.append(crm_key(field[4:], remote))
        for given in parts_of(cells.get("id", "")):
            keys.append(Key("id", given))
            keys += [crm_key(crm, given) for crm in SUPPRESSIONS.ids]
        keys += [Key("domain", domain) for domain in domains_in(cells.get("domains", ""), name)[0]]
        emails = tuple(part.lower() for part in parts_of(cells.get("emails", "").replace(",", ";")))
        keys += [Key("domain", domain) for email in emails if (domain := domain_in(email)[0])]
        if value_in(name):
            keys.append(Key("name", name))
        if not keys and not emails:
            return None
        return Barred(
            line=row.line,
            shown=name or next(iter(emails), "") or keys[0].text,
            keys=tuple(dict.fromkeys(keys)),
            emails=emails,
            reason=value_in(cells.get("reason", "")),
            until=value_in(cells.get("until", "")),
        )


def read_suppressions(path: Path, chosen: Mapping[str, str] | None = None) -> SuppressionIntake:
    """Return the rows of a CSV file or workbook; ConfigError when it is none or names nobody.

    ``chosen`` says by header what a column is taken for, in the place of what was guessed.
    """
    return SuppressionIntake(path, chosen)
