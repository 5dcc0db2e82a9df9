"""Days, months and years that a sentence names: "by 1 March", "March 1, 2027", "in Q2 2027", "next year"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

__all__ = ["Day", "days"]

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = (
    r"(?P<{}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY: Final = r"(?P<{}>[0-3]?\d)(?:st|nd|rd|th)?"
_FORMS: Final = re.compile(
    r"(?<![\w.,$€£₹-])(?:"
    rf"{_DAY.format('d1')}\s(?:of\s)?{_MONTH.format('m1')}(?:,?\s(?P<y1>20\d\d))?"
    rf"|{_MONTH.format('m2')}\s{_DAY.format('d2')}(?!\d)(?:,?\s(?P<y2>20\d\d))?"
    rf"|{_MONTH.format('m3')}\s(?P<y3>20\d\d)"
    rf"|(?P<y4>20\d\d)-(?P<m4>\d\d)-(?P<d4>\d\d)"
    r"|q(?P<q>[1-4])\s(?P<y5>20\d\d)|(?P<next>next\syear)|(?P<end>(?:the\s)?year[ -]end|end\sof\sthe\syear)"
    rf"|(?<=\bby\s){_MONTH.format('m5')}|(?<=\bin\s){_MONTH.format('m6')}|(?<=\bbefore\s){_MONTH.format('m7')}"
    r"|(?P<y6>20\d\d)(?!\s(?:million|billion|crore|lakh|units|people|jobs|staff|workers|cars))"
    r")(?![\w%]|[.,]\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day, month, quarter or year named at ``start:end``; ``value`` is ISO 8601, as exact as the text."""

    value: str
    start: int
    end: int


def days(text: str, today: date) -> Iterator[Day]:
    """Yield the days that ``text`` names, in order; without a year it is the next such day from ``today``."""
    for match in _FORMS.finditer(text):
        value = _value(match, today)
        if value:
            yield Day(value, *match.span())


def _value(match: re.Match[str], today: date) -> str | None:
    found = {key: text for key, text in match.groupdict().items() if text}
    year = next((int(found[key]) for key in found if key[0] == "y"), None)
    month = next((_number(found[key]) for key in found if key[0] == "m"), None)
    day = next((int(found[key]) for key in found if key[0] == "d"), None)
    if month is None:
        if year is not None:
            return f"{year}-Q{found['q']}" if "q" in found else str(year)
        return str(today.year + 1) if "next" in found else f"{today.year}-12-31"
    if year is None:
        later = (month, day or 31) >= (today.month, today.day)
        year = today.year if later else today.year + 1
    if day is None:
        return f"{year}-{month:02}"
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None  # 31 February


def _number(month: str) -> int:
    return int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
