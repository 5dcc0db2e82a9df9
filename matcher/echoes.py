"""Echoes: which headlines tell of one thing, by the rare words that they share.

Stories hold the matches of one account together by facts. Headlines about nobody's account have no facts to
compare; here the words decide. A word counts the more, the fewer headlines have it. Headlines are joined
while those of two groups are alike *on average*, so one headline that resembles two things does not chain
them. The result is a function of the set of headlines, whatever their order.
"""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import combinations, pairwise
from typing import Final

from matcher.english import Commonness, english
from matcher.normalise import fold

__all__ = ["Headline", "echoes", "stems"]

_ALIKE: Final = 0.1  # the average likeness from which two groups are one
_COMMON: Final = 60  # a word in more headlines than this brings no two of them together
_USUAL: Final = 2_000  # usual headlines that are counted beside those of the batch, however few these are
_SHARES: Final = {  # in how many of them a word stands, by how ordinary it is in English
    Commonness.NONE: 0.0001,
    Commonness.RARE: 0.001,
    Commonness.ORDINARY: 0.003,
    Commonness.EVERYDAY: 0.01,
}
_TOGETHER: Final = 0.2  # of the headlines with the rarer of two words, those with both in a row
_LEAST_RARITY: Final = 0.1
_ENOUGH: Final = 2  # so many everyday words two headlines must share, or one that is no everyday word
_PAIRS: Final = 0.5  # how much two words in a row count, beside the words themselves
_FADES: Final = timedelta(hours=24)  # a thing is told when it happens; then its echo fades
_OTHER_NEWS: Final = 0.35  # two headlines that claim kinds of different families
_SEVERAL: Final = 3
_SHORTEST_STEM: Final = 4
_ENDINGS: Final = ("ations", "ation", "ings", "ing", "ers", "ies", "ed", "es", "er", "s", "e", "y")
_SMALL_WORDS: Final = """
a about after an and are as at be but by can do does for from has have he her his how i in into is it its may
more my new news not of on or our out over s say says she t than that the their they this to up us was we what
who will with you your
"""
_EMPTY: Final = frozenset(_SMALL_WORDS.split())

_Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What of an event is compared: its words, its time, and the families of the kinds that it claims."""

    id: str
    title: str
    at: datetime
    families: frozenset[str] = frozenset()


def stems(text: str) -> list[str]:
    """Return the telling words of a text in order, folded and without their endings."""
    return [_stem(word) for word in fold(text).split() if len(word) > 1 and word not in _EMPTY]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def echoes(
    headlines: Sequence[Headline], told: Callable[[str, str], bool | None] = lambda _one, _other: None
) -> dict[str, str]:
    """Return id → id of the earliest headline that tells of the same thing.

    ``told`` may know better than the words: it hears two ids and says that they are one story, that they
    are two, or None. It must be symmetric.
    """
    ordered = sorted(headlines, key=lambda each: (each.at, each.id))
    likeness = _likeness(ordered)
    for one, other in list(likeness):
        verdict = told(ordered[one].id, ordered[other].id)
        if verdict is not None:
            likeness[one, other] = float(verdict)
    groups = _joined(len(ordered), likeness)
    return {ordered[place].id: ordered[first].id for first, group in groups.items() for place in group}


def _likeness(headlines: Sequence[Headline]) -> dict[_Pair, float]:
    """Return how alike each two headlines are that share telling words, from 0 to 1."""
    bags = [_bag(each.title) for each in headlines]
    spread = Counter(word for bag in bags for word in bag)
    rarity = {word: _rarity(word, count, len(bags)) for word, count in spread.items()}
    weights = [{word: share * rarity[word] for word, share in bag.items()} for bag in bags]
    lengths = [math.sqrt(sum(weight * weight for weight in each.values())) for each in weights]
    places: dict[str, list[int]] = defaultdict(list)
    for place, bag in enumerate(bags):
        for word in bag:
            if spread[word] <= _COMMON:
                places[word].append(place)
    shared: dict[_Pair, float] = defaultdict(float)
    telling: Counter[_Pair] = Counter()
    for word in sorted(places):
        tells = 1 if _ordinary().get(word) is Commonness.EVERYDAY else _ENOUGH
        for one, other in combinations(places[word], 2):
            shared[one, other] += weights[one][word] * weights[other][word]
            telling[one, other] += tells
    return {
        (one, other): weight / (lengths[one] * lengths[other]) * _nearness(headlines[one], headlines[other])
        for (one, other), weight in shared.items()
        if telling[one, other] >= _ENOUGH
    }


def _rarity(stem: str, count: int, headlines: int) -> float:
    """Return how much it tells to share a word, or two in a row, that ``count`` of the headlines have.

    What is usual in English counts beside the batch, so that a small batch of one field is judged alike.
    """
    share = min(_SHARES[_ordinary().get(word, Commonness.NONE)] for word in stem.split())
    usual = _USUAL * share * (_TOGETHER if " " in stem else 1)
    return max(_LEAST_RARITY, math.log((headlines + _USUAL + 1) / (count + 0.5 + usual)))


@cache
def _ordinary() -> Mapping[str, Commonness]:
    """Return stems of English words, each with how ordinary its commonest word is."""
    found: dict[str, Commonness] = {}
    for word, tier in english().items():
        stem = _stem(word.decode())
        found[stem] = max(tier, found.get(stem, Commonness.NONE))
    return found


def _bag(title: str) -> Mapping[str, float]:
    words = stems(title)
    return {f"{one} {other}": _PAIRS for one, other in pairwise(words)} | dict.fromkeys(words, 1.0)


def _nearness(one: Headline, other: Headline) -> float:
    near = math.exp(-(abs(one.at - other.at) / _FADES))
    apart = one.families and other.families and not one.families & other.families
    return near * (_OTHER_NEWS if apart else 1.0)


def _joined(count: int, likeness: Mapping[_Pair, float]) -> dict[int, list[int]]:
    """Return the groups of places by their first place, the likest two groups joined first."""
    groups = {place: [place] for place in range(count)}
    sums: list[dict[int, float]] = [{} for _ in range(count)]
    for (one, other), value in likeness.items():
        sums[one][other] = sums[other][one] = value
    waiting = [(-value, one, other) for (one, other), value in likeness.items() if value >= _ALIKE]
    heapq.heapify(waiting)
    while waiting:
        value, one, other = heapq.heappop(waiting)
        if one not in groups or other not in groups or _average(groups, sums, one, other) != -value:
            continue  # one of them has grown since
        if _chained(groups[one], groups[other], likeness):
            continue
        groups[one] += groups.pop(other)
        for third, total in sums[other].items():
            del sums[third][other]
            if third != one:
                sums[one][third] = sums[third][one] = sums[one].get(third, 0.0) + total
        for third in sums[one]:
            average = _average(groups, sums, one, third)
            if average >= _ALIKE:
                heapq.heappush(waiting, (-average, min(one, third), max(one, third)))
    return groups


def _chained(ones: Sequence[int], others: Sequence[int], likeness: Mapping[_Pair, float]) -> bool:
    """Say whether a single headline is all that holds two groups of several together."""
    if min(len(ones), len(others)) < _SEVERAL:
        return False
    links = [(a, b) for a in ones for b in others if likeness.get((min(a, b), max(a, b)))]
    return min(len({a for a, _ in links}), len({b for _, b in links})) == 1


def _average(groups: Mapping[int, list[int]], sums: Sequence[Mapping[int, float]], a: int, b: int) -> float:
    return sums[a].get(b, 0.0) / (len(groups[a]) * len(groups[b]))
