"""Learning: precision with its interval, and what a rule under its floor may still do."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.lifecycle import Stage
from earmark.types import Lexicon, Past, Role, TrackRecord, Trigger
from matcher.act import act
from matcher.decide import decide
from matcher.learning import PRIOR, precision, throttled, weight_of
from tests.builders import NOW, a_match, a_stored_event, ago, days
from tests.matcher.pasts import ACCOUNT, a_history, a_reading, stored, told
from tests.matcher.test_act import _doing

FLOOR = 0.3
RUN = 300
"""Verdicts in one simulated life of a rule."""


def a_record(good: int, bad: int, source: str = "wire", kind: str = "funding_early") -> TrackRecord:
    return TrackRecord(kind=kind, source=source, good=good, bad=bad)


NOISY = Lexicon(floor=FLOOR, records=(a_record(1, 60),), targets=("crm",))


def silent(trigger: Trigger) -> bool:
    return any(part.name == "track_record" and part.value == 0 for part in trigger.score.parts)


@pytest.mark.parametrize(
    ("good", "bad", "prior", "low", "high"),
    [
        (0, 0, (1.0, 1.0), 0.025, 0.975),
        (0, 9, (1.0, 1.0), 0.00253, 0.30850),
        (9, 0, (1.0, 1.0), 0.69150, 0.99747),
        (5, 5, (1.0, 1.0), 0.23379, 0.76621),
        (0, 0, (0.5, 0.5), 0.00154, 0.99846),
    ],
)
def test_the_interval_is_that_of_the_tables(
    good: int, bad: int, prior: tuple[float, float], low: float, high: float
) -> None:
    share = precision(good, bad, prior)
    assert share.low == pytest.approx(low, abs=1e-5)
    assert share.high == pytest.approx(high, abs=1e-5)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_the_mean_lies_in_the_interval_and_verdicts_move_it(good: int, bad: int) -> None:
    share = precision(good, bad)
    assert 0 <= share.low < share.mean < share.high <= 1
    assert share.mean == pytest.approx((PRIOR[0] + good) / (sum(PRIOR) + good + bad))
    better, worse = precision(good + 1, bad), precision(good, bad + 1)
    assert worse.high <= share.high <= better.high
    assert worse.low <= share.low <= better.low


@given(st.integers(0, 60), st.integers(0, 120), st.floats(0.05, 0.95))
def test_what_is_throttled_has_its_whole_interval_under_the_floor(good: int, bad: int, floor: float) -> None:
    if throttled(a_record(good, bad), floor):
        assert precision(good, bad).high < floor
        assert throttled(a_record(good, bad + 1), floor)
    assert not throttled(a_record(good, bad), None)


def _most_good() -> dict[int, int]:
    """Return by number of verdicts how many good ones still leave the rule throttled; -1: none does."""
    most, good = {}, -1
    for number in range(1, RUN + 1):
        while throttled(a_record(good + 1, number - good - 1), FLOOR):
            good += 1
        most[number] = good
    return most


MOST_GOOD = _most_good()


def _throttled_after(share: float, chance: Random) -> int | None:
    """Return the number of verdicts after which a rule of this precision is throttled."""
    good = 0
    for number in range(1, RUN + 1):
        good += chance.random() < share
        if good <= MOST_GOOD[number]:
            return number
    return None


@pytest.mark.parametrize(("share", "within"), [(0.0, 20), (0.05, 55), (0.1, 100)])
def test_a_noisy_rule_is_throttled_within_so_many_verdicts(share: float, within: int) -> None:
    chance = Random(7)
    lives = [_throttled_after(share, chance) or RUN + 1 for _ in range(2_000)]
    assert sum(after <= within for after in lives) >= 0.98 * len(lives)


@pytest.mark.parametrize(("share", "most"), [(0.3, 0.05), (0.4, 0.001), (0.6, 0.0)])
def test_a_rule_that_is_no_worse_than_the_floor_is_not_throttled(share: float, most: float) -> None:
    chance = Random(11)
    lives = [_throttled_after(share, chance) for _ in range(2_000)]
    assert sum(after is not None for after in lives) <= most * len(lives)


def test_a_throttled_rule_lists_its_trigger_and_promotes_and_tells_nobody() -> None:
    changes = decide([a_reading(a_match())], a_history(), NOISY, NOW)
    (trigger,) = changes.triggers
    assert trigger.score.total == 0
    sentence = next(part.sentence for part in trigger.score.parts if part.name == "track_record")
    assert sentence == (
        "Throttled: 1 of 61 verdicts on it from wire were good, which is under the floor of 30%; "
        "it is listed, and promotes nobody."
    )
    assert not changes.accounts
    assert not changes.outgoing
    assert stored(a_history(), changes) == told([[a_reading(a_match())]] * 2, a_history(), NOISY)


@pytest.mark.parametrize(
    "lexicon",
    [
        replace(NOISY, floor=None),
        replace(NOISY, records=(a_record(1, 60, source="post"),)),
        replace(NOISY, records=(a_record(1, 60, kind="layoffs"),)),
        replace(NOISY, records=(replace(a_record(1, 60), problem="invoices"),)),
    ],
)
def test_other_rules_speak(lexicon: Lexicon) -> None:
    changes = decide([a_reading(a_match())], a_history(), lexicon, NOW)
    assert [account.stage for account in changes.accounts] == [Stage.OUTREACH_READY]
    assert not silent(changes.triggers[0])


def test_one_source_whose_rule_holds_is_enough() -> None:
    other = a_stored_event(
        "Norvik Labs raises $20 million Series B", id="event-2", source="post", publisher="Fjord Post"
    )
    history = told([[a_reading(a_match()), a_reading(a_match(other))]], a_history(), NOISY)
    past = history.pasts[ACCOUNT]
    assert len(past.stories) == 1
    assert past.account is not None
    assert past.account.stage is Stage.OUTREACH_READY
    assert not [part for part in past.triggers[0].score.parts if part.name == "track_record"]


def test_a_rule_that_is_throttled_no_longer_gives_its_triggers_their_score_back() -> None:
    fair = replace(NOISY, records=())
    usual = told([[a_reading(a_match())]], a_history(), fair)
    history = told([[a_reading(a_match())]], a_history(), NOISY)
    history = stored(history, decide((), history, fair, NOW))
    assert history.pasts[ACCOUNT].triggers == usual.pasts[ACCOUNT].triggers
    assert _stage(history.pasts[ACCOUNT]) is Stage.OUTREACH_READY


def test_a_rule_that_becomes_throttled_lets_the_account_cool_at_the_next_look() -> None:
    history = told([[a_reading(a_match())]], a_history(), now=ago(0.5))
    history = stored(history, decide((), history, NOISY, NOW))
    assert _stage(history.pasts[ACCOUNT]) is Stage.COLD
    assert silent(history.pasts[ACCOUNT].triggers[0])


def test_what_a_person_accepted_holds_though_its_rule_is_throttled() -> None:
    history = told([[a_reading(a_match())]], a_history(), NOISY)
    (trigger,) = history.pasts[ACCOUNT].triggers
    history = stored(history, act(_doing("accept", trigger=trigger.id), history, NOISY, NOW))
    assert _stage(history.pasts[ACCOUNT]) is Stage.OUTREACH_READY


@pytest.mark.parametrize("kind", ["demo_requested", "chose_rival"])
def test_a_throttled_rule_neither_warms_nor_counters(kind: str) -> None:
    event = a_stored_event("Norvik Labs does something")
    lexicon = replace(NOISY, records=(a_record(0, 60, kind=kind),))
    reading = a_reading(a_match(event, kind=kind, role=Role.SUBJECT))
    assert decide([reading], a_history(), replace(lexicon, records=()), NOW).transitions
    assert not decide([reading], a_history(), lexicon, NOW).transitions


def weighted(*records: TrackRecord, floor: float | None = None) -> Trigger:
    lexicon = Lexicon(records=records, floor=floor)
    return told([[a_reading(a_match())]], a_history(), lexicon).pasts[ACCOUNT].triggers[0]


def test_the_first_verdict_against_a_rule_lowers_its_triggers_and_says_so() -> None:
    usual, less = weighted(), weighted(a_record(0, 1))
    assert less.score.confidence == pytest.approx(usual.score.confidence * 0.75)
    assert less.score.parts[-1].sentence == (
        "0 of 1 verdicts on it from wire were good, so its confidence counts 75%."
    )
    totals = [weighted(a_record(0, bad)).score.total for bad in range(6)]
    assert totals == sorted(totals, reverse=True)
    assert totals[5] >= totals[0] / 2 - 0.1, "verdicts take half at most, until the rule is throttled"


@given(st.integers(0, 200), st.integers(0, 200), st.none() | st.floats(0.05, 0.95))
def test_the_weight_is_bounded_falls_with_each_bad_verdict_and_praise_adds_nothing(
    good: int, bad: int, floor: float | None
) -> None:
    weight = weight_of(a_record(good, bad), floor)
    assert weight == 0 if throttled(a_record(good, bad), floor) else 0.5 <= weight <= 1
    assert weight_of(a_record(good, bad + 1), floor) <= weight <= weight_of(a_record(good + 1, bad), floor)
    assert weight_of(a_record(good, 0), floor) == 1


@given(st.integers(0, 12), st.integers(0, 12), st.sampled_from([None, 0.3, 0.9]))
def test_the_parts_of_a_weighted_score_multiply_up(good: int, bad: int, floor: float | None) -> None:
    score = weighted(a_record(good, bad), floor=floor).score
    product = 1.0
    for part in score.parts:
        product *= part.value
    assert round(100 * product, 1) == pytest.approx(score.total, abs=0.11)
    assert score.total == round(100 * score.fit * score.intent * score.freshness * score.confidence, 1)


def test_a_source_that_nobody_judged_keeps_the_whole_weight() -> None:
    other = a_stored_event(
        "Norvik Labs raises $20 million Series B", id="event-2", source="post", publisher="Fjord Post"
    )
    both = [[a_reading(a_match()), a_reading(a_match(other))]]
    usual = told(both, a_history()).pasts[ACCOUNT].triggers[0]
    one = told(both, a_history(), Lexicon(records=(a_record(0, 2),))).pasts[ACCOUNT].triggers[0]
    assert one.score == usual.score
    worse, bad = a_record(0, 9), a_record(0, 1, source="post")
    two = told(both, a_history(), Lexicon(records=(worse, bad))).pasts[ACCOUNT].triggers[0]
    assert two.score.confidence == pytest.approx(usual.score.confidence * 0.75)


def test_later_reports_and_looks_keep_the_weight_and_a_verdict_taken_back_gives_it_back() -> None:
    lexicon = Lexicon(records=(a_record(0, 1),))
    history = told([[a_reading(a_match())]] * 2, a_history(), lexicon)
    once = told([[a_reading(a_match())]], a_history(), lexicon)
    assert history == once
    back = stored(history, decide((), history, Lexicon(), NOW))
    assert back.pasts[ACCOUNT].triggers == told([[a_reading(a_match())]], a_history()).pasts[ACCOUNT].triggers


@given(st.lists(st.sampled_from([NOISY, replace(NOISY, records=()), replace(NOISY, floor=None)]), max_size=4))
def test_whatever_was_throttled_on_the_way_the_last_lexicon_decides(way: list[Lexicon]) -> None:
    last = replace(NOISY, records=())
    moments = [NOW + days(number) for number in range(len(way) + 1)]
    history = told([[a_reading(a_match())]], a_history(), NOISY, ago(0.1))
    for lexicon, moment in zip([*way, last], moments, strict=True):
        history = stored(history, decide((), history, lexicon, moment))
    (trigger,) = history.pasts[ACCOUNT].triggers
    assert not silent(trigger)
    assert trigger.score.confidence > 0


def _stage(past: Past) -> Stage | None:
    return past.account.stage if past.account else None
