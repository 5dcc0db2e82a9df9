"""A file before it is imported: what each column was taken for, and its first rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from earmark.intake.cells import text_in
from earmark.intake.columns import read_header
from earmark.intake.forms import ACCOUNTS, CONTACTS, SUPPRESSIONS
from earmark.intake.tables import open_table

__all__ = ["Preview", "Subject", "preview"]

Subject = Literal["accounts", "contacts", "suppressions"]
_FORMS: Final = {"accounts": ACCOUNTS, "contacts": CONTACTS, "suppressions": SUPPRESSIONS}
_LONGEST_CELL: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The columns of a file, what they were taken for, what they may be taken for, and some rows.

    ``words`` say how the file was read, ``crm`` whose export it looks like; ``guessed`` says whether any
    column was known. A row has as many cells as there are headers.
    """

    words: str
    crm: str | None
    guessed: bool
    headers: tuple[str, ...]
    fields: tuple[str, ...]
    choices: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def preview(path: Path, subject: Subject, most: int = 5) -> Preview:
    """Return what a file looks like; ConfigError says why it is none that can be imported."""
    form = _FORMS[subject]
    table = open_table(path, form, known=False)
    columns = read_header(table.header.cells, form)
    own = [field for field in columns.fields if field.startswith("crm:")]
    filled = (row.cells for row in table.rows() if any(map(str.strip, row.cells)))
    return Preview(
        words=table.words,
        crm=columns.crm,
        guessed=not form.needed.isdisjoint(columns.fields),
        headers=columns.headers,
        fields=columns.fields,
        choices=tuple(dict.fromkeys((*form.fields, *own, "extra"))),
        rows=tuple(_cells(cells, len(columns.headers)) for cells in islice(filled, most)),
    )


def _cells(cells: Sequence[str], width: int) -> tuple[str, ...]:
    shown = [text_in(cell)[:_LONGEST_CELL] for cell in cells[:width]]
    return (*shown, *[""] * (width - len(shown)))
