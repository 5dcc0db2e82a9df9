"""The user's problems in an event: phrases in which people voice a pain, and rivals that are named."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from earmark.types import Feature, Problem, Span, StoredEvent
from matcher.sentences import span_of

__all__ = ["ProblemMatch", "problems_in"]

_MOST_SPANS: Final = 5
_SHORTEST: Final = 4  # letters of a word that takes endings
_BOUNDED: Final = 20_000
_WORD = re.compile(r"\w+(?:['’]\w+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemMatch:
    """A problem that an event voices, where, and how sure; ``rivals`` are the named ones."""

    problem: str
    spans: tuple[Span, ...]
    features: tuple[Feature, ...]
    rivals: tuple[str, ...]
    confidence: float


def problems_in(event: StoredEvent, problems: Sequence[Problem]) -> tuple[ProblemMatch, ...]:
    """Return the problems whose phrases or rivals the event names, the surest first.

    A phrase matches whole words in any case, with plural and verb endings and up to two words in between.
    A text with one of ``not_phrases`` does not count for that problem.
    """
    found = (_match(event, problem) for problem in problems)
    return tuple(
        sorted((match for match in found if match), key=lambda match: (-match.confidence, match.problem))
    )


def _match(event: StoredEvent, problem: Problem) -> ProblemMatch | None:
    if any(True for phrase in problem.not_phrases for _ in _places(event, phrase)):
        return None
    spans: list[Span] = []
    features: list[Feature] = []
    for phrase in problem.phrases:
        places = list(_places(event, phrase))
        if places:
            spans += places
            features.append(_feature("phrase", 1.0, f"It says “{places[0].quote}”.", places))
    rivals: list[str] = []
    for rival in problem.rivals:
        places = list(_places(event, rival))
        if places:
            rivals.append(rival)
            spans += places
            features.append(_feature("rival", 0.6, f"It names {rival}.", places))
    if not features:
        return None
    missed = 1.0
    for feature in features:
        missed *= 1 - 0.7 * feature.weight
    return ProblemMatch(
        problem=problem.id,
        spans=tuple(spans[:_MOST_SPANS]),
        features=tuple(features),
        rivals=tuple(rivals),
        confidence=round(1 - missed, 3),
    )


def _feature(name: str, weight: float, sentence: str, spans: list[Span]) -> Feature:
    return Feature(name=name, value=1.0, weight=weight, sentence=sentence, spans=tuple(spans[:_MOST_SPANS]))


def _places(event: StoredEvent, phrase: str) -> Iterator[Span]:
    pattern = _pattern(phrase)
    if pattern is None:
        return
    for field, text in (("title", event.title), ("text", event.text)):
        for match in pattern.finditer(text[:_BOUNDED]):
            yield span_of(event, field, *match.span())


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str] | None:
    words = _WORD.findall(phrase)
    if not words:
        return None
    between = r"\W{1,3}(?:\w{1,20}\W{1,3}){0,2}?" if len(words) > 1 else ""
    return re.compile(r"\b" + between.join(_stem(word) for word in words) + r"\b", re.IGNORECASE)


def _stem(word: str) -> str:
    """Return a pattern of a word with its usual endings; short words and names stay as they are."""
    if len(word) < _SHORTEST or not word.islower():
        return re.escape(word)
    root = re.sub(r"(?:ing|ed|es|s|e|y)$", "", word) if len(word) > _SHORTEST + 1 else word
    return re.escape(root) + r"(?:s|es|d|ed|e|ing|y|ies|ied)?"
