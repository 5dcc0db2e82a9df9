"""A surge is one against the account's own past, whatever the order of arrival."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Certainty, Fact, History, Lexicon, Mark, Reading, Role, Trigger, TriggerState
from matcher.decide import decide
from matcher.score import LIVE
from tests.builders import NOW, a_match, a_stored_event, ago, days
from tests.matcher.pasts import ACCOUNT, a_history, a_reading, is_nothing, stored, told

ROLES = ("Surveyor", "Welder", "Pilot", "Baker", "Nurse", "Cooper", "Miller", "Glazier", "Potter", "Tailor")
PLACES = ("Oslo", "Bergen", "Turku", "Riga", "Gdansk", "Kiel", "Malmo", "Aarhus", "Vaasa", "Narvik", "Lund")


def _job(day: float, mark: Mark = Mark.LIVE, certainty: Certainty = Certainty.ANNOUNCED) -> Reading:
    name = f"job-{day}"
    role = f"{ROLES[int(day) % 10]} {PLACES[int(day) // 10]}"
    event = a_stored_event(
        role,
        id=name,
        external_id=name,
        url=f"https://jobs.example/{name}",
        published_at=ago(day),
        fingerprint=f"{int(day * 1000):024d}",
        mark=mark,
    )
    return a_reading(
        a_match(
            event,
            kind="hiring_role",
            role=Role.SUBJECT,
            certainty=certainty,
            facts=(Fact(key="role", value=role),),
        )
    )


def _jobs(*ages: float) -> list[Reading]:
    return [_job(age) for age in ages]


def _surges(history: History) -> list[Trigger]:
    return [each for each in history.pasts[ACCOUNT].triggers if each.kind == "hiring_surge"]


def _shape(history: History) -> set[tuple[object, ...]]:
    stories = {story.id: story for story in history.pasts[ACCOUNT].stories}
    return {
        (
            tuple(match.event.id for match in stories[each.story].matches),
            stories[each.story].facts,
            each.decays_from,
            each.expires_at,
            each.score.intent,
        )
        for each in _surges(history)
        if each.state in LIVE
    }


def test_many_postings_after_few_are_a_surge_and_the_score_says_by_how_much() -> None:
    (surge,) = _surges(told([_jobs(60, 9, 7, 5, 2)], a_history()))
    assert (surge.state, surge.decays_from) == (TriggerState.OPEN, ago(2))
    sentence = next(part.sentence for part in surge.score.parts if part.name == "intent")
    assert "4 postings in two weeks, 1 in the eight before" in sentence
    assert surge.note
    assert surge.note.headline == "Norvik Labs hires many people"


@pytest.mark.parametrize(
    ("ages", "why"),
    [
        ((9, 7, 5, 2), "nothing is known of its past"),
        ((60, 9, 7, 5), "three are few"),
        ((80, 75, 70, 65, 60, 55, 50, 45, 40, 35, 30, 26, 21, 17, 13, 9, 7, 5, 2), "it always posts as many"),
    ],
)
def test_what_is_usual_is_no_surge(ages: tuple[float, ...], why: str) -> None:
    assert not _surges(told([_jobs(*ages)], a_history())), why


def test_the_first_look_at_a_board_is_no_surge() -> None:
    found = [_job(age, Mark.BACKFILL) for age in (60, 9, 7, 5, 2)]
    assert not _surges(told([found], a_history()))


def test_a_surge_that_goes_on_alerts_once() -> None:
    history, triggers = a_history(), set()
    for age in (70, 20, 18, 16, 14, 10, 6, 2):
        history = stored(history, decide(_jobs(age), history, Lexicon(), NOW))
        triggers |= {each.id for each in _surges(history)}
    assert len(triggers) == 1


def test_postings_that_are_taken_back_take_the_surge_back() -> None:
    history = told([_jobs(60, 9, 7, 5, 2)], a_history())
    denied = told([[_job(5, certainty=Certainty.DENIED)]], history)
    (surge,) = _surges(denied)
    assert surge.state is TriggerState.EXPIRED


def test_a_surge_of_long_ago_is_no_reason_now() -> None:
    later = told([_jobs(60, 9, 7, 5, 2)], a_history(), now=NOW + days(200))
    assert not _surges(later)


@given(
    st.lists(st.integers(0, 100), min_size=4, max_size=14, unique=True),
    st.randoms(use_true_random=False),
    st.integers(1, 4),
)
def test_any_order_of_arrival_ends_in_the_same_surges(ages: list[int], chance: Any, size: int) -> None:
    some = _jobs(*ages)
    at_once = told([some], a_history())
    chance.shuffle(some)
    batches = [some[start : start + size] for start in range(0, len(some), size)]
    in_parts = told(batches, a_history())
    assert _shape(in_parts) == _shape(at_once)
    assert is_nothing(decide(some, in_parts, Lexicon(), NOW))
