"""The API as an application of its own, which the page mounts: all that it says is JSON, faults too."""

import logging
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from earmark.errors import EarmarkError, StorageError
from review.api import accounts, actions, judgements, merges, replays, sources, triggers, views
from review.api.caller import Pace, Right, needs

__all__ = ["Fault", "create"]

_ROUTES: Final = (triggers, accounts, merges, judgements, actions, sources, replays, views)
_MOST: Final = 8_000_000  # bytes of a body: some ten thousand accounts
_CODES: Final = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "no_such_method",
    413: "too_long",
    422: "invalid",
    429: "too_many_calls",
    503: "unavailable",
}
_log = logging.getLogger(__name__)


class Fault(BaseModel):
    """What is said of a call that was not answered."""

    error: str = Field(description="a sentence that says what to do")
    code: str = Field(description=", ".join(sorted({*_CODES.values(), "failed"})))


def create(page: FastAPI) -> FastAPI:
    """Return the application, to be mounted at /api/v1 of the page; it shares the page's desk."""
    app = FastAPI(
        title="earmark",
        summary="Reasons to call a company now.",
        version=version("earmark"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        servers=[{"url": "/api/v1"}],
        max_body_size=_MOST,
        generate_unique_id_function=_name_of,
    )
    app.state.desk, app.state.page, app.state.pace = page.state.desk, page, Pace()
    for room in _ROUTES:
        app.include_router(room.router, responses=_FAULTS)
    app.add_api_route("/openapi.json", _described, include_in_schema=False, dependencies=[needs(Right.READ)])
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _wrong)
    app.add_exception_handler(EarmarkError, _failed)
    app.add_exception_handler(Exception, _broke)
    return app


_FAULTS: Final[dict[int | str, dict[str, Any]]] = {
    "default": {"model": Fault, "description": "A fault: 401, 403, 404, 413, 422, 429, 500 or 503."}
}


def _name_of(route: APIRoute) -> str:
    """Return what programs that are made of the description call a route: list_triggers."""
    return route.name


def _described(request: Request) -> JSONResponse:
    """Return what the API can do, as OpenAPI."""
    described: dict[str, Any] = dict(request.app.openapi())
    bearer = {"type": "http", "scheme": "bearer", "description": "A token of Settings, API tokens."}
    parts = {**described.get("components", {}), "securitySchemes": {"bearer": bearer}}
    return JSONResponse({**described, "components": parts, "security": [{"bearer": []}]})


def _said(status: int, error: str, headers: Any = None) -> JSONResponse:
    return JSONResponse(
        {"error": error, "code": _CODES.get(status, "failed")}, status_code=status, headers=headers
    )


def _refused(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return _broke(request, error)
    plain = {404: "There is nothing at this address.", 405: "This address does not know that method."}
    default = error.detail in {"Not Found", "Method Not Allowed"}
    said = plain.get(error.status_code, str(error.detail)) if default else str(error.detail)
    return _said(error.status_code, said, error.headers)


def _wrong(_: Request, error: Exception) -> JSONResponse:
    """Say the first thing that is wrong with a call: where, and what it should be."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    if not faults:
        return _said(422, "The call can't be read. Compare it with /api/v1/openapi.json.")
    where = ".".join(str(part) for part in faults[0]["loc"] if part not in {"query", "path"})
    message = str(faults[0]["msg"]).removeprefix("Value error, ").replace("Input should be", "it should be")
    return _said(422, f"{where}: {message}. Compare the call with /api/v1/openapi.json.")


def _failed(_: Request, error: Exception) -> JSONResponse:
    return _said(503 if isinstance(error, StorageError) else 422, str(error))


def _broke(request: Request, error: Exception) -> JSONResponse:
    _log.error("a call of the API failed", exc_info=error, extra={"path": request.url.path})
    return _said(500, "This is a bug; the log says more. Nothing was changed.")
