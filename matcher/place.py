"""Where a name stands in a text, and the reasons that its neighbourhood can give."""

from collections.abc import Callable
from typing import Final, NamedTuple

from matcher.names import Ambiguity
from matcher.passage import Passage, Style
from matcher.vocabulary import context_words

__all__ = ["Place", "Reason", "Reasons", "Test", "is_listed", "is_sort"]

_HYPHENS: Final = frozenset("-‐‑–")
_WORDS: Final = frozenset(Ambiguity) - {Ambiguity.DISTINCTIVE, Ambiguity.DOMINANT, Ambiguity.ACRONYM}


class Place(NamedTuple):
    """Where a name stands, and what its words may mean besides; ``voice``: somebody speaks for himself."""

    passage: Passage
    start: int
    end: int
    ambiguity: Ambiguity
    voice: bool

    @property
    def is_word(self) -> bool:
        """Whether the name may well be something else than a name."""
        return self.ambiguity in _WORDS

    @property
    def before(self) -> bytes:
        """The word right before the name, in the same clause."""
        same = self.start > 0 and not self.passage.starts_clause(self.start)
        return self.passage.word(self.start - 1) if same else b""

    @property
    def after(self) -> bytes:
        """The word right after the name, in the same clause."""
        return b"" if self.passage.ends_clause(self.end) else self.passage.word(self.end)

    @property
    def opens(self) -> bool:
        """Whether the name opens a clause."""
        return self.passage.starts_clause(self.start)

    @property
    def is_capital(self) -> bool:
        """Whether the name starts with a capital letter."""
        return self.passage.is_capital(self.start)

    @property
    def hyphen_after(self) -> bool:
        """Whether the name is the first part of a compound."""
        return self.end < len(self.passage.tokens) and self.passage.gap(self.end) in _HYPHENS

    @property
    def hyphen_before(self) -> bool:
        """Whether the name is a later part of a compound."""
        return self.start > 0 and self.passage.gap(self.start) in _HYPHENS

    @property
    def owns(self) -> bool:
        """Whether a possessive s follows."""
        at = self.passage.tokens[self.end - 1].end
        return self.passage.text[at : at + 2] in {"'s", "’s", "'S", "’S"}

    @property
    def close_after(self) -> bool:
        """Whether the next word follows with a blank and nothing else."""
        return self.passage.is_next(self.end) and not self.owns

    @property
    def close_before(self) -> bool:
        """Whether the name follows the word before with a blank and nothing else."""
        return self.start > 0 and self.passage.gap(self.start).isspace()

    @property
    def may_be_name(self) -> bool:
        """Whether the capitals allow a name: it has one, or the text has none."""
        return self.is_capital or self.passage.style is Style.LOWER


Test = Callable[[Place], tuple[int, int] | None]


class Reason(NamedTuple):
    """A test, its weight in log odds, and the sentence that a person reads where it holds."""

    name: str
    weight: float
    sentence: str
    test: Test


class Reasons(list[Reason]):
    """A list of reasons; calling it makes a decorator that adds one."""

    def __call__(self, weight: float, sentence: str) -> Callable[[Test], Test]:
        """Add the decorated test under its own name."""

        def add(test: Test) -> Test:
            self.append(Reason(test.__name__.strip("_"), weight, sentence, test))
            return test

        return add


def is_listed(word: bytes, *names: str) -> bool:
    """Say whether the word stands in one of these lists of ``words/context.toml``."""
    return any((word,) in context_words(name) for name in names)


def is_sort(passage: Passage, index: int) -> bool:
    """Say whether the word says what sort of company one is, or several are ("start-up", "chipmakers")."""
    sorts, word = context_words("sorts"), passage.word(index)
    one = word.removesuffix(b"s")
    return any(each in sorts for each in ((word,), (one,), (passage.word(index - 1), one)))
