"""What a person does, carried out: decided, stored, and told in words; for terminal and page alike."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Final

from earmark.errors import EarmarkError
from earmark.types import UNTIL_NEWS, Action, Changes, Past, TriggerState, Verdict
from matcher.act import act
from monitors.effects import forget_name, look_again, remember_names
from review.rules import lexicon_of
from storage import accounts, history, judgements, standing, stories, triggers, users
from storage.engine import Connection, Engine, writing
from storage.standing import Standing  # noqa: TC001 - as all imports here, at run time

__all__ = ["carry_out"]

_VERDICTS: Final = frozenset({"accept", "dismiss"})
_ENDED_BY_PEOPLE: Final = frozenset({TriggerState.CONTACTED, TriggerState.DISMISSED})
_MEMORY: Final = timedelta(days=3650)
"""How old a story may be of which a person says something, or takes it back."""


def carry_out(
    engine: Engine, action: Action, *, now: datetime, zone: tzinfo, seen: int | None = None
) -> list[str]:
    """Decide on an action and store what follows; say in words what changed, and what was learned of it.

    ``seen`` is the number of the newest move that the person had before their eyes (see
    ``storage.standing``). When somebody else was quicker, nothing is stored, and that is what is said.
    Raises EarmarkError, with what to do, when the action does not fit; then nothing is stored.
    """
    with writing(engine) as connection:
        changes, before = _decided(connection, action, now, seen)
    if isinstance(changes, str):
        return [changes]
    said = [_told(action.verb, changes, before, zone)]
    if (
        action.verb == "dismiss"
        and action.value == Verdict.WRONG_ACCOUNT
        and action.trigger
        and changes.judgements
    ):
        said.append(forget_name(engine, action.trigger, by=action.by, now=now))
    if action.value == Verdict.DUPLICATE and changes.judgements:
        said.append(_of_duplicate(changes))
    if changes.taken_back:
        said += remember_names(engine, changes.taken_back, by=action.by, now=now)
    return said


def _decided(
    connection: Connection, action: Action, now: datetime, seen: int | None
) -> tuple[Changes | str, Mapping[str, TriggerState]]:
    """Decide and save; return the changes (or who was quicker), and which state each trigger had before."""
    key = _key_of(connection, action)
    account = accounts.get(connection, key[2:]) if key.startswith("a:") else None
    past = history.load(connection, [key], now - _MEMORY, now)
    if quicker := _quicker(connection, action, past.pasts[key], now, seen):
        return quicker, {}
    lexicon = lexicon_of(connection, [account] if account else [])
    changes = act(action, past, lexicon, now)
    if changes.taken_back:  # what no longer holds weighs on nothing, not even on its own end
        judgements.take_back(connection, changes.taken_back, now)
        changes = act(action, past, lexicon_of(connection, [account] if account else []), now)
    history.save(connection, changes, now)
    look_again(connection, key, changes, now)
    return changes, {one.id: one.state for each in past.pasts.values() for one in each.triggers}


def _quicker(connection: Connection, action: Action, past: Past, now: datetime, seen: int | None) -> str:
    """Return who did something to the account or the trigger just before, and what; nothing if nobody did."""
    done: list[Standing] = []
    if past.account is not None and seen is not None and action.verb != "undo":
        done = standing.since(connection, past.account.id, seen)
    trigger = next((one for one in past.triggers if one.id == action.trigger), None)
    if not done and trigger is not None and action.verb in _VERDICTS and trigger.state in _ENDED_BY_PEOPLE:
        done = standing.of_trigger(connection, trigger.id)[:1]
    other = next((one for one in done if one.by != action.by), None)
    if other is None:
        return ""
    user = users.get(connection, other.by)
    ago = _ago(now - other.at)
    return f"{user.name if user else other.by} was quicker, {ago}: {other.words}. Nothing was changed."


def _ago(passed: timedelta) -> str:
    seconds = max(0, int(passed.total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{seconds // size} {unit}{'s' if seconds >= 2 * size else ''} ago"
    return f"{seconds} second{'' if seconds == 1 else 's'} ago"


def _key_of(connection: Connection, action: Action) -> str:
    if action.account is not None:
        return f"a:{action.account}"
    trigger = triggers.get(connection, action.trigger or "")
    story = stories.get(connection, trigger.story) if trigger else None
    if story is None:
        raise EarmarkError(
            f"The story of trigger {action.trigger} is gone. See what is there: earmark today."
        )
    return story.key


def _end(until: datetime, zone: tzinfo) -> str:
    return "the next trigger" if until == UNTIL_NEWS else f"{until.astimezone(zone):%Y-%m-%d %H:%M}"


def _of_duplicate(changes: Changes) -> str:
    """Say whether a duplicate was joined to another story."""
    ended = changes.judgements[0].trigger
    if changes.joins:
        return f"Both are one story now, for later news of either too; part them: earmark undo {ended[:8]}"
    return "No other reason near it tells the same, so nothing was joined; name it: --of TRIGGER"


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
        f"{one.id} is snoozed until {_end(one.snoozed_until, zone)}"
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
