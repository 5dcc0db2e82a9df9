"""Actions: what a person does about a trigger or an account, and how it is taken back."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from earmark.errors import EarmarkError
from review.api.caller import Called, Caller, Right, needs
from review.deeds import Deed, Target, do, targets_of, undo, until_of
from review.page.viewer import Role
from review.pushing import push

__all__ = ["Back", "Done", "Wish", "carried_out", "router"]

router = APIRouter(tags=["actions"], dependencies=[needs(Right.ACT, Role.REP)])

_Words = Annotated[str, Field(max_length=2_000)]


class Wish(BaseModel):
    """What is to be done, to one trigger or one account."""

    model_config = ConfigDict(extra="forbid")

    verb: Literal[
        "accept",
        "assign",
        "contacted",
        "dismiss",
        "export",
        "outcome",
        "remark",
        "snooze",
        "suppress",
        "unsuppress",
    ]
    trigger: str | None = Field(None, description="The whole id of a trigger; its account is acted on.")
    account: str | None = Field(None, description="The id of an account.")
    value: _Words = Field(
        "", description="The verdict, channel, owner, outcome or reason that the verb takes."
    )
    text: _Words = Field("", description="A remark to keep with it.")
    until: _Words = Field("", description="later, tomorrow, monday, trigger, 5d or a date.")
    of: str | None = Field(
        None, max_length=64, description="The trigger that a duplicate tells again; else the likest one."
    )


class Back(BaseModel):
    """What is to be taken back: the last thing done to a trigger or account, or by this user."""

    model_config = ConfigDict(extra="forbid")

    trigger: str | None = None
    account: str | None = None


class Done(BaseModel):
    """What followed, in words."""

    said: list[str]


@router.post("/actions", name="act")
def _act(caller: Called, wish: Wish) -> Done:
    """Do something, as a form of the page does; a verdict or an owner that holds already changes nothing."""
    target = _target(caller, wish.trigger, wish.account)
    if wish.verb == "export":
        return _exported(caller, target)
    deed = Deed(
        verb=wish.verb,
        by=caller.viewer.id,
        value=wish.value,
        text=wish.text,
        until=until_of(wish.until, caller.now, caller.zone),
        of=wish.of,
    )
    return carried_out(caller, deed, target)


@router.post("/undo", name="undo")
def _undo(caller: Called, back: Back) -> Done:
    """Take the last thing back; called again, the one before it, and so on."""
    target = _target(caller, back.trigger, back.account) if back.trigger or back.account else None
    return Done(said=undo(caller.engine, caller.viewer.id, now=caller.now, zone=caller.zone, target=target))


def carried_out(caller: Caller, deed: Deed, target: Target) -> Done:
    """Do something to one target; EarmarkError, with what to do, when it does not fit."""
    done, failed = do(caller.engine, deed, [target], now=caller.now, zone=caller.zone)
    if failed:
        raise EarmarkError(" ".join(failed))
    return Done(said=done)


def _exported(caller: Caller, target: Target) -> Done:
    """Hand one account to the default target; sent again, it goes out once."""
    with caller.writing() as connection:
        said = push(connection, target, caller.now)
        caller.log(connection, "export", target.name[:200], said)
    return Done(said=[said])


def _target(caller: Caller, trigger: str | None, account: str | None) -> Target:
    """Return what is named; 404 when it is not there, or not theirs to see."""
    if (trigger is None) == (account is None):
        raise HTTPException(422, "Name one thing: a trigger or an account.")
    with caller.reading() as connection:
        found, missing = targets_of(
            connection, [trigger] if trigger else [], [account] if account else [], caller.viewer.scope
        )
    if missing:
        raise HTTPException(404, " ".join(missing))
    return found[0]
