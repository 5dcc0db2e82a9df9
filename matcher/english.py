"""How ordinary a word is in English, by its rank in the frequency dictionary of ``pyspellchecker``.

The dictionary counts words of films and lists many that it never counted. Of these only regular forms of
counted words are taken: the others are brands as often as words.
"""

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import cache
from typing import Final

__all__ = ["Commonness", "english", "spelled_american"]


class Commonness(IntEnum):
    """How ordinary a word is in English; no word of the language is ``NONE``."""

    NONE = 0
    RARE = 1
    ORDINARY = 2
    EVERYDAY = 3


_EVERYDAY: Final = 8_000  # ranks
_ORDINARY: Final = 25_000
_SHORTEST: Final = 3  # letters; what is shorter is an abbreviation as often as a word
_ENDINGS: Final = (
    ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""),
    ("ing", "e"), ("er", ""), ("er", "e"), ("ers", ""), ("ers", "e"), ("ly", ""),
    ("ness", ""), ("ation", "e"), ("ity", ""), ("ity", "e"), ("ment", ""), ("ism", ""), ("ist", ""),
    ("ful", ""), ("less", ""), ("ship", ""), ("able", ""), ("able", "e"), ("ization", "ize"),
)  # fmt: skip
_BRITISH: Final = (
    (re.compile(r"(?<=[a-z]{3})is(?=(?:e|ed|es|er|ers|ing|able|ation|ations)$)"), "iz"),
    (re.compile(r"(?<=[a-z]{2}[bdhlmnpv])our"), "or"),
    (re.compile(r"(?<=[a-z]{2}[aeiou]l)l(?=(?:ed|ing|er|ers)$)"), ""),
    (re.compile(r"(?<=[a-z]{2}[tb])re(?=s?$)"), "er"),
)


@cache
def english() -> Mapping[bytes, Commonness]:
    """Return the words of English, each with how ordinary it is."""
    from spellchecker import SpellChecker  # noqa: PLC0415 - 0.2 s that only who reads a text shall pay

    counts = SpellChecker(language="en").word_frequency.dictionary
    uncounted = min(counts.values())
    ranked = sorted(
        (word for word, count in counts.items() if count > uncounted and word.isalpha()),
        key=lambda word: (-counts[word], word),
    )
    words = {
        word.encode(): _tier(rank)
        for rank, word in enumerate(ranked)
        if len(word) >= _SHORTEST or rank < _EVERYDAY
    }
    forms = (word for word, count in counts.items() if count == uncounted and word.isalpha())
    return words | {
        word.encode(): Commonness.RARE for word in forms if any(stem in words for stem in _stems(word))
    }


def _tier(rank: int) -> Commonness:
    if rank < _EVERYDAY:
        return Commonness.EVERYDAY
    return Commonness.ORDINARY if rank < _ORDINARY else Commonness.RARE


def _stems(word: str) -> Iterator[bytes]:
    """Yield the words that this one may be a regular form of."""
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + _SHORTEST:
            yield (word.removesuffix(ending) + instead).encode()


def spelled_american(word: str) -> str:
    """Return "organise" as "organize" and "colour" as "color", as the dictionary spells them."""
    for british, american in _BRITISH:
        word = british.sub(american, word)
    return word
