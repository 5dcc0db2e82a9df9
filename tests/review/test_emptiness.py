"""An empty list says why it is empty, and what to do."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from review.emptiness import Empty, empty_of, nothing_of
from storage import accounts, polls
from storage.engine import Engine, migrate, reading, writing
from storage.polls import Finished
from tests.builders import NOW, an_account
from tests.storage.databases import opened

OSLO = ZoneInfo("Europe/Oslo")


def said(engine: Engine) -> Empty:
    with reading(engine) as connection:
        return empty_of(connection, NOW, OSLO)


def test_from_nothing_to_all_caught_up_each_state_says_the_next_step() -> None:
    with opened("sqlite://") as engine:
        migrate(engine)
        assert said(engine).path == "/welcome"
        with writing(engine) as connection:
            accounts.upsert(connection, [an_account("Tundra Looms")])
        assert said(engine).path == "/welcome?step=sources"
        with writing(engine) as connection:
            polls.add(connection, "wire", "feed", {"url": "https://wire.example/"}, NOW)
        assert said(engine).path == "/welcome?step=watch"
        visit = Finished(
            source="wire",
            started_at=NOW - timedelta(minutes=3),
            finished_at=NOW - timedelta(minutes=3),
            outcome="unavailable",
            error="It does not answer.",
            next_poll_at=NOW + timedelta(minutes=75),
            failures=1,
        )
        with writing(engine) as connection:
            polls.finish(connection, [visit])
        assert said(engine).words == "Your only source does not answer as it should."
        with writing(engine) as connection:
            polls.finish(connection, [replace(visit, outcome="unchanged", failures=0, error=None)])
            snoozed = an_account("Harbour Kiln", snoozed_until=NOW + timedelta(hours=5))
            accounts.upsert(connection, [snoozed])
        assert said(engine) == Empty(
            words="All caught up. 1 source checked 3 m ago, next poll 11:15; 1 snoozed wakes today.",
            path="/sources",
            label="See the sources",
        )


@pytest.mark.parametrize(
    ("query", "words", "path"),
    [
        ("state=snoozed", "Nothing is snoozed.", "/"),
        ("state=dismissed", "Nothing was dismissed.", "/"),
        ("owner=me", "Nothing of yours is on the list of today.", "/"),
        ("tier=A&kind=exec_hire", "Nothing matches the filter.", "/"),
        ("q=no+such", "Nothing on this list matches “no such”.", "/?q=no+such&state=everything"),
        ("q=gone&tier=A", "Nothing on this list matches “gone”.", "/?q=gone&state=everything"),
        ("q=gone&state=everything", "Nothing on this list matches “gone”.", "/"),
    ],
)
def test_a_list_on_which_nothing_is_names_what_was_asked_and_the_way_on(
    query: str, words: str, path: str
) -> None:
    told = nothing_of(query)
    assert (told.words, told.path) == (words, path)
