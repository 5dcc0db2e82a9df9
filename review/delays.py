"""The latency ledger in words: how long each step takes, and at whose door the time lies."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from monitors.latency import Ledger, Spread
from monitors.pace import in_words

__all__ = ["DOORS", "Delays", "delays", "short", "spread_words"]

DOORS: Final = {"source": "the source", "earmark": "earmark", "team": "the team"}
"""Who is behind each door, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """One source: its steps in words, from published to contacted, and with whom most of the time lies."""

    source: str
    steps: tuple[str, ...]
    door: str


def delays(ledgers: Iterable[Ledger]) -> list[Delays]:
    """Return the ledgers in words."""
    return [
        Delays(
            source=one.source,
            steps=tuple(map(spread_words, _steps(one))),
            door=DOORS[one.door] if one.door else "–",
        )
        for one in ledgers
    ]


def spread_words(spread: Spread | None) -> str:
    """Return half of the time within / 19 times of 20 within (how often)."""
    if spread is None:
        return "–"
    return f"{short(spread.p50)} / {short(spread.p95)} ({spread.count:,})"


def short(span: timedelta) -> str:
    """Return a span in one or two words, under a minute with a tenth of a second."""
    return f"{span.total_seconds():.1f} s" if span < timedelta(minutes=1) else in_words(span)


def _steps(one: Ledger) -> tuple[Spread | None, ...]:
    return (
        one.published_to_fetched,
        one.hidden,
        one.fetched_to_matched,
        one.fetched_to_listed,
        one.listed_to_notified,
        one.listed_to_opened,
        one.listed_to_contacted,
    )
