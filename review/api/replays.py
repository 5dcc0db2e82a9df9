"""The time machine: what another rulebook would have made of the last days; one replay for each user."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from earmark.rulebook import parse
from matcher.trial import check
from review.api.caller import Called, Caller, Right, needs
from review.page.viewer import Role
from review.plain import plain
from review.trial import DAYS, span_of
from review.trying import Ask, State, Trials, Trying
from review.versions import in_force

__all__ = ["NewReplay", "Replay", "router"]

router = APIRouter(prefix="/replay", tags=["replay"], dependencies=[needs(Right.ADMIN, Role.MANAGER)])


class NewReplay(BaseModel):
    """What is to be tried: a rulebook as TOML (the one in force, if left out), on so many days."""

    model_config = ConfigDict(extra="forbid")

    rulebook: str | None = Field(None, max_length=2_000_000)
    days: int = Field(DAYS, ge=1, le=365)


class Replay(BaseModel):
    """How far a replay is, and, when it is over, what it found or why it failed."""

    state: str = Field(description=", ".join(State))
    is_over: bool
    said: str
    share: float | None = Field(description="how much of it is done: 0 to 1; null when that is unknown")
    accounts: dict[str, Any] | None = Field(description="what the rules change for accounts by itself")
    texts: dict[str, Any] | None = Field(description="what they change in single texts")
    result: dict[str, Any] | None = Field(description="the days lived again by these rules")


@router.post("", name="begin_replay", status_code=202)
def _begin(caller: Called, new: NewReplay) -> Replay:
    """Begin a replay in the background; the one of this user that runs is called off. Nothing is written."""
    text = new.rulebook
    if text is None:
        with caller.reading() as connection:
            text = in_force(connection).text
    check(parse(text).lexicon({}, 0).problems)
    ask = Ask(
        url=caller.settings.database_url, text=text, span=span_of(caller.now, new.days), zone=caller.zone
    )
    _trials(caller).begin(_who(caller), ask)
    return _told(_trials(caller).of(_who(caller)))


@router.get("", name="get_replay")
def _state(caller: Called) -> Replay:
    """Return how far the replay is, and what it found."""
    return _told(_trials(caller).of(_who(caller)))


@router.delete("", name="end_replay")
def _end(caller: Called) -> Replay:
    """Call the replay off."""
    _trials(caller).call_off(_who(caller))
    return _told(_trials(caller).of(_who(caller)))


def _who(caller: Caller) -> str:
    """Return under which name it runs: another one than that of the same person at the page."""
    return f"api {caller.viewer.id}"


def _trials(caller: Caller) -> Trials:
    trials: Trials = caller.request.app.state.page.state.bench.trials
    return trials


def _told(trying: Trying | None) -> Replay:
    if trying is None:
        raise HTTPException(404, "There is no replay of yours. Begin one: POST /api/v1/replay")
    return Replay(
        state=trying.state.value,
        is_over=trying.is_over,
        said=trying.said,
        share=trying.share,
        accounts=plain(trying.accounts),
        texts=plain(trying.texts),
        result=plain(trying.lived),
    )
