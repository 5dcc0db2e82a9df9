"""How well an account fits the ideal customer profile, and why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import IcpRule
from matcher.fit import fit
from tests.builders import an_account

ROBOTICS = an_account(
    industry="Robotics", size=240, country="Germany", tier="1", extra={"Tool Stack": "Quill, Atlas"}
)


def _rule(field: str, op: str, value: Any, weight: float = 1.0, sentence: str = "") -> IcpRule:
    return IcpRule(field=field, op=op, value=value, weight=weight, sentence=sentence)


def test_without_rules_everything_fits_and_says_so() -> None:
    assert fit(ROBOTICS, ()).value == 1.0
    assert "no ICP rules" in fit(ROBOTICS, ()).sentence
    assert fit(None, (_rule("size", "at_least", 50),)).value == 1.0


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (_rule("industry", "is", "robotics"), 1.0),
        (_rule("industry", "is", "Banking"), 0.0),
        (_rule("country", "in", ("Austria", "GERMANY")), 1.0),
        (_rule("size", "at_least", 200), 1.0),
        (_rule("size", "at_least", 241), 0.0),
        (_rule("size", "at_most", "240"), 1.0),
        (_rule("tool stack", "contains", "atlas"), 1.0),
        (_rule("Tool Stack", "contains", "at"), 0.0),
        (_rule("territory", "is", "north"), 0.5),
        (_rule("industry", "at_least", 5), 0.5),
        (_rule("tier", "is", 1), 1.0),
    ],
)  # fmt: skip
def test_one_rule_holds_fails_or_is_unknown(rule: IcpRule, expected: float) -> None:
    assert fit(ROBOTICS, (rule,)).value == expected


def test_rules_count_by_weight() -> None:
    rules = (_rule("industry", "is", "Robotics", 3.0), _rule("size", "at_least", 1000, 1.0))
    assert fit(ROBOTICS, rules).value == 0.75


@pytest.mark.parametrize(("weight", "expected"), [(-1.0, 0.0), (-0.5, 0.5), (-7.0, 0.0)])
def test_an_unwanted_rule_that_holds_takes_away(weight: float, expected: float) -> None:
    assert fit(ROBOTICS, (_rule("country", "is", "Germany", weight),)).value == expected
    assert fit(ROBOTICS, (_rule("country", "is", "France", weight),)).value == 1.0


def test_the_sentence_names_what_speaks_for_and_against_and_what_is_unknown() -> None:
    rules = (
        _rule("industry", "is", "Robotics", sentence="builds robots"),
        _rule("size", "at_least", 1000),
        _rule("owner", "is", "ann"),
        _rule("country", "is", "Germany", -0.5, "far away"),
    )
    assert fit(ROBOTICS, rules).sentence == (
        "For it: builds robots. Against it: far away. Not met: size at least 1000. "
        "Unknown: owner is not in the record."
    )


@given(st.lists(st.builds(
    _rule,
    field=st.sampled_from(("industry", "size", "country", "owner", "Tool Stack")),
    op=st.sampled_from(("is", "in", "at_least", "at_most", "contains")),
    value=st.sampled_from(("Robotics", 100, ("Germany", "France"), "", ())),
    weight=st.floats(-2, 5),
)))  # fmt: skip
def test_fit_is_always_between_nothing_and_one(rules: list[IcpRule]) -> None:
    result = fit(ROBOTICS, rules)
    assert 0.0 <= result.value <= 1.0
    assert len(result.reasons) == len(rules)


def test_sentences_that_end_in_a_full_stop_are_joined_with_one() -> None:
    rules = (
        _rule("size", "at_least", 50, sentence="The close is shared by a team."),
        _rule("industry", "is", "Robotics", sentence="We have references there."),
    )
    assert fit(ROBOTICS, rules).sentence == (
        "For it: The close is shared by a team; We have references there."
    )
