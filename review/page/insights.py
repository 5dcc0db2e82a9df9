"""Insights on the page: charts of what came, what became of it, and how long it took."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Annotated

from fastapi import APIRouter, Query, Response

from matcher.normalise import fold
from review.charts import Bar, bars, columns
from review.insights import PERIODS, Insights, Meetings, Share, insights
from review.page.bench import bench_of
from review.page.call import Asked, Call
from review.relief import Relief, for_kinds, for_sources
from review.remembered import remembered
from storage.engine import Engine, reading

__all__ = ["router"]

router = APIRouter()
_USUAL = 90
_PER_CHART = 12
_PROPOSED = 5
_MOST_ROWS = 31
_STEPS = ((timedelta(days=2), timedelta(days=1), "d"), (timedelta(hours=2), timedelta(hours=1), "h"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    """A chart with its table: ``svg`` is empty where there is nothing to show, and ``empty`` says when."""

    title: str
    why: str
    svg: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[str, ...] = ()
    empty: str = ""
    reliefs: tuple[Relief, ...] = ()
    of_kinds: bool = False


@router.get("/insights")
def _insights(call: Asked, days: Annotated[int, Query()] = _USUAL) -> Response:
    """Show the insights of the last 30, 90 or 365 days."""
    days = days if days in PERIODS else _USUAL
    key = ("insights", days, call.now.astimezone(call.zone).date())
    found = bench_of(call).counts.get(key, lambda: _counted(call.engine, key, call.now, days, call.zone))
    if found is None:
        return call.page("insights_wait.html", days=days, periods=PERIODS)
    with call.reading() as connection:
        sources = for_sources(connection, found.tiring_sources)[:_PROPOSED]
        kinds = for_kinds(connection, found.tiring_kinds)[:_PROPOSED]
    charts = (
        _kinds(found),
        _rates("Acted on, by source", "source", found.sources, sources),
        _rates("Acted on, by rule", "rule", found.rules, kinds),
        _steps(found),
        _funnel(found),
        *_meetings(call, found),
        _calibration(found),
    )
    return call.page(
        "insights.html", found=found, charts=sorted(charts, key=lambda one: not one.svg), periods=PERIODS
    )


def _counted(engine: Engine, key: Hashable, now: datetime, days: int, zone: tzinfo) -> Insights:
    with reading(engine) as connection:
        return remembered(connection, key, lambda held: insights(held, now, days, zone))


def _kinds(found: Insights) -> _Chart:
    shown = found.kinds
    every = "week" if shown.weekly else "day"
    told = f"{shown.total:,} triggers in {found.days} days."
    series = dict(shown.series)
    width = 7 if len(shown.labels) > _MOST_ROWS and not shown.weekly else 1  # a table of days would be long
    return _Chart(
        title=f"Triggers by kind and {every}",
        why="What comes, and how much of it.",
        svg=columns(f"Triggers by kind and {every}", told, shown.labels, series) if shown.total else "",
        legend=tuple(f"{name} ({sum(values):,})" for name, values in shown.series),
        heads=("From" if width > 1 else every.capitalize(), *series),
        rows=tuple(
            (label, *(f"{sum(values[place : place + width]):,}" for values in series.values()))
            for place, label in enumerate(shown.labels)
            if place % width == 0 and any(sum(values[place : place + width]) for values in series.values())
        ),
        empty="There will be a column from the first trigger on.",
    )


def _rates(title: str, head: str, shares: tuple[Share, ...], reliefs: tuple[Relief, ...]) -> _Chart:
    return _Chart(
        title=title,
        why="Accepted or contacted, of all that it told first; the line is where the true rate lies with "
        "95 % certainty. Under a third it tires those who read it.",
        svg=_shares(title, shares[:_PER_CHART]) if shares else "",
        heads=(head.capitalize(), "Triggers", "Acted on", "Rate", "Likely"),
        rows=tuple(_row(one) for one in shares),
        empty="There will be a rate from the first trigger on.",
        reliefs=reliefs,
        of_kinds=head == "rule",
    )


def _steps(found: Insights) -> _Chart:
    title = "How long each step takes"
    rows = [
        Bar(
            label=step.words,
            value=step.took.p50.total_seconds(),
            words=f"{_span(step.took.p50)}, 19 of 20 within {_span(step.took.p95)}",
        )
        for step in found.steps
    ]
    return _Chart(
        title=title,
        why="Half of the times are within the bar; to the left the source, then earmark, then the team.",
        svg=bars(title, "Median of each step.", rows, mark=1) if rows else "",
        heads=("Step", "Times", "Half within", "19 of 20 within"),
        rows=tuple(
            (step.words, f"{step.took.count:,}", _span(step.took.p50), _span(step.took.p95))
            for step in found.steps
        ),
        empty="There will be times from the second poll of a source on: what its first one brings tells "
        "nothing of its pace.",
    )


def _funnel(found: Insights) -> _Chart:
    title = "How far accounts came"
    standing = "; ".join(f"{count:,} {stage.replace('_', ' ')}" for stage, count in found.standing)
    rows = [Bar(label=name, value=count, words=f"{count:,}") for name, count in found.funnel]
    return _Chart(
        title=title,
        why=f"Accounts that came into a stage, or to an outcome, in this time. Now: {standing}.",
        svg=bars(title, "Accounts by the stage they came into.", rows, mark=2)
        if any(count for _, count in found.funnel)
        else "",
        heads=("Stage or outcome", "Accounts"),
        rows=tuple((name, f"{count:,}") for name, count in found.funnel),
        empty="There will be a bar from the first account on that becomes outreach-ready.",
    )


def _meetings(call: Call, found: Insights) -> list[_Chart]:
    charts = []
    for by in ("kind", "source", "rep"):
        held = [row for row in found.meetings if row.by == by and _is_theirs(call, row)]
        title = f"Meetings per 100 reasons, by {by}"
        rows = [
            Bar(
                label=row.name.replace("_", " "),
                value=row.per_100,
                words=f"{row.per_100:.0f} of 100 ({row.meetings:,} of {row.worked:,})",
                low=row.low,
                high=row.high,
            )
            for row in held[:_PER_CHART]
        ]
        charts.append(
            _Chart(
                title=title,
                why="Of the reasons that were worked, how many led to a meeting or more; the line is where "
                "the true rate lies with 95 % certainty.",
                svg=bars(title, "Meetings per 100 worked reasons.", rows, most=100, mark=3) if rows else "",
                heads=(by.capitalize(), "Worked", "Meetings", "Per 100", "Likely"),
                rows=tuple(
                    (
                        row.name.replace("_", " "),
                        f"{row.worked:,}",
                        f"{row.meetings:,}",
                        f"{row.per_100:.0f}",
                        f"{row.low:.0f} to {row.high:.0f}",
                    )
                    for row in held
                ),
                empty="There will be a rate from the first outreach on that is logged as contacted.",
            )
        )
    return charts


def _is_theirs(call: Call, row: Meetings) -> bool:
    """Tell whether a row is the viewer's to see: how other reps do is for managers."""
    return row.by != "rep" or call.viewer.sees_all or fold(row.name) in call.viewer.names


