from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.days import days

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("by 1 March", ["2027-03-01"]),
        ("on December 3", ["2026-12-03"]),
        ("from 1st of March 2028", ["2028-03-01"]),
        ("March 1, 2027", ["2027-03-01"]),
        ("closing 2027-03-03", ["2027-03-03"]),
        ("in February 2027", ["2027-02"]),
        ("live by May", ["2027-05"]),
        ("in Q2 2027", ["2027-Q2"]),
        ("next year", ["2027"]),
        ("by year-end", ["2026-12-31"]),
        ("at Messe 2027", ["2027"]),
        ("between 3 May and 5 June 2027", ["2027-05-03", "2027-06-05"]),
        ("31 February 2027", []),
        ("it may launch", []),
        ("march through town", []),
        ("$2027 million", []),
        ("raised 2,027 units", []),
        ("", []),
    ],
)
def test_a_day_is_read_as_exactly_as_it_is_told(text: str, values: list[str]) -> None:
    assert [day.value for day in days(text, TODAY)] == values


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31)))
def test_every_day_written_out_is_read_back(day: date) -> None:
    text = f"due {day.day} {day:%B} {day.year}"
    (found,) = days(text, TODAY)
    assert found.value == day.isoformat()
    assert text[found.start : found.end] == f"{day.day} {day:%B} {day.year}"


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    for day in days(text, TODAY):
        assert 0 <= day.start < day.end <= len(text)
