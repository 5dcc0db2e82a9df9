"""Times as people write them, on the command line and in forms."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from earmark.errors import ConfigError

__all__ = ["backwards", "in_zone", "read_moment"]

_KEPT: Final = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d) UTC\b")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def read_moment(text: str, now: datetime, zone: tzinfo, *, end_of_day: bool = False) -> datetime:
    """Return the moment, aware UTC, that a text names.

    It may be a date (the begin of that day in the zone, or its end), ISO 8601 with a zone, ``today``,
    ``tomorrow``, or a distance such as 3h, 5d, 2w: ahead of now, behind it with a minus sign.
    Raises ConfigError for anything else.
    """
    try:
        return _read(text, now, zone, end_of_day=end_of_day)
    except OverflowError:  # a day at the end of all calendars, or beyond it
        raise ConfigError(_not_a_time(text)) from None


def backwards(text: str) -> str:
    """Return a distance without a sign, such as 90d, as one behind now; any other text as it is."""
    return f"-{text.strip()}" if re.fullmatch(r"\s*\d{1,4}\s*[hdwHDW]\s*", text) else text


def in_zone(text: str, zone: tzinfo) -> str:
    """Return a kept sentence with its moments, which are kept in UTC, as they are in a zone."""

    def local(found: re.Match[str]) -> str:
        try:
            moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        except ValueError:  # somebody's own words
            return found[0]
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    return _KEPT.sub(local, text)


def _read(text: str, now: datetime, zone: tzinfo, *, end_of_day: bool) -> datetime:
    word = text.strip().lower()
    day = now.astimezone(zone).date()
    if match := re.fullmatch(r"([+-]?)(\d{1,4})\s*([hdw])", word):
        distance = int(match[2]) * _UNITS[match[3]]
        return now - distance if match[1] == "-" else now + distance
    if word in {"today", "tomorrow"}:
        day += timedelta(days=word == "tomorrow")
        return _of_day(datetime.combine(day, time(), zone), end_of_day=end_of_day)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(_not_a_time(text)) from None
    if re.fullmatch(r"[\d-]+|\d{4}-?W\d+.*", text.strip()):
        return _of_day(moment.replace(tzinfo=zone), end_of_day=end_of_day)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _of_day(begin: datetime, *, end_of_day: bool) -> datetime:
    moment = begin + timedelta(days=1) - timedelta(microseconds=1) if end_of_day else begin
    return moment.astimezone(UTC)


def _not_a_time(text: str) -> str:
    return f"{text!r} is no time. Write a date such as 2026-12-01, or a distance such as 3h, 5d or 2w."
