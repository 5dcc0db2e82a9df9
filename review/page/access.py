"""The way in and out: by the token that ``earmark up`` prints; as soon as there are users, by logging in."""

import logging
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from earmark.config import Settings
from earmark.errors import ConfigError
from review.page.attempts import in_words, limits
from review.page.call import AskedOfSelf, Call, local, said_to, tell
from review.page.gate import Crowded
from review.page.render import templates
from review.page.visit import Desk, desk_of
from review.passwords import fits, hashed, is_stale
from storage import sessions, users
from storage.audit import Deed, record
from storage.engine import Engine, reading, writing

__all__ = ["login_page", "refuse_open_address", "router"]

router = APIRouter()
_KNOWN: Final = "known"
_YEAR: Final = timedelta(days=365)
_UNDONE: Final = (
    "You are logged in again. What you sent before that was not done: please do it once more. "
    "All that you did earlier is kept."
)
_NO: Final = (
    "That name and that password don't belong together. Try again, or ask an admin for a new password."
)
_log = logging.getLogger(__name__)


def refuse_open_address(settings: Settings, engine: Engine) -> None:
    """Raise ConfigError when the page would listen beyond this machine while nobody must log in."""
    host = settings.page.address.rpartition(":")[0].strip("[]")
    if host == "::1" or host.startswith("127."):
        return
    with reading(engine) as connection:
        if users.exist(connection):
            return
    raise ConfigError(
        f"page.address is {settings.page.address}, which other machines reach, and nobody must log in yet. "
        "Add a user first: earmark users add NAME --role admin. Or let it listen on 127.0.0.1."
    )


def login_page(
    said: str, back: str, *, name: str = "", undone: bool = False, status: int = 200, wait: int = 0
) -> Response:
    """Return the page on which somebody logs in; ``back`` is where they go then, ``wait`` in seconds."""
    shown = templates.get_template("login.html").render(said=said, back=local(back), name=name, undone=undone)
    return HTMLResponse(shown, status_code=status, headers={"retry-after": str(wait)} if wait else None)


@router.get("/enter")
def _enter(
    request: Request, token: Annotated[str, Query()] = "", back: Annotated[str, Query()] = "/"
) -> Response:
    """Let the owner of the workspace in, who has its token."""
    desk = desk_of(request)
    if desk.keys.are_personal():
        return RedirectResponse("/login", status_code=303)
    if not desk.keys.opens(token):
        raise HTTPException(401, "That address is of another workspace, or cut short. See: earmark page")
    answer = RedirectResponse(local(back), status_code=303)
    _give(answer, desk, "key", token, sessions.LASTS)
    return answer


@router.get("/login")
def _form(request: Request, back: Annotated[str, Query()] = "/") -> Response:
    """Show where one logs in; without users there is nothing to log in to."""
    if not desk_of(request).keys.are_personal():
        return RedirectResponse("/", status_code=303)
    return login_page(said_to(request), back)


@router.post("/login")
async def _log_in(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
    undone: Annotated[str, Form()] = "",
) -> Response:
    """Begin a session for somebody who knows a user's password."""
    desk = desk_of(request)
    user, stored = await run_in_threadpool(_meant, desk.engine, name)
    known = user is not None and desk.keys.knows(user, request.cookies.get(desk.keys.cookie(_KNOWN), ""))
    counted = limits(user or name.strip().lower(), request.client.host if request.client else "", known=known)
    wait = desk.attempts.begin(counted, desk.clock())
    if wait:
        return _wait(wait, name, back, undone=bool(undone))
    try:
        is_theirs = await desk.gate.run(fits, stored, password)
    except Crowded:
        desk.attempts.succeeded(counted)
        return login_page(
            "Too many people log in just now. Try again in some seconds.",
            back,
            name=name,
            undone=bool(undone),
            status=503,
            wait=5,
        )
    if user is None or stored is None or not is_theirs:
        _log.warning("a login failed", extra={"peer": request.client.host if request.client else ""})
        return login_page(_NO, back, name=name, undone=bool(undone), status=401)
    desk.attempts.succeeded(counted)
    better = await desk.gate.run(hashed, password) if is_stale(stored) else None
    secret = await run_in_threadpool(_begin, desk, user, better)
    answer = tell(RedirectResponse(local(back), status_code=303), _UNDONE if undone else "", desk)
    _give(answer, desk, "key", secret, sessions.LASTS)
    _give(answer, desk, _KNOWN, desk.keys.sign_of(user), _YEAR)
    return answer


@router.post("/logout")
def _log_out(call: AskedOfSelf) -> Response:
    """End the session of this browser."""
    if call.desk.keys.are_personal():
        with call.writing() as connection:
            sessions.end(connection, call.entry.secret)
            call.log(connection, "user.logout", call.viewer.id)
    return _out(call)


@router.post("/logout/everywhere")
def _log_out_everywhere(call: AskedOfSelf) -> Response:
    """End all sessions of the viewer, this one too."""
    with call.writing() as connection:
        ended = sessions.end_all(connection, call.viewer.id)
        call.log(connection, "user.logout", call.viewer.id, f"Everywhere: {ended} browsers.")
    return _out(call)


def _out(call: Call) -> Response:
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(call.desk.keys.cookie(), httponly=True, samesite="lax", secure=call.desk.is_secure)
    return answer


def _give(answer: Response, desk: Desk, about: str, value: str, lasts: timedelta) -> None:
    seconds = int(lasts.total_seconds())
    name = desk.keys.cookie(about)
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=desk.is_secure)


def _meant(engine: Engine, name: str) -> tuple[str | None, str | None]:
    """Return the id of the user whom somebody means, and the hash of their password."""
    with reading(engine) as connection:
        user = users.known_as(connection, name)
        stored = users.password_of(connection, user.id if user else "")
        return (user.id, stored) if user and user.disabled_at is None else (None, None)


def _begin(desk: Desk, user: str, better: str | None) -> str:
    """Begin a session, with the password kept under ``better`` settings from now on; return its secret."""
    with writing(desk.engine) as connection:
        if better is not None:
            users.set_password(connection, user, better)
        record(connection, Deed(at=desk.clock(), by=user, verb="user.login", subject=user))
        return sessions.begin(connection, user, desk.clock())


def _wait(wait: timedelta, name: str, back: str, *, undone: bool) -> Response:
    said = f"Too many logins failed under this name or from this place. Try again in {in_words(wait)}."
    seconds = max(1, round(wait.total_seconds()))
    return login_page(said, back, name=name, undone=undone, status=429, wait=seconds)
