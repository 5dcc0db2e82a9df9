"""What a list without rows says: why there are none, and what to do next."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final
from urllib.parse import parse_qsl, urlencode

from review.terminal import age
from storage import beginning
from storage.beginning import Round
from storage.engine import Connection

__all__ = ["Empty", "empty_of", "nothing_of"]

_NOTHING: Final = {
    "owner=me": "Nothing of yours is on the list of today.",
    "stage=hot": "No account is hot.",
    "state=snoozed": "Nothing is snoozed.",
    "state=contacted": "Nobody was contacted yet.",
    "state=dismissed": "Nothing was dismissed.",
    "state=expired": "Nothing has expired.",
    "state=everything": "There is no reason yet.",
}
"""What the lists say that are asked for by one word alone."""


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


def nothing_of(query: str) -> Empty:
    """Return what a list without a row says when something was asked of it, and where it may be found."""
    if query in _NOTHING:
        return Empty(words=_NOTHING[query], path="/", label="Show the list of today")
    asked = dict(parse_qsl(query))
    if "q" not in asked:
        return Empty(words="Nothing matches the filter.", path="/", label="Clear the filter")
    words = f"Nothing on this list matches “{asked['q']}”."
    if asked == {"q": asked["q"], "state": "everything"}:
        return Empty(words=words, path="/", label="Clear the search")
    everywhere = urlencode({"q": asked["q"], "state": "everything"})
    return Empty(words=words, path=f"/?{everywhere}", label="Search among all reasons, done ones too")


def _caught_up(told: Round, now: datetime, zone: tzinfo) -> str:
    """Return that all is done, when the sources were visited, and what comes back today."""
    some = "1 source" if told.sources == 1 else f"{told.sources:,} sources"
    parts = [f"{some} checked {age(told.last_at, now)} ago"] if told.last_at else []
    if told.next_at is not None:
        parts.append(f"next poll {max(told.next_at, now).astimezone(zone):%H:%M}")
    wake = f"; {told.wake} snoozed {'wakes' if told.wake == 1 else 'wake'} today" if told.wake else ""
    return f"All caught up. {', '.join(parts)}{wake}."
