"""Who may enter the page: the rules for adding and changing users, for terminal and page alike."""

import re
from datetime import datetime
from typing import Final

from earmark.config.tables import nearest
from earmark.errors import ConfigError
from earmark.rulebook import parse
from review.page.viewer import Role
from review.versions import in_force
from storage import sessions, users
from storage.audit import Deed, record
from storage.engine import Connection
from storage.users import User

__all__ = ["add", "change", "disable", "enable", "reps_of", "set_password"]

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_MAIL: Final = re.compile(r"[^\s@:/<>]+@[^\s@:/<>]+\.[^\s@:/<>]+")
_LONGEST: Final = 200


def add(  # noqa: PLR0913 - the particulars of a user, each by its name
    connection: Connection,
    user_id: str,
    *,
    role: str,
    password: str,
    name: str = "",
    email: str | None = None,
    rep: str | None = None,
    by: str,
    now: datetime,
) -> User:
    """Add a user; ConfigError says what is wrong with one of these particulars, and nothing is stored.

    ``password`` is the hash of one (``review.passwords.hashed``). A user whose id is that of a rep of the
    rulebook is that rep, unless told otherwise.
    """
    wanted = user_id.strip().lower()
    if not _ID.fullmatch(wanted):
        raise ConfigError(
            f"{user_id!r} can't be the id of a user. Take letters, digits, dots and dashes, such as ada.lind."
        )
    known = reps_of(connection)
    user = User(
        id=wanted,
        name=_name(name) or wanted,
        role=_role(role),
        email=_email(email),
        rep=_rep(rep, known) or (wanted if wanted in known else None),
        created_at=now,
    )
    users.add(connection, user, password)
    _note(connection, "user.add", wanted, f"Added as {_words(user)}.", by, now)
    return user


def change(
    connection: Connection,
    user_id: str,
    *,
    role: str | None = None,
    name: str | None = None,
    email: str | None = None,
    rep: str | None = None,
    by: str,
    now: datetime,
) -> User:
    """Change what is given of a user, an empty word takes it away; ConfigError says what is wrong with it."""
    before = users.get(connection, user_id) if user_id != users.OWNER else None
    if before is None:
        raise ConfigError(f"There is no user {user_id!r}. See them with: earmark users list")
    after = users.change(
        connection,
        user_id,
        name=before.name if name is None else (_name(name) or user_id),
        role=before.role if role is None else _role(role),
        email=before.email if email is None else _email(email),
        rep=before.rep if rep is None else _rep(rep, reps_of(connection)),
    )
    if after != before:
        said = f"{_words(before).capitalize()} before, {_words(after)} now."
        _note(connection, "user.change", user_id, said, by, now)
    return after


def set_password(
    connection: Connection, user_id: str, password: str, *, by: str, now: datetime, but: str | None = None
) -> None:
    """Give a user another password, by its hash, and end their sessions, ``but`` the one of this secret."""
    users.set_password(connection, user_id, password)
    sessions.end_all(connection, user_id, but=but)
    _note(connection, "user.password", user_id, "Another password.", by, now)


def disable(connection: Connection, user_id: str, *, by: str, now: datetime) -> None:
    """Let a user in no more, from this moment on; what they did stays theirs."""
    users.disable(connection, user_id, now)
    sessions.end_all(connection, user_id)
    _note(connection, "user.disable", user_id, "Enters no more.", by, now)


def enable(connection: Connection, user_id: str, *, by: str, now: datetime) -> None:
    """Let a disabled user in again."""
    users.enable(connection, user_id)
    _note(connection, "user.enable", user_id, "Enters again.", by, now)


def reps_of(connection: Connection) -> dict[str, str]:
    """Return the reps of the rulebook: their names by id."""
    return {rep.id: rep.name or rep.id for rep in parse(in_force(connection).text).reps}


def _name(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > _LONGEST:
        raise ConfigError(f"That name is too long. Take at most {_LONGEST} characters.")
    return name


def _role(text: str) -> str:
    try:
        return Role(text.strip().lower().replace("-", "_")).value
    except ValueError:
        raise ConfigError(f"There is no role {text!r}{nearest(text, tuple(Role))}.") from None


def _email(text: str | None) -> str | None:
    address = (text or "").strip()
    if address and not (_MAIL.fullmatch(address) and len(address) <= _LONGEST):
        raise ConfigError(f"{address[:80]!r} is no e-mail address.")
    return address or None


def _rep(text: str | None, known: dict[str, str]) -> str | None:
    rep = (text or "").strip()
    if rep and rep not in known:
        more = nearest(rep, tuple(known)) if known else "; it names none yet: add [[reps]] first"
        raise ConfigError(f"The rulebook has no rep {rep!r}{more}.")
    return rep or None


def _words(user: User) -> str:
    parts = [user.role.replace("_", " "), user.name, user.email or "", f"rep {user.rep}" if user.rep else ""]
    return ", ".join(part for part in parts if part)


def _note(connection: Connection, verb: str, subject: str, text: str, by: str, now: datetime) -> None:
    record(connection, Deed(at=now, by=by, verb=verb, subject=subject, text=text))
