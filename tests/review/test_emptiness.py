"""An empty list says why it is empty, and what to do."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from review.emptiness import Empty, empty_of
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
