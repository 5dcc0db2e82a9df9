"""What may be forgotten, so that the database stays small; events are kept."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete

from storage.tables import outbox, polls

__all__ = ["DELIVERIES", "POLLS", "prune"]

POLLS: Final = timedelta(days=30)
DELIVERIES: Final = timedelta(days=365)


def prune(conn: Connection, now: datetime, *, keep: timedelta = POLLS) -> int:
    """Forget the log of polls older than ``keep`` and deliveries made a year ago; return how many rows."""
    old_polls = delete(polls).where(polls.c.finished_at < now - keep)
    made = delete(outbox).where(outbox.c.state == "sent", outbox.c.ended_at < now - DELIVERIES)
    return conn.execute(old_polls).rowcount + conn.execute(made).rowcount
