"""Who calls the API: a token, the user it belongs to, and what both allow."""

import threading
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import Depends, HTTPException, Request

from review.moments import backwards, read_moment
from review.page.keys import bearer_of, viewer_of
from review.page.viewer import OWNER, Role, Viewer
from review.page.visit import Desk, Visit, desk_of
from storage import engine as database
from storage import tokens

__all__ = ["Called", "Caller", "Pace", "Right", "needs"]

_READS: Final = frozenset({"GET", "HEAD"})


class Right(StrEnum):
    """What a token may be used for; each holds those before it."""

    READ = "read"
    ACT = "act"
    ADMIN = "admin"


_ORDER: Final = tuple(Right)


class Pace:
    """How many calls each token has left in this minute."""

    def __init__(self, most: int = 600) -> None:
        self._most = most
        self._minute = -1
        self._counts: dict[str, int] = {}
        self._change = threading.Lock()

    def seconds_to_wait(self, token: str, now: datetime) -> int:
        """Count a call; return 0 when it may be answered, else after how many seconds it may be."""
        minute, second = divmod(int(now.timestamp()), 60)
        with self._change:
            if minute != self._minute:
                self._minute = minute
                self._counts.clear()
            self._counts[token] = count = self._counts.get(token, 0) + 1
        return 0 if count <= self._most else 60 - second


class Caller(Visit):
    """One call of the API by a program, for a user."""

    def __init__(self, request: Request, desk: Desk, viewer: Viewer, rights: frozenset[Right]) -> None:
        super().__init__(request, desk, viewer)
        self.rights = rights

    def since(self, text: str) -> datetime | None:
        """Read since when something is asked for: a date, a moment, or a distance such as 7d."""
        return read_moment(backwards(text), self.now, self.zone) if text.strip() else None


def _called(request: Request) -> Caller:
    """Return the caller that a bearer token stands for; 401 for none, 429 for one that calls too often."""
    desk = desk_of(request)
    secret = bearer_of(request)
    if not secret:
        raise HTTPException(
            401,
            "Send a token: Authorization: Bearer earmark_api_…; make one under Settings, API tokens.",
            {"www-authenticate": "Bearer"},
        )
    viewer, rights, name = _opened(desk, secret, writes=request.method not in _READS)
    if viewer is None:
        raise HTTPException(
            401,
            "This token opens nothing: it is cut short, was revoked, or its user was disabled.",
            {"www-authenticate": 'Bearer error="invalid_token"'},
        )
    pace: Pace = request.app.state.pace
    if wait := pace.seconds_to_wait(name, desk.clock()):
        raise HTTPException(
            429, f"Too many calls in this minute. Go on in {wait} s.", {"retry-after": str(wait)}
        )
    return Caller(request, desk, viewer, rights)


def _opened(desk: Desk, secret: str, *, writes: bool) -> tuple[Viewer | None, frozenset[Right], str]:
    """Return whom a secret stands for, what it allows, and its name; the key of a page is one too."""
    if desk.keys.opens(secret):
        with database.reading(desk.engine) as connection:
            return viewer_of(connection, OWNER.id), frozenset(Right), OWNER.id
    with database.reading(desk.engine) as connection:
        token = tokens.find(connection, secret, "api")
        viewer = viewer_of(connection, token.user) if token else None
    if token is None:
        return None, frozenset(), ""
    if writes:
        with database.writing(desk.engine) as connection:
            tokens.used(connection, token.id, desk.clock())
    highest = max((_ORDER.index(Right(scope)) for scope in token.scopes if scope in set(Right)), default=-1)
    return viewer, frozenset(_ORDER[: highest + 1]), token.id


Called = Annotated[Caller, Depends(_called)]
"""The caller, for a route of the API."""


def needs(right: Right, role: Role = Role.READ_ONLY) -> Any:
    """Return what lets only those call a route whose token has this right and whose user has this role."""

    def check(caller: Called) -> None:
        if right not in caller.rights:
            raise HTTPException(403, f"This token may not do that: it lacks the scope {right.value!r}.")
        if not caller.viewer.may(role):
            raise HTTPException(
                403, f"{caller.viewer.name} may not do that: it takes the role {role.value!r}."
            )

    return Depends(check)
