"""Who may enter the page, by which role. Without users the page belongs to the owner of the machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from earmark.errors import ConfigError
from storage.rows import upsert
from storage.tables import users
from storage.values import clean

__all__ = [
    "OWNER",
    "User",
    "add",
    "change",
    "disable",
    "enable",
    "enters",
    "every",
    "exist",
    "get",
    "known_as",
    "password_of",
    "prefer",
    "set_password",
]

OWNER: Final = "owner"
"""Who has the workspace on their own machine; their row holds preferences and makes no user of them."""
_ADMIN: Final = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who logs in; ``rep`` is the id of the rep of the rulebook that they are."""

    id: str
    name: str
    role: str
    created_at: datetime
    email: str | None = None
    rep: str | None = None
    preferences: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    disabled_at: datetime | None = None


def exist(conn: Connection) -> bool:
    """Tell whether there are users: then nobody enters but by logging in."""
    return conn.execute(select(users.c.id).where(users.c.id != OWNER).limit(1)).first() is not None


def enters(conn: Connection, user_id: str) -> bool:
    """Tell whether this is a user who may enter, or the owner as long as there are no users."""
    if user_id == OWNER:
        return not exist(conn)
    still = users.c.id == user_id, users.c.disabled_at.is_(None)
    return conn.execute(select(users.c.id).where(*still)).first() is not None


def get(conn: Connection, user_id: str) -> User | None:
    """Return one user, or the owner where they told something of themselves; else None."""
    row = conn.execute(select(users).where(users.c.id == user_id)).one_or_none()
    return None if row is None else _as_user(row)


def known_as(conn: Connection, text: str) -> User | None:
    """Return the one user whom somebody means by an id or an e-mail address; upper case does not matter."""
    wanted = clean(text).strip().lower()
    query = select(users).where(users.c.id != OWNER)
    rows = conn.execute(query.where(or_(users.c.id == wanted, func.lower(users.c.email) == wanted))).all()
    by_id = [row for row in rows if row.id == wanted] or rows
    return _as_user(by_id[0]) if len(by_id) == 1 else None


def every(conn: Connection) -> list[User]:
    """Return all users by id, also the disabled ones."""
    return [
        _as_user(row) for row in conn.execute(select(users).where(users.c.id != OWNER).order_by(users.c.id))
    ]


def password_of(conn: Connection, user_id: str) -> str | None:
    """Return the hash of a user's password."""
    return conn.execute(select(users.c.password).where(users.c.id == user_id)).scalar_one_or_none()


def add(conn: Connection, user: User, password: str) -> None:
    """Add a user with the hash of a password; ConfigError when they can't be added, with what to do."""
    others = _held(conn)
    if user.id == OWNER:
        raise ConfigError(f"{OWNER!r} is who owns the machine. Give the user another id.")
    if user.id in others:
        raise ConfigError(f"There is a user {user.id!r} already. Give another id, or change that user.")
    if not others and user.role != _ADMIN:
        raise ConfigError(
            f"The first user must be an admin: somebody has to add the others. Add {user.id!r} as admin."
        )
    _refuse_twice(others, user.id, user.email)
    row = {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "rep": user.rep,
        "password": password,
        "preferences": user.preferences,
        "created_at": user.created_at,
        "disabled_at": user.disabled_at,
    }
    conn.execute(insert(users), [row])


def change(
    conn: Connection, user_id: str, *, name: str, role: str, rep: str | None, email: str | None
) -> User:
    """Give a user these particulars; ConfigError for an unknown one, and for the last admin's role."""
    others = _held(conn)
    if role != _ADMIN:
        _refuse_last(others, user_id)
    _known(others, user_id)
    _refuse_twice(others, user_id, email)
    values = {"name": name, "role": role, "rep": rep, "email": email}
    row = conn.execute(update(users).where(users.c.id == user_id).values(values).returning(users)).one()
    return _as_user(row)


def set_password(conn: Connection, user_id: str, password: str) -> None:
    """Keep the hash of another password; ConfigError for an unknown user."""
    _known(_held(conn), user_id)
    conn.execute(update(users).where(users.c.id == user_id).values(password=password))


def disable(conn: Connection, user_id: str, at: datetime) -> None:
    """Let a user in no more; ConfigError for an unknown one, and for the last admin."""
    others = _held(conn)
    _known(others, user_id)
    _refuse_last(others, user_id)
    still = users.c.id == user_id, users.c.disabled_at.is_(None)
    conn.execute(update(users).where(*still).values(disabled_at=at))


def enable(conn: Connection, user_id: str) -> None:
    """Let a disabled user in again; ConfigError for an unknown one."""
    _known(_held(conn), user_id)
    conn.execute(update(users).where(users.c.id == user_id).values(disabled_at=None))


def prefer(conn: Connection, user_id: str, given: Mapping[str, str], at: datetime) -> None:
    """Keep what somebody prefers, over what they preferred; an empty word takes a preference away."""
    known = get(conn, user_id)
    merged = {key: value for key, value in {**(known.preferences if known else {}), **given}.items() if value}
    row = {"id": user_id, "name": "You", "role": _ADMIN, "preferences": merged, "created_at": at}
    statement = upsert(conn, users).values(row)
    over = {"preferences": statement.excluded.preferences}
    conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=over))


def _held(conn: Connection) -> dict[str, User]:
    """Return all users, held until the end of the transaction: two must not disable one another at once."""
    rows = conn.execute(select(users).where(users.c.id != OWNER).order_by(users.c.id).with_for_update())
    return {row.id: _as_user(row) for row in rows}


def _known(all_users: Mapping[str, User], user_id: str) -> None:
    if user_id not in all_users:
        raise ConfigError(f"There is no user {user_id!r}. See them with: earmark users list")


def _refuse_last(all_users: Mapping[str, User], user_id: str) -> None:
    admins = {one.id for one in all_users.values() if one.role == _ADMIN and one.disabled_at is None}
    if admins == {user_id}:
        raise ConfigError(
            f"{user_id!r} is the last admin, and somebody must stay one. Make another admin first."
        )


def _refuse_twice(all_users: Mapping[str, User], user_id: str, email: str | None) -> None:
    wanted = (email or "").lower()
    taken = next(
        (one.id for one in all_users.values() if wanted and (one.email or "").lower() == wanted), user_id
    )
    if taken != user_id:
        raise ConfigError(f"{email} is the address of {taken!r} already. Give each user one of their own.")


def _as_user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=row.role,
        created_at=row.created_at,
        email=row.email,
        rep=row.rep,
        preferences=row.preferences,
        disabled_at=row.disabled_at,
    )
