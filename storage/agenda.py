"""The agenda: which pasts want to be looked at, and from when on."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, delete, select, update

from storage.columns import short
from storage.rows import batches, put
from storage.tables import agenda

__all__ = ["due", "remember", "wake"]

_AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)


def due(conn: Connection, now: datetime, limit: int = 500) -> list[str]:
    """Return the keys that want to be looked at, the longest waiting first."""
    query = select(agenda.c.key).where(agenda.c.due_at <= now)
    return list(conn.execute(query.order_by(agenda.c.due_at, agenda.c.id).limit(limit)).scalars())


def remember(conn: Connection, moments: Mapping[str, datetime | None]) -> None:
    """Note when each key wants to be looked at next; None is never."""
    never = [short(key) for key, moment in moments.items() if moment is None]
    for batch in batches(never):
        conn.execute(delete(agenda).where(agenda.c.id.in_(batch)))
    wanted = {short(key): (key, moment) for key, moment in moments.items() if moment is not None}
    rows = [{"id": place, "key": key, "due_at": moment} for place, (key, moment) in sorted(wanted.items())]
    put(conn, agenda, rows)


def wake(conn: Connection, keys: Iterable[str] | None = None) -> None:
    """Have pasts looked at by the next sweep, because what they are judged by has changed.

    These keys, or all; what no time can change (no trigger lives, no patience runs) has nothing to judge.
    """
    if keys is None:
        # Taken in their order first, as a decision takes them: two that wait for each other would fail.
        conn.execute(select(agenda.c.id).order_by(agenda.c.id).with_for_update()).all()
        conn.execute(update(agenda).values(due_at=_AT_ONCE))
        return
    for batch in batches(sorted(map(short, keys))):
        wanted = select(agenda.c.id).where(agenda.c.id.in_(batch)).order_by(agenda.c.id)
        conn.execute(wanted.with_for_update()).all()
        conn.execute(update(agenda).where(agenda.c.id.in_(batch)).values(due_at=_AT_ONCE))
