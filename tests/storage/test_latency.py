from datetime import datetime, timedelta
from typing import Any

from earmark.types import Changes, Mark, Outgoing, TriggerState
from storage import accounts, events, history, outbox, polls, triggers
from storage.engine import Engine, reading, writing
from storage.latency import Acted, Arrival, Listing, acted_on, arrivals, listings, matched, notified, opened
from storage.polls import Finished
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
        assert list(arrivals(conn, ago(5))) == [
            Arrival(source="wire", published_at=ago(1), missed_at=None, seen_at=NOW)
        ]


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
        source="board",
        trigger=listed.trigger,
        account="norvik-labs",
        published_at=first.published_at,
        missed_at=None,
        seen_at=ago(2),
        matched_at=None,
        listed_at=made,
        notified_at=None,
        opened_at=None,
        contacted_at=None,
    )


def a_listed_trigger(engine: Engine) -> str:
    event = a_stored_event(id="b", source="board", external_id="b", published_at=ago(2.5), seen_at=ago(2))
    story = a_story(a_told_match(event))
    trigger = a_trigger(story, created_at=ago(2))
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        events.insert(conn, [event])
        history.save(conn, Changes(stories=(story,), triggers=(trigger,)), NOW)
    return trigger.id


def test_the_last_poll_before_it_did_not_show_it_yet_though_it_failed(engine: Engine) -> None:
    a_listed_trigger(engine)
    with writing(engine) as conn:
        polls.add(conn, "board", "feed", {}, ago(9))
        for moment, outcome in ((ago(4), "unchanged"), (ago(3), "unavailable"), (ago(2.2), "waiting")):
            polls.finish(conn, [_polled(moment, outcome)])
        polls.finish(conn, [_polled(ago(2) + timedelta(seconds=1), "new")])  # the one that brought it
    with reading(engine) as conn:
        assert [one.missed_at for one in arrivals(conn, ago(9))] == [ago(3)]
        assert [one.missed_at for one in listings(conn, ago(9))] == [ago(3)]


def _polled(moment: datetime, outcome: str) -> Finished:
    return Finished(
        source="board", started_at=moment, finished_at=moment, outcome=outcome, next_poll_at=NOW, new=0
    )


def test_it_was_told_by_a_digest_too_and_the_first_note_of_a_moment_holds(engine: Engine) -> None:
    trigger = a_listed_trigger(engine)
    with writing(engine) as conn:
        for moment in (ago(1.8), ago(1)):
            matched(conn, [trigger], moment)
            notified(conn, [trigger], moment)
    with reading(engine) as conn:
        (made,) = listings(conn, ago(30))
    assert (made.matched_at, made.notified_at, made.opened_at) == (ago(1.8), ago(1.8), None)


def test_it_was_told_when_the_first_delivery_after_it_was_made(engine: Engine) -> None:
    a_listed_trigger(engine)
    made = [("early", ago(3)), ("late", ago(1)), ("first", ago(1.5)), ("refused", ago(1.9))]
    with writing(engine) as conn:
        parcels = [
            Outgoing(target="crm", key=key, topic="account.promoted", account="norvik-labs", payload={})
            for key, _ in made
        ]
        outbox.add(conn, parcels, ago(4))
        numbers = {each.outgoing.key: each.number for each in outbox.pending(conn, NOW)}
        for key, at in made:
            if key == "refused":
                outbox.failed(conn, numbers[key], "no", at, None)
            else:
                outbox.sent(conn, numbers[key], {}, at)
    with reading(engine) as conn:
        assert [one.notified_at for one in listings(conn, ago(9))] == [ago(1.5)]


def test_it_was_opened_when_a_person_first_looked_and_stays_so(engine: Engine) -> None:
    trigger = a_listed_trigger(engine)
    with writing(engine) as conn:
        assert opened(conn, [trigger, "unknown"], ago(1)) == 1
        assert opened(conn, [trigger], NOW) == 0
        kept = triggers.get(conn, trigger)
        assert kept is not None
        triggers.save(conn, [kept])
    with reading(engine) as conn:
        assert [one.opened_at for one in listings(conn, ago(9))] == [ago(1)]


def test_what_came_of_triggers_is_laid_to_the_source_that_told_of_them_first(engine: Engine) -> None:
    made = [("wire", TriggerState.CONTACTED), ("wire", TriggerState.OPEN), ("board", TriggerState.ACCEPTED)]
    made += [("wire", TriggerState.DISMISSED), ("board", TriggerState.MERGED)]
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        for number, (source, state) in enumerate(made):
            first = a_stored_event(id=f"a{number}", source=source, external_id=f"a{number}", seen_at=ago(2))
            again = a_stored_event(id=f"b{number}", source="late", external_id=f"b{number}", seen_at=ago(1))
            story = a_story(a_told_match(first), a_told_match(again), id=f"story-{number}")
            trigger = a_trigger(story, id=f"trigger-{number}", state=state, created_at=ago(2))
            events.insert(conn, [first, again])
            history.save(conn, Changes(stories=(story,), triggers=(trigger,)), NOW)
    with reading(engine) as conn:
        assert acted_on(conn, ago(3)) == {
            "wire": Acted(triggers=3, acted_on=1),
            "board": Acted(triggers=1, acted_on=1),
        }
        assert acted_on(conn, ago(1)) == {}
