"""Sources: how they fare, a new one, and pause, resume and test of one."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from monitors.glance import glance
from review.api.caller import Called, Caller, Right, needs
from review.api.pieces import After, Limit, Piece, as_word, from_word
from review.page.outward import LONGEST, outward
from review.page.viewer import Role
from review.plain import plain
from review.sources import Watched, add, listed, shown_options
from storage import polls, watching
from storage.engine import Connection
from storage.polls import Configured

__all__ = [
    "Added",
    "Glance",
    "NewSource",
    "PollItem",
    "SourceDetail",
    "SourceItem",
    "Switched",
    "Told",
    "router",
]

router = APIRouter(prefix="/sources", tags=["sources"], dependencies=[needs(Right.READ)])
_ADMIN = [needs(Right.ADMIN, Role.ADMIN)]


class SourceItem(BaseModel):
    """A source, how it fares in a word and in a sentence, and what its reasons came to in 30 days."""

    id: str
    kind: str
    about: str
    state: str
    words: str
    is_enabled: bool
    next_poll_at: datetime
    last_ok_at: datetime | None
    failures: int
    last_error: str | None
    events_a_day: float | None
    triggers: int
    acted_on: int


class PollItem(BaseModel):
    """One poll: how it ended, how many entries it saw, how many were new, and what came of them."""

    finished_at: datetime
    outcome: str
    error: str | None
    seen: int
    new: int
    triggers: int


class SourceDetail(BaseModel):
    """A source with its options, of which secret ones are masked, and its latest polls."""

    id: str
    kind: str
    options: dict[str, Any]
    is_enabled: bool
    paused_reason: str | None
    next_poll_at: datetime
    last_ok_at: datetime | None
    last_error: str | None
    failures: int
    pace: str | None = Field(description="how often it is polled, and why, in words")
    polls: list[PollItem]


class Told(BaseModel):
    """An entry that a source tells."""

    title: str
    url: str | None
    published_at: datetime | None


class Glance(BaseModel):
    """What one poll brought, of which nothing was stored."""

    source: str
    outcome: str
    error: str | None
    events: list[Told]


class Switched(BaseModel):
    """That a source is paused or resumed."""

    id: str
    state: str


class Added(BaseModel):
    """The id of a source that was added."""

    id: str


class NewSource(BaseModel):
    """A source to be added: a kind with its options; secrets are written env:NAME."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(description="See: earmark sources kinds")
    options: dict[str, Any] = {}
    id: str | None = Field(None, min_length=1, max_length=100, description="Else made of the address.")


@router.get("", name="list_sources")
def _listed(
    caller: Called,
    limit: Limit = 50,
    after: After = "",
    state: Annotated[str | None, Query(description="Only those in this state, such as failing.")] = None,
    kind: Annotated[str | None, Query(description="Only of this kind.")] = None,
) -> Piece[SourceItem]:
    """List the sources, those that want a person first."""
    place = from_word(after, int, str)
    with caller.reading() as connection:
        found = listed(
            connection,
            caller.now,
            state=state,
            kind=kind,
            after=(place[0], place[1]) if place else None,
            limit=limit + 1,
        )
    more, found = found[limit:], found[:limit]
    last = found[-1] if more else None
    following = as_word(watching.ORDER.index(last.health.state), last.source.id) if last else None
    return Piece(items=list(map(_item, found)), next_after=following)


@router.get("/{source_id:path}", name="get_source")
def _one(caller: Called, source_id: str) -> SourceDetail:
    """Return one source with its options (secret ones masked) and its latest polls."""
    with caller.reading() as connection:
        source = _found(connection, source_id)
        latest = polls.recent(connection, source.id)
    return SourceDetail(
        id=source.id,
        kind=source.kind,
        options=plain(shown_options(source)),
        is_enabled=source.enabled,
        paused_reason=source.paused_reason,
        next_poll_at=source.next_poll_at,
        last_ok_at=source.last_ok_at,
        last_error=source.last_error,
        failures=source.failures,
        pace=source.pace,
        polls=[
            PollItem(
                finished_at=one.finished_at,
                outcome=one.outcome,
                error=one.error,
                seen=one.seen,
                new=one.new,
                triggers=one.triggers,
            )
            for one in latest
        ],
    )


@router.post("", name="add_source", status_code=201, dependencies=_ADMIN)
def _add(caller: Called, new: NewSource) -> Added:
    """Add a source; it is due at once."""
    with caller.writing() as connection:
        chosen = add(connection, new.kind, new.options, caller.now, new.id)
        caller.log(connection, "source.add", chosen, new.kind)
    return Added(id=chosen)


@router.post("/{source_id:path}/pause", name="pause_source", dependencies=_ADMIN)
def _pause(caller: Called, source_id: str) -> Switched:
    """Stop polling a source."""
    return _switched(caller, source_id, on=False)


@router.post("/{source_id:path}/resume", name="resume_source", dependencies=_ADMIN)
def _resume(caller: Called, source_id: str) -> Switched:
    """Poll a source again, at once."""
    return _switched(caller, source_id, on=True)


@router.post("/{source_id:path}/test", name="test_source", dependencies=_ADMIN)
def _test(caller: Called, source_id: str) -> Glance:
    """Poll a source once and return what it tells; store nothing."""
    with caller.reading() as connection:
        source = _found(connection, source_id)
    outcome = outward(glance(caller.settings, source, caller.now, longest=LONGEST), longest=2 * LONGEST)
    return Glance(
        source=source.id,
        outcome=outcome.result,
        error=outcome.error,
        events=[
            Told(title=one.title, url=one.url, published_at=one.published_at) for one in outcome.events[:200]
        ],
    )


def _switched(caller: Caller, source_id: str, *, on: bool) -> Switched:
    with caller.writing() as connection:
        source = _found(connection, source_id)
        polls.set_enabled(connection, source.id, enabled=on, at=caller.now if on else None)
        caller.log(connection, "source.resume" if on else "source.pause", source.id)
    return Switched(id=source.id, state="resumed" if on else "paused")


def _found(connection: Connection, source_id: str) -> Configured:
    source = polls.get(connection, source_id)
    if source is None:
        raise HTTPException(404, f"There is no source {source_id[:100]!r}.")
    return source


def _item(one: Watched) -> SourceItem:
    source = one.source
    return SourceItem(
        id=source.id,
        kind=source.kind,
        about=one.about,
        state=one.health.state,
        words=one.health.words,
        is_enabled=source.enabled,
        next_poll_at=source.next_poll_at,
        last_ok_at=source.last_ok_at,
        failures=source.failures,
        last_error=source.last_error,
        events_a_day=one.a_day,
        triggers=one.acted.triggers,
        acted_on=one.acted.acted_on,
    )
