"""Money as people write it: "$25M", "€7,5 Mio.", "USD 3 bn", "Rs 1,200 crore"."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Final

__all__ = ["Money", "amounts", "number_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount that stands at ``start:end`` of its text; ``currency`` is ISO 4217.

    Of a range ("$25-30 million") it is the lower end. ``per`` is True for a price per piece or period.
    """

    value: Decimal
    currency: str
    start: int
    end: int
    per: bool = False


_DATA: Final = tomllib.loads((files("matcher.lexicon") / "money.toml").read_text("utf-8"))


def _by_word(table: str) -> dict[str, str]:
    return {word: name for name, words in _DATA[table].items() for word in words.split()}


_SIGNS: Final = _by_word("signs")
_NAMES: Final = _by_word("names")
_TIMES: Final = {word: int(power) for word, power in _by_word("multipliers").items()}


def _longest_first(names: Iterator[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


# Bounded on purpose: a number of more than 20 characters is an id, and no part can match two ways.
_NUMBER = r"\d{1,20}(?:[.,' \u00a0\u202f]\d{2,3}(?!\d)){0,5}(?:[.,]\d{1,4}(?!\d))?"
_TIMES_WORD = rf"(?:{_longest_first(iter(_TIMES))})(?![\w])\.?"
_RANGE = rf"(?:\s?(?:[-–—]|to)\s?(?:[$€£₹])?{_NUMBER})?"
_AMOUNT = re.compile(
    rf"(?<![\w.,$])(?P<sign>{_longest_first(iter(_SIGNS))})\s?(?P<n1>{_NUMBER}){_RANGE}"
    rf"(?:[\s-]?(?P<t1>{_TIMES_WORD}))?"
    rf"|(?<![\w.,$])(?P<n2>{_NUMBER}){_RANGE}(?:[\s-]?(?P<t2>{_TIMES_WORD}))?(?:[\s-]|\sd['’])?"
    rf"(?P<word>{_longest_first(iter(_NAMES))})(?![\w])",
    re.IGNORECASE,
)
_CURRENCY_HINT = re.compile(
    rf"{_longest_first(word for word in {**_SIGNS, **_NAMES} if not word.isalpha())}"
    rf"|\b(?:{_longest_first(word for word in {**_SIGNS, **_NAMES} if word.isalpha())})(?![a-z])",
    re.IGNORECASE,
)
_PER = re.compile(
    r"\s?(?:/|per\b|a (?:share|month|year|seat|user|barrel|ton)|each\b|an? ounce)", re.IGNORECASE
)
_GROUP: Final = 3  # digits between two marks of grouping
_FOLLOWING = re.compile(r"\s?(?:\+|plus\b)")


def number_of(text: str) -> Decimal | None:
    """Return the number that ``text`` writes, with either decimal mark, or None.

    "1,505" is one thousand; "7,5" and "7.5" are seven and a half; "1.234.567" is over a million.
    """
    digits = re.sub(r"[' \u00a0\u202f]", "", text)
    marks = [mark for mark in digits if mark in ".,"]
    if not digits or not digits.replace(".", "").replace(",", "").isdigit():
        return None
    if not marks:
        return Decimal(digits)
    last = marks[-1]
    head, _, tail = digits.rpartition(last)
    if len(set(marks)) > 1:  # both marks: the last one is the decimal mark
        return Decimal(f"{head.replace('.', '').replace(',', '')}.{tail}")
    if len(marks) > 1 or (
        last == "," and len(tail) == _GROUP
    ):  # grouping only: 1,505 or 1.234.567 or 12,34,567
        return Decimal(digits.replace(last, ""))
    return Decimal(f"{head}.{tail}")


def amounts(text: str) -> tuple[Money, ...]:
    """Return every amount of money in ``text``, in order; a bare number is none."""
    if not _CURRENCY_HINT.search(text):
        return ()
    return tuple(_read(text))


def _read(text: str) -> Iterator[Money]:
    for match in _AMOUNT.finditer(text):
        number = number_of(match["n1"] or match["n2"])
        if number is None:
            continue
        times = (match["t1"] or match["t2"] or "").rstrip(".").lower()
        code = _SIGNS[match["sign"].lower()] if match["sign"] else _NAMES[match["word"].lower()]
        end = match.end()
        if match["sign"] and not times:
            times, end = _spelled_after(text, end)
        yield Money(
            value=number.scaleb(_TIMES.get(times, 0)).normalize() + 0,
            currency=code,
            start=match.start(),
            end=end,
            per=_PER.match(text, end) is not None,
        )


def _spelled_after(text: str, end: int) -> tuple[str, int]:
    """Read a multiplier behind a plus sign: "$2+ billion"."""
    plus = _FOLLOWING.match(text, end)
    if plus:
        word = re.compile(rf"\s?({_TIMES_WORD})", re.IGNORECASE).match(text, plus.end())
        if word:
            return word[1].rstrip(".").lower(), word.end()
    return "", end
