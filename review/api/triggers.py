"""Triggers and conversations: the newest first, and one with all that explains it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from earmark.triggers import TriggerKind
from earmark.types import Account, Past, Story, Trigger, TriggerState
from matcher.outgoing import payload_of
from matcher.score import score_now
from review.account import trigger_view
from review.api.caller import Called, Caller, Right, needs
from review.api.pieces import After, Limit, Piece, as_word, from_word, no_place
from review.mailing import page_of
from review.notes import Form, note_of
from review.plain import plain
from review.rules import lexicon_now
from review.today import kind_words
from storage import accounts, newest, stories, triggers
from storage.engine import Connection

__all__ = ["Evidence", "Feature", "Quote", "TriggerDetail", "TriggerItem", "found", "items_of", "router"]

router = APIRouter(prefix="/triggers", tags=["triggers"], dependencies=[needs(Right.READ)])


class TriggerItem(BaseModel):
    """A reason to act on an account; without ``account`` it is a conversation. ``id`` never changes."""

    id: str
    created_at: datetime = Field(description="When earmark found it; the list is in this order.")
    state: str = Field(description="open, accepted, contacted, dismissed, expired or merged")
    kind: str
    kind_words: str
    score: float = Field(description="0 to 100, as of now")
    polarity: str
    certainty: str
    mark: str = Field(description="live, or backfill for what a first poll found")
    happened_at: datetime | None = Field(description="null when nobody gives a date")
    opens_at: datetime
    closes_at: datetime = Field(description="the end of the time to make contact")
    expires_at: datetime
    headline: str
    why_now: str
    quote: str
    publisher: str
    link: str | None = Field(description="the source")
    page: str = Field(description="the trigger on your page")
    problem: str | None
    account: str | None
    name: str | None
    domain: str | None
    owner: str | None
    stage: str | None
    industry: str | None
    country: str | None
    size: int | None
    tier: str | None
    territory: str | None


class Quote(BaseModel):
    """Words of a text that say so."""

    field: str = Field(description="title, text or author")
    words: str


class Feature(BaseModel):
    """What speaks for or against a text being about the account."""

    name: str
    value: float
    weight: float
    sentence: str


class Evidence(BaseModel):
    """One text that tells of it: what it says, where, and where it can be read."""

    event: str
    source: str
    title: str
    url: str | None
    published_at: datetime | None
    seen_at: datetime
    confidence: float
    quotes: list[Quote]
    features: list[Feature]


class TriggerDetail(TriggerItem):
    """A trigger with its note in three forms, the parts of its score, the evidence, and what was done."""

    note_text: str
    note_markdown: str
    note_html: str
    sentences: list[dict[str, Any]] = Field(description="the note, each sentence with what it rests on")
    score_parts: dict[str, Any] = Field(description="fit × intent × freshness × confidence, and why")
    facts: list[dict[str, Any]]
    publishers: list[str]
    evidence: list[Evidence] = Field(description="the latest first")
    transitions: list[dict[str, Any]] = Field(description="what it moved, and who did what")
    judgements: list[dict[str, Any]]


@router.get("", name="list_triggers")
def _listed(
    caller: Called,
    limit: Limit = 50,
    after: After = "",
    since: Annotated[str, Query(description="Made since: 2026-11-01, an ISO moment, or 7d.")] = "",
    kind: Annotated[list[str] | None, Query(description="Only these kinds.")] = None,
    state: Annotated[list[TriggerState] | None, Query(description="Only these states.")] = None,
    account: Annotated[str | None, Query(description="Only of this account.")] = None,
) -> Piece[TriggerItem]:
    """List triggers, the newest first; what comes meanwhile moves nothing in the pieces behind."""
    place = from_word(after, str, str)
    with caller.reading() as connection:
        found = newest.made(
            connection,
            limit=limit + 1,
            before=(_moment(place[0]), place[1]) if place else None,
            since=caller.since(since),
            kinds=tuple(kind or ()),
            states=tuple(one.value for one in state or ()),
            account=account,
            scope=caller.viewer.scope,
        )
        more, found = found[limit:], found[:limit]
        listed = items_of(connection, found, caller)
    following = as_word(found[-1].created_at.isoformat(), found[-1].id) if more else None
    return Piece(items=listed, next_after=following)


@router.get("/{trigger_id}", name="get_trigger")
def _one(caller: Called, trigger_id: str) -> TriggerDetail:
    """Return one trigger: its note in three forms, the parts of its score, the evidence, what was done."""
    with caller.reading() as connection:
        view = trigger_view(connection, found(connection, trigger_id, caller), caller.now)
        (item,) = items_of(connection, [view.reason.trigger], caller)
    note, story = view.reason.trigger.note, view.reason.story
    return TriggerDetail(
        **item.model_dump(),
        note_text=note_of(view.reason, Form.TEXT, caller.now),
        note_markdown=note_of(view.reason, Form.MARKDOWN, caller.now),
        note_html=note_of(view.reason, Form.HTML, caller.now),
        sentences=plain(note.sentences) if note else [],
        score_parts=plain(view.reason.score),
        facts=plain(story.facts) if story else [],
        publishers=list(story.publishers) if story else [],
        evidence=_evidence(story) if story else [],
        transitions=plain(view.transitions),
        judgements=plain(view.judgements),
    )


def found(connection: Connection, trigger_id: str, caller: Caller) -> Trigger:
    """Return a trigger that the caller may see, by its whole id; 404 for none."""
    trigger = triggers.get(connection, trigger_id)
    if trigger is None:
        raise HTTPException(404, f"There is no trigger {trigger_id[:80]!r}.")
    if trigger.account is not None:
        caller.visible(accounts.get(connection, trigger.account))
    return trigger


def items_of(connection: Connection, found: list[Trigger], caller: Caller) -> list[TriggerItem]:
    """Return triggers as the list shows them."""
    kinds = lexicon_now(connection).kinds
    listed = accounts.of(connection, {one.account for one in found if one.account})
    told = stories.of(connection, [one.story for one in found])
    return [_item(one, listed.get(one.account or ""), told.get(one.story), kinds, caller) for one in found]


def _item(
    one: Trigger,
    account: Account | None,
    story: Story | None,
    kinds: Mapping[str, TriggerKind],
    caller: Caller,
) -> TriggerItem:
    known = account or Account(id="", name="")
    told = payload_of(known, Past(account=account, stories=(story,) if story else ()), one)
    own = {key: value for key, value in told.items() if key in TriggerItem.model_fields}
    held = {
        "why_now": "",
        "quote": "",
        "publisher": "",
        **own,
        "id": one.id,
        "created_at": one.created_at,
        "state": one.state.value,
        "kind_words": kind_words(one.kind, kinds),
        "score": round(score_now(one, caller.now, kinds), 1),
        "mark": one.mark.value,
        "problem": one.problem,
        "page": f"{page_of(caller.settings)}/triggers/{one.id}",
    }
    if account is None:
        held |= {"account": None, "name": None, "stage": None}
    return TriggerItem.model_validate(held)


def _evidence(story: Story) -> list[Evidence]:
    return [
        Evidence(
            event=match.event.id,
            source=match.event.source,
            title=match.event.title,
            url=match.event.url,
            published_at=match.event.published_at,
            seen_at=match.event.seen_at,
            confidence=match.confidence,
            quotes=[Quote(field=span.field, words=span.quote) for span in match.evidence],
            features=[
                Feature(name=one.name, value=one.value, weight=one.weight, sentence=one.sentence)
                for one in match.features
            ],
        )
        for match in reversed(story.matches)
    ]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise no_place() from None
    if moment.tzinfo is None:
        raise no_place()
    return moment
