"""What other rules would have done: two replays of one span, side by side."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from earmark.lifecycle import Stage
from earmark.types import Verdict
from matcher.learning import Precision, precision
from monitors.relive import Lived, Reason, Span
from monitors.replay import Replayed
from storage.record import COUNTED, Said

__all__ = ["Comparison", "Figures", "Moved", "Row", "compared"]

_READY: Final = frozenset({Stage.OUTREACH_READY, Stage.CONTACTED, Stage.WARM, Stage.HOT})
_COLD: Final = frozenset({Stage.COLD, Stage.COOLING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of one set of rules; ``by_day`` counts the alerts of each day of the span.

    ``reasons`` are all triggers, alerts those that came live with a score that reaches the threshold.

    ``precision`` is estimated from the ``good`` and ``bad`` verdicts that people gave on the same reasons.
    """

    reasons: int
    alerts: int
    alerts_a_day: float
    by_day: tuple[tuple[str, int], ...]
    by_kind: tuple[tuple[str, int], ...]
    promotions: int
    promotions_a_day: float
    listed: int
    good: int
    bad: int
    precision: Precision
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An account that ends in another stage by the new rules."""

    account: str
    now: Stage
    new: Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the list that only one set of rules has: of which past, with which score."""

    key: str
    account: str | None
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The rules in force and the new ones: figures, stages, and the list of one day."""

    events: int
    days: float
    list_at: datetime
    now: Figures
    new: Figures
    promoted: tuple[Moved, ...]
    demoted: tuple[Moved, ...]
    on_list: tuple[Row, ...]
    off_list: tuple[Row, ...]


def compared(now: Replayed, new: Replayed, said: Sequence[Said], span: Span, zone: tzinfo) -> Comparison:
    """Return what the new rules change; days are those of the zone."""
    stages = {one.account: one.stage for one in now.pasts if one.account is not None}
    after = {one.account: one.stage for one in new.pasts if one.account is not None}
    moved = [
        Moved(account=account, now=stages.get(account, Stage.COLD), new=after.get(account, Stage.COLD))
        for account in sorted(stages.keys() | after.keys())
    ]
    return Comparison(
        events=now.events,
        days=_days(span),
        list_at=span.list_at,
        now=_figures(now, said, span, zone),
        new=_figures(new, said, span, zone),
        promoted=tuple(one for one in moved if one.now in _COLD and one.new in _READY),
        demoted=tuple(one for one in moved if one.now in _READY and one.new in _COLD),
        on_list=_only(new.pasts, now.pasts),
        off_list=_only(now.pasts, new.pasts),
    )


def _figures(replayed: Replayed, said: Sequence[Said], span: Span, zone: tzinfo) -> Figures:
    reasons = [one for past in replayed.pasts for one in past.reasons if one.created_at >= span.since]
    alerts = [one for one in reasons if one.is_alert]
    promotions = sum(at >= span.since for past in replayed.pasts for at in past.promoted_at)
    good, bad = _judged(reasons, said, span.until)
    days = _days(span)
    by_day = Counter(f"{reason.created_at.astimezone(zone):%Y-%m-%d}" for reason in alerts)
    by_kind = Counter(reason.kind for reason in alerts)
    return Figures(
        reasons=len(reasons),
        alerts=len(alerts),
        alerts_a_day=len(alerts) / days,
        by_day=tuple(sorted(by_day.items())),
        by_kind=tuple(sorted(by_kind.items(), key=lambda pair: (-pair[1], pair[0]))),
        promotions=promotions,
        promotions_a_day=promotions / days,
        listed=sum(past.score is not None for past in replayed.pasts),
        good=good,
        bad=bad,
        precision=precision(good, bad),
        missed=sum(past.missed for past in replayed.pasts),
    )


def _judged(reasons: Iterable[Reason], said: Iterable[Said], until: datetime) -> tuple[int, int]:
    """Return how many reasons people called good and bad: a verdict is on what an event told of a past."""
    verdicts = {
        (one.key, one.kind, event): one.verdict
        for one in said
        if one.verdict in COUNTED and one.holds(until)
        for event in one.events
    }
    good = bad = 0
    for reason in reasons:
        found = {verdicts.get((reason.key, reason.kind, event)) for event in reason.events} - {None}
        if found:
            is_good = found == {Verdict.GOOD}
            good, bad = good + is_good, bad + (not is_good)
    return good, bad


def _only(here: Iterable[Lived], there: Iterable[Lived]) -> tuple[Row, ...]:
    """Return the rows of one list that the other lacks, best first."""
    known = {one.key for one in there if one.score is not None}
    rows = [
        Row(key=one.key, account=one.account, score=one.score)
        for one in here
        if one.score is not None and one.key not in known
    ]
    return tuple(sorted(rows, key=lambda row: (-row.score, row.key)))


def _days(span: Span) -> float:
    return max((span.until - span.since) / timedelta(days=1), 1.0)
