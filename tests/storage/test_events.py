from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.types import Hint, HintKind, Mark, StoredEvent
from storage import events
from storage.engine import Engine, reading, writing
from tests.builders import NOW, a_fact, a_stored_event, ago
from tests.storage.databases import emptied
from tests.storage.nouns import some_events


def stored(engine: Engine, *new: StoredEvent) -> frozenset[str]:
    with writing(engine) as conn:
        return events.insert(conn, new)


def test_an_event_comes_back_as_it_was(engine: Engine) -> None:
    event = a_stored_event(
        text="Zürich — the round was led by Fjord Capital. 東京",
        author="A. Berg",
        publisher="Wire",
        occurred_at=ago(2) + timedelta(microseconds=1),
        language="en",
        thread_url="https://forum.example/t/1",
        hints=(Hint(kind=HintKind.CIK, value="0001", strength=1.0),),
        canonical_url="https://wire.example/entry-1",
        mark=Mark.BACKFILL,
        revision=3,
    )
    event = replace(event, facts=(a_fact("investors", ("Fjord Capital",), event, "Norvik"),))
    assert stored(engine, event) == {"event-1"}
    with reading(engine) as conn:
        assert events.get(conn, ["event-1", "unknown"]) == {"event-1": event}
        assert events.count(conn) == 1


def test_the_same_events_twice_are_stored_once(engine: Engine) -> None:
    new = some_events(1_203)
    assert stored(engine, *new) == {event.id for event in new}
    assert stored(engine, *reversed(new)) == frozenset()
    with reading(engine) as conn:
        assert events.count(conn) == 1_203


def test_an_event_given_twice_at_once_is_stored_once(engine: Engine) -> None:
    event = a_stored_event()
    assert stored(engine, event, event) == {event.id}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.lists(st.lists(st.integers(0, 8), max_size=6), max_size=4))
def test_whatever_arrives_together_each_event_is_new_once(engine: Engine, arrivals: list[list[int]]) -> None:
    emptied(engine)
    every = some_events(9)
    new = [stored(engine, *(every[n] for n in batch)) for batch in arrivals]
    seen = {every[n].id for batch in arrivals for n in batch}
    assert sum(map(len, new)) == len(seen)
    with reading(engine) as conn:
        assert events.get(conn, seen).keys() == seen


def test_a_source_knows_its_ids_its_twins_and_its_texts(engine: Engine) -> None:
    mine = replace(some_events(1)[0], external_id="a", revision=2)
    linkless = replace(some_events(2)[1], external_id="b", canonical_url=None)
    other = some_events(1, source="forum")[0]
    stored(engine, mine, linkless, other)
    with reading(engine) as conn:
        known = events.known(conn, "wire", ["a", "new"], [mine.fingerprint, linkless.fingerprint, "e" * 24])
        assert events.known(conn, "blog", ["a"], [mine.fingerprint]).ids == {}
    seen = known.ids["a"]
    assert (seen.id, seen.fingerprint, seen.revision) == (mine.id, mine.fingerprint, 2)
    assert (seen.mark, seen.seen_at) == (mine.mark, mine.seen_at)
    assert known.twins == {(mine.canonical_url, mine.fingerprint)}
    assert known.fingerprints == {mine.fingerprint, linkless.fingerprint}


def test_an_id_longer_than_an_index_holds_is_known_again(engine: Engine) -> None:
    long, twin = "x" * 5_000 + "a", "x" * 5_000 + "b"
    stored(engine, a_stored_event(external_id=long), a_stored_event(external_id=twin, id="event-2"))
    with reading(engine) as conn:
        known = events.known(conn, "wire", [long, twin], [])
    assert {key: seen.id for key, seen in known.ids.items()} == {long: "event-1", twin: "event-2"}


def test_bytes_that_no_database_stores_become_signs_of_their_width(engine: Engine) -> None:
    stored(engine, a_stored_event("A\0B \ud800 raises", external_id="id\0"))
    with reading(engine) as conn:
        assert events.get(conn, ["event-1"])["event-1"].title == "A\ufffdB \ufffd raises"
        assert events.known(conn, "wire", ["id\0"], []).ids.keys() == {"id\0"}


def test_a_revision_replaces_the_text_and_the_old_one_stays(engine: Engine) -> None:
    old = a_stored_event()
    new = replace(old, title="Norvik Labs raises $25 million", revision=2, fingerprint="e" * 24)
    stored(engine, old)
    with writing(engine) as conn:
        assert events.revise(conn, [new]) == {old.id}
        assert events.get(conn, [old.id])[old.id] == new
        assert events.of_revision(conn, [(old.id, 1), (old.id, 2)]) == {(old.id, 1): old}


def test_a_revision_that_does_not_follow_the_stored_one_is_left(engine: Engine) -> None:
    old = a_stored_event()
    stored(engine, old)
    with writing(engine) as conn:
        skipped = [
            replace(old, revision=3),
            replace(old, revision=1),
            a_stored_event(id="unknown", revision=2),
        ]
        for event in skipped:
            assert events.revise(conn, [event]) == frozenset()
        assert events.get(conn, [old.id])[old.id] == old


def test_the_newest_events_with_every_word_are_found(engine: Engine) -> None:
    early, late = some_events(2)
    stored(engine, replace(early, title="Osk opens in Riga"), replace(late, text="100%_sure OSK hires"))
    with reading(engine) as conn:
        assert [event.id for event in events.find(conn, words="osk")] == [early.id, late.id]
        assert [event.id for event in events.find(conn, words="osk HIRES")] == [late.id]
        assert [event.id for event in events.find(conn, words="100%_s")] == [late.id]
        assert events.find(conn, words="1000") == []
        assert [event.id for event in events.find(conn, limit=1)] == [early.id]
        assert events.find(conn, source="forum") == []
        assert [event.id for event in events.find(conn, since=early.order[0])] == [early.id]


def test_events_stream_in_the_order_in_which_they_happened(engine: Engine) -> None:
    undated = a_stored_event(id="undated", external_id="u", published_at=None)
    new = [*some_events(700), undated]
    stored(engine, *new)
    with reading(engine) as conn:
        streamed = list(events.stream(conn))
        assert streamed == sorted(new, key=lambda event: event.order)
        assert list(events.stream(conn, since=NOW)) == [undated]
        assert undated not in list(events.stream(conn, source="wire", until=NOW))
        assert list(events.stream(conn, source="forum")) == []


def test_events_that_were_stored_late_are_streamed_by_when_they_were_stored(engine: Engine) -> None:
    first, second, third = some_events(3)
    at = replace(first, seen_at=ago(2)), replace(second, seen_at=ago(1)), replace(third, seen_at=NOW)
    stored(engine, *at)
    with reading(engine) as conn:
        found = {event.id for event in events.stream(conn, seen_since=ago(1))}
    assert found == {second.id, third.id}


def test_the_newest_are_found_and_those_of_one_moment_by_their_ids(engine: Engine) -> None:
    same = [a_stored_event(id=f"event-{n:02}", external_id=f"e{n}") for n in range(51)]
    stored(engine, *reversed(same))
    with reading(engine) as conn:
        assert [event.id for event in events.find(conn)] == [event.id for event in same[:50]]
        streamed = [event.id for event in events.stream(conn)]
    assert streamed == [event.id for event in same]
