"""Insights: what came, what became of it, how long it took, and whether scores keep what they promise."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from earmark.lifecycle import Stage
from earmark.triggers import Polarity, TriggerKind
from matcher.learning import precision
from monitors.latency import STEPS, Ledger, Spread, ledger
from review.charts import SERIES
from review.today import kind_words
from storage import figures, latency, rulebook
from storage.engine import Connection
from storage.figures import Judged, RuleActed
from storage.worked import Worked, worked_since

__all__ = [
    "PERIODS",
    "Insights",
    "KindDays",
    "Meetings",
    "Share",
    "Step",
    "calibration",
    "insights",
    "kind_days",
    "meetings",
    "tiring",
]

PERIODS: Final = (30, 90, 365)
"""Days that may be looked at."""

_MEETINGS: Final = frozenset({"meeting", "opportunity", "won"})
"""Outcomes that are a meeting, or more."""
_EVEN: Final = (0.5, 0.5)
_DAILY: Final = 90  # days; a longer time is counted by weeks
_SHOWN: Final = 20
_MEASURED: Final = 2_000  # triggers whose way is measured, the latest ones
_BUCKET: Final = 20
_TIRING: Final = 1 / 3
"""Under this share acted on, people stop reading: spec of the SDR's day, section 2.1."""
_TO_ANSWER: Final = timedelta(days=7)
_EPOCH: Final = date(1970, 1, 1)
_STEP_WORDS: Final = {
    "published_to_fetched": "published → fetched",
    "hidden": "of that: the source did not show it",
    "waited": "of that: it waited for our poll",
    "fetched_to_matched": "fetched → matched",
    "matched_to_listed": "matched → on the list",
    "fetched_to_listed": "fetched → on the list",
    "listed_to_notified": "on the list → told",
    "listed_to_opened": "on the list → opened",
    "listed_to_contacted": "on the list → contacted",
}
_CAME: Final = (Stage.OUTREACH_READY, Stage.CONTACTED, Stage.WARM, Stage.HOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindDays:
    """Triggers by kind and day: a label for each day (or the first day of a week), a row for each kind.

    Past the few most frequent kinds the rest stands as "others".
    """

    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]
    weekly: bool

    @property
    def total(self) -> int:
        """All of them."""
        return sum(sum(values) for _, values in self.series)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many ``of`` a group, as a share with the interval in which it lies with 95 % certainty."""

    name: str
    count: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share itself, 0 to 1."""
        return self.count / self.of


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on the way of a trigger, and how long it took."""

    name: str
    words: str
    took: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Meetings:
    """Meetings per 100 worked reasons of a kind, a source or a rep, with the 95 % interval."""

    by: str
    name: str
    worked: int
    meetings: int
    per_100: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """All insights of some days; ``began_at`` is when the first trigger was made, ever.

    Of the tiring sources and kinds (by their keys) beyond doubt too few reasons were acted on, of those that
    anybody had the time to answer.
    """

    since: datetime
    days: int
    began_at: datetime | None
    kinds: KindDays
    sources: tuple[Share, ...]
    rules: tuple[Share, ...]
    tiring_sources: tuple[Share, ...]
    tiring_kinds: tuple[Share, ...]
    steps: tuple[Step, ...]
    funnel: tuple[tuple[str, int], ...]
    standing: tuple[tuple[str, int], ...]
    meetings: tuple[Meetings, ...]
    calibration: tuple[Share, ...]


def insights(connection: Connection, now: datetime, days: int, zone: tzinfo) -> Insights:
    """Return the insights of the last days, today included; days are those of the zone."""
    today = now.astimezone(zone).date()
    since = datetime.combine(today - timedelta(days=days - 1), time(), tzinfo=zone)
    kinds = rulebook.decided(connection, ()).kinds
    acted = figures.acted_by_rule(connection, since, now - _TO_ANSWER)
    counts = figures.by_kind_and_day(connection, since, now + timedelta(seconds=1), zone)
    return Insights(
        since=since,
        days=days,
        began_at=figures.first_trigger_at(connection),
        kinds=kind_days(counts, since.date(), days, kinds),
        sources=_acted(acted, lambda one: one.source),
        rules=_acted(acted, lambda one: f"{kind_words(one.kind, kinds)} · {one.source}"),
        tiring_sources=tiring(acted, kinds, lambda one: one.source),
        tiring_kinds=tiring(acted, kinds, lambda one: one.kind),
        steps=_steps(connection, since),
        funnel=_funnel(connection, since),
        standing=tuple(figures.standing(connection).items()),
        meetings=meetings(worked_since(connection, since)),
        calibration=calibration(figures.judged(connection, since)),
    )


def kind_days(
    counts: Mapping[tuple[str, int], int], first: date, days: int, kinds: Mapping[str, TriggerKind]
) -> KindDays:
    """Return counts by kind and day (from 1970) as rows; kinds that are called alike are one row."""
    width = 1 if days <= _DAILY else 7
    size = -(-days // width)
    rows: dict[str, list[int]] = {}
    for (kind, day), number in counts.items():
        place = (day - (first - _EPOCH).days) // width
        if 0 <= place < size:
            rows.setdefault(kind_words(kind, kinds), [0] * size)[place] += number
    ordered = sorted(rows.items(), key=lambda row: (-sum(row[1]), row[0]))
    shown, rest = ordered[: SERIES - 1], ordered[SERIES - 1 :]
    if rest:
        shown.append(("others", [sum(column) for column in zip(*(row for _, row in rest), strict=True)]))
    return KindDays(
        labels=tuple(f"{first + timedelta(days=place * width):%d %b}" for place in range(size)),
        series=tuple((name, tuple(row)) for name, row in shown),
        weekly=width > 1,
    )


def meetings(worked: Sequence[Worked]) -> tuple[Meetings, ...]:
    """Return meetings per 100 worked reasons: of all, by kind, source and rep, the most worked first."""
    views: dict[str, Callable[[Worked], str]] = {
        "all": lambda _: "all",
        "kind": lambda one: one.kind,
        "source": lambda one: one.source or "unknown",
        "rep": lambda one: one.rep,
    }
    return tuple(row for by, of in views.items() for row in _meetings(by, of, worked))


def calibration(judged: Iterable[Judged]) -> tuple[Share, ...]:
    """Return the share of good verdicts by score, in fifths; a fifth without a verdict is left out."""
    counts: dict[int, Counter[bool]] = {}
    for one in judged:
        bucket = min(int(one.score // _BUCKET), 100 // _BUCKET - 1)
        counts.setdefault(bucket, Counter())[one.is_good] += 1
    return tuple(
        _share(f"score {bucket * _BUCKET} to {(bucket + 1) * _BUCKET}", said[True], said.total())
        for bucket, said in sorted(counts.items())
    )


def tiring(
    rules: Iterable[RuleActed], kinds: Mapping[str, TriggerKind], of: Callable[[RuleActed], str]
) -> tuple[Share, ...]:
    """Return the groups of which under a third was acted on, beyond doubt, those that told most first.

    Only reasons to call count: nobody acts on one that warns. Fresh ones that wait are left out.
    """
    told = [one for one in rules if one.kind in kinds and kinds[one.kind].polarity is Polarity.BUY]
    return tuple(one for one in _rates(told, of) if one.high < _TIRING)


def _meetings(by: str, of: Callable[[Worked], str], worked: Sequence[Worked]) -> list[Meetings]:
    groups: dict[str, list[Worked]] = {}
    for one in worked:
        groups.setdefault(of(one), []).append(one)
    rows = []
    for name, held in groups.items():
        met = sum(bool(one.outcomes & _MEETINGS) for one in held)
        share = _share(name, met, len(held))
        rows.append(
            Meetings(
                by=by,
                name=name,
                worked=len(held),
                meetings=met,
                per_100=100 * share.share,
                low=100 * share.low,
                high=100 * share.high,
            )
        )
    return sorted(rows, key=lambda row: (-row.worked, row.name))


def _acted(rules: Iterable[RuleActed], of: Callable[[RuleActed], str]) -> tuple[Share, ...]:
    """Return the acted-on rate of each group of all that it told, those that told most first."""
    return tuple(_rates([replace(one, waiting=0) for one in rules], of)[:_SHOWN])


def _rates(rules: Iterable[RuleActed], of: Callable[[RuleActed], str]) -> list[Share]:
    """Return the acted-on rate of each group of what does not wait, those that told most first."""
    counts: dict[str, list[int]] = {}
    for one in rules:
        held = counts.setdefault(of(one), [0, 0])
        held[0], held[1] = held[0] + one.acted_on, held[1] + one.triggers - one.waiting
    shares = [_share(name, acted, told) for name, (acted, told) in counts.items() if told]
    return sorted(shares, key=lambda one: (-one.of, one.name))


def _share(name: str, number: int, of: int) -> Share:
    part = precision(number, of - number, _EVEN)
    return Share(name=name, count=number, of=of, low=part.low, high=part.high)


def _steps(connection: Connection, since: datetime) -> tuple[Step, ...]:
    """Return how long each step took over all sources, for the latest triggers."""
    seen = figures.newest_events(connection, _MEASURED, since)
    made = figures.newest_triggers(connection, _MEASURED, since)
    arrivals = [replace(one, source="") for one in latency.arrivals(connection, seen)]
    listings = [replace(one, source="") for one in latency.listings(connection, made)]
    found: list[Ledger] = ledger(arrivals, listings)
    steps = []
    for name in STEPS if found else ():
        took: Spread | None = getattr(found[0], name)
        if took is not None:
            steps.append(Step(name=name, words=_STEP_WORDS.get(name, name.replace("_", " ")), took=took))
    return tuple(steps)


def _funnel(connection: Connection, since: datetime) -> tuple[tuple[str, int], ...]:
    """Return how many accounts came how far: into each stage, to a meeting, to an opportunity, won."""
    came, outcomes = figures.reached(connection, since), figures.outcomes_by_kind(connection, since)
    stages = [(stage.value.replace("_", " "), came.get(stage.value, 0)) for stage in _CAME]
    return (*stages, *((name, outcomes.get(name, 0)) for name in ("meeting", "opportunity", "won")))
