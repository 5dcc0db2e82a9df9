"""Dates as feeds and pages write them."""

import re
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["read_date"]

_ZONES = {  # hours east of UTC; a name that is not here counts as UTC, as RFC 2822 has it
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8, "HST": -10, "BST": 1, "IST": 5.5, "CET": 1, "MEZ": 1, "CEST": 2,
    "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = 80
_FIRST_YEAR = 1990  # older than any feed: "0001-01-01" and "1970-01-01" mean "no date"

_TIME = (
    r"(?:(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?\s*(?P<half>[ap]\.?m\b\.?)?)?"
    r"\s*(?:(?:GMT|UTC)(?=[+-]))?(?P<zone>[+-]\d\d(?::?\d\d)?|[A-Za-z]{1,5})?"
)
_BASIC_TIME = r"T?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?P<half>)(?P<zone>Z)?"
_WEEKDAY = r"(?:[^\W\d]+\.?,?\s+)?"
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}})-(?P<month>\d\d?)-(?P<day>\d\d?)(?:[T\s]+{_TIME}|Z)?",
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)(?:{_BASIC_TIME})?",
        rf"{_WEEKDAY}(?P<day>\d\d?)[\s-]+{_MONTH},?[\s-]+(?P<year>\d{{4}}|\d\d)(?:,?\s+{_TIME})?",
        rf"{_WEEKDAY}{_MONTH}\s+(?P<day>\d\d?),?\s+(?P<year>\d{{4}})(?:,?\s+{_TIME})?",
    )
)


def read_date(text: str | None) -> datetime | None:
    """Return the moment that a date names, aware UTC, or None when it names none.

    Reads RFC 822 (any zone, seconds or not), W3CDTF, ISO 8601 basic form and "Nov 20, 2026"; a date
    without a time is midnight UTC. A date without a day, hour 24 and 31 February are none.
    """
    words = (text or "").strip()
    if not words or len(words) > _LONGEST:
        return None
    for form in _FORMS:
        found = form.fullmatch(words)
        if found:
            return _moment(found.groupdict())
    return None


def _moment(part: dict[str, str | None]) -> datetime | None:
    try:
        local = datetime(
            _year(part["year"] or ""),
            _month(part["month"] or ""),
            int(part["day"] or ""),
            _hour(int(part["hour"] or 0), part["half"]),
            int(part["minute"] or 0),
            min(int(part["second"] or 0), 59),  # a leap second
            tzinfo=_zone(part["zone"]),
        )
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _FIRST_YEAR else None


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 70 else 1900)  # noqa: PLR2004 - RFC 2822's rule


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.index(text[:3].lower()) + 1


def _hour(hour: int, half: str | None) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:  # noqa: PLR2004 - twelve hours to each half of a day
        raise ValueError(f"no hour of a half day: {hour}")
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _zone(text: str | None) -> timezone:
    if text is None or text[0] not in "+-":
        return timezone(timedelta(hours=_ZONES.get((text or "").upper(), 0)))
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset > timedelta(hours=14):  # no place on earth is farther from UTC
        return UTC
    return timezone(-offset if text[0] == "-" else offset)
