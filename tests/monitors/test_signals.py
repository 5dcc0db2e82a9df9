"""What the user's own tools report about accounts, from the row of a file to the stage of the account."""

import json

import pytest

from earmark.types import Event
from monitors.sweep import sweep
from sources.inbox import _FIELDS, InboxSource, read_rows
from storage import triggers
from storage.engine import Engine, reading
from tests.builders import NOW, an_account, days
from tests.monitors.line import lexicon_of, poll, prepared, stage

NORVIK = an_account(domains=("norviklabs.com",))  # a domain of a row must have a public ending


def rows(*signals: str) -> tuple[Event, ...]:
    body = "\n".join(
        json.dumps(
            {
                "id": f"{signal}-{number}",
                "signal": signal,
                "person": "Dana Holt",
                "title": "Chief Revenue Officer",
                "company": "Norvik Labs",
                "email": "dana@norviklabs.com",
                "time": "2026-11-20T08:00:00Z",
            }
        )
        for number, signal in enumerate(signals)
    )
    return read_rows(body.encode(), _FIELDS, None, None, NOW).events


@pytest.mark.parametrize(
    ("signal", "then"),
    [
        ("demo_request", "warm"),
        ("reply", "warm"),
        ("attendee", "cold"),
    ],
)
def test_a_demo_request_or_a_reply_makes_warm_and_interest_in_content_does_not(
    engine: Engine, signal: str, then: str
) -> None:
    prepared(engine, NORVIK)
    poll(engine, rows(signal))
    assert stage(engine) == then
    with reading(engine) as conn:
        (trigger,) = triggers.of_account(conn, "norvik-labs")
    assert trigger.note is not None


def test_the_same_reply_twice_moves_once_and_cools_with_time(engine: Engine) -> None:
    prepared(engine, NORVIK)
    poll(engine, rows("reply"))
    poll(engine, rows("reply"))
    assert stage(engine) == "warm"
    sweep(engine, lexicon_of(engine), NOW + days(31))
    assert stage(engine) == "cooling"
    sweep(engine, lexicon_of(engine), NOW + days(31 + 61))
    assert stage(engine) == "cold"


def test_the_words_of_a_signal_claim_nothing_beside_it(engine: Engine) -> None:
    prepared(engine, NORVIK)
    (event,) = rows("comment: Norvik Labs raises $20 million")
    poll(engine, [event])
    with reading(engine) as conn:
        assert [each.kind for each in triggers.of_account(conn, "norvik-labs")] == ["engaged"]


def test_the_inbox_says_what_it_can_show() -> None:
    assert "demo_requested" in InboxSource.shows
