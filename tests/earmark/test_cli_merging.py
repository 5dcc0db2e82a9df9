"""Two accounts that are one company, on the command line."""

from pathlib import Path

import pytest

from tests.builders import NOW
from tests.earmark.workspaces import FUNDING, OFFICE, a_workspace, earmark, json_of, tell, well


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    desk = a_workspace(tmp_path)
    tell(desk, [FUNDING, OFFICE])
    return desk


def ids(desk: Path) -> set[str]:
    return {one["id"] for one in json_of(desk, "accounts", "list")}


def test_it_is_told_first_then_done_then_taken_back(desk: Path) -> None:
    before = ids(desk)
    assert "No accounts were merged" in well(desk, "accounts", "merge")
    told = earmark(desk, "accounts", "merge", "norvik", "oskarion")
    assert "Oskarion Freight (oskarion.example) becomes part of Norvik Labs" in told.stdout
    assert "Nothing was changed yet" in told.stderr
    assert ids(desk) == before
    done = json_of(desk, "accounts", "merge", "norvik", "oskarion", "--yes")
    assert ids(desk) == before - {"oskarion.example"}
    shown = json_of(desk, "show", "oskarion.example")
    assert shown["account"]["id"] == "norviklabs.example"
    assert len(shown["reasons"]) == 2
    assert done["merge"] in well(desk, "accounts", "merge")
    assert [one["account"] for one in json_of(desk, "triggers")] == ["norviklabs.example"] * 2
    well(desk, "accounts", "merge", "--undo", done["merge"][:6])
    assert ids(desk) == before
    assert {one["account"] for one in json_of(desk, "triggers")} == {"norviklabs.example", "oskarion.example"}


def test_what_can_not_be_is_said(desk: Path) -> None:
    for args, said in (
        (("norvik",), "Name two accounts"),
        (("norvik", "norvik"), "already"),
        (("--undo", "nothing"), "No single merge"),
    ):
        result = earmark(desk, "accounts", "merge", *args)
        assert result.exit_code == 2, args
        assert said in result.stderr
