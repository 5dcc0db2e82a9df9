import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError, SourceChanged, SourceError, SourceUnavailable
from earmark.testing import FakePoll, events_from
from sources import dropfolder
from sources.inbox import _FIELDS, InboxSource, read_rows
from sources.records import csv_records, json_records
from sources.registry import build
from tests.builders import NOW
from tests.sources.dropped import DATA, DroppedContract, cases, dropped, expected, told

PAGES = DATA / "inbox"


class TestInbox(DroppedContract):
    kind_of_source = InboxSource
    pages = {  # noqa: RUF012 - a test's own pages
        name: (PAGES / name).read_bytes() for name in ("demo-requests.csv", "tool.json", "replies.jsonl")
    }


@pytest.mark.parametrize("page", cases("inbox"), ids=lambda page: page.stem)
def test_a_file_makes_the_events_beside_it(page: Path, tmp_path: Path) -> None:
    shutil.copy(page, tmp_path)
    found = told(InboxSource(path=tmp_path))
    if "error" in found:
        found["error"] = found["error"].replace(str(tmp_path), "FOLDER")
    assert found == expected(page)


def polled(folder: Path, state: dict[str, Any], **options: Any) -> list[str]:
    source = InboxSource.model_validate({"path": folder} | options)
    return [event.title for event in events_from(source, FakePoll({}, now=NOW, state=state))]


def row(**fields: Any) -> str:
    return json.dumps({"company": "Norvik Labs"} | fields) + "\n"


# Which files


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    state: dict[str, Any] = {}
    dropped(tmp_path, a__jsonl=row(id=1, title="One"))
    assert polled(tmp_path, state) == ["Somebody at Norvik Labs: One"]
    state = json.loads(json.dumps(state))  # as it is kept
    assert polled(tmp_path, state) == []
    dropped(tmp_path, a__jsonl=row(id=1, title="One") + row(id=2, title="Two"))
    assert polled(tmp_path, state) == ["Somebody at Norvik Labs: One", "Somebody at Norvik Labs: Two"]
    os.utime(tmp_path / "a.jsonl", (1_790_000_100, 1_790_000_100))
    assert len(polled(tmp_path, state)) == 2


def test_files_are_never_changed_and_hidden_ones_not_read(tmp_path: Path) -> None:
    dropped(tmp_path, **{".half__jsonl": row(title="Half"), "a__jsonl": row(title="One"), "note__txt": "x"})
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    assert polled(tmp_path, {}) == ["Somebody at Norvik Labs: One"]
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    state: dict[str, Any] = {}
    dropped(tmp_path, a__jsonl=row(title="One"))
    polled(tmp_path, state)
    (tmp_path / "a.jsonl").unlink()
    polled(tmp_path, state)
    assert state["files"] == {}


def test_a_long_file_comes_in_parts_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropfolder, "MOST_EVENTS", 4)
    dropped(
        tmp_path,
        a__jsonl="".join(row(id=f"a{n}", title=f"a{n}") for n in range(6)),
        b__jsonl="".join(row(id=f"b{n}", title=f"b{n}") for n in range(3)),
    )
    state: dict[str, Any] = {}
    parts = [[title[-2:] for title in polled(tmp_path, state)] for _ in range(4)]
    assert parts == [["a0", "a1", "a2", "a3"], ["a4", "a5", "b0", "b1"], ["b2"], []]


def test_what_two_files_tell_comes_once_in_the_later_wording(tmp_path: Path) -> None:
    dropped(tmp_path, a__jsonl=row(id=1, title="Draft"), b__jsonl=row(id=1, title="Final"))
    assert polled(tmp_path, {}) == ["Somebody at Norvik Labs: Final"]


def test_bad_files_wait_until_nothing_else_comes_and_are_then_named(tmp_path: Path) -> None:
    dropped(tmp_path, a__csv="<!DOCTYPE html><html>", b__csv="PK\x03\x04", c__jsonl=row(title="One"))
    state: dict[str, Any] = {}
    assert polled(tmp_path, state) == ["Somebody at Norvik Labs: One"]
    with pytest.raises(SourceChanged, match=r"2 can't be read.*a\.csv: It is a web page"):
        polled(tmp_path, state)


def test_a_file_beyond_the_bound_is_told_and_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropfolder, "MOST_BYTES", 10)
    dropped(tmp_path, a__jsonl=row(title="One"))
    with pytest.raises(SourceChanged, match="larger than"):
        polled(tmp_path, {})


def test_a_folder_with_too_many_files_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropfolder, "MOST_FILES", 1)
    dropped(tmp_path, a__jsonl=row(), b__jsonl=row())
    with pytest.raises(SourceChanged, match="Move those that were read"):
        polled(tmp_path, {})


def test_a_folder_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no folder"):
        polled(tmp_path / "gone", {})


@pytest.mark.parametrize("state", [{"files": 7}, {"files": {"x": "y"}}, {"files": [], "left_out": "many"}])
def test_a_strange_state_is_a_first_visit(state: dict[str, Any], tmp_path: Path) -> None:
    dropped(tmp_path, a__jsonl=row(title="One") + "{}\n")
    assert polled(tmp_path, state) == ["Somebody at Norvik Labs: One"]
    assert state["left_out"] == 1


