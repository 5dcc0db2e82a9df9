"""Folding: what several matches of one story tell together, whatever their order of arrival.

Independent publishers vote: each counts once, and whoever copies another's text not at all. Ties go to the
surer, then to the earlier telling.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from earmark.triggers import CONVERSATIONS, TriggerKind
from earmark.types import Certainty, Fact, FactValue, Match, Role, Span, StoredEvent, StoryFact
from matcher.copies import originals
from matcher.normalise import fold
from matcher.people import CHAMPION

__all__ = [
    "FIRM",
    "facts_of",
    "folded_certainty",
    "folded_kind",
    "independent_of",
    "publisher_of",
    "publishers_of",
    "speaks_for_itself",
]

FIRM: Final = frozenset({Certainty.ANNOUNCED, Certainty.DONE, Certainty.CORRECTED})
"""Certainties of what is a fact; the others are still a rumour or a plan, or are denied."""

_RISING: Final = (Certainty.RUMOUR, Certainty.PLANNED, Certainty.ANNOUNCED, Certainty.DONE)
_TAKES_BACK: Final = (Certainty.DENIED, Certainty.CORRECTED)
_OUTWEIGH: Final = 2  # publishers that must tell it firmly after a denial


def publisher_of(event: StoredEvent) -> str:
    """Return who tells it: the publisher, or else the host of the link, or else the source."""
    if event.publisher and event.publisher.strip():
        return event.publisher.strip()
    try:
        host = urlsplit(event.url or "").hostname
    except ValueError:
        host = None
    return (host or event.source).removeprefix("www.")


def publishers_of(matches: Iterable[Match]) -> tuple[str, ...]:
    """Return all publishers, the first teller first."""
    return tuple(dict.fromkeys(publisher_of(match.event) for match in matches))


def independent_of(matches: Iterable[Match]) -> tuple[str, ...]:
    """Return the publishers that tell it by themselves; copies of one text speak once, by the first."""
    told = {match.event.id: match.event for match in matches}
    if len(told) == 1:
        return tuple(map(publisher_of, told.values()))
    first = originals(told.values())
    by_text: dict[str, str] = {}
    for event in sorted(told.values(), key=lambda each: (*each.order, each.id)):
        by_text.setdefault(first[event.id], publisher_of(event))
    return tuple(dict.fromkeys(by_text.values()))


def speaks_for_itself(matches: Sequence[Match]) -> bool:
    """Tell whether nobody else need confirm it: the company tells it, or a writer what they want."""
    own = any(hint.strength >= 1 for match in matches for hint in match.event.hints)
    return own or all(match.kind in CONVERSATIONS for match in matches)


def folded_kind(matches: Sequence[Match], kinds: Mapping[str, TriggerKind]) -> tuple[str, Role]:
    """Return the kind and role that most independent publishers tell; of equals the surer, the stronger.

    That one hired is a champion stands in the user's list, so the move needs no majority: one text that
    shows it makes the story one.
    """

    def weight(pair: tuple[str, Role]) -> tuple[bool, int, float, float, str]:
        telling = [match for match in matches if (match.kind, match.role) == pair]
        intent = kinds[pair[0]].intent if pair[0] in kinds else 0.0
        surest = max(match.confidence for match in telling)
        return pair[0] == CHAMPION, len(independent_of(telling)), surest, intent, f"{pair[0]} {pair[1]}"

    pairs = {(match.kind, match.role) for match in matches}
    return max(pairs, key=weight) if len(pairs) > 1 else pairs.pop()


def folded_certainty(matches: Sequence[Match]) -> Certainty:
    """Return how certain the story is; the matches come sorted.

    A denial or correction stands until two independent publishers tell the thing firmly after it; without
    one, the most certain telling wins.
    """
    back = max((n for n, match in enumerate(matches) if match.certainty in _TAKES_BACK), default=None)
    if back is not None:
        after = [match for match in matches[back + 1 :] if match.certainty in FIRM]
        if len(independent_of(after)) < _OUTWEIGH:
            return matches[back].certainty
        matches = after
    return max((match.certainty for match in matches), key=_RISING.index)


def facts_of(matches: Sequence[Match]) -> tuple[StoryFact, ...]:
    """Return what most independent publishers tell of each fact, and who tells otherwise; sorted matches.

    Whoever corrects is believed alone. The currency is the one that stands beside the amount.
    """
    keys = sorted({fact.key for match in matches for fact in match.facts})
    facts = [_fact(key, matches) for key in keys if key != "currency"]
    amount = next((fact for fact in facts if fact.key == "amount"), None)
    if "currency" in keys:
        beside = [match for match in matches if amount is None or _tells(match, "amount", amount.value)]
        told = [match for match in beside if any(fact.key == "currency" for fact in match.facts)]
        facts.append(_fact("currency", told or matches))
    return tuple(sorted(facts, key=lambda fact: fact.key))


def _fact(key: str, matches: Sequence[Match]) -> StoryFact:
    told = [(match, fact) for match in matches for fact in match.facts if fact.key == key]
    by_value: dict[object, list[tuple[Match, Fact]]] = {}
    for match, fact in told:
        by_value.setdefault(_same(fact.value), []).append((match, fact))
    groups = list(by_value.values())
    if len(groups) > 1:
        groups.sort(key=lambda group: _standing(group, told.index(group[0])))
    best, *rest = groups
    return StoryFact(
        key=key,
        value=best[0][1].value,
        span=_first_span(best),
        publishers=publishers_of(match for match, _ in best),
        others=tuple((group[0][1].value, publishers_of(match for match, _ in group)) for group in rest),
    )


def _standing(group: Sequence[tuple[Match, Fact]], place: int) -> tuple[bool, int, float, int]:
    """Return where a value stands among the values of its fact: the best sorts first."""
    corrects = any(match.certainty is Certainty.CORRECTED for match, _ in group)
    tellers = independent_of(match for match, _ in group)
    surest = max(match.confidence for match, _ in group)
    return (not corrects, -len(tellers), -surest, place)


def _first_span(group: Iterable[tuple[Match, Fact]]) -> Span | None:
    return next((fact.span for _, fact in group if fact.span is not None), None)


def _same(value: FactValue) -> object:
    """Return the value as it is compared: words folded, numbers as they are."""
    if isinstance(value, tuple):
        return tuple(sorted(fold(each) for each in value))
    return fold(value) if isinstance(value, str) else value


def _tells(match: Match, key: str, value: FactValue) -> bool:
    return any(fact.key == key and _same(fact.value) == _same(value) for fact in match.facts)
