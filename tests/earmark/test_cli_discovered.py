"""Discovered accounts: companies outside the list with a reason, suggested once, with evidence."""

from pathlib import Path
from typing import Any

import pytest

from earmark.types import Event
from tests.builders import NOW, ago, an_event
from tests.earmark.workspaces import FUNDING, a_workspace, earmark, json_of, tell, well


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


def a_round(name: str, text: str = "", **changes: Any) -> Event:
    slug = name.lower().replace(" ", "-")
    fields: dict[str, Any] = {"external_id": slug, "url": f"https://wire.example/{slug}", "publisher": "wire"}
    return an_event(f"{name} raises $12 million Series A", text=text, **(fields | changes))


QUILLBY = a_round("Quillby Systems", "Berlin-based Quillby Systems raised $12 million.")
DRAVENTO = a_round("Dravento Maritime", published_at=ago(20))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, QUILLBY, DRAVENTO])
    return folder


def names(folder: Path, *args: str) -> list[str]:
    return [one["name"] for one in json_of(folder, "accounts", "discovered", *args)["suggestions"]]


def test_companies_outside_the_list_are_suggested_with_evidence(desk: Path) -> None:
    said = json_of(desk, "accounts", "discovered")
    assert said["headline"] == "1 funding round this week outside your list."
    assert {one["name"] for one in said["suggestions"]} == {"Quillby Systems", "Dravento Maritime"}
    quillby = next(one for one in said["suggestions"] if one["name"] == "Quillby Systems")
    (evidence,) = quillby["evidence"]
    assert (evidence["kind"], evidence["url"]) == ("funding_early", "https://wire.example/quillby-systems")
    assert evidence["quote"] in QUILLBY.title
    assert quillby["outsider"]["countries"] == ["germany"]
    drawn = well(desk, "accounts", "discovered")
    assert "Quillby Systems" in drawn
    assert "Norvik Labs" not in drawn, "it is on the list"


def test_looking_again_suggests_the_same_and_writes_nothing(desk: Path) -> None:
    assert json_of(desk, "accounts", "discovered") == json_of(desk, "accounts", "discovered")
    assert names(desk, "--days", "7") == ["Quillby Systems"]


def test_those_that_fit_the_icp_come_first_and_the_others_not_at_all(desk: Path) -> None:
    rules = desk / "icp.toml"
    rules.write_text('[[icp]]\nfield = "country"\nop = "in"\nvalue = ["DACH"]\n', "utf-8")
    well(desk, "rules", "apply", str(rules))
    assert names(desk) == ["Quillby Systems", "Dravento Maritime"]
    assert names(desk, "--fit-at-least", "0.6") == ["Quillby Systems"]
    rules.write_text('[[icp]]\nfield = "country"\nop = "in"\nvalue = ["France"]\n', "utf-8")
    well(desk, "rules", "apply", str(rules))
    assert names(desk) == ["Dravento Maritime"], "a country that a text does not say counts half"


def test_a_dismissed_company_is_never_suggested_again(desk: Path) -> None:
    assert "not suggested again" in earmark(desk, "accounts", "dismiss", "quillby systems").stderr
    assert names(desk) == ["Dravento Maritime"]
    tell(desk, [a_round("Quillby Systems", external_id="more", url="https://wire.example/more")])
    assert names(desk) == ["Dravento Maritime"]
    held = json_of(desk, "accounts", "discovered", "--all")["suggestions"]
    assert {one["name"]: one["state"] for one in held}["Quillby Systems"] == "dismissed"


def test_a_company_that_is_added_brings_its_reasons_along(desk: Path) -> None:
    result = earmark(desk, "accounts", "add", "Quillby Systems", "--domain", "https://quillby.example")
    assert result.exit_code == 0
    assert "1 of its stories are reasons now" in result.stderr
    assert names(desk) == ["Dravento Maritime"]
    shown = json_of(desk, "show", "quillby")
    assert shown["account"]["domains"] == ["quillby.example"]
    assert shown["stage"] == "outreach_ready"
    assert [one["trigger"]["kind"] for one in shown["reasons"]] == ["funding_early"]
    assert json_of(desk, "accounts", "discovered", "--all")["headline"].startswith("Nothing")


def test_any_company_can_be_added_but_none_twice(desk: Path) -> None:
    assert earmark(desk, "accounts", "add", "Kestrelin Works").exit_code == 0
    assert json_of(desk, "accounts", "list", "kestrelin")[0]["id"] == "kestrelin-works"
    twice = earmark(desk, "accounts", "add", "Kestrelin Works")
    assert (twice.exit_code, "on the list already" in twice.stderr) == (2, True)
    wrong = earmark(desk, "accounts", "add", "Osk", "--domain", "no domain")
    assert (wrong.exit_code, "is no domain" in wrong.stderr) == (2, True)
    absent = earmark(desk, "accounts", "dismiss", "Nobody Known")
    assert (absent.exit_code, "No company" in absent.stderr) == (1, True)


@pytest.mark.parametrize("listed", ["Quillby Systems", "Quillby Systems Europe", "Osk,Quillby Systems"])
def test_a_namesake_of_an_account_is_not_suggested(tmp_path: Path, listed: str) -> None:
    name, _, alias = listed.partition(",")
    folder = a_workspace(tmp_path, "name,domain,country\nNorvik Labs,norviklabs.example,Norway\n")
    tell(folder, [QUILLBY])
    assert names(folder) == ["Quillby Systems"]
    more = folder / "more.csv"
    more.write_text(f"name,domain,aliases\n{name},other.example,{alias}\n", "utf-8")
    well(folder, "accounts", "import", str(more))
    assert names(folder) == []


def test_a_denied_round_is_no_suggestion(tmp_path: Path) -> None:
    folder = a_workspace(tmp_path)
    denied = an_event(
        "Quillby Systems denies it raised $12 million", external_id="d", url="https://wire.example/d"
    )
    tell(folder, [denied])
    assert names(folder) == []
