"""CSV: what is written is read again; a file appears whole or not at all; no cell runs."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError
from exports.cells import cut, harmless, inert, plain
from exports.csv_file import write

TEXTS = st.text(max_size=60) | st.text(alphabet="=+-@＝'\";,\t\r\n\x00 a1\u2028\u202e\ud800", max_size=30)
FORMULA = re.compile(r"^[\s'\"]*[=+\-@＝＋－＠]")


@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=5))
def test_what_is_written_is_what_a_reader_reads(table: list[list[str]]) -> None:
    rows = [[plain(cell, lines=True) for cell in row] for row in table]
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    assert list(csv.reader(io.StringIO(file.getvalue(), newline=""))) == rows


@given(TEXTS)
def test_a_plain_text_is_one_that_any_file_can_hold(text: str) -> None:
    for lines in (False, True):
        cell = plain(text, lines=lines)
        cell.encode("utf-8")
        assert not set(cell) & {"\x00", "\r", "\t", "\u2028", "\u202e"}
        assert plain(cell, lines=lines) == cell
    assert "\n" not in plain(text)


@given(TEXTS)
def test_no_reading_of_a_spreadsheet_cell_is_a_formula(text: str) -> None:
    cell = inert(plain(text, lines=True))
    for part in re.split("[;\t\n]", cell):
        assert part.startswith("'") or not FORMULA.match(part)
    assert cell.replace("'", "") == plain(text, lines=True).replace("'", "")


@given(TEXTS)
def test_fetched_text_never_begins_a_formula_and_loses_nothing(text: str) -> None:
    cell = harmless(plain(text))
    assert not cell.startswith(tuple("=+-@＝＋－＠"))
    assert cell.removeprefix("'") == plain(text).removeprefix("'")


@given(st.text(alphabet="aé🚀", max_size=80), st.integers(min_value=2, max_value=90))
def test_a_cut_text_fits_and_a_fitting_text_is_not_cut(text: str, longest: int) -> None:
    def units(words: str) -> int:
        return len(words.encode("utf-16-le")) // 2

    kept = cut(text, longest)
    assert units(kept) <= longest
    assert (kept == text) == (units(text) <= longest)
    assert text.startswith(kept.removesuffix("…"))


def test_a_file_is_rfc_4180_with_its_mark_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert write(path, ["a", "b"], [["1,2", 'say "x"'], ["é", "two\nlines"]]) == 2
    body = 'a,b\r\n"1,2","say ""x"""\r\né,"two\nlines"\r\n'.encode()
    assert path.read_bytes() == body
    write(path, ["a", "b"], [["1,2", 'say "x"'], ["é", "two\nlines"]], mark=True)
    assert path.read_bytes() == b"\xef\xbb\xbf" + body


def test_a_failure_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def rows() -> Iterator[list[str]]:
        yield ["x" * 100_000]
        raise LookupError("the story is gone")

    with pytest.raises(LookupError):
        write(path, ["a"], rows())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_rows_go_to_disk_as_they_come(tmp_path: Path) -> None:
    path, sizes = tmp_path / "out.csv", []

    def rows() -> Iterator[list[str]]:
        for _ in range(3):
            yield ["x" * 100_000]
            sizes.append(next(tmp_path.glob(".*.part")).stat().st_size)
        assert not path.exists()

    write(path, ["a"], rows())
    assert sizes == sorted(sizes)
    assert sizes[0] > 50_000


@pytest.mark.parametrize("place", ["", "no/such/folder.csv", "n" * 300])
def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigError, match="Give "):
        write(tmp_path / place, ["a"], [])
    assert list(tmp_path.iterdir()) == []
