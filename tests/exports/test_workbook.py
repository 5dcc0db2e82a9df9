"""Workbooks as a spreadsheet reads them."""

import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from earmark.errors import ConfigError
from exports import workbook
from exports.workbook import write

HEADER = ["Company", "Note"]
ROWS = [["Norvik", "=1+1"], ["Ørlo", "https://orlo.example"], ["", "007\nsecond line"]]


def test_a_workbook_holds_the_texts_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "today.xlsx"
    assert write(file, HEADER, ROWS) == 3
    [sheet] = CalamineWorkbook.from_path(str(file)).sheet_names
    assert CalamineWorkbook.from_path(str(file)).get_sheet_by_name(sheet).to_python() == [HEADER, *ROWS]


def test_no_cell_is_a_formula_or_a_link(tmp_path: Path) -> None:
    file = tmp_path / "today.xlsx"
    write(file, HEADER, ROWS)
    with zipfile.ZipFile(file) as packed:
        sheet = packed.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet


def test_a_failure_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    file = tmp_path / "today.xlsx"
    file.write_text("before")

    def rows() -> list[list[str]]:
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match="No space left"):
        write(file, HEADER, (row for _ in range(1) for row in rows()))
    assert file.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["today.xlsx"]


def test_more_rows_than_a_sheet_holds_are_refused_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    assert write(tmp_path / "two.xlsx", HEADER, ROWS[:2]) == 2
    with pytest.raises(ConfigError, match=r"Write \.csv"):
        write(tmp_path / "three.xlsx", HEADER, ROWS)
    assert not (tmp_path / "three.xlsx").exists()
