"""Working hours: when the team works, across zones and changes of the clock."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from earmark.types import Hours

__all__ = ["after_working", "day_begins", "day_of", "next_begin"]

_MOST_DAYS: Final = 800


def after_working(since: datetime, span: timedelta, hours: Hours) -> datetime:
    """Return the moment at which so much working time has passed since a moment.

    Before and after work, and on days off, no time passes. An hour that the clock skips is no hour.
    """
    left = span
    for begins, ends in _stretches(since, hours):
        start = max(begins, since)
        if start < ends:
            if left <= ends - start:
                return start + left
            left -= ends - start
    return since + span


def next_begin(after: datetime, hours: Hours) -> datetime:
    """Return when the next working day begins, strictly after a moment."""
    found = (begins for begins, _ in _stretches(after, hours) if begins > after)
    return next(found, after + timedelta(days=1))


def day_of(moment: datetime, hours: Hours) -> date:
    """Return the day of a moment where the team works."""
    return moment.astimezone(_zone(hours)).date()


def day_begins(moment: datetime, hours: Hours) -> datetime:
    """Return when the day of a moment began where the team works, in UTC."""
    local = moment.astimezone(_zone(hours))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def _stretches(since: datetime, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """Yield begin and end of each working day from the day of a moment on, in UTC."""
    zone = _zone(hours)
    first = since.astimezone(zone).date()
    for number in range(_MOST_DAYS):
        day = first + timedelta(days=number)
        if day.weekday() in hours.days:
            begins = datetime.combine(day, hours.begins, zone).astimezone(UTC)
            ends = datetime.combine(day, hours.ends, zone).astimezone(UTC)
            if begins < ends:
                yield begins, ends


def _zone(hours: Hours) -> tzinfo:
    return UTC if hours.zone == "UTC" else ZoneInfo(hours.zone)
