"""Conversations that only name a problem: beyond a share of the day they come behind all else."""

from datetime import datetime
from typing import Final

from review.remembered import remembered
from storage import listing
from storage.engine import Connection

__all__ = ["not_surplus"]

_NAMED_ONLY: Final = frozenset({"mention_neutral", "problem_described"})
"""Kinds of conversations that only name a problem."""
_SHARE: Final = 4


def not_surplus(connection: Connection, touches: int, now: datetime) -> listing.Share | None:
    """Return which of them a day of so many touches has room for: a quarter of it for each problem."""
    most = max(1, touches // _SHARE)
    return remembered(connection, ("share", most), lambda own: listing.share_of(own, _NAMED_ONLY, most, now))
