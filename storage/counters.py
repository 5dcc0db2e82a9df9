"""Counters that only grow: what the page and the lexicon watch."""

from sqlalchemy import Connection, select

from storage.rows import upsert
from storage.tables import counters

__all__ = ["CHANGES", "LEXICON", "bump", "value"]

CHANGES = "changes"
"""Grows with every decision that a page shows."""
LEXICON = "lexicon"
"""Grows with every change of what decisions rest on."""


def bump(conn: Connection, name: str) -> None:
    """Add one; the row stays locked to the end of the transaction, so do it last."""
    statement = upsert(conn, counters).values(name=name, value=1)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    conn.execute(statement)


def value(conn: Connection, name: str) -> int:
    """Return the counter, 0 before its first step."""
    found = conn.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one_or_none()
    return found or 0