# What a row says


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"signal": "Demo Request", "person": "Ana Ruiz"}, "Ana Ruiz of Norvik Labs asked for a demo"),
        ({"event": "form_submission"}, "Somebody at Norvik Labs filled in a form"),
        ({"type": "trialStarted"}, "Somebody at Norvik Labs signed up"),
        ({"type": "comment", "title": "On CRMs"}, "Somebody at Norvik Labs commented: On CRMs"),
        (
            {"type": "rsvp", "title": "Freight Day"},
            "Somebody at Norvik Labs is going to an event: Freight Day",
        ),
        ({"type": "page.visit"}, "Somebody at Norvik Labs: page.visit"),
        ({"text": "Call <b>me</b> &amp; soon"}, "Somebody at Norvik Labs: Call me & soon"),
        ({"person": "ana@norvik.example", "type": "reply"}, "Somebody at Norvik Labs replied"),
    ],
)
def test_a_signal_becomes_a_sentence(fields: dict[str, str], title: str, tmp_path: Path) -> None:
    dropped(tmp_path, a__jsonl=row(**fields))
    assert polled(tmp_path, {}) == [title]


def test_an_option_says_what_every_row_is(tmp_path: Path) -> None:
    dropped(tmp_path, a__csv="Full Name,Current Company\nInes Korte,Mirefield Energy\n")
    assert polled(tmp_path, {}, signal="attendee") == ["Ines Korte of Mirefield Energy is going to an event"]


def test_fields_reach_into_objects(tmp_path: Path) -> None:
    dropped(
        tmp_path, a__json=json.dumps([{"lead": {"org": {"label": "Norvik Labs"}}, "what": "Hello there"}])
    )
    titles = polled(tmp_path, {}, fields={"company": "lead.org.label", "title": "What"})
    assert titles == ["Somebody at Norvik Labs: Hello there"]


def test_addresses_name_the_account_and_never_stand_in_the_event(tmp_path: Path) -> None:
    dropped(tmp_path, a__jsonl=row(email="ana@norvik.example", person="Ana", type="reply"))
    (event,) = events_from(InboxSource(path=tmp_path), FakePoll({}, now=NOW))
    assert [(hint.value, hint.strength) for hint in event.hints] == [
        ("norvik.example", 1.0),
        ("Norvik Labs", 0.9),
    ]
    assert "ana@" not in str(event)


def test_free_mail_names_no_account(tmp_path: Path) -> None:
    dropped(tmp_path, a__jsonl=row(email="ana@gmail.com", type="reply"))
    (event,) = events_from(InboxSource(path=tmp_path), FakePoll({}, now=NOW))
    assert [hint.value for hint in event.hints] == ["Norvik Labs"]


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ("2026-11-20T14:03:00+01:00", "2026-11-20T13:03:00+00:00"),
        (1795100000, "2026-11-19T14:53:20+00:00"),
        ("1795100000123", "2026-11-19T14:53:20+00:00"),
        ("2031-01-01", None),
        ("tomorrow", None),
        (99999999999999, None),
        (None, None),
    ],
)
def test_times_are_read_or_left_out(time: Any, moment: str | None, tmp_path: Path) -> None:
    dropped(tmp_path, a__jsonl=row(title="One", time=time))
    (event,) = events_from(InboxSource(path=tmp_path), FakePoll({}, now=NOW))
    assert (event.occurred_at.isoformat() if event.occurred_at else None) == moment


def test_a_row_without_an_id_is_known_by_what_it_says(tmp_path: Path) -> None:
    dropped(tmp_path, a__jsonl=row(title="One") * 2 + row(title="Two"))
    assert len(polled(tmp_path, {})) == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "'path' of source kind 'inbox' is missing"),
        ({"path": "/x", "fields": {"firm": "F"}}, "fields has no 'firm'"),
        ({"path": "/x", "signal": "party"}, "'signal'"),
        ({"path": "drop"}, "'path' .* write the whole path of the folder, such as /.*/drop"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        build("inbox", options)


# Records


def test_encodings_and_delimiters_are_found_out() -> None:
    rows = "Company;Text\r\nMöwe & Söhne;Größe\r\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        assert list(csv_records(rows.encode(encoding))) == [{"company": "Möwe & Söhne", "text": "Größe"}]


def test_a_file_that_is_mostly_no_json_says_so() -> None:
    with pytest.raises(SourceChanged, match="neither JSON nor JSON lines"):
        json_records(b'{"a": 1}\nx\ny\n')


@given(st.binary(max_size=300))
def test_whatever_the_bytes_only_source_errors_escape(body: bytes) -> None:
    for read in (csv_records, json_records):
        try:
            records = read(body)
        except SourceError:
            continue
        assert all(isinstance(value, str) and value for record in records for value in record.values())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([n for names in _FIELDS.values() for n in names]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=5))
def test_whatever_the_records_events_are_plain_or_the_file_is_refused(data: list[Any]) -> None:
    try:
        batch = read_rows(json.dumps(data).encode(), _FIELDS, None, None, NOW)
    except SourceError:
        return
    ids = [event.external_id for event in batch.events]
    assert len(ids) == len(set(ids))
    assert all(event.title == " ".join(event.title.split()) != "" for event in batch.events)
