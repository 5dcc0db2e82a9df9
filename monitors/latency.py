"""The latency ledger: at whose door a lost day lies, the source's, the tool's or the team's; pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from storage.latency import Arrival, Listing

__all__ = ["Ledger", "Spread", "ledger", "spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How long one step took, over ``count`` times: half were done within p50, 19 of 20 within p95."""

    count: int
    p50: timedelta
    p95: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The steps of one source; None where there is nothing to measure.

    ``published_to_fetched`` is the source's and our pace, ``fetched_to_listed`` is ours alone,
    ``listed_to_contacted`` is the team's.
    """

    source: str
    published_to_fetched: Spread | None
    fetched_to_listed: Spread | None
    listed_to_contacted: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    fetched: list[timedelta] = field(default_factory=list)
    listed: list[timedelta] = field(default_factory=list)
    contacted: list[timedelta] = field(default_factory=list)


def ledger(arrivals: Iterable[Arrival], listings: Iterable[Listing]) -> list[Ledger]:
    """Return the ledger of every source that brought something, in the order of their ids.

    A date ahead of our sight of it counts as no delay.
    """
    steps: defaultdict[str, _Steps] = defaultdict(_Steps)
    for seen in arrivals:
        steps[seen.source].fetched.append(max(seen.seen_at - seen.published_at, timedelta()))
    for made in listings:
        steps[made.source].listed.append(made.listed_at - made.seen_at)
        if made.contacted_at:
            steps[made.source].contacted.append(made.contacted_at - made.listed_at)
    return [
        Ledger(
            source=source,
            published_to_fetched=spread(each.fetched),
            fetched_to_listed=spread(each.listed),
            listed_to_contacted=spread(each.contacted),
        )
        for source, each in sorted(steps.items())
    ]


def spread(spans: Sequence[timedelta]) -> Spread | None:
    """Return the percentiles, each a span that really was (nearest rank); None of nothing."""
    if not spans:
        return None
    ordered = sorted(spans)

    def within(share: float) -> timedelta:
        return ordered[ceil(share * len(ordered)) - 1]

    return Spread(count=len(ordered), p50=within(0.5), p95=within(0.95))
