"""Logs: one event is one line, and no secret is in it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark import logs

LOGGER = logging.getLogger("earmark.tests.logs")


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(*, json_lines: bool = False) -> io.StringIO:
    stream = io.StringIO()
    logs.start(json_lines=json_lines, stream=stream)
    return stream


def test_an_event_is_one_line_of_keys_and_values() -> None:
    stream = lines()
    LOGGER.info("polled", extra={"source": "wire", "new": 3, "error": None})
    said = stream.getvalue()
    assert said.endswith(" info earmark.tests.logs polled source=wire new=3\n")
    assert said.count("\n") == 1


def test_json_lines_are_json() -> None:
    stream = lines(json_lines=True)
    LOGGER.warning("two words", extra={"source": "wire"})
    said = json.loads(stream.getvalue())
    assert (said["event"], said["level"], said["source"]) == ("two words", "warning", "wire")
    assert said["at"].endswith("Z")


@given(st.text(), st.text())
def test_whatever_is_logged_stays_on_one_line(event: str, value: str) -> None:
    for json_lines in (False, True):
        stream = lines(json_lines=json_lines)
        LOGGER.info("%s", event, extra={"found": value})
        said = stream.getvalue()
        assert said.endswith("\n")
        assert len(said.splitlines()) == 1
        assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in said[:-1])


def test_an_escape_sequence_of_a_feed_does_not_reach_the_terminal() -> None:
    stream = lines()
    LOGGER.info("title", extra={"title": "\x1b]0;owned\x07\x1b[2J\u202efdp.exe"})
    assert "\x1b" not in stream.getvalue()
    assert "\\x1b]0;owned" in stream.getvalue()
    assert "\u202e" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "https://me:sesame@host.example/feed",
        "postgresql+psycopg://me:sesame@db.example/earmark",
        "https://host.example/feed?token=sesame&x=1",
        "Authorization: Bearer sesame",
        '{"password": "sesame"}',
        "api_key=sesame",
    ],
)
def test_secrets_are_masked_by_their_shape(text: str) -> None:
    stream = lines()
    LOGGER.error("failed: %s", text)
    assert "sesame" not in stream.getvalue()


def test_a_field_with_a_secret_name_is_masked() -> None:
    stream = lines()
    LOGGER.info("login", extra={"slack_token": "xoxb-sesame"})
    assert "sesame" not in stream.getvalue()


def test_a_hidden_value_is_masked_in_traces_too() -> None:
    logs.hide("open-sesame-7")
    stream = lines()
    try:
        int("the answer to open-sesame-7 was no")
    except ValueError:
        LOGGER.exception("failed")
    said = stream.getvalue()
    assert "open-sesame-7" not in said
    assert "ValueError" in said
    assert said.count("\n") == 1


def test_a_very_short_value_is_not_hidden_since_it_would_mask_words() -> None:
    logs.hide("in")
    assert logs.mask("in the morning") == "in the morning"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@host.example:8443/a/b?key=1#x", "https://host.example:8443/a/b?•••"),
        ("https://host.example/a", "https://host.example/a"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("http://host.example:notaport/", "•••"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert logs.mask_url(url) == shown


def test_a_wrong_placeholder_loses_no_line() -> None:
    record = logging.LogRecord("earmark", logging.INFO, "", 0, "%d new", ("many",), None)
    assert "many" in logs.KeyValueLines().format(record)


def test_starting_twice_writes_once() -> None:
    lines()
    stream = lines()
    LOGGER.info("once")
    assert stream.getvalue().count("once") == 1
