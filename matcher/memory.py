"""Memory: what a person's action changed, as it was before, so that undo puts exactly that back."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from earmark.types import Past, Transition, Trigger, TriggerState, Was
from matcher.moves import MACHINE, standing

__all__ = ["MERGED", "as_it_was", "remembered", "to_undo"]

MERGED: Final = "merge:"
"""How the ``said`` of the transition of a merge begins; what follows is the id of the merge."""


def remembered(before: Past, after: Past, said: str | None = None) -> Was:
    """Return what of the past an action changed, as it was before; ``said`` is the id of what it told."""
    then, now = before.account, after.account
    later = {trigger.id: trigger for trigger in after.triggers}
    pairs = [(trigger, later.get(trigger.id, trigger)) for trigger in before.triggers]
    triggers = tuple((old.id, old.state, old.ended_at) for old, new in pairs if old.state is not new.state)
    offers = tuple(
        (old.id, old.offered_to, old.offered_at) for old, new in pairs if old.offered_to != new.offered_to
    )
    if then is None or now is None:
        return Was(triggers=triggers, offers=offers, said=said)
    moved = (then.stage, then.stage_since) != (now.stage, now.stage_since)
    return Was(
        stage=then.stage if moved else None,
        stage_since=then.stage_since if moved else None,
        snoozed=(then.snoozed_until,) if then.snoozed_until != now.snoozed_until else None,
        suppressed=(then.suppression,) if then.suppression != now.suppression else None,
        owned=(then.owner,) if then.owner != now.owner else None,
        triggers=triggers,
        offers=offers,
        said=said,
    )


def to_undo(past: Past, *, trigger: str | None = None, said: str = "") -> Transition | None:
    """Return the newest action of a person that may be taken back: of a trigger, or the one that said so.

    ``said`` is how the id of the action's transition, judgement or outcome begins.
    """
    for move in reversed(standing(past.transitions)):
        fits = trigger is None or move.trigger == trigger
        named = not said or move.id.startswith(said) or _said(move).startswith(said)
        if move.actor != MACHINE and move.was is not None and fits and named:
            return move
    return None


def as_it_was(move: Transition, past: Past) -> Past | None:
    """Return the past with what a transition changed put back; None when it remembers nothing.

    What a person changed again after it, and did not take back, stays as it is.
    """
    was, account = move.was, past.account
    if was is None or account is None:
        return None
    later = [each.was for each in _after(move, standing(past.transitions)) if each.was is not None]
    if was.stage is not None and all(each.stage is None for each in later):
        account = replace(account, stage=was.stage, stage_since=was.stage_since)
    if was.snoozed is not None and all(each.snoozed is None for each in later):
        account = replace(account, snoozed_until=was.snoozed[0])
    if was.suppressed is not None and all(each.suppressed is None for each in later):
        account = replace(account, suppression=was.suppressed[0])
    if was.owned is not None and all(each.owned is None for each in later):
        account = replace(account, owner=was.owned[0])
    again = {name for each in later for name, _, _ in each.triggers}
    triggers = [each if each.id in again else _reset(each, was) for each in past.triggers]
    again = {name for each in later for name, _, _ in each.offers}
    triggers = [each if each.id in again else _offered(each, was) for each in triggers]
    return replace(past, account=account, triggers=tuple(triggers))


def _after(move: Transition, moves: Iterable[Transition]) -> Iterable[Transition]:
    """Return what people did after a move."""
    place = (move.at, move.id)
    return [each for each in moves if (each.at, each.id) > place and each.actor != MACHINE]


def _said(move: Transition) -> str:
    return (move.was.said or "") if move.was is not None else ""


def _reset(trigger: Trigger, was: Was) -> Trigger:
    for name, state, ended_at in was.triggers:
        if name == trigger.id and trigger.state is not TriggerState.MERGED:
            return replace(trigger, state=state, ended_at=ended_at)
    return trigger


def _offered(trigger: Trigger, was: Was) -> Trigger:
    for name, offered_to, offered_at in was.offers:
        if name == trigger.id and trigger.state is not TriggerState.MERGED:
            return replace(trigger, offered_to=offered_to, offered_at=offered_at)
    return trigger
