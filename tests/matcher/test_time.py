"""Time alone: what expires, cools and ends does so at its own moment, however late it is looked at."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.lifecycle import Cause, Stage
from earmark.types import (
    Action,
    Certainty,
    History,
    Lexicon,
    Reading,
    Role,
    Suppression,
    TriggerState,
)
from matcher.agenda import wakes_at
from matcher.decide import act, decide
from tests.builders import NOW, a_match, a_stored_event, ago, an_account, days
from tests.matcher.pasts import ACCOUNT, SILENT, a_history, a_reading, is_nothing, readings, stored, told

END = NOW + days(500)


def _swept(history: History, moments: list[datetime], lexicon: Lexicon = SILENT) -> History:
    for moment in sorted(moments):
        history = stored(history, decide((), history, lexicon, moment))
    return history


def _stage_at(history: History, moment: datetime) -> Stage:
    account = _swept(history, [moment]).pasts[ACCOUNT].account
    assert account
    return account.stage


def _hire(**changes: object) -> Reading:
    event = a_stored_event("Norvik Labs names Ada Berg CFO", id="event-h", **changes)
    return a_reading(a_match(event, kind="exec_hire", role=Role.SUBJECT))


moments = st.lists(st.floats(0, 499).map(lambda number: NOW + days(number)), max_size=8)
stages = st.sampled_from(list(Stage))
suppressions = st.none() | st.builds(
    Suppression,
    reason=st.sampled_from(("customer", "opt_out", "rival")),
    by=st.just("ann"),
    until=st.none() | st.integers(1, 120).map(lambda number: NOW + days(number)),
)


@given(readings(), moments, stages, suppressions, st.none() | st.integers(1, 90))
def test_a_late_sweep_ends_in_the_same_state_as_punctual_ones(
    some: list[Reading],
    when: list[datetime],
    stage: Stage,
    suppression: Suppression | None,
    snoozed: int | None,
) -> None:
    account = an_account(
        stage=stage,
        stage_since=ago(3),
        suppression=suppression,
        snoozed_until=NOW + days(snoozed) if snoozed else None,
    )
    history = told([some], a_history(account))
    assert _swept(history, [*when, END]) == _swept(history, [END])


@given(readings(), readings(), moments)
def test_news_after_a_late_sweep_is_judged_like_after_punctual_ones(
    some: list[Reading], more: list[Reading], when: list[datetime]
) -> None:
    history = told([some], a_history(an_account(stage=Stage.CONTACTED, stage_since=ago(9))))
    punctual = told([more], _swept(history, when), now=END)
    assert punctual == told([more], history, now=END)


@given(readings(), moments, st.integers(0, 60), st.sampled_from(("contacted", "outcome", "snooze")))
def test_what_a_person_does_meets_the_same_account_however_late_the_sweep(
    some: list[Reading], when: list[datetime], day: int, verb: str
) -> None:
    history = told([some], a_history())
    at = NOW + days(day)
    action = Action(verb=verb, by="ann", account="norvik-labs", value="reply", until=at + days(5))
    before = _swept(history, [moment for moment in when if moment <= at])
    done = stored(before, act(action, before, SILENT, at))
    late = stored(history, act(action, history, SILENT, at))
    assert _swept(done, [END]) == _swept(late, [END])


@given(readings(), moments)
def test_the_agenda_never_misses_a_moment_and_never_asks_for_nothing(
    some: list[Reading], when: list[datetime]
) -> None:
    history = told([some], a_history())
    for moment in sorted([*when, END]):
        due = wakes_at(history.pasts[ACCOUNT], SILENT)
        changes = decide((), history, SILENT, moment)
        if due is None or due > moment:
            assert is_nothing(changes)
        history = stored(history, changes)
        after = wakes_at(history.pasts[ACCOUNT], SILENT)
        assert after == changes.due[ACCOUNT]
        assert after is None or after > moment


@given(readings(), st.floats(0, 400))
def test_a_sweep_twice_at_one_moment_changes_nothing_more(some: list[Reading], number: float) -> None:
    at = NOW + days(number)
    history = _swept(told([some], a_history()), [at])
    assert is_nothing(decide((), history, SILENT, at))


def test_a_ready_account_is_cold_from_the_moment_its_score_falls_below_the_threshold() -> None:
    history = told([[a_reading(a_match())]], a_history())
    falls = wakes_at(history.pasts[ACCOUNT], SILENT)
    assert falls
    assert _stage_at(history, falls - timedelta(seconds=1)) is Stage.OUTREACH_READY
    late = _swept(history, [falls + days(100)]).pasts[ACCOUNT]
    assert late.account
    assert (late.account.stage, late.account.stage_since) == (Stage.COLD, falls)
    assert (late.transitions[-1].cause, late.transitions[-1].at) == (Cause.TRIGGERS_GONE, falls)


def test_a_higher_threshold_counts_from_the_day_on_which_it_is_applied() -> None:
    history = told([[a_reading(a_match())]], a_history())
    day = NOW + days(1)
    strict = _swept(history, [day], Lexicon(threshold=99.0)).pasts[ACCOUNT]
    assert strict.account
    assert (strict.account.stage, strict.account.stage_since) == (Stage.COLD, day)
    assert strict.transitions[-1].at == day


def test_a_trigger_expires_at_its_own_moment() -> None:
    history = told([[a_reading(a_match())]], a_history())
    (trigger,) = history.pasts[ACCOUNT].triggers
    (after,) = _swept(history, [END]).pasts[ACCOUNT].triggers
    assert (after.state, after.ended_at) == (TriggerState.EXPIRED, trigger.expires_at)


def test_freshness_is_held_until_the_best_time_to_call_begins() -> None:
    history = told([[_hire(published_at=NOW)]], a_history())
    (trigger,) = history.pasts[ACCOUNT].triggers
    assert trigger.opens_at == NOW + days(14)
    assert trigger.score.freshness == 1.0
    assert any("held fresh until" in part.sentence for part in trigger.score.parts)


@pytest.mark.parametrize(
    ("stage", "patience"), [(Stage.CONTACTED, 21), (Stage.WARM, 30), (Stage.HOT, 14), (Stage.COOLING, 60)]
)
def test_patience_ends_at_its_moment_and_not_before(stage: Stage, patience: int) -> None:
    history = a_history(an_account(stage=stage, stage_since=NOW))
    almost = NOW + days(patience) - timedelta(seconds=1)
    assert _stage_at(history, almost) is stage
    expected = Stage.COLD if stage is Stage.COOLING else Stage.COOLING
    assert _stage_at(history, NOW + days(patience)) is expected


def test_an_untouched_account_cools_and_then_is_cold() -> None:
    past = _swept(a_history(an_account(stage=Stage.HOT, stage_since=NOW)), [END]).pasts[ACCOUNT]
    moves = [(move.after, move.at) for move in past.transitions]
    assert moves == [(Stage.COOLING, NOW + days(14)), (Stage.COLD, NOW + days(74))]


def test_a_touch_renews_the_patience() -> None:
    history = a_history(an_account(stage=Stage.CONTACTED, stage_since=NOW))
    again = Action(verb="contacted", by="ann", account="norvik-labs", value="phone")
    history = stored(history, act(again, history, SILENT, NOW + days(20)))
    assert _stage_at(history, NOW + days(40)) is Stage.CONTACTED
    assert _stage_at(history, NOW + days(41)) is Stage.COOLING


def test_an_account_is_promoted_at_the_moment_its_suppression_ends() -> None:
    end = NOW + days(10)
    account = an_account(suppression=Suppression(reason="customer", by="crm", until=end))
    past = _swept(told([[a_reading(a_match())]], a_history(account)), [NOW + days(30)]).pasts[ACCOUNT]
    assert past.account
    assert past.account.suppression is None
    assert (past.account.stage, past.account.stage_since) == (Stage.OUTREACH_READY, end)


@pytest.mark.parametrize("reason", ["opt_out", "legal"])
def test_opt_out_and_legal_do_not_end_by_date(reason: str) -> None:
    account = an_account(suppression=Suppression(reason=reason, by="ann", until=NOW + days(1)))
    past = _swept(told([[a_reading(a_match())]], a_history(account)), [NOW + days(30)]).pasts[ACCOUNT]
    assert past.account
    assert past.account.suppression is not None
    assert past.account.stage is Stage.COLD


def test_a_snooze_ends_at_its_moment() -> None:
    history = a_history(an_account(snoozed_until=NOW + days(2)))
    assert wakes_at(history.pasts[ACCOUNT], SILENT) == NOW + days(2)
    account = _swept(history, [NOW + days(2)]).pasts[ACCOUNT].account
    assert account
    assert account.snoozed_until is None


def test_an_account_comes_back_when_what_spoke_against_it_ends() -> None:
    event = a_stored_event("Norvik Labs chose a rival", id="event-r", published_at=ago(170))
    rival = a_reading(a_match(event, kind="chose_rival", role=Role.SUBJECT, certainty=Certainty.DONE))
    history = told([[rival, a_reading(a_match())]], a_history())
    assert _stage_at(history, NOW) is Stage.COLD
    assert _stage_at(history, NOW + days(9)) is Stage.COLD
    assert _stage_at(history, NOW + days(10)) is Stage.OUTREACH_READY


def test_an_account_without_anything_never_wakes() -> None:
    assert wakes_at(a_history().pasts[ACCOUNT], SILENT) is None
