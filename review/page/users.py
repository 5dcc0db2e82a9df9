"""Users on the page: an admin adds them, and says what they may do."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Final, ParamSpec

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from earmark.errors import ConfigError
from review import users as team
from review.page.call import Asked, Call, needs, tell
from review.page.settings import tabs
from review.page.viewer import Role
from review.passwords import hashed
from storage import users

__all__ = ["router"]

router = APIRouter(prefix="/settings/users", dependencies=[needs(Role.ADMIN)])
_HERE: Final = "/settings/users"
_ROLES: Final = {
    Role.ADMIN: "users, sources, targets, settings",
    Role.MANAGER: "the whole list, and the rulebook",
    Role.REP: "works their own accounts and territory",
    Role.READ_ONLY: "looks, and changes nothing",
}
_Word = Annotated[str, Form()]
P = ParamSpec("P")


@router.get("")
def _shown(call: Asked) -> Response:
    """Show who may enter."""
    return _page(call)


@router.post("")
def _add(
    call: Asked,
    user: _Word = "",
    name: _Word = "",
    email: _Word = "",
    role: _Word = "rep",
    rep: _Word = "",
    password: _Word = "",
) -> Response:
    """Add a user; with the first one everybody logs in, who adds them too."""
    told = {"role": role, "name": name, "email": email, "rep": rep}
    try:
        kept = hashed(password)
        with call.writing() as connection:
            added = team.add(connection, user, password=kept, **told, by=call.viewer.id, now=call.now)
    except ConfigError as error:
        return _page(call, wrong=str(error), typed={"user": user, **told})
    if not call.is_personal:
        said = f"Added {added.id}. From now on everybody logs in; so do you."
        return tell(RedirectResponse("/login", status_code=303), said, call.desk)
    return call.back(_HERE, f"Added {added.id}. Tell them their password; they can change it in Settings.")


def _or_said(route: Callable[P, Response]) -> Callable[P, Response]:
    """Let a route answer what is wrong above the list of users."""

    @wraps(route)
    def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return route(*args, **kwargs)
        except ConfigError as error:
            call = kwargs["call"]
            assert isinstance(call, Call)  # noqa: S101 - every route here takes it
            return _page(call, wrong=str(error))

    return answer


@router.post("/{user_id}")
@_or_said
def _change(
    call: Asked, user_id: str, name: _Word = "", email: _Word = "", role: _Word = "", rep: _Word = ""
) -> Response:
    """Change what a user may do, and who they are."""
    told = {"role": role, "name": name, "email": email, "rep": rep}
    with call.writing() as connection:
        team.change(connection, user_id, **told, by=call.viewer.id, now=call.now)
    return call.back(_HERE, f"Changed {user_id}.")


@router.post("/{user_id}/password")
@_or_said
def _password(call: Asked, user_id: str, password: _Word = "") -> Response:
    """Give a user another password; they are logged out everywhere."""
    kept = hashed(password)
    with call.writing() as connection:
        team.set_password(connection, user_id, kept, by=call.viewer.id, now=call.now)
    return call.back(_HERE, f"{user_id} has another password, and is logged out everywhere.")


@router.post("/{user_id}/disable")
@_or_said
def _disable(call: Asked, user_id: str) -> Response:
    """Let a user in no more."""
    with call.writing() as connection:
        team.disable(connection, user_id, by=call.viewer.id, now=call.now)
    return call.back(_HERE, f"{user_id} enters no more; what they did stays theirs.")


@router.post("/{user_id}/enable")
@_or_said
def _enable(call: Asked, user_id: str) -> Response:
    """Let a disabled user in again."""
    with call.writing() as connection:
        team.enable(connection, user_id, by=call.viewer.id, now=call.now)
    return call.back(_HERE, f"{user_id} may enter again.")


def _page(call: Call, *, wrong: str = "", typed: dict[str, str] | None = None) -> Response:
    with call.reading() as connection:
        found, reps = users.every(connection), team.reps_of(connection)
    first = {"user": "", "name": "", "email": "", "role": "rep" if found else "admin", "rep": ""}
    values: dict[str, Any] = {"users": found, "reps": reps, "roles": _ROLES, "wrong": wrong}
    return call.page(
        "settings_users.html",
        status=422 if wrong else 200,
        typed=typed or first,
        tabs=tabs(call),
        **values,
    )
