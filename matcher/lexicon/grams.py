"""What a text must hold for a pattern to match it: three letters in a row, looked up before the pattern runs.

``need_of`` reads a pattern's own syntax tree, so that nobody keeps the two in step by hand.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

__all__ = ["Letters", "Need", "Sieve", "letters_of", "need_of"]

SIZE: Final = 3
_PARSER: Final = import_module("re._parser")  # the standard library's own, without a public name
_CONSTANTS: Final = import_module("re._constants")
_BLANK: Final = [(_CONSTANTS.CATEGORY, _CONSTANTS.CATEGORY_SPACE)]
# Letters that a pattern without regard to capitals takes for others, and lower() leaves alone or splits.
_ODD: Final = str.maketrans({"ı": "i", "İ": "i", "ſ": "s"})
_START: Final = "^^"
_COMMON: Final = " ^etaoinsrhldcumfpgwybvkxjqz"  # the commonest letter first


@dataclass(frozen=True, slots=True)
class Letters:
    """A text in lower case behind marks of its beginning, and every three of its letters in a row."""

    text: str
    grams: frozenset[str]


@dataclass(frozen=True, slots=True)
class Need:
    """Pieces of which every text that matches a pattern holds one, and a rare gram of each."""

    pieces: tuple[str, ...]
    grams: frozenset[str]

    def met(self, letters: Letters) -> bool:
        """Say whether the text holds one of the pieces; False means that the pattern can't match."""
        return not self.grams.isdisjoint(letters.grams) and any(
            piece in letters.text for piece in self.pieces
        )


class Sieve:
    """Tells of many patterns, by one look at the letters of a text, which of them may match."""

    def __init__(self, patterns: Iterable[re.Pattern[str]]) -> None:
        self._patterns = tuple(patterns)  # kept alive, for their ids stand for them
        self._always: set[int] = set()
        self._pieces: dict[str, dict[str, set[int]]] = {}  # by a rare gram of theirs
        for pattern in self._patterns:
            need = need_of(pattern)
            if need is None:
                self._always.add(id(pattern))
                continue
            for piece in need.pieces:
                self._pieces.setdefault(_rarest(piece), {}).setdefault(piece, set()).add(id(pattern))

    def kept(self, letters: Letters) -> Collection[int]:
        """Return the ``id`` of each pattern that may match; to hash a pattern would cost more."""
        left = set(self._always)
        for gram in self._pieces.keys() & letters.grams:
            for piece, patterns in self._pieces[gram].items():
                if piece in letters.text:
                    left |= patterns
        return left


@lru_cache(maxsize=2)  # several rooms ask for those of one sentence
def letters_of(text: str) -> Letters:
    """Return the letters of a text."""
    low = " ".join((text if text.isascii() else text.translate(_ODD)).lower().split())
    short = f"{_START}{low[: SIZE - 1]} {low} "
    return Letters(
        f"{_START}{low} {low} ", frozenset(map("".join, zip(short, short[1:], short[2:], strict=False)))
    )


def need_of(pattern: re.Pattern[str]) -> Need | None:
    """Return what every text that matches holds; None where nothing can be said."""
    if pattern.flags & re.MULTILINE:
        return None  # a text has many beginnings there
    pieces = _needs(_PARSER.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
    return None if pieces is None else Need(tuple(sorted(pieces)), frozenset(map(_rarest, pieces)))


def _needs(tree: Iterable[Any], run: str = "") -> frozenset[str] | None:
    """Return pieces of which one stands in all that the tree matches: those of its rarest part.

    ``run`` is what stands right before it.
    """
    found: list[frozenset[str]] = []
    for kind, value in tree:
        if kind is _CONSTANTS.AT and value is _CONSTANTS.AT_BEGINNING:
            run = _START
            continue
        if _plain(kind, value):
            run += chr(value).lower()
            continue
        if kind is _CONSTANTS.IN and value == _BLANK:
            run = "" if run == _START else f"{run.rstrip()} "  # blanks are single, and none begins a text
            continue
        inner = _inner(kind, value, run if run == _START else "")
        found += [*_long_enough([run]), *([inner] if inner else [])]
        run = ""
    found += _long_enough([run])
    return max(found, key=lambda pieces: (-max(map(_commonness, pieces)), -len(pieces)), default=None)


def _long_enough(runs: Sequence[str]) -> list[frozenset[str]]:
    return [frozenset({run}) for run in runs if len(run) >= SIZE]


def _inner(kind: Any, value: Any, run: str) -> frozenset[str] | None:
    """Return the pieces of one node that has parts of its own, or is one of a few characters at the start."""
    if kind is _CONSTANTS.SUBPATTERN:
        return _needs(value[3], run)
    if kind is _CONSTANTS.MAX_REPEAT and value[0] > 0:
        return _needs(value[2])
    if kind is _CONSTANTS.BRANCH:
        branches = [_needs(branch, run) for branch in value[1]]
        return frozenset().union(*(each for each in branches if each)) if all(branches) else None
    if kind is _CONSTANTS.IN and run and all(_plain(*each) for each in value):
        return frozenset(f"{run}{chr(each).lower()}" for _, each in value)
    return None


def _plain(kind: Any, value: Any) -> bool:
    """Say whether a node is one character whose lower case is one character too."""
    return bool(kind is _CONSTANTS.LITERAL and value < 128)  # noqa: PLR2004 - the end of ASCII


def _rarest(piece: str) -> str:
    return min((piece[n : n + SIZE] for n in range(len(piece) - SIZE + 1)), key=_commonness)


def _commonness(piece: str) -> int:
    """Say how common the rarest three letters of a piece are: more is commoner."""
    return min(sum(map(_weight, piece[n : n + SIZE])) for n in range(len(piece) - SIZE + 1))


def _weight(letter: str) -> int:
    return len(_COMMON) - _COMMON.index(letter) if letter in _COMMON else 0
