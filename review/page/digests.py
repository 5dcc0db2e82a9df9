"""The digest at the page: when one wants it, how one leaves it, and the pages that its links open."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from earmark import logs
from earmark.errors import ConfigError, StorageError
from earmark.types import Account, Action, Trigger, Verdict
from review.acting import carry_out
from review.deeds import CHANNELS
from review.digest import text_of
from review.listing import asked_of
from review.mailing import Settling, preview, send_due
from review.moments import read_moment
from review.page.call import Asked, AskedOfSelf, Call
from review.page.render import templates
from review.page.settings import tabs
from review.page.visit import Desk, desk_of
from review.subscribing import leave, subscribe
from review.views import shown
from review.zones import zone_of, zones
from storage import accounts, digests, tokens, triggers
from storage.digests import Schedule
from storage.engine import reading, writing

__all__ = ["router"]

LOOK_EVERY: Final = 20.0
"""Seconds between two looks whether a digest is due."""
_UNTIL: Final = (("1d", "tomorrow"), ("3d", "in three days"), ("7d", "in a week"), ("30d", "in a month"))
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LINKS: Final = ("contacted", "dismiss", "snooze")
_PATIENCE: Final = 2.0  # seconds; a letter that is under way then is sent again, as the same letter
logger = logging.getLogger(__name__)


@asynccontextmanager
async def _mailing(app: FastAPI) -> AsyncIterator[None]:
    """Mail what falls due for as long as the application runs, on a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=_drive, args=(app.state.desk, stop), name="earmark-mail", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_PATIENCE)


def _drive(desk: Desk, stop: threading.Event) -> None:
    settling = Settling()
    while not stop.wait(LOOK_EVERY):
        if desk.settings.mail.server is None:
            continue
        try:
            if not settling.is_over(desk.engine, desk.clock()):
                continue
            for sent in send_due(desk.settings, desk.engine, desk.clock):
                if stop.is_set():
                    return
                logger.debug("a digest was due", extra={"user": sent.user, "reasons": sent.reasons})
        except StorageError as error:
            logger.warning("digests wait for the database", extra={"error": str(error)})


router = APIRouter(lifespan=_mailing)


@router.get("/digest")
def _digest(call: Asked) -> Response:
    """Show when the viewer is told by mail, and what they would be told now."""
    return _page(call)


@router.post("/digest")
def _set(
    call: AskedOfSelf,
    every: Annotated[str, Form()] = "never",
    hour: Annotated[int, Form(ge=0, le=23)] = 8,
    weekday: Annotated[int, Form(ge=0, le=6)] = 0,
    query: Annotated[str, Form()] = "",
    zone: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Keep when the viewer wants to be told, or that they don't."""
    viewer, now = call.viewer, call.now
    if every not in {"daily", "weekly"}:
        with call.writing() as connection:
            leave(connection, viewer.id, by=call.viewer.id, now=now)
        return call.back("/digest", "You get no digest.")
    typed = Schedule(user=viewer.id, every=every, hour=hour, weekday=weekday, query=query)
    try:
        asked = asked_of(parse_qsl(query), viewer.names, now, call.zone)
        wanted = replace(typed, query=asked.query)
        with call.writing() as connection:
            _, to = subscribe(connection, call.settings, viewer, wanted, zone, by=call.viewer.id, now=now)
    except ConfigError as error:
        return _page(call, wrong=str(error), typed=typed, zone=zone)
    return call.back("/digest", f"The digest goes {every} to {to}.")


@router.get("/unsubscribe/{secret}")
def _leaving(request: Request, secret: str) -> Response:
    """Ask whether somebody wants no more letters; a mail scanner that follows the link ends nothing."""
    _leaver(desk_of(request), secret)
    return HTMLResponse(templates.get_template("unsubscribe.html").render(secret=secret, is_done=False))


@router.post("/unsubscribe/{secret}")
def _left(request: Request, secret: str) -> Response:
    """End somebody's letters, by the button of their mail program or by that of our page."""
    desk = desk_of(request)
    user = _leaver(desk, secret)
    with writing(desk.engine) as connection:
        leave(connection, user, by=user, now=desk.clock(), how="by a letter's link")
    return HTMLResponse(templates.get_template("unsubscribe.html").render(secret=secret, is_done=True))


@router.get("/confirm/{verb}/{trigger_id}")
def _asking(call: Asked, verb: str, trigger_id: str) -> Response:
    """Ask before what a letter's link says is done."""
    trigger, account = _meant(call, verb, trigger_id)
    return call.page(
        "confirm.html",
        verb=verb,
        trigger=trigger,
        account=account,
        verdicts=tuple(each for each in Verdict if each is not Verdict.GOOD),
        channels=CHANNELS,
        until=_UNTIL,
    )


@router.post("/confirm/{verb}/{trigger_id}")
def _confirmed(
    call: Asked,
    verb: str,
    trigger_id: str,
    value: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Do what was confirmed, and say what followed."""
    trigger, account = _meant(call, verb, trigger_id)
    until = read_moment(value or "1d", call.now, call.zone) if verb == "snooze" else None
    action = Action(
        verb=verb,
        by=call.viewer.id,
        trigger=None if verb == "snooze" else trigger.id,
        account=account.id if account is not None and verb == "snooze" else None,
        value="" if verb == "snooze" else value,
        text=text,
        until=until,
    )
    return call.back("/", " ".join(carry_out(call.engine, action, now=call.now, zone=call.zone)))


def _page(call: Call, wrong: str = "", typed: Schedule | None = None, zone: str | None = None) -> Response:
    """Show the form, with what was typed where that was wrong, and what a letter would say."""
    own = zone_of(call.viewer, call.settings)
    with call.reading() as connection:
        held = digests.get(connection, call.viewer.id)
        told, envelope = preview(connection, call.settings, call.viewer, call.now)
        views = shown(connection, call.viewer.id, held.query if held else "")
    return call.page(
        "settings_digest.html",
        status=422 if wrong else 200,
        held=held,
        shown=typed or held or Schedule(user=call.viewer.id, every="never", hour=8),
        zone=call.viewer.prefers("zone") if zone is None else zone,
        own_zone=own,
        zones=zones(),
        envelope=envelope,
        views=views,
        days=_DAYS,
        wrong=wrong,
        tabs=tabs(call),
        is_mailed=call.settings.mail.server is not None,
        letter=text_of(told, envelope, own, call.now),
    )


def _leaver(desk: Desk, secret: str) -> str:
    """Return whose letters the link of a letter ends; 404 for a link that is none."""
    with reading(desk.engine) as connection:
        token = tokens.find(connection, secret, "unsubscribe")
    if token is None:
        raise HTTPException(404, "This link ends nothing any more. Log in to change your digest.")
    logs.hide(secret)  # it stands in the path, and a log line may hold that
    return token.user


def _meant(call: Call, verb: str, trigger_id: str) -> tuple[Trigger, Account | None]:
    """Return what a letter's link is about; 404 for what is gone, or beyond the viewer's territory."""
    with call.reading() as connection:
        trigger = triggers.get(connection, trigger_id) if verb in _LINKS else None
        account = accounts.get(connection, trigger.account) if trigger and trigger.account else None
    if trigger is None:
        raise HTTPException(404, "What this link was about is no longer there.")
    if trigger.account is not None:
        call.visible(account)
    return trigger, account
