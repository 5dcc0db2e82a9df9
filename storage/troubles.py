"""Troubles: which sources fail or are silent, as the last polls left them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from storage.rows import each
from storage.tables import sources

__all__ = ["Trouble", "of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """How many polls of a source have failed in a row, and since when it is silent."""

    source: str
    failures: int
    silent_since: datetime | None


def of(conn: Connection, source_ids: Iterable[str]) -> dict[str, Trouble]:
    """Return the troubles of those of the sources that have any, by id."""
    query = select(sources.c.id, sources.c.failures, sources.c.silent_since)
    ill = query.where(or_(sources.c.failures > 0, sources.c.silent_since.is_not(None)))
    return {
        row.id: Trouble(source=row.id, failures=row.failures, silent_since=row.silent_since)
        for row in each(conn, ill, sources.c.id, source_ids)
    }
