"""What a feed asks of those who poll it: a pause, and hours or days to be left alone; pure.

A 304 brings no feed, so wishes are kept in the state of the source, under a key that the source never sees.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

__all__ = ["KEY", "NONE", "Wishes", "skipped"]

KEY: Final = "earmark:wishes"
_HEAD: Final = 64 * 1024
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS: Final = re.compile(rb"<skipHours>(.{0,2000}?)</skipHours>", re.DOTALL)
_DAYS: Final = re.compile(rb"<skipDays>(.{0,2000}?)</skipDays>", re.DOTALL)
_HOUR: Final = re.compile(rb"<hour>\s*([0-9]{1,2})\s*</hour>")
_DAY: Final = re.compile(rb"<day>\s*([A-Za-z]{6,9})\s*</day>")
_DAY_OF_HOURS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The least pause, and hours (0 to 23, UTC) and days (Monday is 0) in which a feed is not to be asked."""

    every: timedelta | None = None
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()

    @classmethod
    def remembered(cls, state: Mapping[str, Any]) -> Self:
        """Return what was kept in the state of a source; nothing for what can't be read."""
        kept = state.get(KEY)
        if not isinstance(kept, Mapping):
            return cls()
        every = kept.get("every")
        return cls(
            every=timedelta(seconds=every) if isinstance(every, int | float) else None,
            hours=frozenset(kept.get("hours", ())),
            days=frozenset(kept.get("days", ())),
        )

    def kept(self) -> dict[str, Any]:
        """Return what the state of a source is to hold; nothing when there are no wishes."""
        if self == NONE:
            return {}
        every = self.every.total_seconds() if self.every else None
        return {KEY: {"every": every, "hours": sorted(self.hours), "days": sorted(self.days)}}

    def next_open(self, moment: datetime) -> datetime:
        """Return the moment, or the first one after it that is not to be skipped; at most a day later."""
        limit = moment + timedelta(days=1)
        then = moment.astimezone(UTC)
        for _ in range(_DAY_OF_HOURS):
            if then.hour not in self.hours and then.weekday() not in self.days:
                return then
            then += timedelta(hours=1)
        return limit


NONE: Final = Wishes()
"""Those of a feed that asks for nothing."""


def skipped(body: bytes) -> tuple[frozenset[int], frozenset[int]]:
    """Return the hours and days that the head of an RSS feed names; nothing if it names all of them."""
    head = body[:_HEAD]
    named = _HOURS.search(head)
    numbers = [int(hour) for hour in _HOUR.findall(named[1])] if named else []
    hours = frozenset(number % _DAY_OF_HOURS for number in numbers if number <= _DAY_OF_HOURS)
    days_named = _DAYS.search(head)
    words = [day.decode().lower() for day in _DAY.findall(days_named[1])] if days_named else []
    days = frozenset(_WEEK.index(word) for word in words if word in _WEEK)
    return (
        hours if len(hours) < _DAY_OF_HOURS else frozenset(),
        days if len(days) < len(_WEEK) else frozenset(),
    )