def _calibration(found: Insights) -> _Chart:
    title = "Do scores keep their promise?"
    return _Chart(
        title=title,
        why="Good verdicts by the score that a trigger was given: it should rise from bar to bar.",
        svg=_shares(title, found.calibration, mark=4) if found.calibration else "",
        heads=("Score", "Verdicts", "Good", "Rate", "Likely"),
        rows=tuple(_row(one) for one in found.calibration),
        empty="There will be a bar from the first verdict on: good, wrong account or off topic.",
    )


def _shares(title: str, shares: tuple[Share, ...], mark: int = 0) -> str:
    rows = [
        Bar(
            label=one.name,
            value=one.share,
            words=f"{one.share:.0%} ({one.count:,} of {one.of:,})",
            low=one.low,
            high=one.high,
        )
        for one in shares
    ]
    told = "Each bar is a rate, its line the interval in which it lies with 95 % certainty."
    return bars(title, told, rows, most=1.0, mark=mark)


def _row(one: Share) -> tuple[str, ...]:
    return (one.name, f"{one.of:,}", f"{one.count:,}", f"{one.share:.0%}", f"{one.low:.0%} to {one.high:.0%}")


def _span(took: timedelta) -> str:
    """Return a time as a person tells it: 3.5 d, 12 h, 4 min, 0.2 s."""
    for least, unit, word in _STEPS:
        if took >= least:
            return f"{took / unit:.1f} {word}"
    seconds = took.total_seconds()
    if seconds >= 120:  # noqa: PLR2004 - two minutes
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"  # noqa: PLR2004 - ten seconds
