"""Files of rows as they come: encoding, delimiter and header found out, broken rows told apart."""

import codecs
import csv
import datetime as dt
import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from earmark.errors import ConfigError
from earmark.intake.cells import text_in
from earmark.intake.columns import known_in, names_what
from earmark.intake.forms import ACCOUNTS, Form

__all__ = ["Row", "Table", "open_table"]

_SAMPLE: Final = 256 * 1024
_LONGEST_LINE: Final = 1024 * 1024
_MOST_LINES: Final = 200
_HEADER_WITHIN: Final = 20
_DELIMITERS: Final = (",", ";", "\t", "|")

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")

_KINDS_OF_FILE: Final = (
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file; unpack it first"),
    (b"Rar!", "a compressed file; unpack it first"),
    (b"7z\xbc\xaf", "a compressed file; unpack it first"),
    (b"SQLite format 3", "a database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"<?xml", "XML"),
)


class Row(NamedTuple):
    """One row: the line it begins on (from 1), its cells, or the fault for which it can't be read."""

    line: int
    cells: Sequence[str]
    fault: str = ""


class Table(ABC):
    """A file of rows with a header; ``words`` say how it was read."""

    header: Row
    words: str

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header; each call reads the file anew."""


def open_table(path: Path, form: Form = ACCOUNTS, *, known: bool = True) -> Table:
    """Return the table in a file; ConfigError says why there is none and what to do.

    With ``known`` its header must have a column that we know; else its first row will do for one.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_SAMPLE)
    except FileNotFoundError:
        raise ConfigError(f"There is no file {path}. Check the name.") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder. Name the file in it.") from None
    except OSError as error:
        raise ConfigError(
            f"{path} can't be read: {error.strerror}. Check the file and its rights."
        ) from error
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise ConfigError(f"{path} is empty. Export the {form.what} again, with a header row.")
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _Sheet(path, form, known=known)
    _refuse_other_kinds(path, head)
    return _Text(path, head, form, known=known)


def _refuse_other_kinds(path: Path, head: bytes) -> None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    what = next((words for magic, words in _KINDS_OF_FILE if start.startswith(magic)), None)
    if re.match(rb"(?is)(<!--.*?-->\s*)?<(!doctype html|html|head|body|table|meta)\b", start):
        what = "a web page (HTML); some CRMs name such a file .xls. Open it and save it as CSV"
    if what:
        raise ConfigError(f"{path} is {what}. Lists are read from CSV or .xlsx with a header row.")


class _Text(Table):
    """Delimited text, streamed."""

    def __init__(self, path: Path, head: bytes, form: Form, *, known: bool) -> None:
        self._path = path
        self._encoding, self._errors = _encoding_of(path, head)
        sample = head.decode(self._encoding, "replace")
        if len(_CONTROL.findall(sample)) * 100 > len(sample):
            raise ConfigError(_no_text(path))
        lines = list(_sample_lines(sample, whole=len(head) < _SAMPLE))
        self._delimiter = _delimiter_of(lines, form)
        self.header = _header_in(path, _csv_rows(lines, self._delimiter), form, known=known)
        named = {"\t": "tab"}.get(self._delimiter, self._delimiter)
        self.words = f"{self._encoding.removesuffix('-sig')} text, columns split at {named!r}"

    def rows(self) -> Iterator[Row]:
        with self._path.open(encoding=self._encoding, errors=self._errors, newline="") as file:
            for row in _csv_rows(_whole_lines(file), self._delimiter, len(self.header.cells)):
                if row.line > self.header.line:
                    yield row


class _Sheet(Table):
    """The first sheet of a workbook that has a header."""

    def __init__(self, path: Path, form: Form, *, known: bool) -> None:
        try:
            import python_calamine as calamine  # noqa: PLC0415 - an extra, not always installed
        except ImportError as error:
            raise ConfigError(
                f"{path} is a workbook; reading it needs an extra. Install it with: "
                "pip install 'earmark[excel]', or save the sheet as CSV."
            ) from error
        try:
            book = calamine.CalamineWorkbook.from_path(path)
            sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
            tables = [sheet.to_python(skip_empty_area=False) for sheet in sheets]
        except (calamine.CalamineError, ValueError, OSError) as error:
            raise ConfigError(
                f"{path} can't be read as a workbook ({error}). Save the sheet as CSV and import that."
            ) from error
        filled = [[[_cell(value) for value in row] for row in table] for table in tables if table]
        chosen = next((one for one in filled if _has_header(one, form)), filled[0] if filled else [])
        self._rows = [Row(line, cells) for line, cells in enumerate(chosen, start=1)]
        self.header = _header_in(path, self._rows, form, known=known)
        self.words = "workbook"

    def rows(self) -> Iterator[Row]:
        return (row for row in self._rows if row.line > self.header.line)


