from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.errors import StorageError
from earmark.lifecycle import Cause, Stage
from earmark.types import (
    Certainty,
    Changes,
    Contact,
    Judgement,
    Outgoing,
    Past,
    StoredEvent,
    Story,
    Transition,
    TriggerState,
    Verdict,
)
from storage import (
    accounts,
    counters,
    events,
    history,
    judgements,
    outbox,
    rulebook,
    stories,
    transitions,
)
from storage.engine import Engine, reading, writing
from tests.builders import NOW, a_stored_event, ago, an_account, days
from tests.storage.databases import emptied
from tests.storage.nouns import a_story, a_told_match, a_trigger, some_events

KEY = "a:norvik-labs"
TALK = "competitor_complaint"


def saved(engine: Engine, changes: Changes, *new: StoredEvent) -> None:
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        events.insert(conn, new or [a_stored_event()])
        history.save(conn, changes, NOW)


def loaded(engine: Engine, *keys: str) -> dict[str, Past]:
    with writing(engine) as conn:
        return dict(history.load(conn, keys, NOW, NOW).pasts)


def a_move(number: int = 1, **changes: object) -> Transition:
    move = Transition(
        id=f"move-{number}",
        account="norvik-labs",
        at=NOW,
        before=Stage.COLD,
        after=Stage.OUTREACH_READY,
        cause=Cause.TRIGGERED,
        actor="earmark",
        reason="It raised money.",
    )
    return replace(move, **changes)  # type: ignore[arg-type]  # a test names fields of its own


def test_what_a_decision_changed_is_the_past_of_the_next(engine: Engine) -> None:
    story, move = a_story(), a_move(trigger="trigger-of-story-1")
    ready = an_account(stage=Stage.OUTREACH_READY, stage_since=NOW)
    changes = Changes(
        stories=(story,), triggers=(a_trigger(story),), accounts=(ready,), transitions=(move,), due={KEY: NOW}
    )
    saved(engine, changes)
    contact = Contact(id="c-1", account="norvik-labs", name="A. Berg")
    with writing(engine) as conn:
        accounts.upsert_contacts(conn, [contact])
    expected = Past(
        account=ready,
        stories=(story,),
        triggers=(a_trigger(story),),
        transitions=(move,),
        contacts=(contact,),
    )
    assert loaded(engine, KEY) == {KEY: expected}


def test_a_past_knows_the_people_at_its_relatives(engine: Engine) -> None:
    group, unit = an_account("Norvik Group"), an_account(parent="norvik-group")
    people = tuple(Contact(id=f"at-{at.id}", account=at.id, name="Ada Berg") for at in (unit, group))
    with writing(engine) as conn:
        accounts.upsert(conn, [group, unit, an_account("Oskarion Freight")])
        accounts.upsert_contacts(conn, [*people, replace(people[0], id="other", account="oskarion-freight")])
    past = loaded(engine, KEY)[KEY]
    assert [one.id for one in past.relatives] == ["norvik-group"]
    assert past.contacts == people


def test_the_same_changes_twice_are_the_same(engine: Engine) -> None:
    story = a_story()
    changes = Changes(
        stories=(story,),
        triggers=(a_trigger(story),),
        transitions=(a_move(),),
        judgements=(
            Judgement(id="j-1", trigger="trigger-of-story-1", verdict=Verdict.GOOD, by="Kim", at=NOW),
        ),
        outgoing=(
            Outgoing(target="crm", topic="account.promoted", key="k", account="norvik-labs", payload={}),
        ),
    )
    saved(engine, changes)
    once = loaded(engine, KEY)
    saved(engine, changes)
    assert loaded(engine, KEY) == once
    with reading(engine) as conn:
        assert len(judgements.of_trigger(conn, "trigger-of-story-1")) == 1
        assert len(outbox.pending(conn, NOW)) == 1


def test_a_key_that_nothing_is_known_of_has_an_empty_past(engine: Engine) -> None:
    keys = ["a:unknown", "c:Norvik Holding", "t:https://forum.example/t/1"]
    assert loaded(engine, *keys) == {key: Past(account=None) for key in keys}


