"""What people said of triggers, counted: the track record of each rule, and the age that is too old."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from earmark.triggers import TriggerKind
from earmark.types import Age, TrackRecord, Verdict

__all__ = ["AGAINST", "COUNTED", "Said", "ages_of", "bounded", "over_time", "records_of", "rule_name"]

AGAINST: Final = frozenset({Verdict.WRONG_ACCOUNT, Verdict.OFF_TOPIC})
COUNTED: Final = AGAINST | {Verdict.GOOD}
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
            counts.setdefault(rule, [0, 0])[one.verdict in AGAINST] += 1
    return tuple(
        TrackRecord(kind=kind, source=source, problem=problem or None, good=good, bad=bad)
        for (kind, source, problem), (good, bad) in sorted(counts.items())
    )


def ages_of(said: Iterable[Said], kinds: Mapping[str, TriggerKind]) -> tuple[Age, ...]:
    """Return the least age at which somebody called a trigger of a kind too old, in each source that told it.

    A quarter of a kind's life is left to it, and the days before its best time begins.
    """
    ages: dict[tuple[str, str], timedelta] = {}
    for one in said:
        if one.verdict is Verdict.TOO_OLD and one.kind in kinds:
            for source in one.sources:
                ages[one.kind, source] = min(one.age, ages.get((one.kind, source), one.age))
    return bounded(ages, kinds)


def bounded(ages: Mapping[tuple[str, str], timedelta], kinds: Mapping[str, TriggerKind]) -> tuple[Age, ...]:
    """Return these least ages of kinds in sources, with as much left of a kind's life as it needs."""
    return tuple(
        Age(kind=kind, source=source, most=_bounded(age, kinds[kind]))
        for (kind, source), age in sorted(ages.items())
        if kind in kinds
    )


def _bounded(age: timedelta, kind: TriggerKind) -> timedelta:
    return min(kind.expires, max(age, kind.expires * _LEAST_LIFE, kind.opens))


def over_time(
    said: Iterable[Said], kinds: Mapping[str, TriggerKind], anew: Mapping[str, int]
) -> Iterator[tuple[datetime, tuple[TrackRecord, ...], tuple[Age, ...]]]:
    """Yield when the verdicts changed what follows from them, and what follows since: see ``records_of``.

    A verdict counts from when it was given until it was taken back.
    """
    moments: dict[datetime, list[Said]] = {}
    for one in said:
        if one.verdict in COUNTED or one.verdict is Verdict.TOO_OLD:
            for at in (one.at, one.taken_back_at):
                if at is not None:
                    moments.setdefault(at, []).append(one)
    tally = _Tally(anew)
    known: tuple[tuple[TrackRecord, ...], tuple[Age, ...]] = ((), ())
    for at, told in sorted(moments.items(), key=lambda pair: pair[0]):
        tally.turn(at, told)
        now = tally.records, ages_of(tally.old.values(), kinds)
        if now != known:
            known = now
            yield at, *now


class _Tally:
    """The verdicts that hold at one moment after the other, counted as they come and go."""

    def __init__(self, anew: Mapping[str, int]) -> None:
        self.old: dict[int, Said] = {}
        self._anew = anew
        self._held: dict[str, dict[int, Said]] = {}
        self._counts: dict[tuple[str, str, str], TrackRecord] = {}

    @property
    def records(self) -> tuple[TrackRecord, ...]:
        return tuple(record for _, record in sorted(self._counts.items(), key=lambda pair: pair[0]))

    def turn(self, at: datetime, told: Iterable[Said]) -> None:
        """Take in what was said or taken back at a moment."""
        for one in told:
            if one.verdict is Verdict.TOO_OLD:
                _keep(self.old, one, at)
                continue
            ours = self._held.setdefault(one.trigger, {})
            self._count(_last(ours), -1)
            _keep(ours, one, at)
            self._count(_last(ours), 1)

    def _count(self, one: Said | None, by: int) -> None:
        """Count the verdict of a trigger in each of its rules, or take it out."""
        for source in one.sources if one is not None else ():
            if one is None or one.number <= self._anew.get(rule_name(one.kind, source, one.problem), 0):
                continue
            rule = one.kind, source, one.problem or ""
            record = self._counts.pop(rule, TrackRecord(kind=one.kind, source=source, problem=one.problem))
            bad = one.verdict in AGAINST
            record = replace(record, good=record.good + by * (not bad), bad=record.bad + by * bad)
            if record.good + record.bad:
                self._counts[rule] = record


def _keep(held: dict[int, Said], one: Said, at: datetime) -> None:
    """Add a verdict that holds at a moment, or leave out one that does not."""
    if one.holds(at):
        held[one.number] = one
    else:
        held.pop(one.number, None)


def _last(held: Mapping[int, Said]) -> Said | None:
    return max(held.values(), key=lambda one: (one.at, one.number), default=None)
