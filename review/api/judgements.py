"""Judgements: the verdicts that people gave, the newest first, and a new one."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from earmark.types import Verdict
from review.api.actions import Done, carried_out
from review.api.caller import Called, Right, needs
from review.api.pieces import After, Limit, Piece, as_word, from_word
from review.api.triggers import found
from review.deeds import Deed, Target, until_of
from review.page.viewer import Role
from storage import newest
from storage.newest import Said

__all__ = ["JudgementItem", "NewJudgement", "router"]

router = APIRouter(prefix="/judgements", tags=["judgements"], dependencies=[needs(Right.READ)])


class JudgementItem(BaseModel):
    """A verdict on a trigger; with ``taken_back_at`` it no longer holds."""

    id: str
    trigger: str
    verdict: Verdict
    by: str
    at: datetime
    text: str
    taken_back_at: datetime | None


class NewJudgement(BaseModel):
    """A verdict to be given: good takes the trigger on, any other dismisses it."""

    model_config = ConfigDict(extra="forbid")

    trigger: str
    verdict: Verdict
    text: str = Field("", max_length=2_000)
    until: str = Field("", max_length=40, description="Until when the account is hidden, where it is.")
    of: str | None = Field(
        None,
        max_length=64,
        description="The trigger of the same account that a duplicate tells again; else the likest one.",
    )


@router.get("", name="list_judgements")
def _listed(
    caller: Called,
    limit: Limit = 50,
    after: After = "",
    since: Annotated[str, Query(description="Given since: 2026-11-01, an ISO moment, or 7d.")] = "",
) -> Piece[JudgementItem]:
    """List verdicts, the newest first, also those that were taken back."""
    place = from_word(after, int)
    with caller.reading() as connection:
        held = newest.said(
            connection,
            limit=limit + 1,
            before=place[0] if place else None,
            since=caller.since(since),
            scope=caller.viewer.scope,
        )
    more, held = held[limit:], held[:limit]
    return Piece(items=list(map(_item, held)), next_after=as_word(held[-1].number) if more else None)


@router.post("", name="judge", dependencies=[needs(Right.ACT, Role.REP)])
def _judge(caller: Called, new: NewJudgement) -> Done:
    """Give a verdict, and say what follows from it."""
    with caller.reading() as connection:
        trigger = found(connection, new.trigger, caller)
    deed = Deed(
        verb="accept" if new.verdict is Verdict.GOOD else "dismiss",
        by=caller.viewer.id,
        value="" if new.verdict is Verdict.GOOD else new.verdict.value,
        text=new.text,
        until=until_of(new.until, caller.now, caller.zone),
        of=new.of,
    )
    return carried_out(caller, deed, Target(name=trigger.id, account=trigger.account, trigger=trigger.id))


def _item(said: Said) -> JudgementItem:
    one = said.judgement
    return JudgementItem(
        id=one.id,
        trigger=one.trigger,
        verdict=one.verdict,
        by=one.by,
        at=one.at,
        text=one.text,
        taken_back_at=said.taken_back_at,
    )
