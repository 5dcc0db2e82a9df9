"""Purge: what is past its retention is forgotten, little by little, so that no writer waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from earmark.rulebook import Retention, parse
from matcher.note import erase
from storage import removal, retention, rulebook
from storage.engine import Engine, reading, writing
from storage.retention import POLLS

__all__ = ["AT_ONCE", "PURGED_EVERY", "Purged", "purge", "purgeable"]

PURGED_EVERY: Final = timedelta(days=1)
AT_ONCE: Final = 2_000
"""So many events go in about a second; the rest goes with the next tick of the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How many events lost their text, how many rows of the logs went, and whether there is more to do."""

    events: int
    log_rows: int
    more: bool = False


def purge(engine: Engine, now: datetime, most: int | None = None) -> Purged:
    """Forget the texts of events, polls and deliveries that are past their retention.

    An event stays as long as a trigger that lives rests on it; without its text it stays for good, so that
    no poll takes it for new. Notes say then that their evidence was removed. After ``most`` events it leaves
    the rest to the next time.
    """
    kept = _retention(engine)
    done, after = 0, None
    while True:
        with writing(engine) as connection:
            places = retention.expired(connection, now, kept, after=after)
            removal.remove(connection, [event for _, event in places], erase)
        if not places:
            return Purged(events=done, log_rows=_pruned(engine, now, kept))
        done, after = done + len(places), places[-1]
        if most is not None and done >= most:
            return Purged(events=done, log_rows=0, more=True)


def purgeable(engine: Engine, now: datetime) -> int:
    """Return how many events would lose their text now."""
    kept = _retention(engine)
    with reading(engine) as connection:
        return retention.count(connection, now, kept)


def _retention(engine: Engine) -> Retention:
    with reading(engine) as connection:
        newest = rulebook.latest(connection)
    return parse(newest[1] if newest else "").retention


def _pruned(engine: Engine, now: datetime, kept: Retention) -> int:
    keep = POLLS if kept.polls_days is None else timedelta(days=kept.polls_days)
    total = 0
    while True:
        with writing(engine) as connection:
            gone = retention.prune(connection, now, keep=keep)
        if not gone:
            return total
        total += gone
