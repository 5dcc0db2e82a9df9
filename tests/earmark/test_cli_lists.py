"""Verbs that read: the list of the day, an account, a trigger, events; as tables and as JSON."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.builders import NOW, ago, an_event, days
from tests.earmark.workspaces import FUNDING, HIRE, OFFICE, a_workspace, earmark, json_of, tell, well

HOSTILE = an_event(
    "Zephyrine Bio raises $9 million Series A \x1b]0;owned\x07\x1b[2J[bold red]now[/] \u202eexe.fdp",
    external_id="hostile",
    url="https://wire.example/\x1b[31mred",
    author="[link=https://evil.example]click[/link]",
    publisher="wire.example\x1b[5m",
    published_at=ago(1),
)


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def told(tmp_path: Path) -> Path:
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, HIRE, OFFICE])
    return folder


def test_today_has_one_row_per_account_the_best_reason_first(told: Path) -> None:
    rows = json_of(told, "today")
    assert [row["name"] for row in rows] == ["Norvik Labs", "Oskarion Freight"]
    assert rows[0]["more"] == 1
    assert rows[0]["score"] >= rows[1]["score"]
    assert rows[0]["kind"] == "funding_early"
    assert rows[0]["happened"] == FUNDING.title
    shown = well(told, "today")
    assert "+1 reason" in shown
    assert FUNDING.title in " ".join(shown.translate({ord("«"): None, ord("»"): None}).split())


def test_today_is_limited_to_what_a_team_can_touch(told: Path) -> None:
    assert len(json_of(told, "today", "--limit", "1")) == 1
    with (told / "earmark.toml").open("a", encoding="utf-8") as file:
        file.write("\n[team]\ntouches_a_day = 1\n")
    text = (told / "earmark.toml").read_text("utf-8").replace("[team]\n#", "#", 1)
    (told / "earmark.toml").write_text(text, encoding="utf-8")
    assert len(json_of(told, "today")) == 1


def test_today_says_how_much_of_the_whole_it_is_and_what_was_left_out(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "2 of 2." in well(told, "today")
    monkeypatch.setenv("EARMARK_TEAM__TOUCHES_A_DAY", "1")
    shown = " ".join(well(told, "today").split())
    assert "1 of 2, because you make about 1 touches a day. Left out: 1" in shown
    (left,) = json_of(told, "today", "--left-out")
    assert (left["name"], left["why"]) == ("Oskarion Freight", "the day is full: 1 touches")
    assert "the day is full" in well(told, "today", "--left-out")
    assert len(json_of(told, "today", "--all")) == 2
    assert [row["name"] for row in json_of(told, "today", "--owner", "bo frid")] == ["Oskarion Freight"]
    assert "unconfirmed, one source" in " ".join(well(told, "today", "--all").split())


def test_an_empty_list_is_no_fault(tmp_path: Path) -> None:
    folder = a_workspace(tmp_path)
    assert "Nothing to do now" in well(folder, "today")
    assert json_of(folder, "today") == []


def test_a_list_of_next_year_is_empty_since_reasons_end(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_NOW", (NOW + days(400)).isoformat())
    assert json_of(told, "today") == []


def test_show_tells_stage_reasons_note_and_history(told: Path) -> None:
    shown = well(told, "show", "Norvik Labs")
    for words in ("outreach ready", "Reasons", "WHY NOW", "EVIDENCE", "History", "cold → outreach ready"):
        assert words in shown
    assert FUNDING.title in " ".join(shown.translate({ord("«"): None, ord("»"): None}).split())
    assert "owner    Ada Lind" in shown


def test_show_of_an_earlier_day_leaves_out_what_came_later(told: Path) -> None:
    then = json_of(told, "show", "Norvik Labs", "--at", "2026-11-01")
    assert then["stage"] == "cold"
    assert then["reasons"] == []
    assert then["transitions"] == []
    now = json_of(told, "show", "Norvik Labs", "--at", NOW.date().isoformat())
    assert now["stage"] == "outreach_ready"
    assert len(now["reasons"]) == 2


def test_an_account_is_found_by_id_name_domain_or_a_part(told: Path) -> None:
    for text in ("norviklabs.example", "NORVIK LABS", "norvik"):
        assert json_of(told, "show", text)["account"]["id"] == "norviklabs.example"


def test_an_account_that_is_not_there_or_not_clear_is_a_sentence(told: Path) -> None:
    absent, several = earmark(told, "show", "Nobody Inc"), earmark(told, "show", "example")
    assert (absent.exit_code, several.exit_code) == (1, 2)
    assert "accounts list" in absent.stderr
    assert "oskarion.example (Oskarion Freight)" in several.stderr


def test_why_itemises_the_score_to_its_total_and_marks_the_proof(told: Path) -> None:
    trigger = json_of(told, "today")[0]["trigger"]
    view = json_of(told, "why", trigger[:10])
    score = view["reason"]["score"]
    product = 100 * score["fit"] * score["intent"] * score["freshness"] * score["confidence"]
    assert score["total"] == pytest.approx(product, abs=0.06)
    assert {part["name"] for part in score["parts"]} == {"fit", "intent", "freshness", "confidence"}
    assert [move["trigger"] for move in view["transitions"]] == [trigger]
    shown = well(told, "why", trigger)
    assert "«" in shown
    assert "= total" in shown
    told_by = [feature for match in view["reason"]["story"]["matches"] for feature in match["features"]]
    proven = [(one["sentence"], one["spans"][0]["quote"]) for one in told_by if one["spans"]]
    assert proven
    for sentence, quote in proven:
        assert f"{sentence}: “{quote}”" in shown


def test_every_span_of_every_trigger_lies_in_its_text(told: Path) -> None:
    for row in json_of(told, "triggers"):
        story = json_of(told, "why", row["id"])["reason"]["story"]
        for match in story["matches"]:
            for span in match["evidence"]:
                assert match["event"][span["field"]][span["start"] : span["end"]] == span["quote"]


def test_events_are_found_by_words_source_and_time(told: Path) -> None:
    assert len(json_of(told, "events")) == 3
    assert [one["external_id"] for one in json_of(told, "events", "singapore", "office")] == ["office"]
    assert json_of(told, "events", "--source", "elsewhere") == []
    assert earmark(told, "events", "--since", "2027-01-01").exit_code == 2
    assert len(json_of(told, "events", "--limit", "2")) == 2


def test_triggers_are_found_by_kind_state_account_and_time(told: Path) -> None:
    assert [one["kind"] for one in json_of(told, "triggers", "--kind", "exec_hire")] == ["exec_hire"]
    assert len(json_of(told, "triggers", "--account", "norvik", "--state", "open")) == 2
    assert len(json_of(told, "triggers", "--since", "-1d")) == 3
    result = earmark(told, "triggers", "--kind", "exec_hier")
    assert (result.exit_code, "did you mean exec_hire?" in result.stderr) == (2, True)
    assert len(json_of(told, "triggers", "--since", "1d")) == 3, "a distance is one into the past"
    assert earmark(told, "triggers", "--since", "2027-01-01").exit_code == 2


def test_times_in_json_are_iso_and_utc(told: Path) -> None:
    row = json_of(told, "today")[0]
    for key in ("at", "opens_at", "closes_at", "expires_at"):
        assert row[key].endswith("Z")
        assert datetime.fromisoformat(row[key]).utcoffset() == days(0)


@pytest.mark.parametrize(
    "verb",
    [["today"], ["events"], ["triggers"], ["show", "zephyrine"], ["why", "TRIGGER"], ["accounts", "list"]],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_fetched_text_steers_neither_the_terminal_nor_rich(
    tmp_path: Path, verb: list[str], form: list[str]
) -> None:
    folder = a_workspace(tmp_path)
    tell(folder, [HOSTILE])
    trigger = json_of(folder, "triggers")[0]["id"]
    args = [trigger if arg == "TRIGGER" else arg for arg in [*verb, *form]]
    output = well(folder, *args)
    assert not any(ord(char) < 32 and char != "\n" for char in output)
    assert "\u202e" not in output
    if form:
        json.loads(output)
    elif verb[0] in {"today", "events"}:
        assert "[bold red]now[/]" in output, "shown as it is, not as markup"


def test_polling_what_is_not_there_names_the_nearest(told: Path) -> None:
    result = earmark(told, "poll", "wier")
    assert (result.exit_code, "Did you mean wire?" in result.stderr) == (1, True)


def test_a_named_source_that_fails_is_exit_code_1_and_the_fault_is_shown(told: Path) -> None:
    well(told, "sources", "add", "http://127.0.0.1:9/feed.xml", "--id", "here")
    result = earmark(told, "poll", "here")
    assert result.exit_code == 1
    assert "127.0.0.1" in result.stdout


def test_evaluate_writes_a_prediction_for_each_event(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("account_id,name,domain\nA1,Norvik Labs,norviklabs.example\n", "utf-8")
    events = [
        {"id": "e1", "source_kind": "news", "outlet": "wire", "title": FUNDING.title, "text": "", "url": ""},
        {"id": "e2", "source_kind": "news", "outlet": "wire", "title": "Rain in Oslo", "text": "", "url": ""},
    ]
    lines = "".join(json.dumps({**event, "published": NOW.isoformat()}) + "\n" for event in events)
    (tmp_path / "e.jsonl").write_text(lines, "utf-8")
    out = tmp_path / "p.jsonl"
    well(
        tmp_path,
        *("evaluate", "--accounts", str(tmp_path / "a.csv"), "--events", str(tmp_path / "e.jsonl")),
        *("--out", str(out)),
    )
    first, second = (json.loads(line) for line in out.read_text("utf-8").splitlines())
    assert (first["id"], first["account_ids"], first["trigger_types"]) == ("e1", ["A1"], ["funding"])
    assert (second["account_ids"], second["trigger_types"]) == ([], [])


def test_evaluate_of_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name\nOsk\n", "utf-8")
    result = earmark(
        tmp_path,
        *("evaluate", "--accounts", str(tmp_path / "a.csv"), "--events", str(tmp_path / "no.jsonl")),
        *("--out", str(tmp_path / "p.jsonl")),
    )
    assert (result.exit_code, "no.jsonl" in result.stderr) == (2, True)
