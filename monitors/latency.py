"""The latency ledger: at whose door a lost day lies, the source's, the tool's or the team's; pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Literal

from storage.latency import Arrival, Listing

__all__ = ["STEPS", "Door", "Ledger", "Spread", "door_of", "ledger", "spread"]

Door = Literal["source", "earmark", "team"]

STEPS: Final = (
    "published_to_fetched",
    "hidden",
    "waited",
    "fetched_to_matched",
    "matched_to_listed",
    "fetched_to_listed",
    "listed_to_notified",
    "listed_to_opened",
    "listed_to_contacted",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How long one step took, over ``count`` times: half were done within p50, 19 of 20 within p95."""

    count: int
    p50: timedelta
    p95: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The steps of one source; None where there is nothing to measure.

    ``published_to_fetched`` is ``hidden`` and ``waited``: as long as the source was polled and did not show
    it, which is the source's; and since then, which is our pace. ``fetched_to_listed`` is ours alone: it was
    read until it was matched, then decided and stored. ``listed_to_notified`` is that of exports and
    digest; ``listed_to_opened`` and ``listed_to_contacted`` are the team's. ``door`` is where half of the
    time most is lost.
    """

    source: str
    published_to_fetched: Spread | None
    hidden: Spread | None
    waited: Spread | None
    fetched_to_matched: Spread | None
    matched_to_listed: Spread | None
    fetched_to_listed: Spread | None
    listed_to_notified: Spread | None
    listed_to_opened: Spread | None
    listed_to_contacted: Spread | None
    door: Door | None


def ledger(arrivals: Iterable[Arrival], listings: Iterable[Listing]) -> list[Ledger]:
    """Return the ledger of every source that brought something, in the order of their ids.

    A date ahead of our sight of it counts as no delay.
    """
    spans: defaultdict[str, defaultdict[str, list[timedelta]]] = defaultdict(lambda: defaultdict(list))
    for seen in arrivals:
        own = spans[seen.source]
        own["published_to_fetched"].append(_since(seen.published_at, seen.seen_at))
        if seen.missed_at is not None:
            hidden, waited = _split(seen.published_at, seen.missed_at, seen.seen_at)
            own["hidden"].append(hidden)
            own["waited"].append(waited)
    for made in listings:
        own = spans[made.source]
        own["fetched_to_listed"].append(made.listed_at - made.seen_at)
        if made.matched_at is not None:
            own["fetched_to_matched"].append(_since(made.seen_at, made.matched_at))
            own["matched_to_listed"].append(_since(made.matched_at, made.listed_at))
        for step, moment in _followed(made):
            own[step].append(_since(made.listed_at, moment))
    return [_of_source(source, own) for source, own in sorted(spans.items())]


def door_of(made: Listing) -> Door | None:
    """Return at whose door most of the time of one trigger lies; None without a date of publication."""
    if made.published_at is None:
        return None
    hidden, waited = _split(made.published_at, made.missed_at, made.seen_at)
    team = _since(made.listed_at, made.contacted_at) if made.contacted_at else timedelta()
    return _widest(hidden, waited + _since(made.seen_at, made.listed_at), team)


def spread(spans: Sequence[timedelta]) -> Spread | None:
    """Return the percentiles, each a span that really was (nearest rank); None of nothing."""
    if not spans:
        return None
    ordered = sorted(spans)

    def within(share: float) -> timedelta:
        return ordered[ceil(share * len(ordered)) - 1]

    return Spread(count=len(ordered), p50=within(0.5), p95=within(0.95))


def _since(earlier: datetime, later: datetime) -> timedelta:
    return max(later - earlier, timedelta())


def _split(published: datetime, missed: datetime | None, seen: datetime) -> tuple[timedelta, timedelta]:
    """Return how long a source was polled without showing what was published, and how long after that."""
    shown = max(published, min(missed, seen)) if missed else published
    return _since(published, shown), _since(shown, seen)


def _followed(made: Listing) -> list[tuple[str, datetime]]:
    followed = (
        ("listed_to_notified", made.notified_at),
        ("listed_to_opened", made.opened_at),
        ("listed_to_contacted", made.contacted_at),
    )
    return [(step, moment) for step, moment in followed if moment is not None]


def _of_source(source: str, spans: "defaultdict[str, list[timedelta]]") -> Ledger:
    steps = {step: spread(spans[step]) for step in STEPS}

    def usual(*names: str) -> timedelta:
        return sum((found.p50 for name in names if (found := steps[name])), timedelta())

    ours = usual("waited", "fetched_to_listed")
    door = _widest(usual("hidden"), ours, usual("listed_to_contacted"))
    return Ledger(source=source, **steps, door=door)


def _widest(source: timedelta, ours: timedelta, team: timedelta) -> Door | None:
    doors: list[tuple[timedelta, Door]] = [(source, "source"), (ours, "earmark"), (team, "team")]
    longest, door = max(doors, key=lambda each: each[0])
    return door if longest else None
