from datetime import timedelta
from typing import Any

from earmark.types import Changes, Mark
from storage import accounts, events, history
from storage.engine import Engine, reading, writing
from storage.latency import Arrival, Listing, arrivals, listings
from tests.builders import NOW, a_stored_event, ago, an_account
from tests.storage.nouns import a_story, a_told_match, a_trigger


def test_arrivals_are_live_and_dated_events_since_a_time(engine: Engine) -> None:
    def told(name: str, **changes: Any) -> None:
        event = a_stored_event(id=name, external_id=name, **changes)
        with writing(engine) as conn:
            events.insert(conn, [event])

    told("live", published_at=ago(1), seen_at=NOW)
    told("old", published_at=ago(9), seen_at=ago(8))
    told("undated", published_at=None, seen_at=NOW)
    told("backfill", published_at=ago(1), seen_at=NOW, mark=Mark.BACKFILL)
    with reading(engine) as conn:
        assert list(arrivals(conn, ago(5))) == [Arrival(source="wire", published_at=ago(1), seen_at=NOW)]


def test_a_trigger_is_laid_at_the_door_of_the_source_that_told_of_it_first(engine: Engine) -> None:
    first = a_stored_event(id="b", source="board", external_id="b", seen_at=ago(2))
    second = a_stored_event(id="a", source="wire", external_id="a", seen_at=ago(1))
    story = a_story(a_told_match(first), a_told_match(second))
    made = ago(2) + timedelta(seconds=3)
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        events.insert(conn, [first, second])
        history.save(conn, Changes(stories=(story,), triggers=(a_trigger(story, created_at=made),)), NOW)
    with reading(engine) as conn:
        (listed,) = listings(conn, ago(30))
        assert list(listings(conn, NOW)) == []
    assert listed == Listing(
        source="board", trigger=listed.trigger, seen_at=ago(2), listed_at=made, contacted_at=None
    )
