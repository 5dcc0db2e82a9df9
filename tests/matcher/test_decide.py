"""The judgement as a whole: order, repetition, promotion, revision, merging, suppression, silence."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from earmark.lifecycle import Cause, Stage
from earmark.types import (
    Action,
    Certainty,
    Feature,
    History,
    Lexicon,
    Mark,
    Outgoing,
    Reading,
    Role,
    Suppression,
    Transition,
    TriggerState,
)
from matcher.decide import MOST_ACCOUNTS, act, decide
from matcher.stages import SELF_DISCLOSED
from tests.builders import NOW, a_fact, a_match, a_stored_event, ago, an_account, days
from tests.matcher.pasts import ACCOUNT, a_history, a_reading, is_nothing, readings, stored, told

EXPORTING = Lexicon(targets=("crm",))
_LIVE = (TriggerState.OPEN, TriggerState.ACCEPTED)


def _telling(**changes: Any) -> Reading:
    """A reading of the funding of Norvik Labs; changes go to the event or to the match."""
    event_fields = {
        "id",
        "title",
        "published_at",
        "publisher",
        "mark",
        "revision",
        "fingerprint",
        "seen_at",
        "url",
    }
    event = a_stored_event(**{key: value for key, value in changes.items() if key in event_fields})
    return a_reading(a_match(event, **{k: v for k, v in changes.items() if k not in event_fields}))


def _shape(history: History) -> tuple[object, ...]:
    """All that must not depend on the order of arrival: stories with facts, live triggers, stage."""
    past = history.pasts[ACCOUNT]
    stories = {
        (
            tuple(match.event.id for match in story.matches),
            story.kind,
            story.role,
            story.certainty,
            story.facts,
            story.publishers,
            story.first_at,
            story.last_at,
        )
        for story in past.stories
    }
    place = {story.id: tuple(match.event.id for match in story.matches) for story in past.stories}
    live = {
        (
            place[t.story],
            t.kind,
            t.certainty,
            t.state,
            t.mark,
            t.undated,
            t.decays_from,
            t.expires_at,
            t.score,
        )
        for t in past.triggers
        if t.state in _LIVE
    }
    assert past.account
    return stories, live, past.account.stage


@given(readings(), st.randoms(use_true_random=False), st.lists(st.integers(1, 3), max_size=7))
def test_any_order_and_any_batching_ends_in_the_same_stories_triggers_and_stage(
    some: list[Reading], chance: Any, sizes: list[int]
) -> None:
    at_once = told([some], a_history())
    shuffled = some[:]
    chance.shuffle(shuffled)
    batches, rest = [], shuffled
    for size in sizes:
        batches.append(rest[:size])
        rest = rest[size:]
    in_parts = told([*batches, rest], a_history())
    assert _shape(in_parts) == _shape(at_once)


@given(readings())
def test_the_same_readings_again_change_nothing(some: list[Reading]) -> None:
    once = told([some], a_history(), EXPORTING)
    assert is_nothing(decide(some, once, EXPORTING, NOW))
    assert is_nothing(decide(some[:1], once, EXPORTING, NOW + days(0.01)))


@given(readings(), st.randoms(use_true_random=False))
def test_nothing_is_sent_twice_and_no_event_is_in_two_stories_of_one_kind(
    some: list[Reading], chance: Any
) -> None:
    history, keys = a_history(), Counter[str]()
    chance.shuffle(some)
    for reading in some * 2:
        changes = decide([reading], history, EXPORTING, NOW)
        promoted = [each.key for each in changes.outgoing if each.topic == "account.promoted"]
        keys.update(key for key in promoted if key.count(":") == 1)
        history = stored(history, changes)
    past = history.pasts[ACCOUNT]
    for key, count in keys.items():
        # One that was promoted as backfill, and again when it came live, was told of once.
        assert count <= _promotions(key.partition(":")[2], past.transitions)
    tellings = [(match.event.id, match.kind) for story in past.stories for match in story.matches]
    assert len(tellings) == len(set(tellings))


def _promotions(trigger: str, transitions: Iterable[Transition]) -> int:
    moves = (move for move in transitions if move.trigger == trigger and move.before is not move.after)
    return sum(move.after is Stage.OUTREACH_READY for move in moves)


@given(readings())
def test_everything_it_decides_follows_from_what_it_is_given(some: list[Reading]) -> None:
    assert decide(some, a_history(), EXPORTING, NOW) == decide(some, a_history(), EXPORTING, NOW)


def test_a_strong_trigger_promotes_a_cold_account_and_tells_the_targets_once() -> None:
    changes = decide([_telling()], a_history(), EXPORTING, NOW)
    (trigger,), (account,), (move,), (sent,) = (
        changes.triggers,
        changes.accounts,
        changes.transitions,
        changes.outgoing,
    )
    assert (account.stage, account.stage_since) == (Stage.OUTREACH_READY, NOW)
    assert (move.cause, move.trigger, move.before) == (Cause.TRIGGERED, trigger.id, Stage.COLD)
    assert (sent.topic, sent.key) == ("account.promoted", f"norvik-labs:{trigger.id}")
    assert "Norvik Labs raises" in sent.payload["note_text"]
    assert changes.due[ACCOUNT] is not None


def test_a_weak_trigger_is_listed_and_does_not_promote() -> None:
    changes = decide([_telling(kind="award_recognition", role=Role.SUBJECT)], a_history(), EXPORTING, NOW)
    assert [t.kind for t in changes.triggers] == ["award_recognition"]
    assert not changes.accounts
    assert not changes.outgoing


def test_a_role_that_the_kind_does_not_name_is_no_trigger() -> None:
    changes = decide([_telling(role=Role.INVESTOR)], a_history(), EXPORTING, NOW)
    assert len(changes.stories) == 1
    assert not changes.triggers


def test_news_that_is_over_is_kept_as_a_story_and_is_no_trigger() -> None:
    changes = decide([_telling(published_at=ago(200))], a_history(), EXPORTING, NOW)
    assert len(changes.stories) == 1
    assert not changes.triggers
    assert changes.due[ACCOUNT] is None


def test_backfill_promotes_and_sends_nothing() -> None:
    changes = decide([_telling(mark=Mark.BACKFILL)], a_history(), EXPORTING, NOW)
    assert changes.accounts[0].stage is Stage.OUTREACH_READY
    assert not changes.outgoing


def test_baseline_never_speaks_alone_and_dates_the_story_that_others_retell() -> None:
    old = _telling(mark=Mark.BASELINE, published_at=ago(15))
    assert not decide([old], a_history(), EXPORTING, NOW).triggers
    retold = _telling(id="event-2", publisher="Fjord Post", published_at=ago(1))
    (trigger,) = decide([old, retold], a_history(), EXPORTING, NOW).triggers
    assert trigger.decays_from == ago(15)


def test_an_undated_entry_is_flagged_and_worth_less() -> None:
    (dated,) = decide([_telling(published_at=NOW)], a_history(), EXPORTING, NOW).triggers
    (undated,) = decide([_telling(published_at=None)], a_history(), EXPORTING, NOW).triggers
    assert undated.undated
    assert undated.score.total < dated.score.total
    assert undated.note
    assert any("undated" in sentence.text for sentence in undated.note.sentences)
    assert any("No date is given" in part.sentence for part in undated.score.parts)


def test_a_rumour_counts_less_and_is_labelled_and_its_announcement_dates_it_anew() -> None:
    rumour = _telling(certainty=Certainty.RUMOUR, published_at=ago(12))
    history = told([[rumour]], a_history())
    (trigger,) = history.pasts[ACCOUNT].triggers
    assert trigger.note
    assert trigger.note.headline.startswith("Rumour: ")
    before = trigger.score.total
    history = told([[_telling(id="event-2", publisher="Fjord Post", published_at=ago(0.5))]], history)
    (trigger,) = history.pasts[ACCOUNT].triggers
    assert (trigger.certainty, trigger.decays_from) == (Certainty.ANNOUNCED, ago(0.5))
    assert trigger.score.total > 1.5 * before
    assert len(history.pasts[ACCOUNT].stories) == 1


def test_a_denial_ends_the_trigger_and_the_account_is_cold_again() -> None:
    history = told([[_telling()]], a_history())
    denial = _telling(id="event-2", publisher="Fjord Post", certainty=Certainty.DENIED, published_at=NOW)
    history = told([[denial]], history)
    past = history.pasts[ACCOUNT]
    assert [t.state for t in past.triggers] == [TriggerState.EXPIRED]
    assert past.account
    assert past.account.stage is Stage.COLD
    assert past.transitions[-1].cause is Cause.TRIGGERS_GONE


def test_a_denial_that_two_outlets_outweigh_is_over() -> None:
    denied = [_telling(published_at=ago(5), certainty=Certainty.DENIED)]
    firm = [
        _telling(id=f"event-{n}", publisher=f"Outlet {n}", fingerprint=f"{n:024x}", published_at=ago(1))
        for n in (2, 3)
    ]
    past = told([denied, firm], a_history()).pasts[ACCOUNT]
    assert [(story.certainty, len(story.matches)) for story in past.stories] == [(Certainty.ANNOUNCED, 3)]


def test_five_outlets_are_one_story_one_trigger_and_one_promotion() -> None:
    some = [
        _telling(id=f"event-{n}", publisher=f"Outlet {n}", fingerprint=f"{n:024x}", published_at=ago(n / 4))
        for n in range(5)
    ]
    history = a_history()
    sent: list[Outgoing] = []
    for reading in some:
        changes = decide([reading], history, EXPORTING, NOW)
        sent += changes.outgoing
        history = stored(history, changes)
    past = history.pasts[ACCOUNT]
    assert (len(past.stories), len(past.triggers), len(sent)) == (1, 1, 1)
    assert len(past.stories[0].publishers) == 5
    assert past.triggers[0].score.confidence > 0.9


def test_copies_of_one_text_are_no_further_witnesses() -> None:
    same = [_telling(id=f"event-{n}", publisher=f"Outlet {n}") for n in range(3)]
    (trigger,) = decide(same, a_history(), EXPORTING, NOW).triggers
    assert trigger.score.confidence == 0.9


def test_a_late_event_joins_two_stories_and_nothing_is_sent_again() -> None:
    title = "Norvik Labs opens a second laboratory in Tromso harbour"
    early = _telling(
        id="e1", title=title, kind="new_office_or_market", role=Role.SUBJECT, published_at=ago(12)
    )
    late = _telling(id="e3", title=title, kind="new_office_or_market", role=Role.SUBJECT, published_at=ago(1))
    history = told([[early]], a_history(), EXPORTING, ago(0.2))
    history = told([[late]], history, EXPORTING, ago(0.1))
    first, second = sorted(history.pasts[ACCOUNT].stories, key=lambda story: story.created_at)
    between = _telling(
        id="e2", title=title, kind="new_office_or_market", role=Role.SUBJECT, published_at=ago(6)
    )
    changes = decide([between], history, EXPORTING, NOW)
    assert dict(changes.merged) == {second.id: first.id}
    assert not changes.outgoing
    past = stored(history, changes).pasts[ACCOUNT]
    assert [story.id for story in past.stories] == [first.id]
    states = {trigger.story: trigger.state for trigger in past.triggers}
    assert states == {first.id: TriggerState.OPEN, second.id: TriggerState.MERGED}


def _opening(name: str, day: float, **changes: Any) -> Reading:
    title = "Norvik Labs opens a second laboratory in Tromso harbour"
    fields = {"kind": "new_office_or_market", "role": Role.SUBJECT}
    return _telling(id=name, title=title, published_at=ago(day), **(fields | changes))


def test_what_was_done_to_one_part_holds_for_the_whole_that_it_becomes_part_of() -> None:
    history = told([[_opening("e1", 12)]], a_history(), EXPORTING, ago(0.2))
    history = told([[_opening("e3", 1)]], history, EXPORTING, ago(0.1))
    second = max(history.pasts[ACCOUNT].triggers, key=lambda trigger: trigger.created_at)
    contacted = Action(verb="contacted", by="ann", trigger=second.id)
    history = stored(history, act(contacted, history, EXPORTING, ago(0.05)))
    past = told([[_opening("e2", 6)]], history, EXPORTING).pasts[ACCOUNT]
    assert sorted(trigger.state for trigger in past.triggers) == [TriggerState.CONTACTED, TriggerState.MERGED]
    assert len(past.stories) == 1


def test_a_trigger_outlives_the_merging_of_its_story_into_an_older_one_without() -> None:
    history = told([[_opening("e1", 12, role=Role.MENTION)]], a_history(), EXPORTING, ago(0.2))
    assert not history.pasts[ACCOUNT].triggers
    history = told([[_opening("e3", 1)]], history, EXPORTING, ago(0.1))
    changes = decide([_opening("e2", 6)], history, EXPORTING, NOW)
    assert not changes.outgoing
    past = stored(history, changes).pasts[ACCOUNT]
    by_state = {trigger.state: trigger for trigger in past.triggers}
    assert by_state.keys() == {TriggerState.OPEN, TriggerState.MERGED}
    assert by_state[TriggerState.OPEN].story == past.stories[0].id
    assert by_state[TriggerState.OPEN].created_at == ago(0.1)
    assert past.account
    assert past.account.stage is Stage.OUTREACH_READY


def test_a_revision_replaces_what_its_event_told_and_is_sent_only_if_it_matters() -> None:
    event = a_stored_event()
    first = a_reading(a_match(event, facts=(a_fact("amount", 20_000_000, event, "$20 million"),)))
    history = told([[first]], a_history(), EXPORTING)
    touched = replace(event, revision=2, text="More words.")
    quiet = a_reading(replace(first.matches[0], event=touched))
    changes = decide([quiet], history, EXPORTING, NOW)
    assert changes.stories[0].matches[0].event.revision == 2
    assert not changes.outgoing
    history = stored(history, changes)
    title = "Norvik Labs raises $28 million Series B"
    corrected = replace(event, revision=3, title=title)
    loud = a_reading(a_match(corrected, facts=(a_fact("amount", 28_000_000, corrected, "$28 million"),)))
    changes = decide([loud], history, EXPORTING, NOW)
    assert [sent.payload.get("revised") for sent in changes.outgoing] == [True]
    assert is_nothing(decide([quiet], stored(history, changes), EXPORTING, NOW))


def test_a_revision_that_tells_nothing_any_more_withdraws_its_trigger() -> None:
    event = a_stored_event()
    history = told([[a_reading(a_match(event))]], a_history())
    changes = decide([Reading(event=replace(event, revision=2))], history, EXPORTING, NOW)
    assert [t.state for t in changes.triggers] == [TriggerState.EXPIRED]
    assert changes.accounts[0].stage is Stage.COLD
    assert is_nothing(
        decide([Reading(event=replace(event, revision=2))], stored(history, changes), EXPORTING, NOW)
    )


def test_a_suppressed_account_keeps_its_stage_and_still_collects_triggers() -> None:
    account = an_account(suppression=Suppression(reason="rival", by="ann"))
    changes = decide([_telling()], a_history(account), EXPORTING, NOW)
    assert len(changes.triggers) == 1
    assert not changes.accounts
    assert not changes.outgoing


def test_a_snoozed_account_is_promoted() -> None:
    account = an_account(snoozed_until=NOW + days(3))
    changes = decide([_telling()], a_history(account), EXPORTING, NOW)
    assert changes.accounts[0].stage is Stage.OUTREACH_READY
    assert changes.accounts[0].snoozed_until == NOW + days(3)


def test_a_closing_speaks_against_contact_until_it_ends() -> None:
    closing = _telling(
        id="event-9", kind="bankruptcy_or_closing", role=Role.SUBJECT, certainty=Certainty.DONE
    )
    history = told([[_telling()], [closing]], a_history())
    past = history.pasts[ACCOUNT]
    assert past.account
    assert past.account.stage is Stage.COLD
    assert past.transitions[-1].cause is Cause.COUNTERED
    assert [t.score.total for t in past.triggers if t.kind == "bankruptcy_or_closing"] == [0.0]
    more = _telling(id="event-5", kind="exec_hire", role=Role.SUBJECT)
    assert not decide([more], history, EXPORTING, NOW).accounts


def test_a_rumoured_closing_does_not_speak_against_contact() -> None:
    rumour = _telling(
        id="event-9", kind="bankruptcy_or_closing", role=Role.SUBJECT, certainty=Certainty.RUMOUR
    )
    past = told([[_telling(), rumour]], a_history()).pasts[ACCOUNT]
    assert past.account
    assert past.account.stage is Stage.OUTREACH_READY


def test_an_employee_who_complains_makes_a_cold_account_hot_and_a_stranger_does_not() -> None:
    said = Feature(name=SELF_DISCLOSED, value=1.0, weight=1.0, sentence="“I work at Norvik Labs.”")
    complaint = _telling(kind="competitor_complaint", role=Role.SUBJECT, features=(said,))
    changes = decide([complaint], a_history(), EXPORTING, NOW)
    assert changes.accounts[0].stage is Stage.HOT
    assert [move.cause for move in changes.transitions] == [Cause.COMPLAINT_DISCLOSED]
    stranger = _telling(kind="competitor_complaint", role=Role.SUBJECT)
    assert decide([stranger], a_history(), EXPORTING, NOW).accounts[0].stage is Stage.OUTREACH_READY


def test_a_new_reason_on_a_contacted_account_is_recorded_as_a_stay() -> None:
    account = an_account(stage=Stage.CONTACTED, stage_since=ago(2))
    changes = decide([_telling()], a_history(account), EXPORTING, NOW)
    (move,) = changes.transitions
    assert move.before is move.after is Stage.CONTACTED
    assert not changes.accounts


def test_a_cooling_account_comes_back_for_a_new_trigger_only() -> None:
    account = an_account(stage=Stage.CONTACTED, stage_since=ago(30))
    history = told([[_telling(published_at=ago(31))]], a_history(account), now=ago(29))
    cooled = stored(history, decide((), history, EXPORTING, NOW))
    past = cooled.pasts[ACCOUNT]
    assert past.account
    assert past.account.stage is Stage.COOLING
    changes = decide([_telling(id="event-7", kind="exec_hire", role=Role.SUBJECT)], cooled, EXPORTING, NOW)
    assert changes.accounts[0].stage is Stage.OUTREACH_READY


def test_a_round_up_of_many_accounts_gives_no_trigger() -> None:
    event = a_stored_event()
    matches = tuple(a_match(event, account=f"account-{n}") for n in range(MOST_ACCOUNTS + 1))
    history = History(pasts={f"a:account-{n}": a_history().pasts[ACCOUNT] for n in range(MOST_ACCOUNTS + 1)})
    assert is_nothing(decide([Reading(event=event, matches=matches)], history, EXPORTING, NOW))


def test_a_conversation_is_a_trigger_without_an_account_or_a_move() -> None:
    event = a_stored_event("What do you use for invoices?", thread_url="https://forum.example/t/1")
    match = a_match(event, account=None, kind="asks_recommendation", role=Role.SUBJECT, problem="invoicing")
    changes = decide([a_reading(match)], History(), EXPORTING, NOW)
    (trigger,) = changes.triggers
    assert (trigger.account, trigger.problem) == (None, "invoicing")
    assert list(changes.due) == ["t:https://forum.example/t/1"]
    assert not changes.transitions
    assert not changes.outgoing
    history = stored(History(), changes)
    assert is_nothing(decide([a_reading(match)], history, EXPORTING, NOW))


def test_an_unlisted_company_has_stories_and_no_triggers() -> None:
    match = a_match(account=None, company="tessel works")
    changes = decide([a_reading(match)], History(), EXPORTING, NOW)
    assert list(changes.due) == ["c:tessel works"]
    assert len(changes.stories) == 1
    assert not changes.triggers


def test_a_deleted_account_is_left_alone() -> None:
    assert is_nothing(decide([_telling()], History(), EXPORTING, NOW))


def test_several_reasons_lift_each_other_but_one_story_does_not_lift_itself() -> None:
    hire = _telling(id="event-2", kind="exec_hire", role=Role.SUBJECT, published_at=ago(3))
    (alone,) = decide([_telling()], a_history(), EXPORTING, NOW).triggers
    both = {t.kind: t for t in decide([_telling(), hire], a_history(), EXPORTING, NOW).triggers}
    assert both["funding_early"].score.intent > alone.score.intent
    twin = _telling(id="event-3", publisher="Fjord Post")
    (told_twice,) = decide([_telling(), twin], a_history(), EXPORTING, NOW).triggers
    assert told_twice.score.intent == alone.score.intent
