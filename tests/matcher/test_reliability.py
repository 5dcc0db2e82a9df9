from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Lexicon
from matcher.read import Matcher
from scripts.reliability import Observed, error_of, observed, table
from tests.builders import a_stored_event, an_account


def test_a_link_is_right_when_its_account_was_wanted() -> None:
    accounts = {name: an_account(name.title(), id=name, domains=()) for name in ("norvik", "quillon")}
    reading = Matcher(Lexicon(accounts=accounts)).read(a_stored_event("Norvik buys Quillon", url=None))
    found = dict(zip(sorted(accounts), sorted(observed(reading, frozenset({"norvik"}))), strict=True))
    assert sorted(each.right for each in found.values()) == [False, True]


def test_a_doubt_between_namesakes_is_no_observation() -> None:
    accounts = {name: replace(an_account("Norvik", domains=()), id=name) for name in ("one", "two")}
    reading = Matcher(Lexicon(accounts=accounts)).read(a_stored_event("Norvik raises $5 million", url=None))
    assert reading.abstentions
    assert not list(observed(reading, frozenset({"one"})))


def test_the_table_has_a_line_for_each_range_that_holds_anything() -> None:
    lines = list(table([Observed(0.5, right=True), Observed(0.5, right=False), Observed(1.0, right=True)]))
    assert [line.split() for line in lines[1:3]] == [
        ["0.40–0.60", "2", "0.500", "0.500"],
        ["0.99–1.00", "1", "1.000", "1.000"],
    ]
    assert lines[-1] == "expected calibration error 0.000 over 3"


def test_who_is_always_sure_and_always_wrong_has_the_greatest_error() -> None:
    assert error_of([Observed(1.0, right=False)] * 5) == pytest.approx(1)
    assert error_of([]) == 0


@given(st.lists(st.builds(Observed, st.floats(0.25, 1), st.booleans())))
def test_the_error_lies_between_nothing_and_one(found: list[Observed]) -> None:
    assert 0 <= error_of(found) <= 1
