"""What a list without rows says: why there are none, and what to do next."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from review.terminal import age
from storage import beginning
from storage.beginning import Round
from storage.engine import Connection

__all__ = ["Empty", "empty_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """Why nothing is there, and the way to what helps, with the words of its button."""

    words: str
    path: str
    label: str


def empty_of(connection: Connection, now: datetime, zone: tzinfo) -> Empty:
    """Return why the list of today has no row, when nothing was filtered."""
    begun = beginning.begun(connection)
    if not begun.accounts:
        return Empty(words="There are no accounts yet.", path="/welcome", label="Begin with your list")
    if not begun.sources:
        return Empty(
            words="No source is watched yet.", path="/welcome?step=sources", label="See what is suggested"
        )
    here = now.astimezone(zone)
    day_ends = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    told = beginning.round_of(connection, now, day_ends)
    if told.last_at is None:
        words = "The first visits are still to come."
        return Empty(words=words, path="/welcome?step=watch", label="See how they go")
    if not told.well:
        words = f"None of your {told.sources:,} sources answers as it should."
        words = "Your only source does not answer as it should." if told.sources == 1 else words
        return Empty(words=words, path="/health", label="See why, and what to do")
    return Empty(words=_caught_up(told, now, zone), path="/sources", label="See the sources")


def _caught_up(told: Round, now: datetime, zone: tzinfo) -> str:
    """Return that all is done, when the sources were visited, and what comes back today."""
    some = "1 source" if told.sources == 1 else f"{told.sources:,} sources"
    parts = [f"{some} checked {age(told.last_at, now)} ago"] if told.last_at else []
    if told.next_at is not None:
        parts.append(f"next poll {max(told.next_at, now).astimezone(zone):%H:%M}")
    wake = f"; {told.wake} snoozed {'wakes' if told.wake == 1 else 'wake'} today" if told.wake else ""
    return f"All caught up. {', '.join(parts)}{wake}."
