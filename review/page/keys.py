"""Keys: who is let in.

One token opens the page of a workspace without users, to its own machine. As soon as there are users they
log in, and each browser holds the secret of a session.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from earmark.errors import ConfigError
from earmark.rulebook import parse
from earmark.types import Rep
from review.page.viewer import OWNER, Role, Viewer
from storage import rulebook, sessions, tokens, users
from storage.engine import Connection, Engine, reading, writing

__all__ = ["Entry", "Keys", "bearer_of", "cookie_of", "page_token", "viewer_of"]

_FILE: Final = ".earmark-page"


def page_token(workspace: Path) -> str:
    """Return the token of a workspace; the first time it is made, in a file that its owner alone can read."""
    file = workspace / _FILE
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_text(encoding="ascii").strip()
    token = secrets.token_urlsafe(24)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(token)
    return token


def cookie_of(token: str, about: str = "key") -> str:
    """Return the name of a cookie of the page that this token opens.

    A browser shares cookies among all ports of a machine: two workspaces must not overwrite each other's.
    """
    return f"earmark_{about}_{_word(token, 'cookie')[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Somebody who was let in: who, the secret that their browser holds, and the word of their forms."""

    viewer: Viewer
    secret: str
    csrf: str


class Keys:
    """The keys of one page: ``token`` is the one of its workspace."""

    def __init__(self, token: str, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._token, self._engine, self._clock = token, engine, clock

    def cookie(self, about: str = "key") -> str:
        """Return the name of a cookie of this page: its key, or what else a browser keeps for it."""
        return cookie_of(self._token, about)

    async def entered(self, request: Request) -> Entry | None:
        """Return who calls; None for somebody unknown."""
        shown = request.cookies.get(self.cookie(), "")
        return await run_in_threadpool(self._entry, shown) if shown else None

    def _entry(self, shown: str) -> Entry | None:
        with reading(self._engine) as connection:
            if not users.exist(connection):
                viewer = viewer_of(connection, OWNER.id) if self._is_token(shown) else None
            else:
                session = sessions.find(connection, shown, self._clock())
                viewer = viewer_of(connection, session.user) if session else None
        return Entry(viewer=viewer, secret=shown, csrf=_word(shown, "form")[:32]) if viewer else None

    def still(self, connection: Connection, secrets: Collection[str]) -> frozenset[str]:
        """Return those of the secrets that browsers hold that open the page still."""
        if not users.exist(connection):
            return frozenset(filter(self._is_token, secrets))
        return sessions.standing(connection, secrets, self._clock())

    def opens(self, token: str) -> bool:
        """Tell whether this is the token of the page, and opens it still: it does until there are users."""
        return self._is_token(token) and not self.are_personal()

    async def opens_api(self, secret: str) -> bool:
        """Tell whether a program may call with this secret."""
        return await run_in_threadpool(self._opens_api, secret)

    def _opens_api(self, secret: str) -> bool:
        if self.opens(secret):
            return True
        with reading(self._engine) as connection:
            return tokens.find(connection, secret, "api") is not None

    def are_personal(self) -> bool:
        """Tell whether there are users, who log in."""
        with reading(self._engine) as connection:
            return users.exist(connection)

    def is_ours(self, csrf: str, shown: str) -> bool:
        """Tell whether a form carries the word that it was given."""
        return _same(csrf, shown)

    def prolong(self, entry: Entry) -> None:
        """Let the session of somebody who changes something last anew."""
        if not self._is_token(entry.secret):
            with writing(self._engine) as connection:
                sessions.prolong(connection, entry.secret, self._clock())

    def sign_of(self, user: str) -> str:
        """Return what a browser holds that has logged in as this user before; it opens nothing."""
        return _word(self._token, f"known {user}")

    def knows(self, user: str, shown: str) -> bool:
        """Tell whether a browser has logged in as this user before."""
        return _same(self.sign_of(user), shown)

    def _is_token(self, shown: str) -> bool:
        return _same(self._token, shown)


def bearer_of(request: Request) -> str:
    """Return the secret that a program sends in its header; nothing when it sends none."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def viewer_of(connection: Connection, user_id: str) -> Viewer | None:
    """Return a user who may enter as a viewer; the owner of the machine as long as there are no users.

    None for a disabled or unknown user. For tokens and mails, which know a user by their id.
    """
    if not users.enters(connection, user_id):
        return None
    user = users.get(connection, user_id)
    if user is None:
        return OWNER
    return Viewer(
        id=user.id,
        name=user.name,
        role=Role(user.role),
        email=user.email,
        rep=_rep(connection, user.rep) if user.rep else None,
        preferences=tuple(sorted(user.preferences.items())),
    )


def _rep(connection: Connection, rep_id: str) -> Rep | None:
    newest = rulebook.latest(connection)
    return next((rep for rep in _reps(newest[1]) if rep.id == rep_id), None) if newest else None


@lru_cache(maxsize=4)
def _reps(text: str) -> tuple[Rep, ...]:
    """Return the reps of a rulebook; it is read once, for each call asks for them."""
    try:
        return tuple(Rep(**rep.model_dump()) for rep in parse(text).reps)
    except ConfigError:  # a rulebook of a version to come: it locks nobody out, and names no reps
        return ()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _word(secret: str, about: str) -> str:
    return hmac.new(secret.encode("utf-8", "replace"), about.encode(), hashlib.sha256).hexdigest()
