"""Citations: facts and words in the spelling of those who tell them, with the spans that prove it.

Besides title and text, a span may cite what the source says about the text: its ``field`` is then
publisher, published_at, occurred_at or seen_at (quoted as an ISO date), url, or ``facts.KEY`` for a fact
that the source gives as data; ``start:end`` is the whole of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from earmark.triggers import SIGNALS
from earmark.types import Basis, Fact, Match, Sentence, Span, Story, StoryFact
from matcher.folding import independent_of, publisher_of, speaks_for_itself

__all__ = [
    "FIGURES",
    "LONGEST_QUOTE",
    "Cited",
    "about",
    "citations",
    "evidence",
    "from_evidence",
    "quoted",
    "ranked",
    "told",
]

FIGURES: Final = frozenset({"amount", "headcount", "percent", "revenue", "valuation"})
"""Facts of which tellers can disagree: names are spelled in many ways, and that is no dispute."""

LONGEST_QUOTE: Final = 280
"""The most characters that are quoted in a row."""

_LONGEST_NAME: Final = 80
_LONGEST_LINK: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A fact in the words of its source."""

    key: str
    words: str
    span: Span


def citations(story: Story) -> tuple[Cited, ...]:
    """Return the story's facts in the words of those who tell them."""
    return tuple(cited for fact in story.facts if (cited := _cite(fact, story)) is not None)


def told(fact: Fact, teller: Match) -> Cited:
    """Return a fact as one match tells it."""
    if fact.span is not None:
        return Cited(key=fact.key, words=_unstopped(fact.span.quote), span=fact.span)
    return _as_data(fact.key, fact.value, teller)


def about(match: Match, field: str, words: str) -> Span:
    """Return the span that cites what the source says about the text of the match."""
    return Span(event=match.event.id, field=field, start=0, end=len(words), quote=words)


def from_evidence(section: str, text: str, spans: Sequence[Span]) -> Sentence:
    """Return a sentence that its spans prove."""
    return Sentence(section=section, text=text, basis=Basis.EVIDENCE, spans=tuple(spans))


def quoted(span: Span, longest: int = LONGEST_QUOTE, around: Span | None = None) -> Span:
    """Return the span cut to at most so many characters, at blanks where there are some.

    It is cut from the end, or, so that it holds the span ``around``, from both sides.
    """
    words = span.quote
    if len(words) <= longest:
        return span
    start = 0
    if around is not None and around.end - span.start > longest:
        wished = max(0, min(around.start - span.start - longest // 4, len(words) - longest))
        blank = words.find(" ", wished, around.start - span.start)
        start = wished if blank < 0 or wished == 0 else blank + 1
    stop = start + longest
    if stop < len(words):
        cut = words.rfind(" ", start + longest // 2, stop)
        stop = cut if cut > 0 else stop
    return replace(span, quote=words[start:stop], start=span.start + start, end=span.start + stop)


def ranked(story: Story) -> list[Match]:
    """Return the tellers of a story, the surest first; those who tell another figure than it does come last.

    So what is quoted, after a correction too, says what the note says.
    """
    figures = {fact.key: fact.value for fact in story.facts if fact.key in FIGURES and fact.others}

    def order(match: Match) -> tuple[object, ...]:
        differs = any(each.key in figures and each.value != figures[each.key] for each in match.facts)
        return differs, -match.confidence, match.event.order

    return sorted(story.matches, key=order)


def evidence(story: Story) -> Iterator[Sentence]:
    """Quote the surest teller word by word, with the match marked, and count the others.

    The first span of the quote's sentence is the quote, those inside it are what is marked. The second
    sentence says how many more reports there are and how many outlets among them tell it by themselves,
    or that one source alone does, unless that speaks for the company itself.
    """
    matches = ranked(story)
    best = next((match for match in matches if match.evidence), None)
    if best is None:
        return
    yield _quote(best)
    yield from _message(best)
    tellers = len(independent_of(matches))
    reports = len({match.event.id for match in matches})
    if reports > 1:
        noun = "report" if reports == 2 else "reports"  # noqa: PLR2004 - the quoted one and one more
        counted = f"+{reports - 1} more {noun}, {tellers - 1} independent"
        yield Sentence(section="evidence", text=counted, basis=Basis.RECORD, field="reports")
    if tellers == 1 and not speaks_for_itself(matches):
        yield Sentence(
            section="evidence", text="Unconfirmed, one source", basis=Basis.RECORD, field="reports"
        )


def _quote(match: Match) -> Sentence:
    whole = match.evidence[0]
    marks = _marks(match, whole)
    span = quoted(whole, around=marks[0] if marks else None)
    before, after = ("…" if span.start > whole.start else ""), ("…" if span.end < whole.end else "")
    publisher = publisher_of(match.event)[:_LONGEST_NAME]
    parts, spans = (
        [f"“{before}{span.quote}{after}” {publisher}"],
        [span, about(match, "publisher", publisher)],
    )
    moment = match.event.happened_at
    if moment is not None:
        iso = f"{moment:%Y-%m-%d}"
        parts.append(iso)
        spans.append(about(match, "occurred_at" if match.event.occurred_at else "published_at", iso))
    if match.event.url and len(match.event.url) <= _LONGEST_LINK:
        parts.append(match.event.url)
        spans.append(about(match, "url", match.event.url))
    inside = [mark for mark in marks if span.start <= mark.start and mark.end <= span.end]
    return from_evidence("evidence", ", ".join(parts), (*spans, *inside))


def _message(match: Match) -> Iterator[Sentence]:
    """Quote the longest line of what somebody wrote who asked for something, where a headline is quoted."""
    text = match.event.text
    if match.kind not in SIGNALS.values() or match.evidence[0].field == "text" or not text.strip():
        return
    line = max(text.splitlines(), key=len).strip()
    start = text.index(line)
    whole = Span(event=match.event.id, field="text", start=start, end=start + len(line), quote=line)
    span = quoted(whole)
    cut = "…" if span.end < whole.end else ""
    yield from_evidence("evidence", f"They wrote: “{span.quote}{cut}”", (span,))


def _marks(match: Match, whole: Span) -> list[Span]:
    """Return what within the quoted words makes the match: the facts, the names and the cues."""
    spans = [fact.span for fact in match.facts if fact.span is not None]
    spans += [span for feature in match.features for span in feature.spans]
    inside = {
        span
        for span in spans
        if (span.event, span.field) == (whole.event, whole.field)
        and whole.start <= span.start < span.end <= whole.end
        and (span.start, span.end) != (whole.start, whole.end)
    }
    return sorted(inside, key=lambda span: (span.start, -span.end))


def _cite(fact: StoryFact, story: Story) -> Cited | None:
    if fact.span is not None:
        return Cited(key=fact.key, words=_unstopped(fact.span.quote), span=fact.span)
    teller = next(
        (
            match
            for match in story.matches
            for each in match.facts
            if (each.key, each.value) == (fact.key, fact.value)
        ),
        None,
    )
    return None if teller is None else _as_data(fact.key, fact.value, teller)


def _unstopped(words: str) -> str:
    """Return words without the full stop or comma after them: they go into a sentence of ours."""
    return words.rstrip(".,;: ") or words


def _as_data(key: str, value: object, teller: Match) -> Cited:
    words = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return Cited(key=key, words=words, span=about(teller, f"facts.{key}", words))
