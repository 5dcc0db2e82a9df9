"""Duplicates: two stories that a person joined stay one, whatever is told later, until that is taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from earmark.errors import EarmarkError
from earmark.lifecycle import Stage
from earmark.types import Action, Changes, History, Lexicon, Past, Reading, Role, Trigger, TriggerState
from matcher.act import act
from matcher.decide import decide
from matcher.score import LIVE
from tests.builders import NOW, a_fact, a_match, a_stored_event, ago, an_account, days
from tests.matcher.pasts import ACCOUNT, a_history, a_reading, readings, stored, told

LEXICON = Lexicon(threshold=20, targets=("crm",))
LATER = NOW + days(1)


def a_telling(
    title: str,
    id: str,  # noqa: A002 - as events have it
    kind: str = "funding_early",
    age: float = 1,
    **changes: Any,
) -> Reading:
    event = a_stored_event(
        title,
        id=id,
        external_id=id,
        url=f"https://wire.example/{id}",
        published_at=ago(age),
        seen_at=ago(age),
    )
    roles = {"exec_hire": Role.SUBJECT, "partnership": Role.SUBJECT, "acquires": Role.ACQUIRER}
    role = roles.get(kind, Role.RAISER)
    return a_reading(a_match(event, kind=kind, role=role, **changes))


ROUND = a_telling("Norvik Labs raises $20 million Series B from Fjord Capital", "round", age=9)
AGAIN = a_telling("Fresh money for the makers of warehouse robots", "again", age=2)
HIRE = a_telling("Norvik Labs appoints Ada Berg as CFO", "hire", "exec_hire")


def past_of(history: History) -> Past:
    return history.pasts[ACCOUNT]


def of(history: History, event: str) -> Trigger:
    """The trigger that speaks for the story which the event tells."""
    past = past_of(history)
    (story,) = (s for s in past.stories if any(m.event.id == event for m in s.matches))
    (trigger,) = (t for t in past.triggers if t.story == story.id and t.state is not TriggerState.MERGED)
    return trigger


def stage_of(history: History) -> Stage | None:
    account = past_of(history).account
    return account.stage if account is not None else None


def parts_of(history: History) -> set[frozenset[str]]:
    return {
        frozenset(m.event.id for m in story.matches) for story in past_of(history).stories if story.matches
    }


def do(history: History, now: Any = NOW, **action: Any) -> tuple[History, Changes]:
    changes = act(Action(**({"by": "ann"} | action)), history, LEXICON, now)
    return stored(history, changes), changes


def join(history: History, event: str, other: str | None = None, now: Any = NOW) -> tuple[History, Changes]:
    named = of(history, other).id if other is not None else None
    return do(history, now, verb="dismiss", trigger=of(history, event).id, value="duplicate", of=named)


def two_rounds(*more: Reading) -> History:
    return told([[ROUND], [AGAIN], *([each] for each in more)], a_history(), LEXICON)


def test_a_duplicate_becomes_part_of_the_story_that_it_tells_again() -> None:
    before = two_rounds(HIRE)
    one, other = of(before, "again"), of(before, "round")
    after, changes = join(before, "again")
    assert parts_of(after) == {frozenset({"round", "again"}), frozenset({"hire"})}
    assert changes.merged == {one.story: other.story}
    states = {trigger.id: trigger.state for trigger in past_of(after).triggers}
    assert (states[one.id], states[other.id]) == (TriggerState.MERGED, TriggerState.OPEN)
    assert [(each.one.split("/")[0], each.other.split("/")[0]) for each in changes.joins] == [
        ("again", "round")
    ]
    assert changes.joins[0].id == changes.judgements[0].id
    assert other.id[:8] in changes.transitions[0].reason
    assert not [each for each in changes.outgoing if each.topic == "account.promoted"]


def test_the_one_that_is_named_is_the_one_that_carries_on() -> None:
    before = two_rounds(HIRE)
    after, _ = join(before, "again", "hire")
    assert parts_of(after) == {frozenset({"round"}), frozenset({"hire", "again"})}
    assert of(after, "again").id == of(before, "hire").id


def test_nothing_alike_is_only_dismissed_and_that_is_said() -> None:
    before = told([[AGAIN], [HIRE]], a_history(), LEXICON)
    after, changes = join(before, "again")
    assert of(after, "again").state is TriggerState.DISMISSED
    assert (changes.joins, changes.merged) == ((), {})
    assert "joined to none" in changes.transitions[0].reason


@pytest.mark.parametrize(
    ("named", "says"),
    [("nobody", "none of the same account"), ("again", "of itself")],
)
def test_a_duplicate_of_what_can_not_be_joined_says_why(named: str, says: str) -> None:
    before = two_rounds()
    one = of(before, "again").id
    with pytest.raises(EarmarkError, match=says):
        do(before, verb="dismiss", trigger=one, value="duplicate", of=one if named == "again" else named)


def test_only_a_duplicate_names_another_trigger() -> None:
    before = two_rounds()
    with pytest.raises(EarmarkError, match="--of"):
        do(before, verb="dismiss", trigger=of(before, "again").id, value="too_old", of=of(before, "round").id)


def test_what_became_part_of_another_can_not_be_the_other() -> None:
    before = two_rounds(HIRE)
    gone = of(before, "again").id
    after, _ = join(before, "again")
    with pytest.raises(EarmarkError, match="became part of another"):
        do(after, verb="dismiss", trigger=of(after, "hire").id, value="duplicate", of=gone)


def test_a_later_report_of_either_goes_to_the_one_story_and_alerts_nobody() -> None:
    after, _ = join(two_rounds(), "again")
    known = {trigger.id for trigger in past_of(after).triggers}
    later = [
        a_telling("Fresh money for the makers of warehouse robots, again", "third", age=1),
        a_telling("Norvik Labs raises $20 million in Series B funding from Fjord Capital", "fourth", age=8),
    ]
    for each in later:
        changes = decide([each], after, LEXICON, LATER)
        after = stored(after, changes)
        assert not changes.outgoing
    assert parts_of(after) == {frozenset({"round", "again", "third", "fourth"})}
    assert {trigger.id for trigger in past_of(after).triggers} == known


@pytest.mark.parametrize("kind", ["funding_early", "partnership"])
def test_a_revision_of_either_does_not_split_them(kind: str) -> None:
    """Even where it is read as another kind of thing now."""
    after, _ = join(two_rounds(), "again")
    known = {trigger.id for trigger in past_of(after).triggers}
    for event, title in (
        ("again", "Corrected: money for makers of robots"),
        ("round", "Norvik Labs, corrected"),
    ):
        reading = a_telling(title, event, kind, age=2)
        match = replace(reading.matches[0], event=replace(reading.event, revision=2))
        changes = decide([a_reading(match)], after, LEXICON, LATER)
        after = stored(after, changes)
        # Another kind is news of the trigger that is out already, and no new one.
        assert all(each.payload.get("revised") for each in changes.outgoing)
        assert kind == "partnership" or not changes.outgoing
    assert parts_of(after) == {frozenset({"round", "again"})}
    assert {trigger.id for trigger in past_of(after).triggers} == known


def test_a_text_that_tells_two_things_is_joined_by_the_one_that_was_meant() -> None:
    event = a_stored_event(
        "Norvik Labs acquires Tessel and raises $20 million", id="both", external_id="both"
    )
    both = a_reading(
        a_match(event, kind="acquires", role=Role.ACQUIRER),
        a_match(event, facts=(a_fact("amount", 20, event, "20"),)),
    )
    deal = a_telling("Tessel finds a partner in the north", "deal", "partnership", age=2)
    before = told([[both], [deal]], a_history(), LEXICON)
    kinds = {story.id: story.kind for story in past_of(before).stories}
    (buys,) = (t for t in past_of(before).triggers if kinds[t.story] == "acquires")
    after, _ = do(before, verb="dismiss", trigger=of(before, "deal").id, value="duplicate", of=buys.id)
    told_by = {frozenset((m.event.id, m.kind) for m in story.matches) for story in past_of(after).stories}
    assert told_by == {
        frozenset({("both", "acquires"), ("deal", "partnership")}),
        frozenset({("both", "funding_early")}),
    }


def answer(history: History) -> object:
    """What an API would answer of the account: its stage, its reasons and their notes."""
    past = past_of(history)
    return (
        past.account,
        {
            (
                t.id,
                t.story,
                t.kind,
                t.state,
                t.ended_at,
                t.certainty,
                _read(t),
                t.expires_at,
                t.mark,
                *_sure(t),
            )
            for t in past.triggers
        },
        {(s.id, s.kind, s.facts, s.matches, s.publishers, s.first_at, s.last_at) for s in past.stories},
    )


def _sure(trigger: Trigger) -> tuple[float, float, float]:
    return trigger.score.fit, trigger.score.intent, trigger.score.confidence


def _read(trigger: Trigger) -> object:
    """What the note says; what to do next is said anew whenever it is shown."""
    return tuple(each for each in trigger.note.sentences if each.section != "next") if trigger.note else ()


def test_undo_puts_all_back() -> None:
    before = two_rounds(HIRE)
    after, changes = join(before, "again")
    back, undone = do(after, verb="undo", trigger=of(before, "again").id)
    assert answer(back) == answer(before)
    assert undone.taken_back == (changes.judgements[0].id,)
    assert past_of(back).joins == ()
    assert not undone.outgoing


def test_undo_of_a_join_that_took_the_account_off_the_list_brings_it_back() -> None:
    history = told([[ROUND]], a_history(), LEXICON, ago(9))
    history, _ = do(history, ago(8), verb="contacted", trigger=of(history, "round").id)
    history, _ = do(history, ago(7), verb="outcome", account="norvik-labs", value="lost")
    history = stored(history, decide([AGAIN], history, LEXICON, ago(2)))
    before = history
    assert stage_of(before) is Stage.OUTREACH_READY
    after, _ = join(before, "again")
    assert stage_of(after) is Stage.COLD
    assert of(after, "again").state is TriggerState.CONTACTED
    back, _ = do(after, verb="undo", account="norvik-labs")
    assert answer(back) == answer(before)


def test_what_a_person_did_with_the_duplicate_goes_to_the_other_and_back() -> None:
    before = two_rounds()
    before, _ = do(before, verb="accept", trigger=of(before, "again").id)
    after, _ = join(before, "again", now=LATER)
    assert of(after, "round").state is TriggerState.ACCEPTED
    back, _ = do(after, LATER, verb="undo", trigger=of(before, "again").id)
    assert answer(back) == answer(before)


def test_undo_after_later_reports_sorts_them_to_the_story_that_they_tell() -> None:
    before = two_rounds()
    names = {event: of(before, event).id for event in ("round", "again")}
    after, _ = join(before, "again")
    third = a_telling("Fresh money for the makers of warehouse robots, again", "third", age=1)
    after = stored(after, decide([third], after, LEXICON, LATER))
    back, _ = do(after, LATER, verb="undo", trigger=names["again"])
    assert parts_of(back) == {frozenset({"round"}), frozenset({"again", "third"})}
    assert {event: of(back, event).id for event in names} == names
    fourth = a_telling("Fresh money for the makers of warehouse robots once more", "fourth", age=1)
    changes = decide([fourth], back, LEXICON, LATER)
    assert not changes.outgoing
    assert of(stored(back, changes), "fourth").id == names["again"]


def test_what_a_later_report_ties_together_by_itself_stays_one_story() -> None:
    after, _ = join(two_rounds(), "again")
    words = "Norvik Labs raises $20 million Series B: fresh money for the makers of warehouse robots"
    page = replace(
        AGAIN.event, id="bridge", external_id="bridge", title=words, published_at=ago(8), seen_at=NOW
    )
    page = replace(page, thread_url=ROUND.event.url)
    after = stored(after, decide([a_reading(a_match(page))], after, LEXICON, LATER))
    back, changes = do(after, LATER, verb="undo", account="norvik-labs")
    assert parts_of(back) == {frozenset({"round", "again", "bridge"})}
    assert changes.taken_back
    assert past_of(back).joins == ()


def test_three_can_be_joined_and_each_goes_its_own_way_back() -> None:
    before = two_rounds(HIRE)
    names = {event: of(before, event).id for event in ("round", "again", "hire")}
    after, first = join(before, "again")
    after, second = join(after, "hire", "round", LATER)
    assert parts_of(after) == {frozenset({"round", "again", "hire"})}
    one, _ = do(after, LATER, verb="undo", account="norvik-labs", value=first.judgements[0].id)
    assert parts_of(one) == {frozenset({"again"}), frozenset({"round", "hire"})}
    both, _ = do(one, LATER, verb="undo", account="norvik-labs", value=second.judgements[0].id)
    assert {event: of(both, event).id for event in names} == names


def test_a_duplicate_conversation_of_one_thread_is_joined_and_opened_again() -> None:
    thread = "https://forum.example/t/1"

    def post(id: str, title: str, kind: str) -> Reading:  # noqa: A002 - as events have it
        event = a_stored_event(title, id=id, external_id=id, url=f"{thread}#{id}", thread_url=thread)
        return a_reading(a_match(event, account=None, kind=kind, role=Role.SUBJECT))

    key = f"t:{thread}"
    posts = [
        [post("ask", "Which invoicing tool would you recommend?", "asks_recommendation")],
        [
            post(
                "moan",
                "Our invoicing tool would lose receipts: which do you recommend?",
                "competitor_complaint",
            )
        ],
    ]
    before = told(posts, History(), LEXICON)
    one, other = (before.pasts[key].triggers[place] for place in (0, 1))
    action = Action(verb="dismiss", by="ann", trigger=one.id, value="duplicate", of=other.id)
    changes = act(action, before, LEXICON, NOW)
    after = stored(before, changes)
    assert len(after.pasts[key].stories) == 1
    back = stored(after, act(Action(verb="undo", by="ann", trigger=one.id), after, LEXICON, NOW))
    assert {t.id: t.state for t in back.pasts[key].triggers} == {
        t.id: t.state for t in before.pasts[key].triggers
    }
    assert len(back.pasts[key].stories) == 2


def outcome(batches: Iterable[Sequence[Reading]], history: History, now: Any = LATER) -> History:
    return told(batches, history, LEXICON, now)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_joined_stories_do_not_depend_on_the_order_of_arrival(data: st.DataObject) -> None:
    """Any texts, two of the stories joined, then the rest: the same parts as with all of them told before."""
    texts = data.draw(readings())
    cut = data.draw(st.integers(1, len(texts)))
    early, late = texts[:cut], texts[cut:]
    start = outcome([early], a_history(an_account()), NOW)
    asked = [t for t in past_of(start).triggers if t.state in LIVE]
    plain = {s.id for s in past_of(start).stories if any(m.kind == s.kind for m in s.matches)}
    asked = [t for t in asked if t.story in plain]
    assume(len(asked) >= 2)
    one, other = data.draw(st.permutations(asked))[:2]
    action = Action(verb="dismiss", by="ann", trigger=one.id, value="duplicate", of=other.id)
    joined = stored(start, act(action, start, LEXICON, NOW))
    whole = next(s for s in past_of(joined).stories if s.id == other.story)
    held = {m.event.id for m in whole.matches}
    ended = outcome([[each] for each in data.draw(st.permutations(late))], joined)
    shuffled = outcome([late], joined)
    assert parts_of(ended) == parts_of(shuffled)
    assert any(held <= part for part in parts_of(ended)), "what was joined is never split"
    again = outcome([early], ended)
    assert parts_of(again) == parts_of(ended), "read again, it is the same"
    fresh = {t.id for t in past_of(ended).triggers} - {t.id for t in past_of(joined).triggers}
    assert not [t for t in past_of(ended).triggers if t.id in fresh and held & _events(ended, t)], (
        "alerts once"
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_undo_before_or_after_late_texts_ends_in_the_parts_that_were_never_joined(
    data: st.DataObject,
) -> None:
    texts = data.draw(readings())
    cut = data.draw(st.integers(1, len(texts)))
    early, late = texts[:cut], [[each] for each in texts[cut:]]
    start = outcome([early], a_history(an_account()), NOW)
    plain = {s.id for s in past_of(start).stories if any(m.kind == s.kind for m in s.matches)}
    asked = [t for t in past_of(start).triggers if t.state in LIVE and t.story in plain]
    assume(len(asked) >= 2)
    one, other = data.draw(st.permutations(asked))[:2]
    action = Action(verb="dismiss", by="ann", trigger=one.id, value="duplicate", of=other.id)
    undo = Action(verb="undo", by="ann", trigger=one.id)
    joined = stored(start, act(action, start, LEXICON, NOW))
    back = stored(joined, act(undo, joined, LEXICON, NOW))
    assert answer(back) == answer(start)
    never = outcome(late, start)
    first = outcome(late, back)
    told_late = outcome(late, joined)
    last = stored(told_late, act(undo, told_late, LEXICON, LATER))
    assert parts_of(first) == parts_of(never)
    assert parts_of(last) == parts_of(never)


def _events(history: History, trigger: Trigger) -> set[str]:
    return {m.event.id for s in past_of(history).stories if s.id == trigger.story for m in s.matches}
