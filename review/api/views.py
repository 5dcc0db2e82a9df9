"""Saved views: those of the user and of the team, and a new one."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from review.api.caller import Called, Right, needs
from review.api.pieces import After, Limit, Piece, no_place
from review.api.triggers import TriggerItem, items_of
from review.listing import Asked, asked_of, rows
from review.page.viewer import Role
from review.views import shown
from storage import newest, views

__all__ = ["NewView", "ViewItem", "router"]

router = APIRouter(prefix="/views", tags=["views"], dependencies=[needs(Right.READ)])


class ViewItem(BaseModel):
    """A view: ``query`` is what stands behind the ? of its address on the page."""

    id: str = Field(description="Empty for a view that comes with the list.")
    name: str
    query: str
    is_own: bool


class NewView(BaseModel):
    """A view to be kept."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    query: str = Field("", max_length=2_000)
    shared: bool = False


@router.get("", name="list_views")
def _listed(caller: Called) -> list[ViewItem]:
    """List the views of the user and of the team."""
    with caller.reading() as connection:
        held = shown(connection, caller.viewer.id, "")
    return [ViewItem(id=one.id, name=one.name, query=one.query, is_own=one.is_own) for one in held]


@router.get("/rows", name="list_rows")
def _rows(
    caller: Called,
    query: Annotated[
        str, Query(max_length=2_000, description="A view's query, such as kind=funding_early")
    ] = "",
    limit: Limit = 50,
    after: After = "",
) -> Piece[TriggerItem]:
    """Return what a view shows on the page: the best reason of each account, hot ones first."""
    asked = _asked(caller, query, after)
    if after and asked.after is None:
        raise no_place()
    with caller.reading() as connection:
        found = rows(connection, asked, caller.now, scope=caller.viewer.scope, limit=limit)
        best = {one.id: one for one in newest.some(connection, [row.trigger for row in found.rows])}
        items = items_of(connection, [best[row.trigger] for row in found.rows if row.trigger in best], caller)
    return Piece(items=items, next_after=found.next_after or None)


@router.post("", name="keep_view", status_code=201, dependencies=[needs(Right.ACT, Role.REP)])
def _keep(caller: Called, new: NewView) -> ViewItem:
    """Keep a view, for the user or (by a manager) for everybody."""
    if new.shared and not caller.viewer.may(Role.MANAGER):
        raise HTTPException(403, "Only a manager may keep a view for everybody. Keep it for yourself.")
    asked = _asked(caller, new.query)
    user = None if new.shared else caller.viewer.id
    with caller.writing() as connection:
        made = views.create(connection, name=new.name, query=asked.query, user=user, at=caller.now)
        caller.log(connection, "view.create", made.name, made.query)
    return ViewItem(id=made.id, name=made.name, query=made.query, is_own=not new.shared)


def _asked(caller: Called, query: str, after: str = "") -> Asked:
    """Return what a query asks for, with or without the ? of an address."""
    pairs = [*parse_qsl(query.removeprefix("?")), ("after", after)]
    return asked_of(pairs, caller.viewer.names, caller.now, caller.zone)
