"""Who is logged in: each session is kept by the digest of the secret that a browser holds."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from storage.rows import each
from storage.tables import sessions, users
from storage.tokens import digest_of

__all__ = ["LASTS", "Session", "begin", "end", "end_all", "find", "of_user", "prolong", "standing"]

LASTS: Final = timedelta(days=30)
"""How long a session lasts after the last change that was made in it."""
_STEP: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login: ``seen_at`` is about when something was changed in it last."""

    user: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def begin(conn: Connection, user: str, at: datetime) -> str:
    """Begin a session and return its secret; those that are over are forgotten."""
    conn.execute(delete(sessions).where(sessions.c.expires_at <= at))
    secret = secrets.token_urlsafe(32)
    row = {
        "id": digest_of(secret),
        "user": user,
        "created_at": at,
        "seen_at": at,
        "expires_at": at + LASTS,
    }
    conn.execute(insert(sessions), [row])
    return secret


def find(conn: Connection, secret: str, now: datetime) -> Session | None:
    """Return the session of a secret that is not over; else None."""
    query = select(sessions).where(sessions.c.id == digest_of(secret), sessions.c.expires_at > now)
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    return Session(user=row.user, created_at=row.created_at, seen_at=row.seen_at, expires_at=row.expires_at)


def standing(conn: Connection, secrets: Collection[str], now: datetime) -> frozenset[str]:
    """Return those of these secrets whose session is not over, of users who may enter still."""
    query = select(sessions.c.id).join(users, users.c.id == sessions.c.user)
    query = query.where(sessions.c.expires_at > now, users.c.disabled_at.is_(None))
    told = {digest_of(secret): secret for secret in secrets}
    return frozenset(told[row.id] for row in each(conn, query, sessions.c.id, told))


def of_user(conn: Connection, user: str, now: datetime) -> list[Session]:
    """Return the sessions of a user that are not over, the newest first."""
    query = select(sessions).where(sessions.c.user == user, sessions.c.expires_at > now)
    return [
        Session(user=row.user, created_at=row.created_at, seen_at=row.seen_at, expires_at=row.expires_at)
        for row in conn.execute(query.order_by(sessions.c.created_at.desc(), sessions.c.id))
    ]


def prolong(conn: Connection, secret: str, now: datetime) -> None:
    """Let a session last anew from now on; it is written once an hour at most."""
    stale = sessions.c.id == digest_of(secret), sessions.c.seen_at <= now - _STEP, sessions.c.expires_at > now
    conn.execute(update(sessions).where(*stale).values(seen_at=now, expires_at=now + LASTS))


def end(conn: Connection, secret: str) -> None:
    """End a session."""
    conn.execute(delete(sessions).where(sessions.c.id == digest_of(secret)))


def end_all(conn: Connection, user: str, *, but: str | None = None) -> int:
    """End all sessions of a user, ``but`` the one of this secret; return how many there were."""
    ended = delete(sessions).where(sessions.c.user == user)
    if but is not None:
        ended = ended.where(sessions.c.id != digest_of(but))
    return len(conn.execute(ended.returning(sessions.c.id)).all())
