"""Companies that are not on the list, where the pattern is clear: so that a claim meets the right subject.

"Norvik Labs Europe raises" is about Norvik Labs Europe, and not about an account called Norvik.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from earmark.types import Claim, Feature, Mention, Span, StoredEvent
from matcher.names import Ambiguity, ambiguity_of
from matcher.normalise import fold, words_of
from matcher.passage import Passage, Style
from matcher.place import is_listed
from matcher.vocabulary import Commonness, commonness

__all__ = ["companies_in"]

_NAMING_FACTS: Final = {"acquirer", "target"}
_LONGEST: Final = 5  # words of a name
_CONFIDENCE: Final = 0.7
_NO_NAME: Final = frozenset({Ambiguity.PLACE, Ambiguity.PERSON, Ambiguity.GENERIC})


def companies_in(
    event: StoredEvent, claims: Sequence[Claim], linked: Sequence[Mention]
) -> tuple[Mention, ...]:
    """Return mentions of companies that the claims name and that no account explains."""
    found: dict[tuple[str, int], Mention] = {}
    for span, sentence in _named(event, claims):
        covered = any(
            m.span.field == span.field and m.span.start < span.end and span.start < m.span.end for m in linked
        )
        name = fold(span.quote)
        if name and not covered and _is_name(span.quote):
            feature = Feature(name="unlisted", value=1.0, weight=1.0, sentence=sentence, spans=(span,))
            mention = Mention(span=span, company=name, features=(feature,), confidence=_CONFIDENCE)
            found.setdefault((span.field, span.start), mention)
    return tuple(found.values())


def _is_name(quote: str) -> bool:
    """Say whether the words can be a name: a capital in front, and not only everyday words or a sort."""
    words = tuple(words_of(quote))
    if not words or not quote[0].isupper() or is_listed(words[-1], "sorts", "unarticled"):
        return False
    everyday = all(commonness(word) is Commonness.EVERYDAY or word.isdigit() for word in words)
    return not everyday and ambiguity_of(words) not in _NO_NAME


def _named(event: StoredEvent, claims: Sequence[Claim]) -> Iterator[tuple[Span, str]]:
    for claim in claims:
        for fact in claim.facts:
            if fact.key in _NAMING_FACTS and fact.span is not None:
                yield fact.span, "the text names it as a party to the deal"
    if any(claim.evidence.field == "title" for claim in claims):
        span = _subject(Passage(event.id, "title", event.title))
        if span is not None:
            yield span, "it is the subject of what companies do"


def _subject(passage: Passage) -> Span | None:
    """Return the name that opens the title before a verb that companies are subject of."""
    for at in range(1, min(len(passage.words), 12)):
        if passage.starts_clause(at):
            return None
        infinitive = passage.word(at) == b"to" and is_listed(passage.word(at + 1), "infinitives")
        if infinitive or (is_listed(passage.word(at), "company_verbs") and _is_verb(passage, at)):
            return _name_before(passage, at)
    return None


def _is_verb(passage: Passage, at: int) -> bool:
    return passage.style is not Style.SENTENCE or not passage.is_capital(at)


def _name_before(passage: Passage, end: int) -> Span | None:
    """Return the name that ends before the verb: capitals, after what says its sort."""
    start = end
    while start > 0 and passage.is_capital(start - 1) and not is_listed(passage.word(start - 1), "sorts"):
        if start < end and not passage.is_next(start):
            break
        start -= 1
    words = tuple(passage.words[start:end])
    if not words or len(words) > _LONGEST or not passage.is_next(end):
        return None
    unknown = any(not commonness(word) for word in words) or (
        len(words) > 1 and passage.style is Style.SENTENCE
    )
    if not unknown or ambiguity_of(words) in _NO_NAME:
        return None
    if commonness(words[-1]) is Commonness.EVERYDAY and len(words) == 1:
        return None
    return passage.span(start, end)
