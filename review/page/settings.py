"""Settings: what somebody chose for themselves, their keys for programs, and how the machine runs."""

from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Response

from earmark.errors import ConfigError
from review.machine import settings_in_force
from review.page.attempts import in_words, own_limits
from review.page.call import Asked, AskedOfSelf, Call, needs
from review.page.viewer import Role
from review.passwords import fits, hashed
from review.users import set_password
from storage import sessions, tokens, users
from storage.deeds import done

__all__ = ["SCOPES", "router", "tabs"]

router = APIRouter()
SCOPES: Final = {
    "read": "See triggers, accounts and sources",
    "act": "Accept, dismiss, snooze and record outcomes as well",
    "admin": "Put accounts in, run replays, and (an admin's) change sources as well",
}
"""What a token of the API may be for, and in words."""
_THEMES: Final = ("auto", "light", "dark")
_MANAGER: Final = [needs(Role.MANAGER)]


def tabs(call: Call) -> list[tuple[str, str]]:
    """Return the screens of settings that the viewer may open: where each is, and what it is called."""
    found = [("/settings", "You", Role.READ_ONLY), ("/settings/tokens", "API tokens", Role.READ_ONLY)]
    found += [("/digest", "Digest", Role.READ_ONLY), ("/feeds", "Feeds", Role.READ_ONLY)]
    found += [("/settings/users", "Users", Role.ADMIN)]
    found += [
        ("/settings/log", "Who did what", Role.MANAGER),
        ("/settings/machine", "This machine", Role.MANAGER),
    ]
    return [(path, words) for path, words, role in found if call.viewer.may(role)]


@router.get("/settings")
def _own(call: AskedOfSelf) -> Response:
    """Show what the viewer may choose for themselves."""
    return _own_page(call)


@router.post("/settings/preferences")
def _prefer(
    call: AskedOfSelf, theme: Annotated[str, Form()] = "auto", keys: Annotated[str, Form()] = "off"
) -> Response:
    """Keep how the page looks and whether its keys work, for this viewer."""
    chosen = {"theme": theme if theme in _THEMES else "auto", "keys": "on" if keys == "on" else "off"}
    with call.writing() as connection:
        users.prefer(connection, call.viewer.id, chosen, call.now)
    return call.back("/settings", "Saved.")


@router.post("/settings/password")
def _password(
    call: AskedOfSelf,
    old: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Give the viewer another password, who knows the old one; their other browsers are logged out."""
    attempts, counted = call.desk.attempts, own_limits(call.viewer.id)
    if wait := attempts.begin(counted, call.now):
        said = f"Too many wrong passwords. Nothing was changed; try again in {in_words(wait)}."
        return _own_page(call, wrong=said, status=429)
    with call.reading() as connection:
        stored = users.password_of(connection, call.viewer.id)
    try:
        if not fits(stored, old):
            raise ConfigError("That is not your password of now. Nothing was changed.")  # noqa: TRY301 - told below
        attempts.succeeded(counted)
        if new != again:
            raise ConfigError("The two new passwords differ. Type the same one twice.")  # noqa: TRY301 - told below
        kept = hashed(new)
    except ConfigError as error:
        return _own_page(call, wrong=str(error), status=422)
    with call.writing() as connection:
        set_password(connection, call.viewer.id, kept, by=call.viewer.id, now=call.now, but=call.entry.secret)
    return call.back("/settings", "Your password is another one now; your other browsers are logged out.")


@router.get("/settings/tokens")
def _tokens(call: AskedOfSelf) -> Response:
    """Show the keys of the viewer's programs."""
    return _tokens_page(call)


@router.post("/settings/tokens")
def _create_token(
    call: Asked, name: Annotated[str, Form()] = "", scopes: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Make a key for a program, and show it this once."""
    name, wanted = " ".join(name.split())[:100], [scope for scope in scopes or () if scope in SCOPES]
    if not name or not wanted:
        said = "Say what the token is for, and choose at least one thing that it may do."
        return _tokens_page(call, wrong=said, status=422)
    if "admin" in wanted and not call.viewer.may(Role.MANAGER):  # each route asks for the role besides
        return _tokens_page(
            call, wrong="A token may do no more than you may: leave out the last one.", status=422
        )
    with call.writing() as connection:
        made, secret = tokens.create(
            connection, purpose="api", user=call.viewer.id, name=name, at=call.now, scopes=wanted
        )
        call.log(connection, "token.create", made.id, f"{name}: {', '.join(made.scopes)}")
    return _tokens_page(call, secret=secret)


@router.post("/settings/tokens/{token_id}/revoke")
def _revoke_token(call: AskedOfSelf, token_id: str) -> Response:
    """End a key of the viewer's."""
    with call.writing() as connection:
        ended = tokens.revoke(connection, token_id, call.viewer.id, call.now)
        if ended:
            call.log(connection, "token.revoke", token_id)
    return call.back(
        "/settings/tokens", "That token opens nothing any more." if ended else "It was gone already."
    )


@router.get("/settings/log", dependencies=_MANAGER)
def _log(call: Asked, after: Annotated[str | None, Query()] = None) -> Response:
    """Show who did what."""
    with call.reading() as connection:
        found = done(connection, after)
    return call.page("settings_log.html", found=found, tabs=tabs(call))


@router.get("/settings/machine", dependencies=_MANAGER)
def _machine(call: Asked) -> Response:
    """Show the settings in force; they are changed in the file, by who runs the machine."""
    return call.page(
        "settings_machine.html",
        settings=settings_in_force(call.settings),
        version=version("earmark"),
        tabs=tabs(call),
    )


def _own_page(call: Call, *, wrong: str = "", status: int = 200) -> Response:
    with call.reading() as connection:
        logins = sessions.of_user(connection, call.viewer.id, call.now) if call.is_personal else []
    return call.page(
        "settings.html", status=status, wrong=wrong, logins=logins, themes=_THEMES, tabs=tabs(call)
    )


def _tokens_page(call: Call, *, wrong: str = "", secret: str = "", status: int = 200) -> Response:
    with call.reading() as connection:
        found = tokens.of_user(connection, call.viewer.id, "api")
    values: dict[str, Any] = {"tokens": found, "scopes": SCOPES, "wrong": wrong, "secret": secret}
    return call.page("settings_tokens.html", status=status, tabs=tabs(call), **values)
