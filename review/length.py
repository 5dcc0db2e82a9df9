"""How long the list is, in words: nobody counts beyond some rows, and nobody waits for a count."""

from datetime import datetime
from typing import Final

from review.listing import Asked, Listing
from review.remembered import at_hand
from storage import tally
from storage.engine import Connection
from storage.scope import Scope

__all__ = ["length"]

_COUNTED: Final = 1_000
"""Rows up to which a list is counted."""


def length(
    connection: Connection, asked: Asked, found: Listing, now: datetime, scope: Scope | None = None
) -> str:
    """Return how many rows the list has of which these are a page: ``212``, ``over 1,000``.

    Of a long one that was not counted yet it is only known that there are more.
    """
    shown, wanted = len(found.rows), asked.wanted
    is_first = asked.after is None
    if is_first and not found.next_after:
        return f"{shown:,}"
    key = ("size", wanted, scope)
    many = at_hand(connection, key, lambda own: tally.count(own, wanted, now, scope, most=_COUNTED + 1))
    if many is None:
        return f"over {shown}" if is_first else "many"
    return f"{many:,}" if many <= _COUNTED else f"over {_COUNTED:,}"
