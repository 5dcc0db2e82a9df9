from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builders import ago, an_event
from tests.earmark.workspaces import a_workspace, earmark, json_of, tell, well

LIST = """\
name,domain,industry
Harrow Systems Ltd,harrow.example,Software
Norvik Labs,norviklabs.example,Robotics
"""
FUNDS = an_event("Harrow raises $20 million", external_id="funds", url="https://wire.example/funds")
HIRE = an_event(
    "Harrow appoints new chief financial officer",
    external_id="hire",
    url="https://wire.example/hire",
    published_at=ago(2),
)
QUAY = an_event("Norvik opens Singapore office", external_id="quay", url="https://wire.example/quay")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    a_workspace(tmp_path, LIST)
    tell(tmp_path, [FUNDS, HIRE, QUAY])
    return tmp_path


def doubts(folder: Path) -> dict[str, Any]:
    return {row["title"]: row for row in json_of(folder, "unsure")}


def the_list(folder: Path) -> list[dict[str, Any]]:
    """Return the accounts without the time of their last move: that one is history, and stays."""
    return [row | {"stage_since": None} for row in json_of(folder, "accounts", "list")]


def open_kinds(folder: Path, account: str) -> list[str]:
    found = json_of(folder, "triggers", "--account", account, "--state", "open")
    return sorted(trigger["kind"] for trigger in found)


def event_of(folder: Path, words: str) -> str:
    [event] = json_of(folder, "events", *words.split())
    return str(event["id"])


def test_what_could_not_be_told_is_listed_with_its_words_and_its_reason(folder: Path) -> None:
    assert doubts(folder).keys() == {FUNDS.title, HIRE.title}
    row = doubts(folder)[FUNDS.title]
    assert (row["account"], row["words"]) == ("harrow.example", "Harrow")
    assert "only a part of the name" in row["reason"]
    assert json_of(folder, "unsure", "norvik") == []
    assert "No text is undecided." in well(folder, "unsure", "norvik")
    assert "Nothing was taught" in well(folder, "learned")
    assert row["event"][:10] in well(folder, "unsure", "harrow")


def test_this_is_us_makes_the_match_and_settles_every_doubt_of_the_same_words(folder: Path) -> None:
    event = doubts(folder)[FUNDS.title]["event"]
    taught = json_of(folder, "teach", event[:8], "harrow", "--this-is-us", "--by", "Ada")
    assert taught["name"] == "Harrow"
    assert {(text["before"], text["after"]) for text in taught["texts"]} == {("undecided", "match")}
    assert open_kinds(folder, "harrow") == ["exec_hire", "funding_early"]
    assert doubts(folder) == {}
    [lesson] = json_of(folder, "learned")
    assert (lesson["by"], lesson["is_own"], lesson["effect"]) == (
        "Ada",
        True,
        "2 read again: 2 undecided → match.",
    )
    assert "“Harrow” is a name of it" in well(folder, "learned")


def test_undo_takes_a_lesson_back_exactly(folder: Path) -> None:
    before = (doubts(folder), the_list(folder))
    event = doubts(folder)[HIRE.title]["event"]
    lesson = json_of(folder, "teach", event, "harrow", "--this-is-us")["lesson"]
    assert the_list(folder) != before[1]
    undone = json_of(folder, "teach", "--undo", lesson[:6])
    assert undone["effect"] == "2 read again: 2 match → undecided."
    assert (doubts(folder), the_list(folder)) == before
    assert open_kinds(folder, "harrow") == []
    assert json_of(folder, "learned") == []


def test_never_us_takes_the_match_away_and_undo_gives_it_back(folder: Path) -> None:
    assert open_kinds(folder, "norvik") == ["new_office_or_market"]
    trigger = json_of(folder, "triggers", "--account", "norvik")[0]["id"]
    taught = json_of(folder, "teach", event_of(folder, "Singapore"), "norvik", "--never-us")
    assert [(text["before"], text["after"]) for text in taught["texts"]] == [("match", "not named")]
    assert open_kinds(folder, "norvik") == []
    well(folder, "teach", "--undo", taught["lesson"])
    assert open_kinds(folder, "norvik") == ["new_office_or_market"]
    assert json_of(folder, "triggers", "--account", "norvik")[0]["id"] == trigger


def test_a_lesson_survives_the_next_import_of_the_list(folder: Path) -> None:
    event = doubts(folder)[FUNDS.title]["event"]
    well(folder, "teach", event, "harrow", "--this-is-us")
    changed = folder / "again.csv"
    changed.write_text(LIST.replace("Software", "Freight"), "utf-8")
    assert json_of(folder, "accounts", "import", str(changed))["changed"] == 1
    [account] = json_of(folder, "accounts", "list", "harrow")
    assert (account["industry"], account["aliases"]) == ("Freight", ["Harrow"])
    tell(folder, [an_event("Harrow lays off 40", external_id="cuts", url="https://wire.example/cuts")])
    assert "layoffs" in open_kinds(folder, "harrow")


