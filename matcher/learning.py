"""Learning: how good each rule is by people's verdicts, and what follows for its triggers.

A rule is a kind (or a problem) in one source. Its precision is a Beta posterior: before the first verdict
it counts as two good ones and a bad one (``PRIOR``). When even the upper end of its 99 % interval is under
the floor that the team set, the rule is throttled: its triggers are listed, and nothing more. That interval
is wider than the one that is shown (95 %), because it is looked at after every verdict anew.
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
    "throttling",
    "weighed",
]

PRIOR: Final = (2.0, 1.0)
SURE: Final = 0.95
"""The share of the posterior that lies within its interval."""

_BEYOND_DOUBT: Final = 0.99
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
    if floor is None or record.bad == 0:
        return False
    # The whole interval lies under the floor when all but the upper tail does.
    return 1 - _cumulative(floor, *_posterior(record.good, record.bad)) < (1 - _BEYOND_DOUBT) / 2


def throttling(trigger: Trigger, story: Story | None, lexicon: Lexicon) -> tuple[TrackRecord, ...]:
    """Return the records for which a trigger keeps silent: those of every source that tells its story.

    As long as one source tells it whose rule is not throttled, the trigger speaks.
    """
    if lexicon.floor is None or not lexicon.records or story is None:
        return ()
    silent = _throttled_rules(lexicon.records, lexicon.floor)
    if not silent:
        return ()
    sources = sorted({match.event.source for match in story.matches})
    found = [silent.get((trigger.problem, trigger.kind, source)) for source in sources]
    held = tuple(record for record in found if record is not None)
    return held if held and len(held) == len(found) else ()


def weighed(triggers: Sequence[Trigger], stories: Iterable[Story], lexicon: Lexicon) -> tuple[Trigger, ...]:
    """Return the triggers with the confidence that their rules have earned, and the sentence that says so.

    A throttled rule has none, so that its triggers promote nobody and tell nobody; when it is throttled no
    longer, they get theirs back.
    """
    held_before = any(_part(trigger, "track_record") is not None for trigger in triggers)
    if not held_before and (lexicon.floor is None or not _throttled_rules(lexicon.records, lexicon.floor)):
        return tuple(triggers)
    told = {story.id: story for story in stories}
    return tuple(_weighed(trigger, told.get(trigger.story), lexicon) for trigger in triggers)


def _weighed(trigger: Trigger, story: Story | None, lexicon: Lexicon) -> Trigger:
    held, was = throttling(trigger, story, lexicon), _part(trigger, "track_record")
    sure = _part(trigger, "confidence")
    if sure is None or (not held and was is None):
        return trigger
    parts = tuple(part for part in trigger.score.parts if part.name != "track_record")
    if not held:
        return replace(trigger, score=replace(trigger.score, confidence=sure.value, parts=parts))
    record = Part(name="track_record", value=0.0, sentence=_sentence(held, lexicon.floor or 0.0))
    if was == record and trigger.score.confidence == 0:
        return trigger
    return replace(trigger, score=replace(trigger.score, confidence=0.0, parts=(*parts, record)))


def _sentence(held: Sequence[TrackRecord], floor: float) -> str:
    said = ", ".join(
        f"{record.good} of {record.good + record.bad} verdicts on it from {record.source} were good"
        for record in held
    )
    return f"Throttled: {said}, which is under the floor of {floor:.0%}; it is listed, and promotes nobody."


def _part(trigger: Trigger, name: str) -> Part | None:
    return next((part for part in trigger.score.parts if part.name == name), None)


def _posterior(good: int, bad: int) -> tuple[float, float]:
    return PRIOR[0] + good, PRIOR[1] + bad


_Rule = tuple[str | None, str, str]


@lru_cache(maxsize=8)
def _throttled_rules(records: tuple[TrackRecord, ...], floor: float) -> Mapping[_Rule, TrackRecord]:
    return {
        (record.problem, record.kind, record.source): record for record in records if throttled(record, floor)
    }


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
