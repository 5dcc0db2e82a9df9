"""Who did what, for the record."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from storage.tables import audit

__all__ = ["Deed", "recent", "record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that a person did: the verb, what it was done to, and a sentence."""

    at: datetime
    by: str
    verb: str
    subject: str
    text: str = ""


def record(conn: Connection, deed: Deed) -> None:
    """Add a deed to the record."""
    row = {"at": deed.at, "by": deed.by, "verb": deed.verb, "subject": deed.subject, "text": deed.text}
    conn.execute(insert(audit), [row])


def recent(conn: Connection, limit: int = 50) -> list[Deed]:
    """Return the latest deeds, the newest first."""
    rows = conn.execute(select(audit).order_by(audit.c.number.desc()).limit(limit))
    return [Deed(at=row.at, by=row.by, verb=row.verb, subject=row.subject, text=row.text) for row in rows]
