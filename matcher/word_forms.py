"""The root that the regular forms of a word share."""

from functools import lru_cache
from typing import Final

__all__ = ["root"]

_SHORTEST: Final = 3  # letters of a root
_VOWELS: Final = frozenset(b"aeiou")
_PLURAL_ONLY: Final = frozenset((b"news",))  # not several of what is new


@lru_cache(maxsize=65_536)
def root(word: bytes) -> bytes:
    """Return what "call", "calls", "called" and "calling" have in common; other scripts stay as they are."""
    if len(word) < _SHORTEST or not word.isalpha() or word in _PLURAL_ONLY:
        return word
    bare = _without_ending(word)
    if len(bare) > _SHORTEST and bare.endswith(b"e"):
        bare = bare[:-1]
    if bare.endswith(b"y") and bare[-2] not in _VOWELS:
        bare = bare[:-1] + b"i"
    if len(bare) > _SHORTEST and bare[-1] == bare[-2] and bare[-1] not in _VOWELS:
        bare = bare[:-1]
    return bare


def _without_ending(word: bytes) -> bytes:
    if word.endswith((b"ies", b"ied")) and len(word) > _SHORTEST + 1:
        return word[:-2]
    for ending in (b"ing", b"ed"):
        bare = word.removesuffix(ending)
        if bare != word and len(bare) >= _SHORTEST and _VOWELS.union(b"y").intersection(bare):
            return bare
    if word.endswith((b"ss", b"us", b"is")) or not word.endswith(b"s"):
        return word
    bare = word.removesuffix(b"s")
    return bare if len(bare) >= _SHORTEST else word
