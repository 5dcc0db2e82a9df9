"""Keys for programs and for links: each is kept by its digest, so who reads the database can't use them."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, or_, select, update

from storage.tables import tokens
from storage.users import enters

__all__ = ["Token", "create", "digest_of", "find", "of_user", "revoke", "used"]

_RANDOM: Final = 32  # bytes of a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a secret opens: ``purpose`` is api, feed or unsubscribe; ``query`` the view that a feed shows."""

    id: str
    purpose: str
    user: str
    name: str
    created_at: datetime
    scopes: tuple[str, ...] = ()
    query: str | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


def create(
    conn: Connection,
    *,
    purpose: str,
    user: str,
    name: str,
    at: datetime,
    scopes: Collection[str] = (),
    query: str | None = None,
) -> tuple[Token, str]:
    """Add a token and return it with its secret, which nobody can read again."""
    secret = f"earmark_{purpose}_{secrets.token_urlsafe(_RANDOM)}"
    made = Token(
        id=secrets.token_hex(8),
        purpose=purpose,
        user=user,
        name=name,
        created_at=at,
        scopes=tuple(sorted(scopes)),
        query=query,
    )
    row = {
        "id": made.id,
        "digest": digest_of(secret),
        "purpose": purpose,
        "user": user,
        "name": name,
        "scopes": made.scopes,
        "query": query,
        "created_at": at,
    }
    conn.execute(insert(tokens), [row])
    return made, secret


def find(conn: Connection, secret: str, purpose: str) -> Token | None:
    """Return the token of a secret; None for an unknown or revoked one, and for one of another purpose.

    A token ends with its user: one of a disabled user is none. As soon as there are users, one that was
    made before, by the owner of the machine, is none either.
    """
    query = select(tokens).where(tokens.c.digest == digest_of(secret), tokens.c.purpose == purpose)
    row = conn.execute(query.where(tokens.c.revoked_at.is_(None))).one_or_none()
    return _as_token(row) if row is not None and enters(conn, row.user) else None


def used(conn: Connection, token_id: str, at: datetime) -> None:
    """Note that a token was used, at most once an hour; for calls that write anyway, for a GET never does."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    stale = or_(tokens.c.used_at.is_(None), tokens.c.used_at < hour)
    conn.execute(update(tokens).where(tokens.c.id == token_id, stale).values(used_at=at))


def of_user(conn: Connection, user: str, purpose: str | None = None) -> list[Token]:
    """Return the tokens of a user that still open something, the newest first."""
    query = select(tokens).where(tokens.c.user == user, tokens.c.revoked_at.is_(None))
    if purpose is not None:
        query = query.where(tokens.c.purpose == purpose)
    return [_as_token(row) for row in conn.execute(query.order_by(tokens.c.created_at.desc(), tokens.c.id))]


def revoke(conn: Connection, token_id: str, user: str, at: datetime) -> bool:
    """End a token of this user; tell whether there was one."""
    held = tokens.c.id == token_id, tokens.c.user == user, tokens.c.revoked_at.is_(None)
    ended = update(tokens).where(*held).values(revoked_at=at).returning(tokens.c.id)
    return bool(conn.execute(ended).all())


def digest_of(secret: str) -> str:
    """Return what is kept in the place of a random secret; it is too long to be guessed, so no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _as_token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        purpose=row.purpose,
        user=row.user,
        name=row.name,
        created_at=row.created_at,
        scopes=row.scopes,
        query=row.query,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
