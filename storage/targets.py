"""Where exports go: the targets that a team set up, with what they remember."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from earmark.errors import ConfigError
from storage.counters import CHANGES, LEXICON, bump
from storage.rows import upsert
from storage.tables import targets

__all__ = ["Target", "add", "automatic", "every", "get", "keep", "pause", "read", "remove", "to_be_read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A configured target; ``state`` is what its exporter remembers, ``paused_reason`` why it stops."""

    id: str
    kind: str
    options: Mapping[str, Any]
    created_at: datetime
    state: Mapping[str, Any] | None = None
    next_read_at: datetime | None = None
    last_read_at: datetime | None = None
    last_error: str | None = None
    paused_reason: str | None = None


def add(conn: Connection, name: str, kind: str, options: Mapping[str, Any], at: datetime) -> None:
    """Add a target, or give the one of this name other options and wake it; ConfigError for another kind."""
    known = get(conn, name)
    if known is not None and known.kind != kind:
        raise ConfigError(
            f"There is a target {name!r} already, of the kind {known.kind}. Give another name, or remove it."
        )
    new = {
        "id": name,
        "kind": kind,
        "options": options,
        "enabled": True,
        "created_at": at,
        "next_read_at": at,
    }
    statement = upsert(conn, targets).values(**new)
    given = {
        "options": statement.excluded.options,
        "enabled": True,
        "paused_reason": None,
        "next_read_at": at,
    }
    conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=given))
    bump(conn, LEXICON)
    bump(conn, CHANGES)


def get(conn: Connection, name: str) -> Target | None:
    """Return one target, or None."""
    row = conn.execute(select(targets).where(targets.c.id == name)).one_or_none()
    return None if row is None else _as_target(row)


def every(conn: Connection) -> list[Target]:
    """Return all targets by name."""
    return [_as_target(row) for row in conn.execute(select(targets).order_by(targets.c.id))]


def automatic(conn: Connection) -> tuple[str, ...]:
    """Return the names of the targets that take promotions by themselves."""
    return tuple(target.id for target in every(conn) if target.options.get("automatic", True))


def remove(conn: Connection, name: str) -> bool:
    """Remove a target and say whether it was there; what it was told stays on record."""
    gone = conn.execute(delete(targets).where(targets.c.id == name).returning(targets.c.id)).all()
    bump(conn, LEXICON)
    bump(conn, CHANGES)
    return bool(gone)


def pause(conn: Connection, name: str, reason: str | None) -> None:
    """Stop a target until a person looks, with the reason; None wakes it."""
    conn.execute(update(targets).where(targets.c.id == name).values(paused_reason=reason))
    bump(conn, CHANGES)


def keep(conn: Connection, name: str, state: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Keep what the exporter learned since ``before``; what another process kept meanwhile stays."""
    held = select(targets.c.state).where(targets.c.id == name).with_for_update()
    stored = conn.execute(held).scalar_one_or_none() or {}
    gone = before.keys() - state.keys()
    learned = {key: value for key, value in state.items() if key not in before or before[key] != value}
    if learned or gone:
        merged = {key: value for key, value in stored.items() if key not in gone} | learned
        conn.execute(update(targets).where(targets.c.id == name).values(state=merged))


def to_be_read(conn: Connection, now: datetime) -> list[Target]:
    """Return the targets whose time to be read back has come, and that are not paused, by name."""
    due = targets.c.paused_reason.is_(None), targets.c.next_read_at <= now
    return [_as_target(row) for row in conn.execute(select(targets).where(*due).order_by(targets.c.id))]


def read(conn: Connection, name: str, at: datetime, next_at: datetime, error: str | None = None) -> None:
    """Note that the target was read back, or why it could not be."""
    held = {"last_read_at": at, "next_read_at": next_at, "last_error": error}
    if error is not None:
        held.pop("last_read_at")
    conn.execute(update(targets).where(targets.c.id == name).values(**held))


def _as_target(row: Row[Any]) -> Target:
    return Target(
        id=row.id,
        kind=row.kind,
        options=row.options or {},
        created_at=row.created_at,
        state=row.state,
        next_read_at=row.next_read_at,
        last_read_at=row.last_read_at,
        last_error=row.last_error,
        paused_reason=row.paused_reason,
    )
