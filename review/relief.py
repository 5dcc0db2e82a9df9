"""What to do about a source or a kind that people act on too little: hear less of it, or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from earmark.triggers import CATALOGUE
from review.insights import Share
from review.sources import trust_of
from review.today import kind_words
from storage import polls, rulebook
from storage.engine import Connection

__all__ = ["Relief", "for_kinds", "for_sources"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """What is proposed about one of them: its rate, what it weighs now, 0 to 1, and half of that.

    ``less`` is None when it was made to weigh less before: what is left then is to mute it.
    """

    key: str
    words: str
    acted: Share
    weight: float
    less: float | None


def for_sources(connection: Connection, tiring: Iterable[Share]) -> tuple[Relief, ...]:
    """Return what is proposed about these sources, unless they are paused, or gone."""
    found = [(one, polls.get(connection, one.name)) for one in tiring]
    return tuple(
        _relief(one.name, one, now=trust_of(source), usual=1.0)
        for one, source in found
        if source is not None and source.enabled
    )


def for_kinds(connection: Connection, tiring: Iterable[Share]) -> tuple[Relief, ...]:
    """Return what is proposed about these kinds of the catalogue, unless they are muted."""
    kinds = rulebook.decided(connection, ()).kinds
    return tuple(
        _relief(
            kind_words(one.name, kinds), one, now=kinds[one.name].intent, usual=CATALOGUE[one.name].intent
        )
        for one in tiring
        if one.name in CATALOGUE and kinds[one.name].intent > 0
    )


def _relief(words: str, acted: Share, *, now: float, usual: float) -> Relief:
    less = round(now / 2, 2) if now >= usual else None
    return Relief(key=acted.name, words=words, acted=acted, weight=now, less=less)
