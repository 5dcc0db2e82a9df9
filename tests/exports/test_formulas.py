"""No text of a stranger is a live formula in any cell of any profile, whatever it is."""

import re
import zipfile
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports import workbook
from exports.choice import choose
from exports.profiles import PROFILES, columns_of, rows_of
from tests.builders import NOW
from tests.exports.lines import a_contact, a_line, a_note, a_ready_account

FORMULA: Final = re.compile(r"^\s*[=+\-@＝＋－＠﹢﹣﹦﹫]")
QUOTED: Final = re.compile(r"^[\s'\"]*[=+\-@＝＋－＠﹢﹣﹦﹫]")
HOSTILE = st.text(
    alphabet="=+-@＝＋－＠﹢﹣﹦﹫|!'\";,\t\r\n\x00\x0b\u2028\u00a0\u202e\ufeff\ud800 aé1(", max_size=24
)
TEXTS = HOSTILE | st.text(max_size=24) | HOSTILE.map(lambda text: f"=cmd|' /C calc'!A0{text}")


def cells(name: str, text: str, own: str = "Norvik Labs") -> list[list[tuple[str, str, bool]]]:
    """Return header, text and whether it was fetched, of each cell that a profile makes of hostile texts."""
    note = a_note(text or " ", who=text, publisher=text, url=text, opener=text)
    account = a_ready_account(own, id="norvik-labs", crm_ids={"salesforce": "1"})
    profile = PROFILES[name]
    chosen = choose(profile, [a_line(account, note=note)], {"norvik-labs": [a_contact()]}, NOW).lines
    columns = columns_of(profile, chosen)
    return [
        [(one.header, cell, one.fetched) for one, cell in zip(columns, row, strict=True)]
        for row in rows_of(profile, columns, chosen)
    ]


@pytest.mark.parametrize("name", PROFILES)
@given(text=TEXTS)
def test_no_fetched_text_begins_a_formula_in_any_profile(name: str, text: str) -> None:
    rows = cells(name, text)
    assert len(rows) == 1
    for header, cell, fetched in rows[0]:
        assert not fetched or not FORMULA.match(cell), (header, cell)


@given(text=TEXTS, own=TEXTS)
def test_nothing_at_all_runs_in_the_file_for_spreadsheets(text: str, own: str) -> None:
    for header, cell, _ in cells("excel", text, own)[0]:
        for part in re.split("[;\t\n]", cell):
            assert part.startswith("'") or not QUOTED.match(part), (header, cell)


@settings(max_examples=20)
@given(text=TEXTS, own=TEXTS)
def test_a_workbook_holds_no_formula_and_no_link_whatever_it_is_told(
    tmp_path_factory: pytest.TempPathFactory, text: str, own: str
) -> None:
    file = tmp_path_factory.mktemp("book") / "a.xlsx"
    [row] = cells("triggers", text, own)
    workbook.write(file, [header for header, _, _ in row], [[cell for _, cell, _ in row]])
    with zipfile.ZipFile(file) as packed:
        sheets = [
            packed.read(name).decode() for name in packed.namelist() if "sheet" in name and "xml" in name
        ]
    assert sheets
    assert not any("<f>" in sheet or "<f " in sheet or "<hyperlink" in sheet for sheet in sheets)


def test_the_check_would_see_a_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exports.profiles.harmless", lambda text: text)
    assert any(FORMULA.match(cell) for _, cell, fetched in cells("triggers", "=1+1")[0] if fetched)
