"""Where the words of rules stand in an event."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

from earmark.types import StoredEvent
from matcher.normalise import Token, tokens_of
from matcher.rule_terms import AnyOf, Form, Near, Words
from matcher.word_forms import root

__all__ = ["LONGEST", "Occurrence", "Passage"]

LONGEST: Final = 20_000  # characters of a field that are read
_MOST: Final = 500  # places of one word that are looked at, in each field


class Occurrence(NamedTuple):
    """Words number ``start`` to ``end`` (exclusive) of a field."""

    field: str
    start: int
    end: int


class Passage:
    """The title and the text of one event, word by word; what was looked for once is remembered."""

    def __init__(self, event: StoredEvent) -> None:
        self.event = event
        self._fields = {"title": _Field(event.title), "text": _Field(event.text)}
        self._found: dict[Words | AnyOf, list[Occurrence]] = {}

    def places(self, node: Words | AnyOf | Near) -> list[Occurrence]:
        """Return where words stand, the title first, in their order."""
        if isinstance(node, Near):
            left = self.places(node.left)
            return _near(left, self.places(node.right), node.within) if left else []
        found = self._found.get(node)
        if found is None:
            found = self._found[node] = self._words(node) if isinstance(node, Words) else self._any(node)
        return found

    def between(self, place: Occurrence) -> tuple[str, int, int]:
        """Return the field and the characters that an occurrence covers."""
        tokens = self._fields[place.field].tokens
        return place.field, tokens[place.start].start, tokens[place.end - 1].end

    def _words(self, words: Words) -> list[Occurrence]:
        return [
            Occurrence(name, start, end)
            for name, field in self._fields.items()
            if words.field in ("", name)
            for start, end in field.runs(words)
        ]

    def _any(self, node: AnyOf) -> list[Occurrence]:
        found = {place for part in node.of if isinstance(part, Words) for place in self.places(part)}
        return sorted(found, key=lambda place: (place.field == "text", place.start, place.end))


class _Field:
    def __init__(self, text: str) -> None:
        self._text = text[:LONGEST]
        self._begun: dict[bytes, list[int]] = {}

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        return tokens_of(self._text)

    @cached_property
    def _by_word(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        for number, (word, _, _) in enumerate(self.tokens):
            found.setdefault(word, []).append(number)
        return found

    @cached_property
    def _by_root(self) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        for number, (word, _, _) in enumerate(self.tokens):
            found.setdefault(root(word), []).append(number)
        return found

    @cached_property
    def _sorted(self) -> list[bytes]:
        return sorted(self._by_word)

    def _beginning(self, prefix: bytes) -> list[int]:
        found = self._begun.get(prefix)
        if found is None:
            found = self._begun[prefix] = []
            for word in self._sorted[bisect_left(self._sorted, prefix) :]:
                if not word.startswith(prefix):
                    break
                found += self._by_word[word]
            found.sort()
        return found

    def _numbers(self, word: bytes, form: Form) -> Sequence[int]:
        if form is Form.FORMS:
            return self._by_root.get(root(word), ())[:_MOST]
        if form is Form.PREFIX:
            return self._beginning(word)[:_MOST]
        return self._by_word.get(word, ())[:_MOST]

    def runs(self, words: Words) -> list[tuple[int, int]]:
        """Return the first and the last word (exclusive) of each run, none of which overlaps another."""
        last = len(words.words) - 1
        starts: dict[int, int] = {}  # by the number of a run's last word, that of its first
        for place, word in enumerate(words.words):
            prefix = words.form is Form.PREFIX
            form = Form.EXACT if prefix and place < last else words.form
            numbers = self._numbers(word, form)
            if place == 0:
                starts = {number: number for number in numbers}
                continue
            starts = _continued(starts, numbers, words.gap)
        found: list[tuple[int, int]] = []
        for end, start in starts.items():
            if not found or start >= found[-1][1]:
                found.append((start, end + 1))
        return found


def _continued(starts: dict[int, int], numbers: Sequence[int], gap: int) -> dict[int, int]:
    """Return the runs that go on with one of these words, each from the nearest run before it."""
    if not gap:
        return {number: starts[number - 1] for number in numbers if number - 1 in starts}
    longer: dict[int, int] = {}
    for number in numbers:
        for before in range(number - 1, number - gap - 2, -1):
            if before in starts:
                longer[number] = starts[before]
                break
    return longer


def _near(left: list[Occurrence], right: list[Occurrence], within: int) -> list[Occurrence]:
    """Return what spans a left and its nearest right side, where these are near enough."""
    found: list[Occurrence] = []
    for name in ("title", "text"):
        ones = [place for place in left if place.field == name]
        others = [place for place in right if place.field == name]
        by_start = sorted(others, key=lambda place: place.start)
        by_end = sorted(others, key=lambda place: place.end)
        starts, ends = [place.start for place in by_start], [place.end for place in by_end]
        for one in ones:
            after = bisect_left(starts, one.end)
            if after < len(starts) and starts[after] - one.end <= within:
                found.append(Occurrence(name, one.start, by_start[after].end))
                continue
            before = bisect_left(ends, one.start + 1) - 1
            if before >= 0 and one.start - ends[before] <= within:
                found.append(Occurrence(name, by_end[before].start, one.end))
    return found
