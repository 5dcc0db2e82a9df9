"""The score: fit × intent × freshness × confidence, each with the sentence that explains it.

Only freshness moves with time, and it only falls; so the moment at which a trigger drops under a
threshold is known in advance (``falls_at``).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from earmark.triggers import CATALOGUE, CONVERSATIONS, Polarity, TriggerKind
from earmark.types import Certainty, Match, Part, Score, Trigger, TriggerState
from matcher.fit import Fit
from matcher.folding import independent_of, publisher_of, speaks_for_itself
from matcher.magnitude import USUAL, Magnitude

__all__ = [
    "COMPOUND",
    "LIVE",
    "Strongest",
    "confidence",
    "falls_at",
    "is_compound",
    "own_intent",
    "rescored",
    "score_at",
    "score_now",
    "strongest",
    "unconfirmed",
]

LIVE: Final = frozenset({TriggerState.OPEN, TriggerState.ACCEPTED})
"""States in which a trigger still speaks."""

COMPOUND: Final = "compound"
"""The group of the kinds that the user made of several reasons."""

Strongest: TypeAlias = Mapping[str, tuple[float, str]]
"""Of each family the strongest live trigger: its intent and its kind."""

_CERTAINTY: Final[Mapping[Certainty, tuple[float, str]]] = {
    Certainty.RUMOUR: (0.5, "only a rumour"),
    Certainty.PLANNED: (0.85, "planned, not done"),
    Certainty.ANNOUNCED: (1.0, ""),
    Certainty.DONE: (1.0, ""),
    Certainty.CORRECTED: (0.8, "the news was corrected"),
    Certainty.DENIED: (0.0, "denied"),
}
_CAUTION: Final = 0.7  # care in tone is needed: fewer of these are worth a call
_STACKED: Final = 0.25  # how much of another reason's intent adds to this one
_MOST_STACKED: Final = 3
_UNDATED: Final = 0.85  # nobody knows whether it is news
_CEILING: Final = 0.98  # no number of tellers makes it certain
_CLOSES: Final = 0.4  # part of the gap to the ceiling that each further publisher closes
_ALONE: Final = "Unconfirmed, one source"
_AS_USUAL: Final[Mapping[str, Magnitude]] = {}
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def confidence(matches: Sequence[Match], *, undated: bool) -> tuple[float, str]:
    """Return how sure it is that this is about the account, 0 to 1, and why.

    Publishers count once, and so do copies of one text; each further independent one closes a part of the
    gap, so that many tellers of one mistake do not make a truth. One publisher alone is said to be
    unconfirmed, unless it speaks for the company itself or for the writer alone: feeds can be seeded.
    """
    sure = {
        publisher_of(each.event): each.confidence
        for each in sorted(matches, key=lambda each: each.confidence)
    }
    by_publisher = {publisher: sure[publisher] for publisher in independent_of(matches)}
    best, *others = sorted(by_publisher.values(), reverse=True) or [0.0]
    value = min(best, _CEILING)
    for other in others:
        value += _CLOSES * other * (_CEILING - value)
    told = f"{len(by_publisher)} independent reports" if others else _told_alone(matches)
    sentence = f"{told}; the surest link to the account is {best:.2f}"
    if undated:
        value *= _UNDATED
        sentence += "; undated, so it may be old"
    return value, sentence + "."


def _told_alone(matches: Sequence[Match]) -> str:
    if not speaks_for_itself(matches):
        return _ALONE
    said = all(match.kind in CONVERSATIONS for match in matches)
    return "One post, in the writer's own words" if said else "One report, by or for the company itself"


def unconfirmed(trigger: Trigger) -> bool:
    """Tell whether only a rumour says it, or one source that does not speak for the company."""
    sure = next((part.sentence for part in trigger.score.parts if part.name == "confidence"), "")
    return trigger.certainty is Certainty.RUMOUR or _ALONE in sure


def is_compound(kind: str, kinds: Mapping[str, TriggerKind]) -> bool:
    """Tell whether a kind is one that the user made of several reasons."""
    known = kinds.get(kind)
    return known is not None and known.group == COMPOUND


def own_intent(trigger: Trigger, kinds: Mapping[str, TriggerKind], magnitude: Magnitude = USUAL) -> float:
    """Return how strongly a trigger speaks for a purchase by itself, 0 to 1."""
    kind = kinds.get(trigger.kind) or CATALOGUE.get(trigger.kind)
    if kind is None or trigger.polarity is Polarity.SUPPRESS:
        return 0.0
    care = _CAUTION if trigger.polarity is Polarity.CAUTION else 1.0
    return magnitude.of(kind.intent) * _CERTAINTY[trigger.certainty][0] * care


def strongest(
    triggers: Iterable[Trigger],
    kinds: Mapping[str, TriggerKind],
    sizes: Mapping[str, Magnitude] = _AS_USUAL,
) -> Strongest:
    """Return the strongest intent of each family among the live triggers of one account.

    ``sizes`` are magnitudes by trigger. A compound lifts nothing: its parts speak for themselves already.
    """
    best: dict[str, tuple[float, str]] = {}
    for trigger in triggers:
        if trigger.state in LIVE and not is_compound(trigger.kind, kinds):
            intent = own_intent(trigger, kinds, sizes.get(trigger.id, USUAL))
            family, candidate = _family(trigger.kind, kinds), (intent, trigger.kind)
            best[family] = max(best.get(family, candidate), candidate)
    return best


def rescored(
    trigger: Trigger,
    around: Strongest,
    fit: Fit,
    kinds: Mapping[str, TriggerKind],
    at: datetime,
    magnitude: Magnitude = USUAL,
) -> Trigger:
    """Return the trigger with its score as of ``at``; the same trigger while only time has passed.

    ``around`` is the strongest of each family: other families lift the intent, its own does not, for one
    story must not count twice.
    """
    own = own_intent(trigger, kinds, magnitude)
    stacked = _stacked(trigger, around, kinds) if own else []
    intent = own
    for _, other in stacked:
        intent += (1 - intent) * _STACKED * other
    old = trigger.score
    fits = Part(name="fit", value=fit.value, sentence=fit.sentence)
    speaks = Part(
        name="intent", value=intent, sentence=_intent_sentence(trigger, own, stacked, kinds, magnitude)
    )
    if old.parts[:2] == (fits, speaks):
        return trigger
    freshness = _freshness(trigger, at, kinds)
    fresh = Part(name="freshness", value=freshness, sentence=_freshness_sentence(trigger, at, kinds))
    sure = next(
        (part for part in old.parts if part.name == "confidence"),
        Part(name="confidence", value=old.confidence, sentence=""),
    )
    score = Score(
        fit=fit.value,
        intent=intent,
        freshness=freshness,
        confidence=old.confidence,
        parts=(fits, speaks, fresh, sure, *(part for part in old.parts if part.name == "track_record")),
    )
    return replace(trigger, score=score)


def score_at(trigger: Trigger, now: datetime, kinds: Mapping[str, TriggerKind] = CATALOGUE) -> Score:
    """Return the score as it is at ``now``: the stored parts with today's freshness."""
    freshness = _freshness(trigger, now, kinds)
    parts = tuple(
        Part(name="freshness", value=freshness, sentence=_freshness_sentence(trigger, now, kinds))
        if part.name == "freshness"
        else part
        for part in trigger.score.parts
    )
    return replace(trigger.score, freshness=freshness, parts=parts)


