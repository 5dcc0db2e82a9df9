"""How large a thing is for the company to which it happens."""

from decimal import Decimal
from typing import Any

import pytest

from earmark.types import Account, Fact, History, Lexicon, Role, Score
from matcher.decide import decide
from matcher.magnitude import USUAL, magnitude_of
from tests.builders import NOW, a_match, a_stored_event, an_account
from tests.matcher.pasts import a_history, a_reading
from tests.review.triggers import a_story


def _score(account: Account, kind: str = "funding_early", **facts: Any) -> Score:
    told = tuple(Fact(key=key, value=value) for key, value in facts.items())
    role = Role.RAISER if kind.startswith("funding") else Role.SUBJECT
    match = a_match(a_stored_event("Norvik Labs moves"), kind=kind, role=role, facts=told)
    history: History = a_history(account)
    (trigger,) = decide([a_reading(match)], history, Lexicon(), NOW).triggers
    return trigger.score


def _money(amount: int, currency: str = "USD") -> dict[str, Any]:
    return {"amount": Decimal(amount), "currency": currency}


def test_the_same_money_is_more_to_a_small_company_and_the_score_says_so() -> None:
    small, middle, large = (_score(an_account(size=size), **_money(20_000_000)) for size in (50, 500, 20_000))
    assert small.intent > middle.intent > large.intent
    sentence = next(part.sentence for part in large.parts if part.name == "intent")
    assert "small for its size (USD 1,000 for each of 20,000 staff)" in sentence
    assert "large for its size" in next(part.sentence for part in small.parts if part.name == "intent")


@pytest.mark.parametrize(
    ("account", "facts"),
    [
        (an_account(), _money(20_000_000)),
        (an_account(size=50), {}),
        (an_account(size=50), _money(20_000_000, "JPY")),
        (an_account(size=0), _money(20_000_000)),
        (an_account(size=500), _money(20_000_000)),
    ],
)
def test_what_the_record_or_the_text_does_not_say_changes_nothing(
    account: Account, facts: dict[str, Any]
) -> None:
    assert _score(account, **facts).intent == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"percent": 3}, "small for its size (3 % of the staff)"),
        ({"percent": Decimal("12.5")}, "modest for its size (12.5 % of the staff)"),
        ({"percent": 40}, "large for its size"),
        ({"headcount": 4}, "small for its size (4 people beside 200 staff)"),
        ({"headcount": 60}, "large for its size"),
    ],
)
def test_layoffs_are_held_against_the_staff(facts: dict[str, Any], words: str) -> None:
    score = _score(an_account(size=200), "layoffs", **facts)
    assert words in next(part.sentence for part in score.parts if part.name == "intent")


@pytest.mark.parametrize("percent", [0, 400, "many", ("1", "2")])
def test_a_share_that_can_be_none_is_left_alone(percent: Any) -> None:
    story = a_story(kind="layoffs", facts=())
    told = a_match(kind="layoffs", role=Role.SUBJECT, facts=(Fact(key="percent", value=percent),))
    (changed,) = decide([a_reading(told)], a_history(an_account()), Lexicon(), NOW).stories
    assert magnitude_of(story, an_account()) == USUAL
    assert magnitude_of(changed, an_account()) == USUAL