def test_each_kind_of_past_has_stories_of_its_own(engine: Engine) -> None:
    first, second, third, fourth = some_events(4)
    second = replace(second, thread_url="https://forum.example/t/1")
    told = {
        KEY: a_story(a_told_match(first), id="s1"),
        "t:https://forum.example/t/1": a_story(a_told_match(second, account=None, kind=TALK), id="s2"),
        f"t:{third.canonical_url}": a_story(
            a_told_match(third, account=None, company="Osk", kind=TALK), id="s3"
        ),
        "c:Norvik Holding": a_story(a_told_match(fourth, account=None, company="Norvik Holding"), id="s4"),
    }
    saved(engine, Changes(stories=tuple(told.values())), first, second, third, fourth)
    assert {key: past.stories for key, past in loaded(engine, *told).items()} == {
        key: (story,) for key, story in told.items()
    }
    with reading(engine) as conn:
        assert history.keys_of(conn, [first.id, second.id, "unknown"]) == {KEY, "t:https://forum.example/t/1"}


def test_a_thread_with_an_endless_address_is_a_past_too(engine: Engine) -> None:
    url = "https://forum.example/" + "a" * 5_000
    event = a_stored_event(thread_url=url)
    story = a_story(a_told_match(event, account=None, kind=TALK))
    saved(engine, Changes(stories=(story,), due={f"t:{url}": NOW}), event)
    assert loaded(engine, f"t:{url}")[f"t:{url}"].stories == (story,)
    with reading(engine) as conn:
        assert history.due(conn, NOW) == [f"t:{url}"]
        assert history.keys_of(conn, [event.id]) == {f"t:{url}"}


def test_a_conversation_that_lost_its_last_match_stays_where_it_was(engine: Engine) -> None:
    event = a_stored_event(thread_url="https://forum.example/t/1")
    story = a_story(a_told_match(event, account=None, kind=TALK))
    saved(engine, Changes(stories=(story,)), event)
    withdrawn = replace(story, matches=(), certainty=Certainty.DENIED)
    saved(engine, Changes(stories=(withdrawn,)), event)
    key = "t:https://forum.example/t/1"
    assert loaded(engine, key)[key].stories == (withdrawn,)


def test_an_old_story_is_loaded_only_while_a_trigger_of_it_lives(engine: Engine) -> None:
    old = a_stored_event(published_at=ago(100))
    story = a_story(a_told_match(old))
    saved(engine, Changes(stories=(story,)), old)
    assert loaded(engine, KEY)[KEY].stories == ()
    for state in TriggerState:
        saved(engine, Changes(triggers=(a_trigger(story, state=state),)), old)
        lives = state in {TriggerState.OPEN, TriggerState.ACCEPTED, TriggerState.CONTACTED}
        assert loaded(engine, KEY)[KEY].stories == ((story,) if lives else ()), state


@pytest.mark.parametrize(("age", "touched"), [(89, True), (91, False), (-89, True), (-91, False)])
def test_a_story_is_near_within_ninety_days(engine: Engine, age: int, touched: bool) -> None:  # noqa: FBT001 - a case
    event = a_stored_event(published_at=ago(age))
    saved(engine, Changes(stories=(a_story(a_told_match(event)),)), event)
    assert bool(loaded(engine, KEY)[KEY].stories) is touched


def test_a_story_keeps_the_text_that_it_was_matched_on(engine: Engine) -> None:
    old = a_stored_event()
    story = a_story(a_told_match(old))
    saved(engine, Changes(stories=(story,)), old)
    new = replace(old, title="Norvik Labs raises $25 million", revision=2)
    with writing(engine) as conn:
        events.revise(conn, [new])
        assert stories.get(conn, story.id) == story
        retold = a_story(a_told_match(new))
        history.save(conn, Changes(stories=(retold,)), NOW)
        assert stories.get(conn, story.id) == retold


