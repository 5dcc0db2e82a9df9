"""What the words of a list mean: countries and regions, industries, and numbers with their ranges."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from matcher.normalise import fold

__all__ = ["Bounds", "bounds_of", "country_named", "industry_named", "is_region", "regions_of"]

_NUMBER: Final = r"(\d[\d.,']*(?: \d{3})*) ?([kKmM]|(?:bn|mn)\b)?"
_RANGE: Final = re.compile(rf"{_NUMBER}\s*(?:-|–|—|to|bis)\s*[$€£]?\s*{_NUMBER}(?!\d)")
_ALONE: Final = re.compile(rf"(<|>|under|over|up to|unter|über)?=?\s*(?:[$€£]\s*)?{_NUMBER}\s*(\+)?(?![\d])")
_TIMES: Final = {"": 1, "k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9}
_BELOW: Final = frozenset({"<", "under", "up to", "unter"})
_ABOVE: Final = frozenset({">", "over", "über"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number that is only known to lie between two: ``51-200``, ``10,001+``."""

    low: float
    high: float


@cache
def _countries() -> tuple[Mapping[str, str], Mapping[str, frozenset[str]]]:
    names: dict[str, str] = {}
    regions: dict[str, frozenset[str]] = {}
    for line in _lines("countries.txt"):
        country, others, parts = line.split("|")
        names |= {name: country for name in (country, *others.split(";")) if name}
        regions[country] = frozenset(parts.split(";"))
    return names, regions


@cache
def _industries() -> Mapping[str, str]:
    return {name: line.split(";")[0] for line in _lines("industries.txt") for name in line.split(";")}


def _lines(name: str) -> list[str]:
    text = (files("matcher") / "words" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@lru_cache(maxsize=4096)
def country_named(text: str) -> str:
    """Return the country in one spelling: ``DE``, ``Deutschland`` and ``Germany`` are one."""
    plain = fold(text)
    return _countries()[0].get(plain, plain)


def regions_of(country: str) -> frozenset[str]:
    """Return the regions to which a country belongs: ``dach``, ``eu``, ``nordics``."""
    return _countries()[1].get(country_named(country), frozenset())


def is_region(text: str) -> bool:
    """Say whether this names a region."""
    return any(fold(text) in regions for regions in _countries()[1].values())


@lru_cache(maxsize=4096)
def industry_named(text: str) -> str:
    """Return the industry in one spelling: ``COMPUTER_SOFTWARE`` and ``SaaS`` are software."""
    plain = fold(text.replace("_", " "))
    return _industries().get(plain, plain)


def bounds_of(text: str) -> Bounds | None:
    """Return the number or the range that a text states: ``250``, ``51-200``, ``1.5k``, ``10,001+``."""
    plain = text.strip()
    if match := _RANGE.search(plain):
        low, high = _count(match[1], match[2] or match[4]), _count(match[3], match[4])
        return None if low is None or high is None or low > high else Bounds(low, high)
    match = _ALONE.search(plain)
    number = _count(match[2], match[3]) if match else None
    if match is None or number is None:
        return None
    word = (match[1] or "").lower()
    if word in _BELOW:
        return Bounds(0, number)
    return Bounds(number, float("inf") if match[4] or word in _ABOVE else number)


def _count(digits: str, unit: str | None) -> float | None:
    """Read 1,200 and 1.200 and 1 200 as thousands, 1.5k as a fraction."""
    bare = digits.strip(" .,'")
    if fraction := re.fullmatch(r"(\d+)[.,](\d{1,2})", bare):
        number = float(f"{fraction[1]}.{fraction[2]}")
    else:
        whole = re.sub(r"[.,' ]", "", bare)
        if not whole.isdigit():
            return None
        number = float(whole)
    return number * _TIMES[(unit or "").lower()]
