"""Layout: a note as plain text for a terminal or a mail, and as Markdown for a chat."""

import re
from collections.abc import Sequence
from typing import Final

from earmark.types import Note, Score, Sentence

__all__ = ["LONGEST", "as_markdown", "as_text"]

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
_GIVEN_UP: Final = ("fit", "who", "talk", "evidence", "why_now")
_MARKED: Final = re.compile(r"([\\`*_\[\]<>#|~])")


def as_text(note: Note, score: Score | None = None) -> str:
    """Return the note as at most 1,200 characters of plain text, one section under the other."""
    sentences = list(note.sentences)
    while len(text := _text(note, sentences, score)) > LONGEST:
        if not _give_up(sentences):
            return text[: LONGEST - 1].rstrip() + "…"
    return text


def as_markdown(note: Note, score: Score | None = None) -> str:
    """Return the note as Markdown in which no fetched character is markup."""
    lines = [f"**{_plain(note.headline)}**" + (f" · score {score.total:g}" if score else "")]
    for section, title in _SECTIONS:
        texts = [text for each, text in _all(note.sentences, score) if each == section]
        lines += [f"- **{title.capitalize()}**: {_plain(text)}" for text in texts]
    return "\n".join([*lines, f"ref: {note.ref}"])


def _text(note: Note, sentences: Sequence[Sentence], score: Score | None) -> str:
    lines = [_line(note.headline) + (f" · score {score.total:g}" if score else "")]
    told = _all(sentences, score)
    for section, title in _SECTIONS:
        texts = [text for each, text in told if each == section]
        for number, text in enumerate(texts):
            lines.append(f"{title if number == 0 else '':<9} {_line(text)}")
    return "\n".join([*lines, f"{'REF':<9} {note.ref}"])


def _all(sentences: Sequence[Sentence], score: Score | None) -> list[tuple[str, str]]:
    told = [(sentence.section, sentence.text) for sentence in sentences]
    if score is not None:
        told.append(("score", _product(score)))
    return told


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


def _line(text: str) -> str:
    """Return the text on one line without control characters."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def _plain(text: str) -> str:
    return _MARKED.sub(r"\\\1", _line(text))
