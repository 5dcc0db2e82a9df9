"""Compounds on the command line: what is shipped, how far one has come, and why a stage was what it was."""

import json
from pathlib import Path

import pytest

from earmark.config import load
from monitors.sweep import sweep
from storage import audit, rulebook
from storage.engine import connect, reading
from tests.builders import NOW, an_event, days
from tests.earmark.workspaces import FUNDING, HIRE, a_workspace, earmark, json_of, tell, well

RULES = """\
[[compounds]]
id = "money_and_boss"
name = "New money under a new boss"
rule = "funding <= 60 d AND exec_hire <= 60 d AND NOT layoffs <= 45 d"
"""


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = a_workspace(tmp_path)
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    well(folder, "rules", "apply", str(tmp_path / "rules.toml"))
    return folder


def test_show_says_how_far_each_compound_has_come(folder: Path) -> None:
    tell(folder, [FUNDING])
    shown = well(folder, "show", "norvik")
    assert "New money under a new boss: 1 of 2, not yet" in shown
    assert "✓ funding: 1 d ago" in shown
    assert "✗ exec hire: missing in the last 60 d" in shown
    assert "✓ no layoffs: none in the last 45 d" in shown
    tell(folder, [HIRE])
    (one,) = json_of(folder, "show", "norvik")["compounds"]
    assert (one["compound"], one["met"], one["holds"]) == ("money_and_boss", 2, True)
    (both,) = [row for row in json_of(folder, "triggers") if row["kind"] == "money_and_boss"]
    why = " ".join(well(folder, "why", both["id"]).split())
    assert "New money under a new boss: several reasons stand together" in why
    assert "As sure as its least sure part" in why
    (row,) = json_of(folder, "today")
    assert "New money under a new boss" in [row["kind_words"], *row["reasons"]]


def test_show_at_a_day_says_why_it_was_ready_then(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(folder, [FUNDING])
    shown = " ".join(well(folder, "show", "norvik").split())
    assert "because Norvik Labs raised money. (21 Nov 2026" in shown
    monkeypatch.setenv("EARMARK_NOW", (NOW + days(300)).isoformat())
    engine = connect(load(folder).database_url)
    with reading(engine) as connection:
        lexicon = rulebook.lexicon(connection)
    sweep(engine, lexicon, NOW + days(300))
    engine.dispose()
    now = json_of(folder, "show", "norvik")
    assert (now["stage"], now["reasons"]) == ("cold", [])
    then = json_of(folder, "show", "norvik", "--at", "2026-11-30")
    assert then["stage"] == "outreach_ready"
    (reason,) = then["reasons"]
    assert reason["trigger"]["kind"] == "funding_early"
    assert (
        20
        < reason["score"]["total"]
        < json_of(folder, "show", "norvik", "--at", "2026-11-21")["reasons"][0]["score"]["total"]
    )
    assert then["transitions"][-1]["cause"] == "triggered"
    assert then["compounds"][0]["met"] == 1


def test_compounds_are_listed_and_a_shipped_one_is_switched_on_once(folder: Path) -> None:
    rows = {row["id"]: row for row in json_of(folder, "rules", "compounds")}
    assert rows["money_and_boss"]["on"]
    assert not rows["budget_and_seat"]["on"]
    assert "budget_and_seat" in well(folder, "rules", "compounds")
    result = earmark(folder, "rules", "compounds", "--on", "budget_and_seat")
    assert "is on, with version 2" in result.stderr
    assert {row["id"] for row in json_of(folder, "rules", "compounds") if row["on"]} == {
        "money_and_boss",
        "budget_and_seat",
    }
    again = earmark(folder, "rules", "compounds", "--on", "budget_and_seat")
    assert "is on already" in again.stderr
    told = json_of(folder, "rules", "compounds", "--on", "budget_and_seat")
    assert told == {"id": "budget_and_seat", "version": 2, "changed": False}
    engine = connect(load(folder).database_url)
    with reading(engine) as connection:
        deeds = [deed for deed in audit.recent(connection) if deed.verb == "rulebook.apply"]
    assert [deed.subject for deed in deeds] == ["version 2", "version 1"]
    engine.dispose()
    unknown = earmark(folder, "rules", "compounds", "--on", "budget")
    assert (unknown.exit_code, "known: budget_and_seat" in unknown.stderr) == (2, True)


def test_a_compound_that_is_switched_on_later_finds_what_is_there_already(tmp_path: Path) -> None:
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, HIRE])
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    well(folder, "rules", "apply", str(tmp_path / "rules.toml"))
    engine = connect(load(folder).database_url)
    with reading(engine) as connection:
        lexicon = rulebook.lexicon(connection)
    sweep(engine, lexicon, NOW)
    engine.dispose()
    assert "money_and_boss" in [row["kind"] for row in json_of(folder, "triggers")]
    (row,) = [row for row in json_of(folder, "rules", "compounds") if row["on"]]
    assert (row["accounts"], row["too_wide"]) == (1, False)


def test_a_compound_that_holds_for_nearly_all_is_marked_too_wide(tmp_path: Path) -> None:
    names = [
        f"Qorvane {word}"
        for word in (
            "Alto",
            "Brio",
            "Celo",
            "Dara",
            "Elvo",
            "Fado",
            "Giro",
            "Hano",
            "Ilmo",
            "Juno",
            "Kado",
            "Lomo",
        )
    ]
    rows = "".join(f"{name},{name.split()[1].lower()}.example\n" for name in names)
    folder = a_workspace(tmp_path, f"name,domain\n{rows}")
    (tmp_path / "r.toml").write_text('[[compounds]]\nid = "any"\nname = "Any"\nrule = "funding"\n', "utf-8")
    well(folder, "rules", "apply", str(tmp_path / "r.toml"))
    events = [
        an_event(
            f"{name} raises $20 million Series B", external_id=name, url=f"https://wire.example/{number}"
        )
        for number, name in enumerate(names)
    ]
    tell(folder, events)
    wide = next(row for row in json_of(folder, "rules", "compounds") if row["id"] == "any")
    assert (wide["accounts"], wide["too_wide"]) == (12, True)
    assert "too wide" in well(folder, "rules", "compounds")


def test_rules_that_can_never_hold_are_refused(folder: Path, tmp_path: Path) -> None:
    never = RULES.replace("NOT layoffs <= 45 d", "NOT funding <= 90 d")
    (tmp_path / "never.toml").write_text(never, "utf-8")
    result = earmark(folder, "rules", "apply", str(tmp_path / "never.toml"))
    assert (result.exit_code, "can never hold" in result.stderr) == (2, True)
    assert json.loads(well(folder, "rules", "compounds", "--json"))[0]["id"] == "money_and_boss"