def test_a_lesson_about_another_text_holds_for_the_next_poll(folder: Path) -> None:
    well(folder, "teach", event_of(folder, "Singapore"), "norvik", "--never-us")
    tell(folder, [an_event("Norvik lays off 40", external_id="cuts", url="https://wire.example/cuts")])
    assert open_kinds(folder, "norvik") == []


def test_this_is_us_of_one_text_alone_leaves_every_other_text_undecided(folder: Path) -> None:
    before = (doubts(folder), the_list(folder))
    event = doubts(folder)[FUNDS.title]["event"]
    taught = json_of(folder, "teach", event, "harrow", "--this-is-us", "--only-here", "--by", "Ada")
    assert [(text["before"], text["after"]) for text in taught["texts"]] == [("undecided", "match")]
    assert doubts(folder).keys() == {HIRE.title}
    assert open_kinds(folder, "harrow") == ["funding_early"]
    trigger = json_of(folder, "triggers", "--account", "harrow")[0]["id"]
    assert "Ada said so of this text" in well(folder, "why", trigger)
    assert "means it in one text" in well(folder, "learned")
    well(folder, "teach", "--undo", taught["lesson"])
    assert (doubts(folder), the_list(folder)) == before
    assert open_kinds(folder, "harrow") == []


def test_what_was_said_of_one_text_holds_for_its_revisions(folder: Path) -> None:
    event = doubts(folder)[FUNDS.title]["event"]
    well(folder, "teach", event, "harrow", "--this-is-us", "--only-here")
    tell(folder, [replace(FUNDS, text="The money goes into a second plant, the company said.")])
    assert FUNDS.title not in doubts(folder)
    assert open_kinds(folder, "harrow") == ["funding_early"]
    [told] = json_of(folder, "triggers", "--account", "harrow")
    assert "said so of this text" in well(folder, "why", told["id"])


def test_never_us_of_one_text_alone_takes_that_match_away_and_no_other(folder: Path) -> None:
    event = event_of(folder, "Singapore")
    taught = json_of(folder, "teach", event, "norvik", "--never-us", "--only-here")
    assert open_kinds(folder, "norvik") == []
    tell(folder, [an_event("Norvik lays off 40", external_id="cuts", url="https://wire.example/cuts")])
    assert open_kinds(folder, "norvik") == ["layoffs"]
    well(folder, "teach", "--undo", taught["lesson"])
    assert open_kinds(folder, "norvik") == ["layoffs", "new_office_or_market"]


def test_a_later_lesson_about_the_name_leaves_what_was_said_of_one_text(folder: Path) -> None:
    event = doubts(folder)[FUNDS.title]["event"]
    well(folder, "teach", event, "harrow", "--this-is-us", "--only-here")
    well(folder, "teach", event_of(folder, "financial officer"), "harrow", "--never-us")
    assert open_kinds(folder, "harrow") == ["funding_early"]


def test_a_correction_that_changes_nothing_is_refused(folder: Path) -> None:
    linked = event_of(folder, "Singapore")
    again = earmark(folder, "teach", linked, "norvik", "--this-is-us", "--only-here")
    assert (again.exit_code, "linked to Norvik Labs already" in again.stderr) == (2, True)
    other = earmark(folder, "teach", linked, "harrow", "--never-us", "--only-here", "--as", "Singapore")
    assert (other.exit_code, "is not linked to Harrow" in other.stderr) == (2, True)
    assert json_of(folder, "learned") == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--this-is-us", "--as", "Harrow Freight"], "do not stand in that text"),
        (["--never-us", "--as", "raises"], "nothing would change"),
    ],
)
def test_a_lesson_that_would_teach_nothing_is_refused(folder: Path, args: list[str], said: str) -> None:
    event = doubts(folder)[FUNDS.title]["event"]
    result = earmark(folder, "teach", event, "harrow", *args)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert json_of(folder, "learned") == []
    assert doubts(folder).keys() == {FUNDS.title, HIRE.title}


def test_the_name_itself_is_neither_taught_again_nor_unlearned_by_accident(folder: Path) -> None:
    tell(folder, [an_event("Norvik Labs lays off 40", external_id="c", url="https://wire.example/c")])
    event = event_of(folder, "Norvik Labs lays off")
    again = earmark(folder, "teach", event, "norvik", "--this-is-us")
    assert (again.exit_code, "already" in again.stderr) == (2, True), again.stderr
    never = earmark(folder, "teach", event, "norvik", "--never-us")
    assert (never.exit_code, "name of Norvik Labs itself" in never.stderr) == (2, True), never.stderr
    assert "layoffs" in open_kinds(folder, "norvik")


def test_what_is_not_there_ends_with_one_and_a_sentence(folder: Path) -> None:
    for args in (["teach", "0000000", "harrow", "--never-us"], ["teach", "--undo", "0000000"]):
        result = earmark(folder, *args)
        assert (result.exit_code, "with '0000000'" in result.stderr) == (1, True), result.stderr
    assert earmark(folder, "teach", "0000000").exit_code == 2
    assert earmark(folder, "teach", "0000000", "--undo", "0000000").exit_code == 2
