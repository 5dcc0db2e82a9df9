"""What the kinds of forum share: JSON of any shape, times, posts, rests."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.contract import Unchanged
from earmark.errors import SourceChanged
from earmark.testing import FakePoll
from sources.forum import Post, check_rest, document, events, moment, rest, root, rows, since, string
from tests.builders import NOW, ago

WHERE = "https://forum.example/list.json?key=hunter2"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abid"), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_rows_of_any_json_have_the_key_or_the_page_has_changed(data: Any) -> None:
    found, told = [], WHERE.partition("?")[0]
    try:
        found = rows(json.dumps(data).encode(), WHERE, "a", key="id")
    except SourceChanged as error:
        told = str(error)
    assert all(string(row, "id") for row in found)
    assert "forum.example/list.json" in told
    assert "hunter2" not in told


@given(st.binary(max_size=60))
def test_whatever_the_bytes_only_source_errors_escape(body: bytes) -> None:
    found: dict[str, Any] = {}
    try:
        found = document(body, WHERE)
    except SourceChanged as error:
        found = {"error": str(error)}
    assert isinstance(found, dict)


@given(JSON)
def test_a_time_is_aware_and_past_or_none(value: Any) -> None:
    found = moment(value, NOW)
    assert found is None or (found.tzinfo is not None and found <= NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1_795_000_000, datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC)),
        (1_795_000_000.5, datetime(2026, 11, 18, 11, 6, 40, 500_000, tzinfo=UTC)),
        ("2026-11-18T05:06:40.000-06:00", datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC)),
        (0, None),
        (True, None),
        (float("nan"), None),
        (1_795_000_000_000, None),  # milliseconds
        ("2031-01-01T00:00:00Z", None),
    ],
)
def test_times_are_read_as_text_or_seconds(value: object, found: datetime | None) -> None:
    assert moment(value, NOW) == found


def test_texts_and_names_come_out_clean() -> None:
    (event,) = events([Post(id="1\ud800", title="A <b>b</b>", author="x@y.example\0", text="a\0 b")], NOW)
    assert (event.external_id, event.title, event.author, event.text) == ("1", "A b", "x@y.example", "a b")


def test_of_posts_with_one_id_the_first_counts_and_silent_ones_are_left_out() -> None:
    made = events([Post(id="1", text="One"), None, Post(id="2"), Post(id="1", text="Two")], NOW)
    assert [event.title for event in made] == ["One"]


def test_a_long_text_is_cut() -> None:
    (event,) = events([Post(id="1", text="word " * 20_000)], NOW)
    assert len(event.text) <= 20_000
    assert len(event.title) <= 140


@pytest.mark.parametrize(
    ("backfill", "cursor", "day"),
    [
        (timedelta(days=30), None, "2026-10-22"),
        (timedelta(days=30), ago(2).isoformat(), "2026-11-18"),
        (timedelta(days=30), {"broken": 1}, "2026-10-22"),
        (timedelta.max, None, "2016-11-23"),
        ("all", ago(2).isoformat(), "2026-11-18"),
    ],
)
def test_a_search_goes_on_from_its_cursor_or_the_backfill(backfill: Any, cursor: Any, day: str) -> None:
    found = since(NOW, backfill, cursor, timedelta(days=1))
    assert found is not None
    assert f"{found:%Y-%m-%d %H:%M}" == f"{day} 00:00"


def test_all_of_the_past_has_no_beginning() -> None:
    assert since(NOW, "all", None, timedelta(days=1)) is None


@given(st.none() | st.text(max_size=5) | st.floats() | st.integers())
def test_a_rest_is_never_longer_than_a_day(seconds: Any) -> None:
    poll = FakePoll({}, now=NOW)
    rest(poll, seconds)
    later = FakePoll({}, now=NOW + timedelta(days=1, seconds=1), state=poll.state)
    check_rest(later)
    assert later.state == {}


@pytest.mark.parametrize("told", [7, "soon", None, "2099-01-01T00:00:00Z"])
def test_a_rest_that_makes_no_sense_is_forgotten(told: object) -> None:
    poll = FakePoll({}, now=NOW, state={"rest_until": told})
    check_rest(poll)
    assert poll.state == {}


def test_a_rest_ends_the_poll_quietly() -> None:
    poll = FakePoll({}, now=NOW)
    rest(poll, "30")
    with pytest.raises(Unchanged):
        check_rest(poll)


def test_the_host_to_ask_has_no_slash_at_its_end() -> None:
    assert root(None, "https://forum.example/") == "https://forum.example"
