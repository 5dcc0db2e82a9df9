"""JSON Lines for a warehouse: all that is stored, a line each."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.jsonl import WHAT, write
from tests.builders import NOW, an_event, days
from tests.earmark.workspaces import FUNDING, HIRE, OFFICE, a_workspace, earmark, json_of, tell, well


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


@pytest.fixture
def told(tmp_path: Path) -> Path:
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, HIRE, OFFICE])
    trigger = json_of(folder, "today")[0]["trigger"]
    well(folder, "dismiss", trigger, "--reason", "off_topic", "--by", "ann")
    return folder


def lines(folder: Path, what: str, *more: str) -> list[dict[str, Any]]:
    file = folder / f"{what}.jsonl"
    done = json_of(folder, "exports", "run", "jsonl", "--what", what, "--out", str(file), *more)
    read = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert done["rows"] == len(read)
    return read


def test_events_are_whole_with_their_times(told: Path) -> None:
    found = {one["external_id"]: one for one in lines(told, "events")}
    assert set(found) == {"funding", "hire", "office"}
    assert found["funding"]["title"] == FUNDING.title
    assert found["funding"]["text"] == FUNDING.text
    assert found["funding"]["published_at"] == "2026-11-20T09:00:00Z"
    assert found["funding"]["seen_at"] == "2026-11-21T09:00:00Z"


def test_stories_name_their_events_and_triggers_their_stories(told: Path) -> None:
    events = {one["id"] for one in lines(told, "events")}
    stories = {one["id"]: one for one in lines(told, "stories")}
    triggers = lines(told, "triggers")
    assert {event for one in stories.values() for event in one["events"]} == events
    assert {one["story"] for one in triggers} <= set(stories)
    assert {one["account"] for one in triggers} == {"norviklabs.example", "oskarion.example"}
    assert all(0 < one["score"]["total"] <= 100 for one in triggers)
    assert sorted(one["state"] for one in triggers) == ["dismissed", "open", "open"]
    amounts = [fact for one in stories.values() for fact in one["facts"] if fact["key"] == "amount"]
    assert [fact["value"] for fact in amounts] == ["20000000"]


def test_judgements_say_who_said_what_of_which_trigger(told: Path) -> None:
    [one] = lines(told, "judgements")
    dismissed = [trigger for trigger in lines(told, "triggers") if trigger["state"] == "dismissed"]
    assert (one["verdict"], one["by"], one["trigger"]) == ("off_topic", "ann", dismissed[0]["id"])


@pytest.mark.parametrize("what", WHAT)
def test_the_same_data_gives_the_same_bytes_and_since_leaves_out_what_is_older(
    told: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    lines(told, what)
    first = (told / f"{what}.jsonl").read_bytes()
    assert lines(told, what, "--since", "2026-11-21")
    assert (told / f"{what}.jsonl").read_bytes() == first
    monkeypatch.setenv("EARMARK_NOW", (NOW + days(2)).isoformat())
    assert lines(told, what, "--since", "2026-11-22") == []


def test_what_was_seen_late_is_new_however_long_ago_it_happened(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = NOW + days(2)
    monkeypatch.setenv("EARMARK_NOW", later.isoformat())
    old = an_event("Oskarion Freight names a new chief", external_id="old", published_at=NOW - days(9))
    tell(told, [old], later)
    assert [one["external_id"] for one in lines(told, "events", "--since", "-1d")] == ["old"]
    assert [one["external_id"] for one in lines(told, "events", "--since", "1d")] == ["old"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "--what events|stories|triggers|judgements"),
        (["--what", "accounts", "--out", "x"], "--what events|stories|triggers|judgements"),
        (["--what", "events"], "--out FILE"),
        (["--what", "events", "--out", "."], "is no file"),
        (["--what", "events", "--out", "x.jsonl", "--since", "soon"], "soon"),
        (["--what", "events", "--out", "x.jsonl", "--since", "2026-11-22"], "in the future"),
    ],
)
def test_a_wrong_call_is_told_and_ends_with_2(told: Path, more: list[str], said: str) -> None:
    result = earmark(told, "exports", "run", "jsonl", *more)
    assert result.exit_code == 2
    assert said in result.output


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), max_size=5))
def test_each_row_is_one_line_whatever_its_texts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    file = tmp_path_factory.mktemp("lines") / "a.jsonl"
    assert write(file, rows) == len(rows)
    read = [json.loads(line) for line in file.read_text("utf-8").split("\n")[:-1]]
    assert read == json.loads(json.dumps(rows).encode().decode())


def test_a_failure_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("old\n")

    def rows() -> Any:
        yield {"a": 1}
        raise LookupError

    with pytest.raises(LookupError):
        write(file, rows())
    assert file.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [file]


def test_a_dry_run_says_how_many_and_writes_nothing(told: Path) -> None:
    file = told / "a.jsonl"
    call = ("exports", "run", "jsonl", "--what", "triggers", "--dry-run")
    assert json_of(told, *call)["rows"] == 3
    assert "Would write 3 triggers." in well(told, *call, "--out", str(file))
    assert not file.exists()
