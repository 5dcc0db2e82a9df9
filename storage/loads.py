"""Loads: how many accounts each rep was given, hour by hour, so that a day of any zone can be summed."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from storage import counters
from storage.columns import short
from storage.rows import each
from storage.tables import counters as table

__all__ = ["count", "given"]

_HOUR: Final = timedelta(hours=1)


def count(conn: Connection, owners: Iterable[str], at: datetime) -> None:
    """Count an account for each of these owners."""
    for owner in sorted(owners):
        counters.bump(conn, _name(owner, at))


def given(conn: Connection, reps: Sequence[str], since: datetime, until: datetime) -> dict[str, int]:
    """Return how many accounts each of these reps was given between two moments, at most a few days."""
    hours = max(0, (until - since) // _HOUR) + 1
    names = {_name(rep, since + number * _HOUR): rep for rep in reps for number in range(min(hours, 100))}
    found = dict.fromkeys(reps, 0)
    for row in each(conn, select(table), table.c.name, names):
        found[names[row.name]] += row.value
    return found


def _name(owner: str, at: datetime) -> str:
    return f"given:{at.astimezone(UTC):%Y-%m-%dT%H}:{short(owner)}"
