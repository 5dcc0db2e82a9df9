"""What was learned, what came of it, and replay, on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import NOW, an_event
from tests.earmark.workspaces import FUNDING, HIRE, OFFICE, a_workspace, earmark, json_of, tell, well


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    a_workspace(tmp_path)
    tell(tmp_path, [FUNDING, HIRE, OFFICE])
    return tmp_path


def trigger_of(folder: Path, kind: str) -> str:
    (found,) = [one for one in json_of(folder, "triggers") if one["kind"] == kind]
    return str(found["id"])


def learned(folder: Path, what: str) -> list[dict[str, Any]]:
    return [row for row in json_of(folder, "learned") if row["what"] == what]


def the_account(folder: Path, name: str) -> dict[str, Any]:
    (found,) = json_of(folder, "accounts", "list", name)
    return dict(found)


def test_an_account_is_assigned_and_given_back(folder: Path) -> None:
    said = earmark(folder, "assign", "norvik", "Cleo").stderr
    assert "belongs to Cleo" in said
    assert the_account(folder, "norvik")["owner"] == "Cleo"
    well(folder, "undo", "norvik")
    assert the_account(folder, "norvik")["owner"] == "Ada Lind"
    well(folder, "assign", "norvik")
    assert the_account(folder, "norvik")["owner"] is None


def test_a_verdict_is_listed_with_its_rule_and_undone_by_its_id(folder: Path) -> None:
    assert json_of(folder, "learned") == []
    well(folder, "dismiss", trigger_of(folder, "exec_hire"), "--reason", "off_topic", "--by", "Ada")
    (verdict,) = learned(folder, "verdict")
    assert (verdict["by"], verdict["effect"]) == ("Ada", "Counts against “has a new executive” from wire.")
    (rule,) = learned(folder, "rule")
    assert (rule["id"], rule["good"], rule["bad"]) == ("exec_hire@wire", 0, 1)
    assert rule["precision"]["low"] < rule["precision"]["mean"] == 0.5 < rule["precision"]["high"]
    assert "has a new executive: off topic" in well(folder, "learned")
    well(folder, "undo", verdict["id"])
    assert json_of(folder, "learned") == []
    assert trigger_of(folder, "exec_hire") in {
        one["id"] for one in json_of(folder, "triggers", "--state", "open")
    }


def test_a_rule_under_the_floor_is_throttled_until_the_user_lets_it_begin_anew(folder: Path) -> None:
    rules = folder / "rules.toml"
    rules.write_text("floor = 0.99\n", "utf-8")
    well(folder, "rules", "apply", str(rules))
    well(folder, "dismiss", trigger_of(folder, "exec_hire"), "--reason", "off_topic")
    assert learned(folder, "rule")[0]["throttled"]
    second = an_event(
        "Oskarion Freight appoints Tom Ek as chief financial officer",
        external_id="ek",
        url="https://wire.example/ek",
    )
    well(
        folder, "dismiss", trigger_of(folder, "new_office_or_market"), "--reason", "not_now", "--until", "2d"
    )
    tell(folder, [second])
    hires = [
        one for one in json_of(folder, "triggers", "--account", "oskarion") if one["kind"] == "exec_hire"
    ]
    (shown,) = [one for one in hires if one["state"] == "open"]
    assert "Throttled" in well(folder, "why", shown["id"])
    assert "began anew" not in well(folder, "learned")
    assert "no longer counts" in earmark(folder, "undo", "exec_hire@wire").stderr
    (rule,) = [row for row in learned(folder, "rule") if row["id"] == "exec_hire@wire"]
    assert (rule["throttled"], rule["bad"]) == (False, 0)
    assert "counts again" in earmark(folder, "undo", "exec_hire@wire").stderr
    assert learned(folder, "rule")[0]["throttled"]


def test_not_now_and_too_old_say_what_follows(folder: Path) -> None:
    well(folder, "dismiss", trigger_of(folder, "funding_early"), "--reason", "not_now", "--until", "9d")
    assert the_account(folder, "norvik")["snoozed_until"].startswith("2026-11-30")
    well(folder, "dismiss", trigger_of(folder, "exec_hire"), "--reason", "too_old")
    effects = {row["verdict"]: row["effect"] for row in learned(folder, "verdict")}
    assert effects["not_now"] == "The account is snoozed for a time."
    assert effects["too_old"].startswith("New ones end after ")


def test_wrong_account_forgets_a_short_name_and_undo_remembers_it(folder: Path) -> None:
    tell(folder, [an_event("Norvik lays off 40", external_id="cuts", url="https://wire.example/cuts")])
    trigger = trigger_of(folder, "layoffs")
    said = earmark(folder, "dismiss", trigger, "--reason", "wrong_account").stderr
    assert "\u201cNorvik\u201d never means Norvik Labs now" in said
    (name,) = learned(folder, "name")
    assert (name["name"], name["is_own"]) == ("Norvik", False)
    (verdict,) = learned(folder, "verdict")
    assert "may mean" in earmark(folder, "undo", verdict["id"]).stderr
    assert json_of(folder, "learned") == []
    assert [one["state"] for one in json_of(folder, "triggers") if one["id"] == trigger] == ["open"]


def test_wrong_account_never_forgets_the_name_itself(folder: Path) -> None:
    said = earmark(folder, "dismiss", trigger_of(folder, "new_office_or_market"), "--reason", "wrong_account")
    assert "no name is forgotten" in said.stderr
    assert learned(folder, "name") == []


def test_insights_count_meetings_by_kind_source_and_rep(folder: Path) -> None:
    assert "No outreach was logged" in well(folder, "insights")
    well(folder, "contacted", trigger_of(folder, "funding_early"), "--by", "Ada")
    well(folder, "outcome", "norvik", "meeting", "--by", "Ada")
    well(folder, "contacted", trigger_of(folder, "new_office_or_market"), "--by", "Bo")
    rows = {(row["by"], row["name"]): row for row in json_of(folder, "insights", "--since", "7d")}
    assert rows.keys() == {
        ("all", "all"),
        ("kind", "funding_early"),
        ("kind", "new_office_or_market"),
        ("source", "wire"),
        ("rep", "Ada"),
        ("rep", "Bo"),
    }
    assert [(rows[key]["worked"], rows[key]["meetings"]) for key in sorted(rows)] == [
        (2, 1), (1, 1), (1, 0), (1, 1), (1, 0), (2, 1)
    ]  # fmt: skip
    assert rows["all", "all"]["low"] < rows["all", "all"]["per_100"] == 50 < rows["all", "all"]["high"]
    well(folder, "undo", "norvik")
    assert {row["meetings"] for row in json_of(folder, "insights")} == {0}


def test_replay_shows_what_other_rules_would_change(folder: Path) -> None:
    rules = folder / "new.toml"
    rules.write_text("[kinds.new_office_or_market]\nintent = 0.0\n", "utf-8")
    result = earmark(
        folder,
        "replay",
        "--rules",
        str(rules),
        "--since",
        "30d",
        "--list-on",
        "today",
        "--processes",
        "1",
        "--json",
    )
    assert result.exit_code == 0, result.output
    assert "3 of 3 events read" in result.stderr
    found = json.loads(result.stdout)
    assert (found["events"], found["now"]["reasons"], found["new"]["reasons"]) == (3, 3, 3)
    assert [one["account"] for one in found["demoted"]] == ["oskarion.example"]
    assert [row["account"] for row in found["off_list"]] == ["oskarion.example"]
    shown = well(folder, "replay", "--rules", str(rules), "--processes", "1")
    assert "Demoted: 1" in shown
    assert "oskarion.example: outreach ready → cold" in shown
    assert [one["state"] for one in json_of(folder, "triggers")] == ["open"] * 3


def test_replay_tries_another_list_of_accounts(folder: Path) -> None:
    other = folder / "other.csv"
    other.write_text("name,domain\nOskarion Freight,oskarion.example\n", "utf-8")
    found = json_of(folder, "replay", "--accounts", str(other), "--list-on", "today", "--processes", "1")
    assert [one["account"] for one in found["demoted"]] == ["norviklabs.example"]
    assert (found["now"]["reasons"], found["new"]["reasons"]) == (3, 1)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--rules", "nothing.toml"], "There is no file nothing.toml"),
        (["--since", "2027-01-01"], "begins in the past"),
        (["--since", "soon"], "is no time"),
    ],
)
def test_what_a_replay_can_not_do_is_said(folder: Path, args: list[str], said: str) -> None:
    result = earmark(folder, "replay", *args)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
