"""What people say of a trigger and of an outreach, as judgements and outcomes."""

from datetime import datetime, timedelta
from typing import Final

from earmark.lifecycle import Cause
from earmark.types import Action, Judgement, Outcome, Past, Trigger, TriggerState, Verdict
from matcher.moves import MACHINE, standing
from matcher.score import LIVE
from matcher.stories import identity

__all__ = ["NOT_NOW", "judgement_of", "judgements_of_conversation", "outcome_of", "reason_of"]

NOT_NOW: Final = timedelta(days=30)
"""How long an account is snoozed by the verdict "not now" that names no day."""


def judgement_of(action: Action, trigger: Trigger, verdict: Verdict, past: Past, now: datetime) -> Judgement:
    """Return the verdict that an action gives on a trigger.

    A conversation has no transitions that could remember it, so the id of its verdict follows from the
    verdict alone: see ``judgements_of_conversation``.
    """
    said = _of_conversation(trigger.id, verdict)
    if past.account is not None:
        said = identity("judgement", trigger.id, action.by, now.isoformat(), verdict, len(past.transitions))
    return Judgement(id=said, trigger=trigger.id, verdict=verdict, by=action.by, at=now, text=action.text)


def judgements_of_conversation(trigger: str) -> tuple[str, ...]:
    """Return the ids of all verdicts that may have been given on a conversation."""
    return tuple(_of_conversation(trigger, verdict) for verdict in Verdict)


def outcome_of(action: Action, past: Past, account: str, now: datetime) -> Outcome:
    """Return the outcome that an action reports, with the reason for the outreach."""
    named = action.trigger if action.trigger is not None else reason_of(past)
    return Outcome(
        id=identity("outcome", account, action.value, action.by, now.isoformat(), len(past.transitions)),
        account=account,
        trigger=named,
        outcome=action.value,
        by=action.by,
        at=now,
    )


def reason_of(past: Past) -> str | None:
    """Return the id of the trigger that the outreach began with, or None when there was none.

    It is the one that the last outreach was logged for; of several the strongest. Where none was logged it
    is the strongest one that was accepted, or is open.
    """
    worked: set[str] = set()
    for move in reversed(standing(past.transitions)):
        if move.cause is Cause.CONTACTED and move.actor != MACHINE:
            if move.trigger is not None:
                return move.trigger
            worked = {name for name, _, _ in move.was.triggers} if move.was is not None else set()
            if worked:
                break
    live = [trigger for trigger in past.triggers if trigger.state in LIVE]
    asked = [trigger for trigger in past.triggers if trigger.id in worked] or live
    best = max(asked, key=_strength, default=None)
    return best.id if best is not None else None


def _strength(trigger: Trigger) -> tuple[bool, float, str]:
    score = trigger.score
    accepted = trigger.state is TriggerState.ACCEPTED
    return accepted, score.fit * score.intent * score.confidence, trigger.id


def _of_conversation(trigger: str, verdict: Verdict) -> str:
    return identity("judgement", trigger, verdict)
