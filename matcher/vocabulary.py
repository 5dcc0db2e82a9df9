"""What the words of a text usually are: ordinary words, given names, family names, places.

The lists are data files in ``matcher/words``; a word is asked for in its normal form (``normalise``).
"""

import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from matcher.english import Commonness, english, spelled_american
from matcher.normalise import words_of

__all__ = [
    "Commonness",
    "commonness",
    "context_words",
    "dominant_names",
    "family_names",
    "given_names",
    "hiding_phrases",
    "places",
    "popular_names",
    "proper_words",
]


_OURS: Final = {  # words that the dictionary lacks or ranks by what films say; a later file outweighs
    "modern": Commonness.ORDINARY,
    "proper": Commonness.ORDINARY,
    "abbreviations": Commonness.EVERYDAY,
}


def _lines(name: str) -> list[str]:
    text = (files("matcher") / "words" / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


@cache
def _ours() -> Mapping[bytes, Commonness]:
    return {
        word.encode(): tier for name, tier in _OURS.items() for line in _lines(name) for word in line.split()
    }


@lru_cache(maxsize=65536)
def commonness(word: bytes) -> Commonness:
    """Return how ordinary the word is in English."""
    ours = _ours().get(word)
    if ours is not None:
        return ours
    tier = english().get(word)
    if tier is None:
        tier = english().get(spelled_american(word.decode()).encode(), Commonness.NONE)
    if tier < Commonness.EVERYDAY and word in dominant_names():
        return tier if tier is Commonness.ORDINARY else Commonness.NONE
    return tier


@cache
def dominant_names() -> frozenset[bytes]:
    """Return words that, with a capital and in the news, nearly always mean the company of that name."""
    return _words("dominant")


@cache
def popular_names() -> frozenset[bytes]:
    """Return names that many companies bear, none of them known to everybody."""
    return _words("popular")


def _words(name: str) -> frozenset[bytes]:
    return frozenset(word.encode() for line in _lines(name) for word in line.split())


@cache
def given_names() -> frozenset[bytes]:
    """Return first names of people."""
    return _words("given")


@cache
def family_names() -> frozenset[bytes]:
    """Return family names of people."""
    return _words("family")


@cache
def places() -> frozenset[tuple[bytes, ...]]:
    """Return countries, states and cities, each as its words."""
    return frozenset(tuple(words_of(line)) for line in _lines("places"))


@cache
def proper_words() -> frozenset[bytes]:
    """Return words that have a capital anyway: days, months, peoples."""
    return _words("proper")


@cache
def hiding_phrases() -> frozenset[tuple[bytes, ...]]:
    """Return phrases that hide a company's name that stands in them ("root cause", "New Zealand")."""
    phrases = frozenset(tuple(words_of(line)) for line in _lines("hiding"))
    return phrases | {place for place in places() if len(place) > 1}


@cache
def _context() -> dict[str, str]:
    return tomllib.loads((files("matcher") / "words" / "context.toml").read_text(encoding="utf-8"))


@cache
def context_words(name: str) -> frozenset[tuple[bytes, ...]]:
    """Return a list of ``words/context.toml``: words or phrases, each as a tuple of its words."""
    pieces = [piece for line in _context()[name].splitlines() for piece in line.split("|")]
    if not any("|" in line for line in _context()[name].splitlines()):
        pieces = [word for piece in pieces for word in piece.split()]
    return frozenset(tuple(words_of(piece)) for piece in pieces if piece.strip())
