"""The list of the day as tests ask for it: its triggers one by one, row after row."""

from datetime import datetime

from earmark.types import Trigger
from storage import listing, triggers
from storage.engine import Connection
from storage.wanted import Wanted

__all__ = ["on_list"]


def on_list(conn: Connection, now: datetime) -> list[Trigger]:
    """Return the triggers of the first page: of each row the best, then its others."""
    rows = listing.page(conn, Wanted(), now)
    ids = [each for row in rows for each in (row.best.id, *(other.trigger for other in row.further))]
    found = [triggers.get(conn, each) for each in ids]
    return [one for one in found if one is not None]
