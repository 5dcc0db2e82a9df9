"""Learning: how good each rule is by people's verdicts, and what follows for its triggers.

A rule is a kind (or a problem) in one source. Its precision is a Beta posterior: before the first verdict
it counts as two good ones and a bad one (``PRIOR``). Each verdict against it takes some of the confidence
of its triggers, as far as fewer good ones are to be expected than before the first verdict; half at most.
When even the upper end of its 99 % interval is under the floor that the team set, the rule is throttled: its
triggers are listed, and nothing more. That interval is wider than the one that is shown (95 %), because it
is looked at after every verdict anew.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from earmark.types import Lexicon, Part, Story, TrackRecord, Trigger

__all__ = [
    "PRIOR",
    "SURE",
    "Precision",
    "precision",
    "throttled",
    "weighed",
    "weight_of",
]

PRIOR: Final = (2.0, 1.0)
SURE: Final = 0.95
"""The share of the posterior that lies within its interval."""

_BEYOND_DOUBT: Final = 0.99
_LEAST_WEIGHT: Final = 0.5
_STEPS: Final = 60  # halvings of an interval of one: more than a float can tell apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """The share of good verdicts to expect, and the interval in which it lies with 95 % certainty."""

    mean: float
    low: float
    high: float


def precision(good: int, bad: int, prior: tuple[float, float] = PRIOR) -> Precision:
    """Return the posterior of a share after so many cases for and against it."""
    a, b = prior[0] + good, prior[1] + bad
    tail = (1 - SURE) / 2
    return Precision(mean=a / (a + b), low=_quantile(tail, a, b), high=_quantile(1 - tail, a, b))


def throttled(record: TrackRecord, floor: float | None) -> bool:
    """Tell whether a rule is worse than the floor beyond reasonable doubt; without a floor none is."""
    return floor is not None and record.bad > 0 and _is_under(floor, record.good, record.bad)


def weight_of(record: TrackRecord, floor: float | None) -> float:
    """Return what of its confidence a rule has left, 0 to 1: 0 once it is throttled, else at least a half.

    Good verdicts give back what bad ones took, and no more: nobody's praise makes a text surer.
    """
    return 0.0 if throttled(record, floor) else _share_left(record.good, record.bad)


def weighed(triggers: Sequence[Trigger], stories: Iterable[Story], lexicon: Lexicon) -> tuple[Trigger, ...]:
    """Return the triggers with the confidence that their rules have earned, and the sentence that says so.

    The best rule of those sources that tell a story counts. A throttled one has none, so that its triggers
    promote nobody and tell nobody; what it gets back later, its triggers get back.
    """
    if not lexicon.records and all(_part(trigger, "track_record") is None for trigger in triggers):
        return tuple(triggers)
    told = {story.id: story for story in stories}
    return tuple(_weighed(trigger, told.get(trigger.story), lexicon) for trigger in triggers)


def _weighed(trigger: Trigger, story: Story | None, lexicon: Lexicon) -> Trigger:
    sure, was = _part(trigger, "confidence"), _part(trigger, "track_record")
    record = _track_record(trigger, story, lexicon)
    if sure is None or was == record:
        return trigger
    parts = tuple(part for part in trigger.score.parts if part.name != "track_record")
    if record is None:
        return replace(trigger, score=replace(trigger.score, confidence=sure.value, parts=parts))
    confidence = sure.value * record.value
    return replace(trigger, score=replace(trigger.score, confidence=confidence, parts=(*parts, record)))


def _track_record(trigger: Trigger, story: Story | None, lexicon: Lexicon) -> Part | None:
    """Return the part of a score by which a rule's verdicts lower it; None where they do not."""
    if story is None or not lexicon.records:
        return None
    records = _by_rule(_Same(lexicon.records))
    sources = sorted({match.event.source for match in story.matches})
    found = [records.get((trigger.problem, trigger.kind, source)) for source in sources]
    known = [record for record in found if record is not None]
    if not known or len(known) < len(found):
        return None  # nobody judged one of those who tell it
    weight = max(weight_of(record, lexicon.floor) for record in known)
    if weight >= 1:
        return None
    best = [record for record in known if weight_of(record, lexicon.floor) == weight]
    return Part(name="track_record", value=weight, sentence=_sentence(best, weight, lexicon.floor))


def _sentence(records: Sequence[TrackRecord], weight: float, floor: float | None) -> str:
    said = ", ".join(
        f"{record.good} of {record.good + record.bad} verdicts on it from {record.source} were good"
        for record in records
    )
    if weight == 0:
        floor = floor or 0.0
        return (
            f"Throttled: {said}, which is under the floor of {floor:.0%}; it is listed, and promotes nobody."
        )
    return f"{said[0].upper()}{said[1:]}, so its confidence counts {weight:.0%}."


def _part(trigger: Trigger, name: str) -> Part | None:
    return next((part for part in trigger.score.parts if part.name == name), None)


@lru_cache(maxsize=4096)
def _is_under(floor: float, good: int, bad: int) -> bool:
    """Tell whether the whole interval lies under the floor: all but the upper tail does."""
    return 1 - _cumulative(floor, *_posterior(good, bad)) < (1 - _BEYOND_DOUBT) / 2


def _posterior(good: int, bad: int) -> tuple[float, float]:
    return PRIOR[0] + good, PRIOR[1] + bad


def _share_left(good: int, bad: int) -> float:
    a, b = _posterior(good, bad)
    usual = PRIOR[0] / sum(PRIOR)
    return min(1.0, max(_LEAST_WEIGHT, a / (a + b) / usual))


_Rule = tuple[str | None, str, str]


class _Same:
    """Records that are the same when they are the same object: to compare all would take longer."""

    __slots__ = ("records",)

    def __init__(self, records: tuple[TrackRecord, ...]) -> None:
        self.records = records

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.records is other.records

    def __hash__(self) -> int:
        return id(self.records)


@lru_cache(maxsize=64)
def _by_rule(same: _Same) -> Mapping[_Rule, TrackRecord]:
    return {(record.problem, record.kind, record.source): record for record in same.records}


@lru_cache(maxsize=4096)
def _quantile(share: float, a: float, b: float) -> float:
    """Return the point under which this share of the Beta distribution lies."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _cumulative(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _cumulative(x: float, a: float, b: float) -> float:
    """Return the share of the Beta distribution under ``x``: the regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction converges quickly on the other side
        return 1 - _cumulative(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    d = 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    c, value = 1.0, d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            d = 1 / ((1 + term * d) or tiny)
            c = (1 + term / c) or tiny
            step = c * d
            value *= step
        if abs(step - 1) < 1e-14:  # noqa: PLR2004 - the precision of a float
            break
    return value
