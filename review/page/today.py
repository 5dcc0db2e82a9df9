"""Today: the list of the day, its filters and views, and the row that is opened beside it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Response

from review import detail as opened
from review import listing, views
from review.day import Day, capacity
from review.emptiness import empty_of, nothing_of
from review.length import length
from review.listing import Asked as Wish
from review.owners import owners
from review.page.call import Asked, Call
from storage import latency, standing, triggers
from storage.engine import Connection

__all__ = ["picked_of", "router", "screen", "wish_of"]

router = APIRouter()


@router.get("/")
def _today(call: Asked) -> Response:
    """Show the list, and one row of it opened."""
    return call.page("today.html", **screen(call, wish_of(call)))


@router.get("/part")
def _part(call: Asked) -> Response:
    """Give the list and the opened row alone: what the script puts in their place."""
    return call.page("_part.html", **screen(call, wish_of(call)))


@router.get("/triggers/{trigger_id}")
def _trigger(call: Asked, trigger_id: str) -> Response:
    """Show one row opened, as a page of its own."""
    wish = wish_of(call)
    with call.reading() as connection:
        picked = picked_of(connection, call, trigger_id)
        undo = standing.last(connection, call.viewer.id)
        seen, whom = standing.newest(connection), owners(connection)
    if picked is None:
        raise HTTPException(404, "There is no such reason any more, or it is not on your list.")
    return call.page(
        "trigger.html",
        picked=picked,
        owners=whom,
        here=wish.here,
        seen=seen,
        undo=undo and f"{undo.name}: {undo.words}",
    )


def wish_of(call: Call, pairs: list[tuple[str, str]] | None = None) -> Wish:
    """Return what the address asks of the list; with ``pairs``, what these do."""
    asked = call.request.query_params.multi_items() if pairs is None else pairs
    return listing.asked_of(asked, call.viewer.names, call.now, call.zone)


def screen(call: Call, wish: Wish) -> dict[str, Any]:
    """Return all that the list with its opened row is drawn from."""
    scope = call.scope
    with call.reading() as connection:
        day = capacity(
            connection,
            call.now,
            touches=call.settings.team.touches_a_day,
            since=_midnight(call),
            scope=scope,
            zone=call.zone,
        )
        found = _found(connection, call, wish, day)
        if wish.after and not found.rows:  # what stood on this page of the list is done with
            wish = replace(wish, after=None)
            found = _found(connection, call, wish, day)
        undo = standing.last(connection, call.viewer.id)
        shown: dict[str, Any] = {
            "day": replace(day, rows=found.rows),
            "total": length(connection, wish, found, call.now, scope),
            "groups": found.groups,
            "rows": found.rows,
            "unopened": latency.unopened(connection, [row.trigger for row in found.rows]),
            "picked": _picked(connection, call, wish, found),
            "owners": owners(connection),
            "views": views.shown(connection, call.viewer.id, wish.query),
            "filters": (known := listing.filters(connection, wish, call.now, scope)),
            "narrowed": listing.narrowed(wish, known),
            "query": wish.query,
            "here": wish.here,
            "next_after": found.next_after,
            "undo": f"{undo.name}: {undo.words}" if undo else None,
            "seen": standing.newest(connection),
        }
        if not found.rows:
            empty = nothing_of(wish.query) if wish.query else empty_of(connection, call.now, call.zone)
            shown["empty"] = empty
        return shown


def _found(connection: Connection, call: Call, wish: Wish, day: Day) -> listing.Listing:
    """Return the rows of one page of the list; of the plain list as many as the day has room for."""
    return listing.rows(
        connection,
        wish,
        call.now,
        scope=call.scope,
        room=max(0, day.touches - day.made) if wish.is_day else None,
        touches=call.settings.team.touches_a_day,
    )


def picked_of(connection: Connection, call: Call, trigger_id: str) -> opened.Detail | None:
    """Return a trigger opened, if it is there and the viewer's to see."""
    trigger = triggers.get(connection, trigger_id)
    picked = opened.detail(connection, trigger, call.now) if trigger else None
    return picked if picked is not None and call.viewer.sees(picked.account) else None


def _picked(connection: Connection, call: Call, wish: Wish, found: listing.Listing) -> opened.Detail | None:
    """Return what was picked, or else the first row."""
    picked = picked_of(connection, call, wish.pick) if wish.pick else None
    if picked is None and found.rows:
        picked = picked_of(connection, call, found.rows[0].trigger)
    return picked


def _midnight(call: Call) -> datetime:
    return call.now.astimezone(call.zone).replace(hour=0, minute=0, second=0, microsecond=0)
