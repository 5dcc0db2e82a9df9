"""What people said of triggers, counted: the track record of each rule, and the age that is too old."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from earmark.triggers import TriggerKind
from earmark.types import TrackRecord, Verdict

__all__ = ["COUNTED", "Said", "aged", "ages_of", "records_of", "rule_name"]

_AGAINST: Final = frozenset({Verdict.WRONG_ACCOUNT, Verdict.OFF_TOPIC})
COUNTED: Final = _AGAINST | {Verdict.GOOD}
"""Verdicts on the rule that made a trigger; the others speak of the day or of the account."""
_LEAST_LIFE: Final = 0.25  # a hasty verdict must not end a kind: so much of its life is left to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One verdict, and the trigger as it is: its rule, its story's key, events and sources.

    ``age`` is how old the trigger was then; ``taken_back_at`` is None as long as the verdict holds.
    """

    number: int
    id: str
    trigger: str
    verdict: Verdict
    by: str
    at: datetime
    text: str
    taken_back_at: datetime | None
    account: str | None
    key: str
    kind: str
    problem: str | None
    age: timedelta
    events: frozenset[str]
    sources: tuple[str, ...]

    def holds(self, at: datetime) -> bool:
        """Tell whether the verdict was given by this time, and not yet taken back."""
        return self.at <= at and (self.taken_back_at is None or self.taken_back_at > at)


def rule_name(kind: str, source: str, problem: str | None) -> str:
    """Return the name under which a rule is listed and taken up again."""
    return f"{kind}@{source}" if problem is None else f"{kind}/{problem}@{source}"


def records_of(said: Iterable[Said], anew: Mapping[str, int] | None = None) -> tuple[TrackRecord, ...]:
    """Return the verdicts for and against each rule, one of each trigger: the last that counts.

    ``anew`` says by rule up to which verdict (its number) nothing counts any more.
    """
    last = {one.trigger: one for one in said if one.verdict in COUNTED}
    counts: dict[tuple[str, str, str], list[int]] = {}
    for one in last.values():
        for source in one.sources:
            if anew and one.number <= anew.get(rule_name(one.kind, source, one.problem), 0):
                continue
            rule = one.kind, source, one.problem or ""
            counts.setdefault(rule, [0, 0])[one.verdict in _AGAINST] += 1
    return tuple(
        TrackRecord(kind=kind, source=source, problem=problem or None, good=good, bad=bad)
        for (kind, source, problem), (good, bad) in sorted(counts.items())
    )


def ages_of(said: Iterable[Said]) -> dict[str, timedelta]:
    """Return the least age at which somebody called a trigger of a kind too old."""
    ages: dict[str, timedelta] = {}
    for one in said:
        if one.verdict is Verdict.TOO_OLD:
            ages[one.kind] = min(one.age, ages.get(one.kind, one.age))
    return ages


def aged(kinds: Mapping[str, TriggerKind], ages: Mapping[str, timedelta]) -> Mapping[str, TriggerKind]:
    """Return the kinds that end at the age at which somebody called their triggers too old.

    A quarter of a kind's life is left to it, and the days before its best time begins.
    """
    known = {key: age for key, age in ages.items() if key in kinds}
    return {**kinds, **{key: _aged(kinds[key], age) for key, age in known.items()}} if known else kinds


def _aged(kind: TriggerKind, age: timedelta) -> TriggerKind:
    end = min(kind.expires, max(age, kind.expires * _LEAST_LIFE, kind.opens))
    return replace(kind, expires=end, closes=min(kind.closes, end))
