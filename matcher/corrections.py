"""Corrections: what a person said of one text, which outweighs all that the text itself tells."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from earmark.types import Feature, Mention, Span, StoredEvent
from matcher.link import Links, confidence_of

__all__ = ["Correction", "corrected"]

_WEIGHT: Final = 6.0  # as firm as a source that names the company itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Whether one text means an account by these words, and who said so."""

    account: str
    words: str
    is_own: bool
    by: str


def corrected(links: Links, event: StoredEvent, corrections: Iterable[Correction]) -> Links:
    """Return the links of the text as people corrected them.

    Of an account that is not meant nothing is left. One that is meant is linked where its words stand, and
    whatever else was linked or in doubt there gives way.
    """
    for one in corrections:
        span = _where(event, one.words) if one.is_own else None
        if one.is_own and span is None:
            continue  # a revision that has these words no more
        links = replace(
            links,
            mentions=tuple(m for m in links.mentions if m.account != one.account and not _meet(m.span, span)),
            abstentions=tuple(
                a for a in links.abstentions if a.account != one.account and not _meet(a.span, span)
            ),
        )
        if span is not None:
            because = Feature(
                name="said",
                value=1.0,
                weight=_WEIGHT,
                sentence=f"{one.by} said so of this text",
                spans=(span,),
            )
            mention = Mention(
                span=span, account=one.account, features=(because,), confidence=confidence_of((because,))
            )
            links = replace(links, mentions=(*links.mentions, mention))
    return links


def _where(event: StoredEvent, words: str) -> Span | None:
    """Return where the words stand first; None where they stand no more."""
    for field, text in (("title", event.title), ("text", event.text)):
        at = text.find(words) if words else -1
        if at >= 0:
            return Span(event=event.id, field=field, start=at, end=at + len(words), quote=words)
    return None


def _meet(one: Span, other: Span | None) -> bool:
    return other is not None and one.field == other.field and one.start < other.end and other.start < one.end
