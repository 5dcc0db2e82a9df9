"""Rows of a dropped file (CSV, JSON, JSON lines) as plain records: column → text."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from earmark.errors import SourceChanged
from sources.document import decoded
from sources.entries import line
from sources.html import looks_like_html

__all__ = ["Record", "csv_records", "json_records", "plain", "value_of"]

Record = Mapping[str, str]

_BLANK: Final = frozenset({"", "—", "-", "–", "n/a", "null", "none"})
_LONGEST_CELL: Final = 100_000
_DEEPEST: Final = 4
_FALLEN: Final = 50  # lines that are no JSON before the file counts as something else


def csv_records(body: bytes) -> list[Record]:
    """Return the rows below a CSV file's header, by plain column name; blank cells are left out.

    A row of another length than the header is kept as far as it goes. Raises SourceChanged for what is no
    table of text.
    """
    text = _text(body)
    head = text[:4096].partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [plain(cell) for cell in next(rows, [])]
        found = [dict(zip(header, row, strict=False)) for row in rows]
    except csv.Error as error:
        raise SourceChanged(f"It is not readable as CSV ({error}). Export it again as CSV.") from error
    if len(header) < 2 and not found:  # noqa: PLR2004 - one cell is no table
        raise SourceChanged("It is no table: it has one line only. Export it again as CSV, with its header.")
    return [told for row in found if (told := _told(row))]


def json_records(body: bytes) -> list[Record]:
    """Return the records of a JSON file: one object a line, a list of objects, or an object that holds one.

    Nested objects are reached by dots (``person.company``). A line that is no object is an empty
    record; a file in which most are none is SourceChanged.
    """
    text = _text(body)
    try:
        found = _objects(json.loads(text))
    except ValueError:
        found = _lines(text)
    except RecursionError as error:
        raise SourceChanged("It is nested too deeply to be read.") from error
    if not found:
        raise SourceChanged("It holds no records. Write one JSON object a line, or a list of objects.")
    return [_told(dict(_leaves(record))) for record in found]


def plain(name: str) -> str:
    """Return a column's name in lower case, with single spaces for whatever stands between its words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.lstrip("\ufeff")).casefold()
    return " ".join(re.findall(r"[^\W_]+|\.", spaced)).replace(" . ", ".")


def value_of(record: Record, names: Sequence[str]) -> str:
    """Return what a record says under the first of these names that it knows, or an empty string."""
    return next((record[name] for name in names if record.get(name)), "")


def _text(body: bytes) -> str:
    if not body.strip():
        raise SourceChanged("It is empty. Export it again.")
    if looks_like_html(body):
        raise SourceChanged("It is a web page, not an export. Download the file itself, while logged in.")
    if body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise SourceChanged("It is a workbook. Save the sheet as CSV.")
    text = decoded(body, "").lstrip("\ufeff")
    if "\0" in text[:4096]:
        raise SourceChanged("It is no text. Export it again as CSV or JSON.")
    return text


def _told(row: Mapping[str, Any]) -> Record:
    said = ((name, line(str(value)[:_LONGEST_CELL], keep_breaks=True)) for name, value in row.items() if name)
    return {name: value for name, value in said if value.casefold() not in _BLANK}


def _objects(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        inner = next((value for value in data.values() if _is_list(value)), None)
        return _objects(inner) if inner is not None else [data]
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _lines(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    fallen = 0
    for words in text.splitlines():
        try:
            data = json.loads(words) if words.strip() else None
        except (ValueError, RecursionError):
            fallen += 1
            data = None
        if words.strip():
            found.append(data if isinstance(data, dict) else {})
        if 2 * fallen > _FALLEN + len(found):
            break
    if 2 * fallen > len(found):
        raise SourceChanged("It is neither JSON nor JSON lines. Write one JSON object a line.")
    return found


def _leaves(data: Mapping[str, Any], path: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        name = f"{path}.{plain(str(key))}" if path else plain(str(key))
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _leaves(value, name, depth + 1)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            yield name, str(value)
        elif isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            yield name, ", ".join(value)