def _csv_rows(lines: Iterable[str], delimiter: str, width: int | None = None) -> Iterator[Row]:
    """Yield the records of delimited lines; a quote that is never closed costs its own line only."""
    feed = _Lines(lines)
    reader = csv.reader(feed, delimiter=delimiter)
    while True:
        fault = ""
        try:
            cells = next(reader)
            if len(feed.taken) > 1 and _broken(cells, feed.taken, width):
                fault = "a quotation mark is opened and not closed"
        except StopIteration:
            return
        except csv.Error as error:
            cells, fault = [], f"not readable as CSV ({error})"
        line = feed.line - len(feed.taken) + 1
        if not fault:
            feed.taken.clear()
            yield Row(line, cells)
            continue
        feed.read_again()
        reader = csv.reader(feed, delimiter=delimiter)
        yield Row(line, [], fault)


class _Lines:
    """Lines that remember the current record, so that all but its first line can be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.line += 1
        self.taken.append(line)
        return line

    def read_again(self) -> None:
        """Go back to the second line of the current record."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.line -= len(self.taken) - 1
        self.taken.clear()


def _broken(cells: Sequence[str], lines: Sequence[str], width: int | None) -> bool:
    odd = sum(line.count('"') for line in lines) % 2 == 1
    return odd or len(lines) > _MOST_LINES or (width is not None and len(cells) != width)


def _whole_lines(file: TextIO) -> Iterator[str]:
    """Yield lines; one that is absurdly long is cut, so that a file without line ends fills no memory."""
    while line := file.readline(_LONGEST_LINE):
        yield line
        while len(line) >= _LONGEST_LINE and not line.endswith(("\n", "\r")):
            line = file.readline(_LONGEST_LINE)


def _sample_lines(text: str, *, whole: bool) -> Iterator[str]:
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    yield from lines if whole or len(lines) == 1 else lines[:-1]


def _delimiter_of(lines: Sequence[str], form: Form) -> str:
    """Return the delimiter under which most headers are known, then the one that gives most columns."""
    if lines and (said := re.fullmatch(r"sep=(.)\s*", lines[0])):
        return said[1]

    def merit(delimiter: str) -> tuple[int, int]:
        rows = [row.cells for _, row in zip(range(_HEADER_WITHIN), _csv_rows(lines, delimiter), strict=False)]
        return max(((known_in(cells, form), len(cells)) for cells in rows), default=(0, 0))

    return max(_DELIMITERS, key=merit)


def _has_header(rows: Sequence[Sequence[str]], form: Form) -> bool:
    return any(names_what(cells, form) for cells in rows[:_HEADER_WITHIN])


def _header_in(path: Path, rows: Iterable[Row], form: Form, *, known: bool) -> Row:
    seen: list[str] = []
    first: Row | None = None
    for _, row in zip(range(_HEADER_WITHIN), rows, strict=False):
        if names_what(row.cells, form):
            return row
        told = [text[:40] for cell in row.cells if (text := text_in(cell))]
        first = first or (row if told else None)
        seen = seen or told
    if first is not None and not known:
        return first
    found = ", ".join(seen[:12]) or "nothing readable"
    raise ConfigError(
        f"{path} has no column {form.wanted}. Found: {found}. Rename a column and import again."
    )


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _encoding_of(path: Path, head: bytes) -> tuple[str, str]:
    """Return an encoding, and how to treat what it can't read: strict only where all of it was read."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32", "replace"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", "replace"
    if b"\x00" in head:
        return _wide_encoding_of(path, head), "replace"
    around = _first_fault(path)
    if around is None:
        return "utf-8-sig", "strict"
    return _narrow_encoding_of(head + around), "replace"


def _wide_encoding_of(path: Path, head: bytes) -> str:
    """UTF-16 without its mark has a zero in each second byte; other zeros mean that it is no text."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    raise ConfigError(_no_text(path))


def _no_text(path: Path) -> str:
    return f"{path} is no text. Lists are read from CSV or .xlsx with a header row."


def _first_fault(path: Path) -> bytes | None:
    """Return the bytes around the first place that is not UTF-8, or None when all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(_SAMPLE):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return chunk + file.read(4096)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return b"\xff"
    return None


def _narrow_encoding_of(sample: bytes) -> str:
    text = sample.decode("utf-8", "replace")
    broken, read = text.count("\ufffd"), sum(1 for char in text if not char.isascii() and char != "\ufffd")
    if broken * 10 < read:  # UTF-8 with a few wrong bytes
        return "utf-8-sig"
    western = sample.decode("cp1252", "replace")
    if "\ufffd" not in western and not re.search(r"[\u00a1-\u00ff]{4}", western):
        return "cp1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415 - slow to import, rarely needed

    best = from_bytes(sample[:_SAMPLE]).best()
    return best.encoding if best is not None else "cp1252"