def test_a_story_that_another_took_over_is_no_past_but_can_be_shown(engine: Engine) -> None:
    first, second = some_events(2)
    gone, heir = a_story(a_told_match(first), id="s1"), a_story(a_told_match(second), id="s2")
    saved(engine, Changes(stories=(gone, heir), triggers=(a_trigger(gone), a_trigger(heir))), first, second)
    both = a_story(a_told_match(first), a_told_match(second), id="s2")
    merged = replace(a_trigger(gone), state=TriggerState.MERGED, story="s2", ended_at=NOW)
    saved(engine, Changes(stories=(both,), merged={"s1": "s2"}, triggers=(merged,)), first, second)
    past = loaded(engine, KEY)[KEY]
    assert past.stories == (both,)
    assert set(past.triggers) == {merged, a_trigger(heir)}
    with reading(engine) as conn:
        assert stories.get(conn, "s1") == gone
        assert history.keys_of(conn, [first.id]) == {KEY}


def test_one_story_alerts_once_for_each_kind(engine: Engine) -> None:
    story = a_story()
    saved(engine, Changes(stories=(story,), triggers=(a_trigger(story),)))
    with pytest.raises(StorageError):
        saved(engine, Changes(triggers=(a_trigger(story, id="another"),)))
    saved(engine, Changes(triggers=(a_trigger(story, id="another", kind="funding_seed"),)))


def test_a_match_of_an_event_that_is_not_stored_is_refused_whole(engine: Engine) -> None:
    with pytest.raises(StorageError):
        saved(engine, Changes(transitions=(a_move(),), stories=(a_story(),)), *some_events(1, source="other"))
    with reading(engine) as conn:
        assert events.count(conn) == 0
        assert transitions.of_account(conn, "norvik-labs") == []


def test_the_agenda_gives_what_is_due_and_forgets_what_is_not(engine: Engine) -> None:
    saved(engine, Changes(due={"a:b": NOW, "a:a": NOW, "a:late": ago(3), "a:soon": NOW + days(1)}))
    with writing(engine) as conn:
        assert history.due(conn, NOW) == ["a:late", "a:a", "a:b"]
        assert history.due(conn, NOW, limit=1) == ["a:late"]
        history.save(conn, Changes(due={"a:late": None, "a:a": NOW + days(2), "a:gone": None}), NOW)
        assert history.due(conn, NOW) == ["a:b"]


def test_what_a_page_shows_is_counted_and_what_it_does_not_is_not(engine: Engine) -> None:
    saved(engine, Changes(due={KEY: NOW}))
    with writing(engine) as conn:
        assert rulebook.changes_version(conn) == 0
        history.save(conn, Changes(transitions=(a_move(),)), NOW)
        assert rulebook.changes_version(conn) == counters.value(conn, counters.CHANGES) == 1


def test_the_stage_at_any_time_follows_from_the_moves(engine: Engine) -> None:
    moves = (
        a_move(1, at=ago(3)),
        a_move(2, at=ago(1), before=Stage.OUTREACH_READY, after=Stage.CONTACTED, cause=Cause.CONTACTED),
        a_move(3, at=ago(1), before=Stage.CONTACTED, after=Stage.OUTREACH_READY, undoes="move-2"),
    )
    saved(engine, Changes(transitions=moves))
    with reading(engine) as conn:
        assert transitions.of_account(conn, "norvik-labs") == list(moves)
        seen = [transitions.stage_at(conn, "norvik-labs", ago(age)) for age in (4, 3, 2, 1, 0)]
    assert seen == [Stage.COLD, *[Stage.OUTREACH_READY] * 4]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(
        st.dictionaries(st.sampled_from(["s1", "s2"]), st.sets(st.integers(0, 3), min_size=1), min_size=1),
        max_size=4,
    )
)
def test_a_story_holds_the_matches_of_its_last_telling(
    engine: Engine, rounds: list[dict[str, set[int]]]
) -> None:
    emptied(engine)
    told = some_events(4)
    wanted: dict[str, Story] = {}
    for now in rounds:
        new = {
            name: a_story(*(a_told_match(told[n]) for n in sorted(ns)), id=name) for name, ns in now.items()
        }
        saved(engine, Changes(stories=tuple(new.values())), *told)
        wanted |= new
    assert {story.id: story for story in loaded(engine, KEY)[KEY].stories} == wanted
