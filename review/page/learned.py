"""What it learned: every lesson and verdict with its effect, how good each rule is, and the way back."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Query, Response

from earmark.types import Action
from monitors.effects import undo_learned
from review.acting import carry_out
from review.learned import learned
from review.page.call import Asked, needs
from review.page.viewer import Role
from storage import accounts, judgements, lessons, triggers

__all__ = ["router"]

router = APIRouter()
_MOST: Final = 50
_RULES: Final = 50
_LONGEST_LIST: Final = 1_000


@router.get("/learned")
def _learned(
    call: Asked,
    source: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=_LONGEST_LIST)] = _MOST,
) -> Response:
    """Show all that was learned, and what follows from it."""
    with call.reading() as connection:
        found = learned(connection, limit, scope=call.scope)
        listed = found.names[:limit]
        named = {row.account for row in listed} | {row.account for row in found.verdicts if row.account}
        names = {one.id: one.name for one in accounts.of(connection, named).values()}
    rules = [rule for rule in found.rules if source in {"", rule.source}]
    return call.page(
        "learned.html",
        found=found,
        listed=listed,
        names=names,
        rules=rules[:_RULES],
        rules_total=len(rules),
        source=source,
        floor=rules[0].floor if rules else None,
        limit=limit,
        is_longer=limit < _LONGEST_LIST and max(len(found.verdicts), len(found.names)) >= limit,
    )


@router.post("/learned/undo", dependencies=[needs(Role.REP)])
def _undo(
    call: Asked,
    name: Annotated[str, Form(max_length=500)],
    back: Annotated[str, Form(max_length=2_000)] = "/learned",
) -> Response:
    """Take back a lesson or a verdict by its id; or let a rule begin anew, and again go back."""
    is_rule = "@" in name
    if is_rule and not call.viewer.may(Role.MANAGER):
        raise HTTPException(403, "Only a manager may let a rule begin anew.")
    if not is_rule:
        with call.reading() as connection:
            taught = lessons.find(connection, name)
            said = judgements.find(connection, name)
            about = {account for account, _ in taught}
            for one in said:
                trigger = triggers.get(connection, one.trigger)
                about |= {trigger.account} if trigger and trigger.account else set()
            for account in about:
                call.visible(accounts.get(connection, account))
        if not taught and len(said) == 1:
            action = Action(verb="undo", by=call.viewer.id, trigger=said[0].trigger, value=said[0].id)
            lines = carry_out(call.engine, action, now=call.now, zone=call.zone)
            return call.back(back, " ".join(lines))
    told = undo_learned(call.engine, name, by=call.viewer.id, now=call.now)
    return call.back(back, told or "That was taken back already, or it is not there any more.")
