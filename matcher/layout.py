"""Layout: a note as plain text for a terminal or a mail, as Markdown for a chat, and as HTML for a page.

The words that make the match are marked within the quote. What was fetched is never markup, and only the
links of the evidence and of the user's own case studies become links.
"""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Final

from earmark.types import Basis, Note, Score, Sentence, Span

__all__ = ["LONGEST", "as_html", "as_markdown", "as_text"]

LONGEST: Final = 1200
"""The most characters of a note as text."""

_SECTIONS: Final = (
    ("why_now", "WHY NOW"),
    ("evidence", "EVIDENCE"),
    ("fit", "FIT"),
    ("score", "SCORE"),
    ("who", "WHO"),
    ("talk", "TALK"),
    ("opener", "OPENER"),
    ("next", "NEXT"),
)
# What is given up first when a note is too long: the last lines of these sections.
_GIVEN_UP: Final = ("fit", "who", "why_now", "talk")
_SHORTEST: Final = 40  # no line is cut below this, as long as another one is longer
_MARKED: Final = re.compile(r"([\\`*_\[\]<>#|~])")
_LINK: Final = re.compile(r"https?://[^\s()<>\"']+")
# Places within a text, as characters that no cleaned text holds.
_OPEN, _CLOSE, _LINKS, _LINKED = "\x02", "\x03", "\x0e", "\x0f"
_PLACES: Final = re.compile("[\x02\x03\x0e\x0f]")
_DAYS: Final = ("occurred_at", "published_at", "seen_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a form of the note writes a text, and what it puts around marked words."""

    write: Callable[[str], str]
    marks: tuple[str, str]


def as_text(note: Note, score: Score | None = None, *, at: datetime | None = None) -> str:
    """Return the note as at most 1,200 characters of plain text, one section under the other.

    ``at`` is now: with it the evidence says how old it is.
    """
    sentences = list(note.sentences)
    while len(text := "\n".join(_lines(note, sentences, score, at))) > LONGEST:
        if not _give_up(sentences):
            return _cut(_lines(note, sentences, score, at))
    return text


def as_markdown(note: Note, score: Score | None = None, *, at: datetime | None = None) -> str:
    """Return the note as Markdown in which no fetched character is markup."""
    form = _Form(write=_plain, marks=("**", "**"))
    lines = [f"**{_plain(_line(note.headline))}**" + _total(score)]
    for title, texts in _sections(note.sentences, score, at, form):
        lines += [f"- **{title.capitalize()}**: {text}" for text in texts]
    return "\n".join([*lines, f"ref: {_plain(_line(note.ref))}"])


def as_html(note: Note, score: Score | None = None, *, at: datetime | None = None) -> str:
    """Return the note as an HTML fragment: all is escaped, and only http(s) links are links."""
    form = _Form(write=html.escape, marks=("<mark>", "</mark>"))
    lines = ['<article class="note">', f"<h3>{html.escape(_line(note.headline))}{_total(score)}</h3>", "<dl>"]
    for title, texts in _sections(note.sentences, score, at, form):
        lines.append(f"<dt>{title.capitalize()}</dt>")
        lines += [f"<dd>{text}</dd>" for text in texts]
    return "\n".join([*lines, "</dl>", f"<p>ref: {html.escape(note.ref)}</p>", "</article>"])


def _lines(note: Note, sentences: Sequence[Sentence], score: Score | None, at: datetime | None) -> list[str]:
    lines = [_line(note.headline) + _total(score)]
    form = _Form(write=str, marks=("«", "»"))
    for title, texts in _sections(sentences, score, at, form):
        lines += [f"{title if number == 0 else '':<9} {text}" for number, text in enumerate(texts)]
    return [*lines, f"{'REF':<9} {note.ref}"]


def _sections(
    sentences: Sequence[Sentence], score: Score | None, at: datetime | None, form: _Form
) -> Iterator[tuple[str, list[str]]]:
    """Yield the sections that have something to say, in their order; what was erased is said once."""
    for section, title in _SECTIONS:
        texts = [_written(each, at, form) for each in sentences if each.section == section]
        if section == "score" and score is not None:
            texts.append(form.write(_product(score)))
        if texts:
            yield title, list(dict.fromkeys(texts))


def _written(sentence: Sentence, at: datetime | None, form: _Form) -> str:
    """Return the sentence in a form, its marks and links in place, with the age of what it quotes."""
    text = "".join(char if char.isprintable() else " " for char in sentence.text)
    text = " ".join(_placed(text, sentence).split()) + _age(sentence, at)
    pieces = re.split(f"({_PLACES.pattern})", text)
    return "".join(_piece(piece, before, form) for before, piece in pairwise(("", *pieces)))


def _piece(piece: str, before: str, form: _Form) -> str:
    if piece in (_OPEN, _CLOSE):
        return form.marks[piece == _CLOSE]
    if piece in (_LINKS, _LINKED):
        return "</a>" if piece == _LINKED and form.write is html.escape else ""
    if before == _LINKS and form.write is html.escape:
        link = html.escape(piece)
        return f'<a href="{link}" rel="noopener noreferrer nofollow">{link}'
    return form.write(piece)


def _placed(text: str, sentence: Sentence) -> str:
    """Return the text with signs where a marked word and a link begin and end; it stays as long else."""
    signs = [*_marks(sentence), *_links(text, sentence)]
    for place, sign in sorted(signs, reverse=True):
        text = text[:place] + sign + text[place:]
    return text


def _marks(sentence: Sentence) -> Iterator[tuple[int, str]]:
    """Yield where within the quote the words begin and end that make the match."""
    if sentence.section != "evidence" or not sentence.spans:
        return
    quote = sentence.spans[0]
    begin = sentence.text.find(quote.quote)
    inside = [span for span in sentence.spans[1:] if _within(span, quote)]
    if begin < 0:
        return
    for start, end in _joined(inside):
        yield begin + start - quote.start, _OPEN
        yield begin + end - quote.start, _CLOSE


def _within(span: Span, quote: Span) -> bool:
    same = (span.event, span.field) == (quote.event, quote.field)
    return same and quote.start <= span.start < span.end <= quote.end


def _joined(spans: Sequence[Span]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _links(text: str, sentence: Sentence) -> Iterator[tuple[int, str]]:
    """Yield where a link begins and ends: that of the evidence, or that of a case study."""
    if sentence.basis is Basis.PLAY and (sentence.field or "").startswith("proof:"):
        found = _LINK.search(text)
        places = found.span() if found else None
    else:
        link = next((span.quote for span in sentence.spans if span.field == "url"), "")
        start = text.rfind(link)
        places = (start, start + len(link)) if start >= 0 and _LINK.fullmatch(link) else None
    if places is not None:
        yield places[0], _LINKS
        yield places[1], _LINKED


def _age(sentence: Sentence, at: datetime | None) -> str:
    """Return how old the quoted words are."""
    day = next((span.quote for span in sentence.spans if span.field in _DAYS), None)
    if at is None or day is None or sentence.section != "evidence":
        return ""
    days = (at.date() - date.fromisoformat(day)).days
    if days < 1:
        return " (today)"
    return f" ({days} {'day' if days == 1 else 'days'} ago)"


def _total(score: Score | None) -> str:
    return f" · score {score.total:g}" if score else ""


def _product(score: Score) -> str:
    return (
        f"fit {score.fit:.2f} × intent {score.intent:.2f} × freshness {score.freshness:.2f}"
        f" × confidence {score.confidence:.2f} = {score.total:g}"
    )


def _give_up(sentences: list[Sentence]) -> bool:
    """Drop the last line of the first section that has more than one; False when none has."""
    for section in _GIVEN_UP:
        places = [place for place, sentence in enumerate(sentences) if sentence.section == section]
        if len(places) > 1:
            del sentences[places[-1]]
            return True
    return False


def _cut(lines: list[str]) -> str:
    """Return the lines with the longest ones cut, so that each section still says something."""
    while (excess := len("\n".join(lines)) - LONGEST) > 0:
        place = max(range(len(lines)), key=lambda number: len(lines[number]))
        kept = max(len(lines[place]) - excess - 1, _SHORTEST)
        if kept + 1 >= len(lines[place]):
            return "\n".join(lines)[: LONGEST - 1].rstrip() + "…"
        lines[place] = lines[place][:kept].rstrip() + "…"
    return "\n".join(lines)


def _line(text: str) -> str:
    """Return the text on one line without control characters."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def _plain(text: str) -> str:
    return _MARKED.sub(r"\\\1", text)
