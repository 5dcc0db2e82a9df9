"""Saved views: kept from the list as it is filtered now, renamed, put in order, removed."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, HTTPException, Response

from earmark.errors import ConfigError
from review.page.call import Asked, Call
from review.page.today import wish_of
from review.page.viewer import Role
from storage import views
from storage.engine import Connection
from storage.views import View

__all__ = ["router"]

router = APIRouter()

Word = Annotated[str, Form()]


@router.post("/views")
def _keep(call: Asked, name: Word = "", query: Word = "", shared: Word = "") -> Response:
    """Keep the list as it is filtered now, for the viewer or for the whole team."""
    if shared and not call.viewer.may(Role.MANAGER):
        raise HTTPException(403, "Only a manager may keep a view for everybody. Keep it for yourself.")
    wish = wish_of(call, parse_qsl(query.lstrip("?")))
    with call.writing() as connection:
        user = None if shared else call.viewer.id
        made = views.create(connection, name=name, query=wish.query, user=user, at=call.now)
        call.log(connection, "view.create", made.name, wish.query)
    return call.back(f"/?{wish.query}", f"Saved the view {made.name}.")


@router.post("/views/{view_id}")
def _change(call: Asked, view_id: str, verb: Word = "", name: Word = "", back: Word = "/") -> Response:
    """Rename a view, remove it, or move it: ``verb`` is rename, delete, up or down."""
    with call.writing() as connection:
        view = _theirs(connection, call, view_id)
        if verb == "rename":
            views.rename(connection, view, name)
        elif verb == "delete":
            views.remove(connection, view)
        elif verb in {"up", "down"}:
            views.arrange(connection, view, up=verb == "up")
        else:
            raise ConfigError(f"A view can't be {verb!r}. Choose rename, delete, up or down.")
        call.log(connection, f"view.{verb}", view.name, name)
    said = {"rename": f"{view.name} is renamed.", "delete": f"Removed the view {view.name}."}
    return call.back(back, said.get(verb, f"Moved the view {view.name}."))


def _theirs(connection: Connection, call: Call, view_id: str) -> View:
    """Return a view that the viewer may change: their own, or with the right role one of the team."""
    view = views.get(connection, view_id)
    if view is None or view.user not in {None, call.viewer.id}:
        raise HTTPException(404, "There is no such view any more. Load the page again.")
    if view.user is None and not call.viewer.may(Role.MANAGER):
        raise HTTPException(403, "This view is everybody's: only a manager may change it.")
    return view
