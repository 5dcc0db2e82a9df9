"""Feeds: an address that shows one view to whoever holds it, until it is revoked."""

from typing import Annotated, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, HTTPException, Request, Response

from earmark import logs
from earmark.errors import ConfigError
from review.feeds import as_atom, as_json, feed_of, tag_of
from review.listing import asked_of
from review.mailing import page_of
from review.page.call import Asked, AskedOfSelf, Call
from review.page.keys import viewer_of
from review.page.settings import tabs
from review.page.visit import desk_of
from review.views import shown
from storage import tokens
from storage.engine import reading

__all__ = ["router"]

router = APIRouter()
_TYPES = {"atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json; charset=utf-8"}
_FRESH = 300  # seconds
_MOST = 50
_Word = Annotated[str, Form()]


@router.get("/feeds")
def _listed(call: AskedOfSelf) -> Response:
    """Show the viewer's feeds."""
    return _page(call)


@router.post("/feeds")
def _made(call: Asked, query: _Word = "", name: _Word = "") -> Response:
    """Make a feed of a view, and show its address this once."""
    name = " ".join(name.split())[:60]
    try:
        asked = asked_of(parse_qsl(query.lstrip("?")), call.viewer.names, call.now, call.zone)
        with call.reading() as connection:
            held = tokens.of_user(connection, call.viewer.id, "feed")
            views = shown(connection, call.viewer.id, asked.query)
        if len(held) >= _MOST:
            raise ConfigError(f"You have {_MOST} feeds. Revoke one first.")  # noqa: TRY301 - told below
    except ConfigError as error:
        return _page(call, wrong=str(error))
    name = name or next((one.name for one in views if one.is_chosen), "The list")
    with call.writing() as connection:
        made, secret = tokens.create(
            connection, purpose="feed", user=call.viewer.id, name=name, at=call.now, query=asked.query
        )
        call.log(connection, "feed.create", made.id, f"{name}: {asked.query}" if asked.query else name)
    return _page(call, secret=secret)


@router.post("/feeds/{token_id}/revoke")
def _revoked(call: AskedOfSelf, token_id: str) -> Response:
    """End a feed: its address shows nothing any more."""
    with call.writing() as connection:
        ended = tokens.revoke(connection, token_id, call.viewer.id, call.now)
        if ended:
            call.log(connection, "feed.revoke", token_id)
    return call.back("/feeds", "That feed is gone." if ended else "It was gone already.")


@router.get("/feed/{secret}.{form}")
def _feed(request: Request, secret: str, form: Literal["atom", "json"]) -> Response:
    """Return a feed to whoever holds its address; 304 when it is as they know it."""
    desk = desk_of(request)
    with reading(desk.engine) as connection:
        token = tokens.find(connection, secret, "feed")
        viewer = viewer_of(connection, token.user) if token else None
        if token is None or viewer is None:
            raise HTTPException(404, "There is no such feed: its address is cut short, or was revoked.")
        logs.hide(secret)  # it stands in the path, and a log line may hold that
        feed = feed_of(
            connection,
            viewer,
            token.query or "",
            token.name,
            page_of(desk.settings),
            token.id,
            now=desk.clock(),
            zone=desk.settings.team.zone,
        )
    body = as_atom(feed) if form == "atom" else as_json(feed)
    tag = tag_of(body)
    headers = {"etag": tag, "cache-control": f"private, max-age={_FRESH}", "x-robots-tag": "noindex"}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "content-type": _TYPES[form]})


def _page(call: Call, *, secret: str = "", wrong: str = "") -> Response:
    with call.reading() as connection:
        held = tokens.of_user(connection, call.viewer.id, "feed")
        views = shown(connection, call.viewer.id, "")
    return call.page(
        "settings_feeds.html",
        status=422 if wrong else 200,
        feeds=held,
        views=views,
        address=f"{page_of(call.settings)}/feed/{secret}" if secret else "",
        wrong=wrong,
        tabs=tabs(call),
    )
