"""A case: what a person does and what it meets, and what a verb makes of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from earmark.errors import EarmarkError
from earmark.lifecycle import Cause
from earmark.types import (
    Account,
    Action,
    Join,
    Judgement,
    Lexicon,
    Outcome,
    Past,
    Trigger,
    TriggerState,
)
from matcher.score import LIVE
from matcher.stages import moved

__all__ = [
    "Case",
    "Done",
    "account_of",
    "advanced",
    "living",
    "named",
    "one_of",
    "remark_of",
    "with_state",
    "with_triggers",
]


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An action, and what it meets."""

    action: Action
    past: Past
    lexicon: Lexicon
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an action makes of a past: the move to record (if any is left to record), and what it told.

    ``merged`` maps the id of a story that is gone to the one that took it over; ``quiet`` are stories of
    which nothing is sent, because only what a person said of them changed.
    """

    past: Past
    cause: Cause | None = None
    said: str = ""
    judgement: Judgement | None = None
    outcome: Outcome | None = None
    joins: tuple[Join, ...] = ()
    merged: Mapping[str, str] = field(default_factory=_nothing)
    quiet: frozenset[str] = frozenset()
    taken_back: tuple[str, ...] = ()

    @property
    def told(self) -> str | None:
        """The id of the judgement or the outcome."""
        told = self.judgement or self.outcome
        return told.id if told is not None else None


def named(action: Action, past: Past) -> Trigger:
    """Return the trigger that the action names; EarmarkError when it names none of this past."""
    for trigger in past.triggers:
        if trigger.id == action.trigger:
            return trigger
    raise EarmarkError(f"To {action.verb}, name a trigger; earmark today shows their ids.")


def living(action: Action, past: Past) -> Trigger:
    """Return the trigger that the action names; EarmarkError when it speaks no more."""
    trigger = named(action, past)
    if trigger.state not in LIVE:
        raise EarmarkError(f"Trigger {trigger.id} is {trigger.state} and can't be accepted; undo that first.")
    return trigger


def account_of(action: Action, past: Past) -> Account:
    """Return the account of the past; EarmarkError for a conversation, which has none."""
    if past.account is None:
        raise EarmarkError(f"A conversation has no account to {action.verb}; accept or dismiss it instead.")
    return past.account


def one_of(value: str, known: Iterable[str], what: str) -> str:
    """Return the value; EarmarkError when it is none of those that are known."""
    options = [str(each) for each in known]
    if value not in options:
        raise EarmarkError(f"{value!r} is no {what}; give one of {', '.join(options)}.")
    return str(value)


def with_state(triggers: Iterable[Trigger], past: Past, state: TriggerState, now: datetime) -> Past:
    """Return the past with these triggers in a state."""
    ended = None if state in LIVE else now
    return with_triggers(past, [replace(trigger, state=state, ended_at=ended) for trigger in triggers])


def with_triggers(past: Past, changed: Iterable[Trigger]) -> Past:
    """Return the past with these triggers in the place of those with the same ids."""
    by_id = {trigger.id: trigger for trigger in changed}
    return replace(past, triggers=tuple(by_id.get(trigger.id, trigger) for trigger in past.triggers))


def advanced(past: Past, cause: Cause, now: datetime) -> Past:
    """Return the past with its account moved by the table; the transition is recorded elsewhere."""
    after = moved(past, cause, at=now, actor="", reason="")
    return replace(after, transitions=past.transitions)


def remark_of(action: Action) -> str:
    """Return what was written besides, in brackets behind what is said."""
    return f" ({action.text})" if action.text else ""
