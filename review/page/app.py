"""The page as one application: its routes, its doors, and what it says when something fails."""

import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from earmark.config import Settings, clock
from earmark.errors import EarmarkError, StorageError
from review.api import app as api
from review.page import (
    access,
    account,
    accounts,
    acts,
    adding,
    conversations,
    detail,
    digests,
    exports,
    feeds,
    files,
    health,
    imports,
    insights,
    learned,
    live,
    merging,
    plays,
    rules,
    scouting,
    settings,
    sources,
    today,
    users,
    views,
    welcome,
)
from review.page.doors import Doors, names_of
from review.page.keys import Keys
from review.page.render import STATIC, templates
from review.page.visit import Desk, desk_of
from storage.engine import Engine

__all__ = ["create"]

_ROUTES: Final = (
    access.router,
    sources.router,
    adding.router,
    scouting.router,
    exports.router,
    files.router,
    health.router,
    learned.router,
    settings.router,
    users.router,
    today.router,
    detail.router,
    acts.router,
    live.router,
    views.router,
    digests.router,
    feeds.router,
    imports.router,
    merging.router,
    accounts.router,
    conversations.router,
    welcome.router,
    insights.router,
    plays.router,
    rules.router,  # after what else begins with /rules/
    account.router,  # after what else begins with /accounts/
)
_MOST: Final = 1_000_000  # bytes of a form; a route that takes files says so itself
_log = logging.getLogger(__name__)


def create(settings: Settings, engine: Engine, token: str, *, now: Callable[[], datetime] = clock) -> FastAPI:
    """Return the application over a migrated database; ``token`` opens it while there are no users.

    ConfigError when it would listen beyond this machine while nobody must log in.
    """
    access.refuse_open_address(settings, engine)
    app = FastAPI(
        title="earmark",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        max_body_size=_MOST,
    )
    keys, page = Keys(token, engine, now), settings.page
    app.state.desk = Desk(settings=settings, engine=engine, keys=keys, clock=now)
    app.add_middleware(Doors, hosts=names_of(page.address, page.hosts, page.url), keys=keys, broke=_broke)
    app.mount("/static", StaticFiles(directory=STATIC))
    for router in _ROUTES:
        app.include_router(router)
    app.mount("/api/v1", api.create(app))
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(EarmarkError, _failed)
    app.add_exception_handler(RequestValidationError, _unread)
    return app


def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = str(error.detail) if isinstance(error, HTTPException) else ""
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        return _let_in(request, said)
    words = "There is no such page" if status == 404 else "That was refused"  # noqa: PLR2004 - see above
    if said == HTTPStatus.NOT_FOUND.phrase:
        said = "The address is mistyped, or what it showed is gone."
    return _told(request, status, words, said)


def _let_in(request: Request, said: str) -> Response:
    """Ask somebody to log in, and remember where they were; a script is told in plain words."""
    if request.headers.get("x-earmark") or "text/event-stream" in request.headers.get("accept", ""):
        return PlainTextResponse(said, status_code=401)
    if not desk_of(request).keys.are_personal():
        return _told(request, 401, "Log in first", said, enter=True)
    undone = getattr(request.state, "undone", None)
    if undone is not None:
        return access.login_page(said, undone, undone=True, status=401)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return access.login_page("", here, status=401)


def _failed(request: Request, error: Exception) -> Response:
    """Tell what was asked for and can't be done; what a person wrote is theirs to correct."""
    status = 503 if isinstance(error, StorageError) else 422
    return _told(request, status, "That can't be done", str(error))


def _unread(request: Request, error: Exception) -> Response:
    """Tell which part of an address or a form can't be read."""
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    said = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in faults)
    return _told(request, 422, "That can't be read", f"{said}. Go back and correct it.")


def _broke(request: Request, error: Exception) -> Response:
    _log.error("a page failed", exc_info=error, extra={"path": request.url.path})
    said = "This is a bug; the log says more. Nothing was changed."
    return _told(request, 500, "This page could not be made", said)


def _told(request: Request, status: int, title: str, said: str, *, enter: bool = False) -> Response:
    if request.headers.get("x-earmark"):
        return PlainTextResponse(f"{title}. {said}", status_code=status)
    page = templates.get_template("told.html")
    return HTMLResponse(page.render(title=title, said_why=said, enter=enter), status_code=status)
