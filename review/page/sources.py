"""Sources: which places are watched, how each fares, and what a person does about it."""

from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Response

from earmark.errors import ConfigError
from monitors.glance import LONGEST, glance
from monitors.poll import Outcome
from review.health import monitor_of
from review.page.call import Asked, Call, needs
from review.page.outward import outward
from review.page.viewer import Role
from review.sources import detail_of, listed
from sources.registry import build, kinds
from storage import polls, watching
from storage.engine import Connection
from storage.polls import Configured

__all__ = ["REMEDIES", "found", "place_of", "router", "visited"]

router = APIRouter()
_MOST: Final = 50
_Id = Annotated[str, Form(max_length=500)]
_Back = Annotated[str, Form(max_length=2_000)]
_Word = Annotated[str, Query(max_length=300)]

REMEDIES: Final = {
    "stopped": "Correct what it says, then resume it.",
    "failing": "It is tried again by itself. Test it to see what it tells now.",
    "late": "The monitor does not run, or can't keep up: see Health.",
    "silent": "Open what it watches: the feed may have moved, or ended.",
    "paused": "Resume it when you want it back.",
    "new": "It is polled within a minute while the monitor runs.",
    "ok": "",
}
"""What to do about a source in each state, by one who looks at the page."""


@router.get("/sources")
def _listed(call: Asked, state: _Word = "", kind: _Word = "", q: _Word = "", after: _Word = "") -> Response:
    """Show a page of the sources, those that want a person first."""
    chosen = {"state": state, "kind": kind, "q": q}
    with call.reading() as connection:
        counted = watching.states(connection, call.now)
        rows = listed(
            connection,
            call.now,
            state=state or None,
            kind=kind or None,
            words=q,
            after=_place(after),
            limit=_MOST + 1,
        )
        monitor = monitor_of(connection, call.now)
    query = urlencode({name: value for name, value in chosen.items() if value})
    more, rows = rows[_MOST:], rows[:_MOST]
    last = rows[-1] if more else None
    following = f"{watching.ORDER.index(last.health.state)}|{last.source.id}" if last else ""
    return call.page(
        "sources.html",
        rows=rows,
        counted=[(name, counted[name]) for name in watching.ORDER if name in counted],
        total=sum(counted.values()),
        chosen=chosen,
        kinds=sorted(kinds()),
        remedies=REMEDIES,
        monitor=monitor,
        here=f"/sources?{query}" if query else "/sources",
        following=f"/sources?{urlencode(chosen | {'after': following})}" if following else "",
    )


@router.get("/sources/of/{source_id:path}")
def _one(call: Asked, source_id: str) -> Response:
    """Show one source."""
    with call.reading() as connection:
        detail = detail_of(connection, found(connection, source_id), call.now)
    return call.page("source.html", detail=detail, remedies=REMEDIES, here=place_of(source_id))


@router.post("/sources/pause", dependencies=[needs(Role.ADMIN)])
def _pause(call: Asked, source: _Id, back: _Back = "/sources") -> Response:
    """Stop polling a source."""
    with call.writing() as connection:
        found(connection, source)
        polls.set_enabled(connection, source, enabled=False)
        call.log(connection, "source.pause", source)
    return call.back(back, f"{source} is paused: it is not polled until somebody resumes it.")


@router.post("/sources/resume", dependencies=[needs(Role.ADMIN)])
def _resume(call: Asked, source: _Id, back: _Back = "/sources") -> Response:
    """Poll a source again."""
    with call.writing() as connection:
        found(connection, source)
        polls.set_enabled(connection, source, enabled=True, at=call.now)
        call.log(connection, "source.resume", source)
    return call.back(back, f"{source} is polled again.")


@router.post("/sources/poll", dependencies=[needs(Role.ADMIN)])
def _poll(call: Asked, source: _Id, back: _Back = "/sources") -> Response:
    """Let a source be due now."""
    with call.writing() as connection:
        found(connection, source)
        is_due = polls.hasten(connection, source, call.now)
        monitor = monitor_of(connection, call.now)
    if not is_due:
        return call.back(back, f"{source} is not polled now. Resume it first.")
    when = "within seconds" if monitor.is_alive else "as soon as the monitor runs: start it with earmark up"
    return call.back(back, f"{source} is polled {when}.")


@router.post("/sources/believe", dependencies=[needs(Role.ADMIN)])
def _believe(
    call: Asked, source: _Id, trust: Annotated[float, Form(ge=0, le=1)], back: _Back = "/sources"
) -> Response:
    """Let what a source tells weigh less, or more: the bar that its reasons must get over."""
    with call.writing() as connection:
        known = found(connection, source)
        options = {**known.options, "trust": trust}
        build(known.kind, options)
        polls.alter(connection, source, known.kind, options, known.next_poll_at, anew=False)
        before = known.options.get("trust", 1.0)
        call.log(connection, "source.trust", source, f"Believed by {trust:g}, before by {before:g}.")
    return call.back(
        back,
        f"{source} is believed by {trust:g} from now on (before: {before:g}), so fewer of its reasons get "
        "over the bar. Its trust stands among its options.",
    )


@router.post("/sources/remove", dependencies=[needs(Role.ADMIN)])
def _remove(call: Asked, source: _Id) -> Response:
    """Remove a source; what it told stays."""
    with call.writing() as connection:
        found(connection, source)
        polls.remove(connection, source)
        call.log(connection, "source.remove", source)
    return call.back("/sources", f"{source} is removed. Its events, and what follows from them, stay.")


@router.post("/sources/test", dependencies=[needs(Role.ADMIN)])
def _test(call: Asked, source: _Id) -> Response:
    """Poll a source once and show what it tells; store nothing."""
    with call.reading() as connection:
        known = found(connection, source)
    return call.page("source_test.html", source=known, outcome=visited(call, known), here=place_of(source))


def visited(call: Call, source: Configured) -> Outcome:
    """Return what a source tells now; nothing is stored."""
    return outward(glance(call.settings, source, call.now, longest=LONGEST), longest=2 * LONGEST)


def found(connection: Connection, source: str) -> Configured:
    """Return a source; 404 when it is not there."""
    known = polls.get(connection, source)
    if known is None:
        raise HTTPException(404, f"There is no source {source[:100]!r}: it may have been removed meanwhile.")
    return known


def place_of(source: str) -> str:
    """Return the address of the page of a source."""
    return f"/sources/of/{quote(source)}"


def _place(after: str) -> tuple[int, str] | None:
    """Read the cursor of a page; a broken one is refused."""
    if not after:
        return None
    place, bar, source = after.partition("|")
    if not bar or not place.isdecimal():
        raise ConfigError("This address is cut short. Begin at the first page: /sources")
    return int(place[:3]), source
