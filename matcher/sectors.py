"""What companies deal in, by the industry of a list and by the words of a text; and what excludes what."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

from matcher.normalise import words_of

__all__ = ["exclude", "sectors_of_industry", "sectors_of_words"]

_AUDIENCES: Final = frozenset(("b2b", "consumer"))
_KIN: Final = frozenset(
    frozenset(pair.split())
    for pair in """
    aviation transport,aviation travel,cars energy,cars mining,cars shops,cars transport,construction energy
    ,construction realty,energy mining,energy transport,finance realty,food health,food shops,food travel
    ,health shops,learning health,media travel,media shops,realty travel,media learning,transport energy
    ,transport shops,cars finance,finance shops,aviation cars,mining construction
    """.replace("\n", "").split(",")
)
"""Sectors of which one company may well be in both."""


@cache
def _lists() -> Mapping[str, Mapping[str, frozenset[str]]]:
    text = (files("matcher") / "words" / "sectors.toml").read_text(encoding="utf-8")
    return {
        sector: {side: frozenset(words.split()) for side, words in sides.items()}
        for sector, sides in tomllib.loads(text).items()
    }


@lru_cache(maxsize=4096)
def sectors_of_industry(industry: str) -> frozenset[str]:
    """Return the sectors of an industry as lists name it; none for one that says little ("software")."""
    words = {word.decode() for word in words_of(industry.replace("_", " "))} | {industry.lower()}
    if words & {"telecommunication", "interactive"}:
        return frozenset()  # public lists put everything there
    return frozenset(sector for sector, sides in _lists().items() if words & sides["industry"])


def sectors_of_words(words: Sequence[bytes]) -> frozenset[str]:
    """Return the sectors that these words tell; two in a row may be one word of the list."""
    plain = [word.decode("utf-8", "replace") for word in words]
    told = {*plain, *map("-".join, pairwise(plain))}
    return frozenset(sector for sector, sides in _lists().items() if told & sides["text"])


def exclude(listed: Iterable[str], told: Iterable[str]) -> bool:
    """Say whether a company of the listed sectors can't be the one of which a text tells these."""
    listed, told = frozenset(listed), frozenset(told)
    if listed == {"b2b"}:
        return "consumer" in told and "b2b" not in told
    if listed == {"consumer"}:
        return "b2b" in told and "consumer" not in told
    mine, theirs = listed - _AUDIENCES, told - _AUDIENCES
    if not mine or not theirs or mine & theirs:
        return False
    return not any(frozenset((one, other)) in _KIN for one in mine for other in theirs)