def score_now(trigger: Trigger, now: datetime, kinds: Mapping[str, TriggerKind] = CATALOGUE) -> float:
    """Return what the trigger is worth at ``now``, 0 to 100; 0 once it has ended."""
    return score_at(trigger, now, kinds).total if trigger.state in LIVE else 0.0


def falls_at(trigger: Trigger, threshold: float, kinds: Mapping[str, TriggerKind]) -> datetime:
    """Return the moment from which the trigger's score is under the threshold, or its expiry if earlier.

    A trigger that never reaches the threshold fell long ago.
    """
    score = trigger.score
    highest = 100 * score.fit * score.intent * score.confidence
    if highest < threshold or highest <= 0:
        return _LONG_AGO
    if threshold <= 0:
        return trigger.expires_at
    halvings = math.log2(highest / threshold)
    try:
        return min(_held_until(trigger) + _half_life(trigger, kinds) * halvings, trigger.expires_at)
    except OverflowError:
        return trigger.expires_at


def _stacked(
    trigger: Trigger, around: Strongest, kinds: Mapping[str, TriggerKind]
) -> list[tuple[str, float]]:
    """Return the strongest other kinds that speak too; a compound counts several already."""
    if is_compound(trigger.kind, kinds):
        return []
    mine = _family(trigger.kind, kinds)
    others = sorted((best for family, best in around.items() if family != mine), reverse=True)
    return [(kind, intent) for intent, kind in others[:_MOST_STACKED] if intent > 0]


