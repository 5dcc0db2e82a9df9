"""One text of one event, seen as tokens with their places and the style of its capitals."""

import re
from enum import StrEnum
from functools import cached_property
from typing import Final

from earmark.types import Span
from matcher.normalise import tokens_of
from matcher.vocabulary import commonness

__all__ = ["Passage", "Style"]

_STYLED: Final = 4  # letters: shorter words are in lower case in every style
_BREAK: Final = re.compile(r"[.!?:;|•—–\n\"“”(\[…]|\s-\s|\s['‘]|^['‘](?!s\b)")
_SMALL: Final = frozenset(
    b"""with from into over after amid about than that this they them their upon onto within without between
    under against during until despite toward towards through across behind before your when while what where
    will have more most says said""".split()
)


class Style(StrEnum):
    """How a text uses capitals; only in a sentence do they tell a name from a word."""

    SENTENCE = "sentence"
    TITLE = "title"
    UPPER = "upper"
    LOWER = "lower"


class Passage:
    """A text with its tokens; ``event`` and ``field`` say where its spans belong."""

    def __init__(self, event: str, field: str, text: str) -> None:
        self.event = event
        self.field = field
        self.text = text
        self.tokens = tokens_of(text)
        self.words = [word for word, _, _ in self.tokens]

    def word(self, index: int) -> bytes:
        """Return the token at ``index``; an empty one beyond either end."""
        return self.words[index] if 0 <= index < len(self.words) else b""

    def written(self, index: int) -> str:
        """Return the token at ``index`` as the text writes it; an empty one beyond either end."""
        if not 0 <= index < len(self.tokens):
            return ""
        token = self.tokens[index]
        return self.text[token.start : token.end]

    def gap(self, index: int) -> str:
        """Return what stands between the token before ``index`` and the one at ``index``."""
        start = self.tokens[index - 1].end if index > 0 else 0
        end = self.tokens[index].start if index < len(self.tokens) else len(self.text)
        return self.text[start:end]

    def span(self, start: int, end: int) -> Span:
        """Return the place of the tokens from ``start`` up to ``end``."""
        first, last = self.tokens[start].start, self.tokens[end - 1].end
        return Span(event=self.event, field=self.field, start=first, end=last, quote=self.text[first:last])

    def is_capital(self, index: int) -> bool:
        """Say whether the token starts with a capital letter."""
        return self.written(index)[:1].isupper()

    def starts_clause(self, index: int) -> bool:
        """Say whether a sentence or a part of a headline starts here, so that a capital proves nothing."""
        return index <= 0 or bool(_BREAK.search(self.gap(index)))

    def ends_clause(self, index: int) -> bool:
        """Say whether nothing of the same clause follows the token before ``index``."""
        return index >= len(self.tokens) or bool(_BREAK.search(self.gap(index)))

    def is_next(self, index: int) -> bool:
        """Say whether the token at ``index`` follows the one before it with a blank and nothing else."""
        return 0 < index < len(self.tokens) and self.gap(index).strip() in {"", "'s", "’s"}

    @property
    def _begins_small(self) -> bool:
        """Whether the writer starts a text with a small letter, and so cares for no capitals."""
        first = self.written(0)
        return bool(first) and first.islower() and "http" not in first

    @cached_property
    def style(self) -> Style:
        """The style of capitals of this text."""
        capitals = smalls = shouted = 0
        for index, word in enumerate(self.words[:80]):
            if len(word) < _STYLED or self.starts_clause(index) or not word.isalpha():
                continue
            written = self.written(index)
            if not written[0].isupper():
                smalls += word not in _SMALL
            elif commonness(word) and (not written.isupper() or len(self.words) > 1):
                capitals += 1
                shouted += written.isupper()
        if self._begins_small or not any(letter.isupper() for letter in self.text):
            return Style.LOWER
        if self.text.isupper() or (shouted > smalls and shouted > capitals - shouted):
            return Style.UPPER
        return Style.TITLE if capitals > smalls else Style.SENTENCE
