"""The ICP tried on a list: how it spreads, what each rule does, and what is wrong with the rules."""

from typing import Any

import pytest

from earmark.types import IcpRule
from matcher.fit import fit
from matcher.icp import contradictions, tried
from tests.builders import an_account


def rule(field: str, op: str, value: Any, weight: float = 1.0) -> IcpRule:
    return IcpRule(field=field, op=op, value=value, weight=weight)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (rule("country", "is", "DE"), 1.0),
        (rule("country", "in", ("Deutschland", "FR")), 1.0),
        (rule("country", "in", ("DACH",)), 1.0),
        (rule("country", "is", "nordics"), 0.0),
        (rule("industry", "is", "Software"), 1.0),
        (rule("industry", "in", ("Banking", "SaaS")), 1.0),
        (rule("industry", "contains", "software"), 1.0),
        (rule("size", "in", ("51-200", "201-500")), 1.0),
        (rule("size", "is", "11-50"), 0.0),
        (rule("Employee range", "at_least", 50), 1.0),
        (rule("Employee range", "at_least", 100), 0.5),
        (rule("Employee range", "at_least", 300), 0.0),
        (rule("Employee range", "at_most", 200), 1.0),
        (rule("technology", "is", "atlas"), 1.0),
        (rule("technology", "in", ("Slate", "Quill")), 1.0),
        (rule("technology", "contains", "Slate"), 0.0),
        (rule("parent", "is", "group"), 0.5),
    ],
)
def test_a_rule_reads_records_as_they_are_written(asked: IcpRule, expected: float) -> None:
    account = an_account(
        industry="Computer Software",
        country="Germany",
        size=125,
        extra={"Employee range": "51-200", "Tech Stack": "Quill; Atlas"},
    )
    assert fit(account, (asked,)).value == expected


def test_the_spread_and_each_rule_are_counted() -> None:
    listed = [
        an_account("Ask", country="DE", size=300),
        an_account("Bsk", country="France", size=300),
        an_account("Csk", country="France", size=10),
        an_account("Dsk"),
    ]
    trial = tried(listed, (rule("country", "is", "Germany"), rule("size", "at_least", 200)))
    assert trial.accounts == 4
    assert trial.spread == (1, 0, 2, 0, 1)
    assert [(one.holds, one.fails, one.unknown) for one in trial.rules] == [(1, 2, 1), (2, 1, 1)]
    assert trial.best[0] == ("ask", 1.0)
    assert trial.worst[0] == ("csk", 0.0)
    assert trial.remarks == ()


def test_a_rule_without_effect_is_named() -> None:
    listed = [an_account("Ask", country="DE"), an_account("Bsk", country="DE")]
    trial = tried(
        listed, (rule("country", "is", "DE"), rule("country", "is", "FR", -1.0), rule("Segmnet", "is", "x"))
    )
    assert [remark.split("”")[1] for remark in trial.remarks] == [
        " holds for every account, so it tells none from another.",
        " holds for no account.",
        ": no account has a value there; check the name of the field.",
    ]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ((rule("country", "is", "DE"), rule("country", "is", "France")), "can't hold together"),
        ((rule("country", "in", ("DACH",)), rule("country", "is", "France")), "can't hold together"),
        ((rule("size", "at_least", 500), rule("size", "at_most", 50)), "can't hold together"),
        ((rule("tier", "is", "A"), rule("tier", "is", "A", -1.0)), "both wanted and not wanted"),
    ],
)
def test_rules_that_contradict_each_other_are_told(rules: tuple[IcpRule, ...], said: str) -> None:
    (text,) = contradictions(rules)
    assert said in text
    assert tried([], rules).remarks == (text,)


@pytest.mark.parametrize(
    "rules",
    [
        (rule("country", "is", "DE"), rule("country", "in", ("Deutschland", "AT"))),
        (rule("country", "is", "DE"), rule("country", "in", ("EMEA",))),
        (rule("size", "at_least", 50), rule("size", "at_most", 500)),
        (rule("country", "is", "DE"), rule("country", "is", "FR", -1.0)),
        (rule("industry", "is", "SaaS"), rule("industry", "is", "Software")),
    ],
)
def test_rules_that_go_together_are_left_alone(rules: tuple[IcpRule, ...]) -> None:
    assert contradictions(rules) == ()
