"""Working hours across evenings, weekends, zones and changes of the clock."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Hours
from matcher.hours import after_working, day_begins, day_of, next_begin

BERLIN = Hours(zone="Europe/Berlin")
NEW_YORK = Hours(zone="America/New_York")
NIGHT = Hours(zone="Europe/Berlin", begins=time(1), ends=time(5), days=(6,))
FIVE = timedelta(minutes=5)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "since", "then", "why"),
    [
        (BERLIN, "2026-11-20 10:00", "2026-11-20 10:05", "a Friday, 11 o'clock in Berlin"),
        (BERLIN, "2026-11-20 16:58", "2026-11-23 08:03", "two minutes before the weekend, three after it"),
        (BERLIN, "2026-11-20 17:00", "2026-11-23 08:05", "work is over"),
        (BERLIN, "2026-11-21 12:00", "2026-11-23 08:05", "a Saturday"),
        (BERLIN, "2026-11-23 04:00", "2026-11-23 08:05", "before work"),
        (BERLIN, "2026-10-23 16:00", "2026-10-26 08:05", "the clock goes back at night: 9 is now 8 UTC"),
        (BERLIN, "2026-03-27 17:00", "2026-03-30 07:05", "the clock goes forward: 9 is now 7 UTC"),
        (NEW_YORK, "2026-11-20 10:00", "2026-11-20 14:05", "the same moment is before work there"),
    ],
)
def test_only_working_time_passes(hours: Hours, since: str, then: str, why: str) -> None:
    assert after_working(at(since), FIVE, hours) == at(then), why


def test_an_hour_that_the_clock_skips_is_no_hour_and_one_that_it_repeats_is_two() -> None:
    whole = timedelta(hours=3)
    spring, autumn = at("2026-03-28 12:00"), at("2026-10-24 12:00")
    assert after_working(spring, whole, NIGHT) == at("2026-03-29 03:00"), "1 to 5 has three hours"
    assert after_working(autumn, timedelta(hours=5), NIGHT) == at("2026-10-25 04:00"), "1 to 5 has five"


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - UTC is given
    st.integers(0, 3000),
    st.integers(0, 3000),
    st.sampled_from((BERLIN, NEW_YORK, NIGHT, Hours())),
)
def test_working_time_adds_up(since: datetime, one: int, other: int, hours: Hours) -> None:
    first, second = timedelta(minutes=one), timedelta(minutes=other)
    between = after_working(since, first, hours)
    assert between >= since
    assert after_working(between, second, hours) >= between
    if first and second:
        assert after_working(between, second, hours) == after_working(since, first + second, hours)


@pytest.mark.parametrize(
    ("after", "then"),
    [
        ("2026-11-20 10:00", "2026-11-23 08:00"),
        ("2026-11-23 07:59", "2026-11-23 08:00"),
        ("2026-11-23 08:00", "2026-11-24 08:00"),
    ],
)
def test_the_next_morning_is_that_of_a_working_day(after: str, then: str) -> None:
    assert next_begin(at(after), BERLIN) == at(then)


def test_a_day_is_that_of_the_team() -> None:
    late = at("2026-11-20 23:30")
    assert day_of(late, BERLIN).isoformat() == "2026-11-21"
    assert day_begins(late, BERLIN) == at("2026-11-20 23:00")
    assert day_begins(at("2026-03-29 10:00"), BERLIN) == at("2026-03-28 23:00")
