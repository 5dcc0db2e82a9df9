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
from review.trying import Ask, Trials, Trying
from storage import rulebook

__all__ = ["NewReplay", "router"]

router = APIRouter(prefix="/replay", tags=["replay"], dependencies=[needs(Right.ADMIN, Role.MANAGER)])


class NewReplay(BaseModel):
    """What is to be tried: a rulebook as TOML (the one in force, if left out), on so many days."""

    model_config = ConfigDict(extra="forbid")

    rulebook: str | None = Field(None, max_length=2_000_000)
    days: int = Field(DAYS, ge=1, le=365)


@router.post("", status_code=202)
def _begin(caller: Called, new: NewReplay) -> dict[str, Any]:
    """Begin a replay in the background; the one of this user that runs is called off. Nothing is written."""
    text = new.rulebook
    if text is None:
        with caller.reading() as connection:
            newest = rulebook.latest(connection)
        text = newest[1] if newest else ""
    check(parse(text).lexicon({}, 0).problems)
    ask = Ask(
        url=caller.settings.database_url, text=text, span=span_of(caller.now, new.days), zone=caller.zone
    )
    _trials(caller).begin(_who(caller), ask)
    return _told(_trials(caller).of(_who(caller)))


@router.get("")
def _state(caller: Called) -> dict[str, Any]:
    """Return how far the replay is, and what it found."""
    return _told(_trials(caller).of(_who(caller)))


@router.delete("")
def _end(caller: Called) -> dict[str, Any]:
    """Call the replay off."""
    _trials(caller).call_off(_who(caller))
    return _told(_trials(caller).of(_who(caller)))


def _who(caller: Caller) -> str:
    """Return under which name it runs: another one than that of the same person at the page."""
    return f"api {caller.viewer.id}"


def _trials(caller: Caller) -> Trials:
    trials: Trials = caller.request.app.state.page.state.bench.trials
    return trials


def _told(trying: Trying | None) -> dict[str, Any]:
    if trying is None:
        raise HTTPException(404, "There is no replay of yours. Begin one: POST /api/v1/replay")
    return {
        "state": trying.state.value,
        "is_over": trying.is_over,
        "said": trying.said,
        "share": trying.share,
        "accounts": plain(trying.accounts),
        "texts": plain(trying.texts),
        "result": plain(trying.lived),
    }
