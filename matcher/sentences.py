"""Sentences and clauses of an event, with their exact places."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from earmark.types import Span, StoredEvent
from matcher.lexicon import words

__all__ = ["MOST_SENTENCES", "Sentence", "sentences", "span_of"]

MOST_SENTENCES = 30
_LONGEST = 600
_SHORT_WORDS: Final = words("naming", "short_words")
# The end of a sentence or a line; a set of characters in front is looked for fastest.
_END = re.compile(r"[.!?…\n](?:(?<=\n)\n*|(?<!\n)[.!?…]*[\"'”’)\]]*(?=\s))")
_CLAUSE = re.compile(r";\s|\s\|\s|\s[—–]\s|\s-\s(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence at ``start`` of the event's ``field``; ``place`` 0 is the headline, 1 opens the body."""

    field: str
    start: int
    text: str
    place: int

    def span(self, event: StoredEvent, start: int = 0, end: int | None = None) -> Span:
        """Return the span of ``start:end`` of this sentence; the whole sentence by default."""
        return span_of(
            event, self.field, self.start + start, self.start + (len(self.text) if end is None else end)
        )


def span_of(event: StoredEvent, field: str, start: int, end: int) -> Span:
    """Return the span at ``start:end`` of the field, without blanks at its ends."""
    text = event.title if field == "title" else event.text
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(event=event.id, field=field, start=start, end=end, quote=text[start:end])


def sentences(event: StoredEvent) -> Iterator[Sentence]:
    """Yield the clauses of the headline, then the first sentences of the body, bounded in number and size."""
    for start, text in _split(event.title[: 2 * _LONGEST], _headline_ends):
        yield Sentence("title", start, text, 0)
    body = event.text[: 300 * MOST_SENTENCES]
    # A body that only repeats the headline tells nothing new.
    for place, (start, text) in enumerate(_split(body, _sentence_ends), start=1):
        if place > MOST_SENTENCES:
            return
        yield Sentence("text", start, text, place)


def _headline_ends(text: str) -> Iterator[tuple[int, int]]:
    for match in _CLAUSE.finditer(text):
        yield match.start(), match.end()
    for match in _END.finditer(text):
        if _ends_sentence(text, match):
            yield match.end(), match.end()


def _sentence_ends(text: str) -> Iterator[tuple[int, int]]:
    for match in _END.finditer(text):
        if match[0][0] == "\n" or _ends_sentence(text, match):
            yield match.end(), match.end()


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    word = text[max(0, match.start() - 12) : match.start()].rsplit(None, 1)
    last = word[-1].lower().strip("(\"'“‘") if word else ""
    after = text[match.end() : match.end() + 3].lstrip()
    if match[0] == "." and (last in _SHORT_WORDS or len(last) == 1):
        return False
    return not after or not after[0].islower()


def _split(text: str, ends: Callable[[str], Iterator[tuple[int, int]]]) -> Iterator[tuple[int, str]]:
    start = 0
    for end, following in sorted(ends(text)):
        if end < start:
            continue
        yield from _bounded(text, start, end)
        start = following
    yield from _bounded(text, start, len(text))


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > _LONGEST:
        cut = text.rfind(" ", start, start + _LONGEST)
        cut = cut if cut > start else start + _LONGEST
        yield start, text[start:cut]
        start = cut
    if end > start:
        yield start, text[start:end]
