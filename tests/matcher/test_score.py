"""The score: four parts that multiply, each with its sentence, and the moment at which it falls."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.triggers import CATALOGUE, Polarity
from earmark.types import (
    Certainty,
    Hint,
    HintKind,
    IcpRule,
    Lexicon,
    Reading,
    Role,
    StoredEvent,
    Trigger,
    TriggerState,
)
from matcher.decide import decide
from matcher.score import confidence, falls_at, own_intent, score_at, score_now
from tests.builders import NOW, a_match, a_stored_event, ago, an_account, days
from tests.matcher.pasts import a_history, a_reading, readings


def _trigger(
    kind: str = "funding_early", role: Role = Role.RAISER, day: float = 1, **changes: Any
) -> Trigger:
    event = a_stored_event("Norvik Labs moves", published_at=ago(day))
    match = a_match(event, kind=kind, role=role, **changes)
    (trigger,) = decide([a_reading(match)], a_history(), Lexicon(), NOW).triggers
    return trigger


@given(readings(), st.floats(0, 300))
def test_the_total_is_the_product_of_its_parts_and_every_part_has_a_sentence(
    some: list[Reading], number: float
) -> None:
    for trigger in decide(some, a_history(), Lexicon(), NOW).triggers:
        score = score_at(trigger, NOW + days(number))
        product = 100.0
        for part in score.parts:
            assert part.sentence.endswith(".")
            assert 0.0 <= part.value <= 1.0
            product *= part.value
        assert [part.name for part in score.parts] == ["fit", "intent", "freshness", "confidence"]
        assert score.total == round(product, 1)


@given(readings(), st.floats(0.5, 90))
def test_the_moment_of_falling_is_the_moment_of_falling(some: list[Reading], threshold: float) -> None:
    for trigger in decide(some, a_history(), Lexicon(), NOW).triggers:
        falls = falls_at(trigger, threshold, CATALOGUE)
        for moment in (NOW, NOW + days(3), NOW + days(30), NOW + days(120)):
            score = score_at(trigger, moment)
            exact = 100 * score.fit * score.intent * score.freshness * score.confidence
            if moment < falls:
                assert exact >= threshold - 1e-6
            elif moment < trigger.expires_at:
                assert exact <= threshold + 1e-6


@given(readings(), st.floats(0, 200), st.floats(0, 200))
def test_a_score_never_rises_by_itself(some: list[Reading], one: float, other: float) -> None:
    sooner, later = sorted((NOW + days(one), NOW + days(other)))
    for trigger in decide(some, a_history(), Lexicon(), NOW).triggers:
        assert score_now(trigger, later) <= score_now(trigger, sooner)


def test_freshness_halves_with_the_half_life() -> None:
    trigger = _trigger(day=0)
    assert score_at(trigger, NOW + days(45)).freshness == 0.5
    assert score_at(trigger, NOW + days(90)).freshness == 0.25


def test_an_ended_trigger_is_worth_nothing_now() -> None:
    assert score_now(replace(_trigger(), state=TriggerState.EXPIRED), NOW) == 0.0


def test_caution_and_doubt_lower_the_intent_and_suppressors_have_none() -> None:
    firm, rumour = _trigger(), _trigger(certainty=Certainty.RUMOUR)
    assert own_intent(rumour, CATALOGUE) == own_intent(firm, CATALOGUE) / 2
    layoffs = _trigger("layoffs", Role.SUBJECT)
    assert own_intent(layoffs, CATALOGUE) == pytest.approx(0.35 * 0.7)
    assert "careful" in " ".join(part.sentence for part in layoffs.score.parts)
    closing = _trigger("bankruptcy_or_closing", Role.SUBJECT, certainty=Certainty.DONE)
    assert (closing.polarity, closing.score.total) == (Polarity.SUPPRESS, 0.0)


def test_independent_publishers_confirm_and_never_prove() -> None:
    def told(*publishers: str) -> float:
        matches = [
            a_match(a_stored_event(id=f"e{n}", publisher=name, fingerprint=f"{n:024x}"), confidence=0.7)
            for n, name in enumerate(publishers)
        ]
        return confidence(matches, undated=False)[0]

    assert told("A") == 0.7
    assert told("A", "A") == 0.7
    assert 0.7 < told("A", "B") < told("A", "B", "C") < 0.98
    assert told(*"ABCDEFGHIJKLMNOP") <= 0.98


def test_confidence_does_not_depend_on_the_order() -> None:
    matches = [
        a_match(a_stored_event(id=f"e{n}", publisher=f"P{n % 3}", fingerprint=f"{n % 2:024x}"), confidence=c)
        for n, c in enumerate((0.6, 0.9, 0.75, 0.8))
    ]
    assert confidence(matches, undated=True) == confidence(matches[::-1], undated=True)


def test_a_single_publisher_is_said_to_be_unconfirmed_unless_it_is_the_company_itself() -> None:
    post = a_stored_event(id="p", publisher="forum.example", fingerprint="a" * 24)
    copy = a_stored_event(id="q", publisher="forum.example", fingerprint="b" * 24)
    second = a_stored_event(id="r", publisher="Daily Wire", fingerprint="c" * 24)
    hint = Hint(kind=HintKind.DOMAIN, value="norviklabs.example", strength=1.0)
    weak = replace(hint, strength=0.5)
    assert _why(post, copy).startswith("Unconfirmed, one source; ")
    assert _why(replace(post, hints=(weak,))).startswith("Unconfirmed, one source; ")
    assert _why(replace(post, hints=(hint,))).startswith("One report, by or for the company itself; ")
    assert _why(post, second).startswith("2 independent reports; ")


def test_no_outreach_ready_account_rests_on_one_publisher_without_saying_so() -> None:
    trigger = _trigger()
    assert trigger.score.total >= 20
    assert "Unconfirmed, one source" in trigger.score.parts[3].sentence


def _why(*events: StoredEvent) -> str:
    return confidence([a_match(event) for event in events], undated=False)[1]


def test_fit_scales_the_score() -> None:
    rule = IcpRule(field="industry", op="is", value="Robotics", sentence="builds robots")
    other = IcpRule(field="size", op="at_least", value=500)
    history = a_history(an_account(industry="Robotics", size=20))
    (trigger,) = decide([a_reading(a_match())], history, Lexicon(icp=(rule, other)), NOW).triggers
    assert trigger.score.fit == 0.5
    assert "builds robots" in trigger.score.parts[0].sentence


def test_other_families_lift_the_intent_and_are_named() -> None:
    hire = a_match(a_stored_event(id="event-h"), kind="exec_hire", role=Role.SUBJECT)
    both = decide([a_reading(a_match()), a_reading(hire)], a_history(), Lexicon(), NOW).triggers
    (funding,) = [trigger for trigger in both if trigger.kind == "funding_early"]
    assert funding.score.intent == pytest.approx(0.9 + 0.1 * 0.25 * 0.85)
    assert "has a new executive" in funding.score.parts[1].sentence


def test_a_kind_with_its_own_half_life_falls_by_it() -> None:
    slow = {**CATALOGUE, "funding_early": replace(CATALOGUE["funding_early"], half_life=timedelta(days=90))}
    trigger = _trigger()
    assert score_now(trigger, NOW + days(60), slow) > score_now(trigger, NOW + days(60))
    assert falls_at(trigger, 20, slow) > falls_at(trigger, 20, CATALOGUE)


def test_a_threshold_of_nothing_holds_to_the_end() -> None:
    trigger = _trigger()
    assert falls_at(trigger, 0, CATALOGUE) == trigger.expires_at


def test_what_a_person_wants_is_not_unconfirmed_because_nobody_else_says_it() -> None:
    complaint = a_match(kind="competitor_complaint")
    assert "own words" in confidence([complaint], undated=False)[1]
    assert "Unconfirmed" in confidence([a_match()], undated=False)[1]