def _family(kind: str, kinds: Mapping[str, TriggerKind]) -> str:
    known = kinds.get(kind) or CATALOGUE.get(kind)
    return known.family if known else kind


def _half_life(trigger: Trigger, kinds: Mapping[str, TriggerKind]) -> timedelta:
    kind = kinds.get(trigger.kind) or CATALOGUE.get(trigger.kind)
    return kind.half_life if kind else timedelta(days=30)


def _held_until(trigger: Trigger) -> datetime:
    """Return the moment from which it decays: not before the best time to make contact begins."""
    return max(trigger.decays_from, trigger.opens_at)


def _freshness(trigger: Trigger, at: datetime, kinds: Mapping[str, TriggerKind]) -> float:
    age = max(timedelta(0), at - _held_until(trigger))
    half_life = _half_life(trigger, kinds)
    return float(0.5 ** (age / half_life)) if half_life > timedelta(0) else float(age == timedelta(0))


def _freshness_sentence(trigger: Trigger, at: datetime, kinds: Mapping[str, TriggerKind]) -> str:
    since = "First seen" if trigger.undated else "Dated"
    day = f"{since} {trigger.decays_from:%d %b %Y}"
    if trigger.undated:
        day = f"No date is given; {day[0].lower()}{day[1:]}"
    if at < trigger.opens_at:
        return f"{day}; held fresh until {trigger.opens_at:%d %b %Y}, when the best time to call begins."
    half = _half_life(trigger, kinds) / timedelta(days=1)
    return f"{day}; it halves every {half:g} days."


def _intent_sentence(
    trigger: Trigger,
    own: float,
    stacked: Sequence[tuple[str, float]],
    kinds: Mapping[str, TriggerKind],
    magnitude: Magnitude,
) -> str:
    kind = kinds.get(trigger.kind) or CATALOGUE.get(trigger.kind)
    words, why = (kind.words, kind.why) if kind else (trigger.kind, "")
    subject = "It" if trigger.account else "Somebody"
    lead = words if is_compound(trigger.kind, kinds) else f"{subject} {words}"
    text = f"{lead}: {why} ({own:.2f})" if why else f"{lead} ({own:.2f})"
    if magnitude.sentence:
        text += f"; {magnitude.sentence}"
    if said := _CERTAINTY[trigger.certainty][1]:
        text += f"; {said}"
    if trigger.polarity is Polarity.CAUTION:
        text += "; be careful in tone"
    if trigger.polarity is Polarity.SUPPRESS:
        text += "; it speaks against contact"
    if stacked:
        names = [
            (kinds.get(key) or CATALOGUE[key]).words if key in CATALOGUE or key in kinds else key
            for key, _ in stacked
        ]
        text += f"; also: it {', '.join(names)}"
    return text + "."
