"""What a person does, carried out: decided, stored, and told in words; for terminal and page alike."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Final

from earmark.errors import EarmarkError
from earmark.types import Action, Changes, TriggerState, Verdict
from matcher.act import act
from monitors.effects import forget_name, remember_names
from review.rules import lexicon_of
from storage import accounts, history, triggers
from storage.engine import Connection, Engine, writing

__all__ = ["carry_out"]

_MEMORY: Final = timedelta(days=3650)
"""How old a story may be of which a person says something, or takes it back."""


def carry_out(engine: Engine, action: Action, *, now: datetime, zone: tzinfo) -> list[str]:
    """Decide on an action and store what follows; say in words what changed, and what was learned of it.

    Raises EarmarkError, with what to do, when the action does not fit; then nothing is stored.
    """
    with writing(engine) as connection:
        changes, before = _decided(connection, action, now)
    said = [_told(action.verb, changes, before, zone)]
    if (
        action.verb == "dismiss"
        and action.value == Verdict.WRONG_ACCOUNT
        and action.trigger
        and changes.judgements
    ):
        said.append(forget_name(engine, action.trigger, by=action.by, now=now))
    if changes.taken_back:
        said += remember_names(engine, changes.taken_back, by=action.by, now=now)
    return said


def _decided(
    connection: Connection, action: Action, now: datetime
) -> tuple[Changes, Mapping[str, TriggerState]]:
    """Decide and save; return the changes, and which state each trigger had before."""
    key = _key_of(connection, action)
    account = accounts.get(connection, key[2:]) if key.startswith("a:") else None
    past = history.load(connection, [key], now - _MEMORY, now)
    lexicon = lexicon_of(connection, [account] if account else [])
    changes = act(action, past, lexicon, now)
    history.save(connection, changes, now)
    return changes, {one.id: one.state for each in past.pasts.values() for one in each.triggers}


def _key_of(connection: Connection, action: Action) -> str:
    if action.account is not None:
        return f"a:{action.account}"
    trigger = triggers.get(connection, action.trigger or "")
    story = triggers.story(connection, trigger.story) if trigger else None
    if story is None:
        raise EarmarkError(
            f"The story of trigger {action.trigger} is gone. See what is there: earmark today."
        )
    return story.key


def _told(verb: str, changes: Changes, before: Mapping[str, TriggerState], zone: tzinfo) -> str:
    """Return what follows, in words; ``before`` says which state each trigger had."""
    moves = [
        f"{move.account}: {move.before} → {move.after}"
        for move in changes.transitions
        if move.after is not move.before
    ]
    states = [
        f"trigger {one.id[:8]} is {one.state}"
        for one in changes.triggers
        if before.get(one.id) is not one.state
    ]
    hidden = [
        f"{one.id} is snoozed until {one.snoozed_until.astimezone(zone):%Y-%m-%d %H:%M}"
        for one in changes.accounts
        if one.snoozed_until
    ]
    hidden += [f"{one.id} belongs to {one.owner or 'nobody'}" for one in changes.accounts if verb == "assign"]
    hidden += [
        f"{one.id} is suppressed: {one.suppression.reason}" for one in changes.accounts if one.suppression
    ]
    back = [move.reason.removesuffix(".") for move in changes.transitions if verb == "undo" and move.undoes]
    said = "; ".join([*(moves or back), *states, *hidden]).replace("_", " ")
    recorded = "Recorded." if changes.transitions or changes.accounts else "Nothing changed."
    return said + "." if said else recorded
