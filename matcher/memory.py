"""Memory: what a person's action changed, as it was before, so that undo puts exactly that back."""

from dataclasses import replace

from earmark.types import Past, Transition, Trigger, TriggerState, Was

__all__ = ["as_it_was", "remembered"]


def remembered(before: Past, after: Past) -> Was:
    """Return what of the past an action changed, as it was before."""
    then, now = before.account, after.account
    states = {trigger.id: trigger.state for trigger in after.triggers}
    triggers = tuple(
        (trigger.id, trigger.state, trigger.ended_at)
        for trigger in before.triggers
        if states.get(trigger.id, trigger.state) is not trigger.state
    )
    if then is None or now is None:
        return Was(triggers=triggers)
    moved = (then.stage, then.stage_since) != (now.stage, now.stage_since)
    return Was(
        stage=then.stage if moved else None,
        stage_since=then.stage_since if moved else None,
        snoozed=(then.snoozed_until,) if then.snoozed_until != now.snoozed_until else None,
        suppressed=(then.suppression,) if then.suppression != now.suppression else None,
        triggers=triggers,
    )


def as_it_was(move: Transition, past: Past) -> Past | None:
    """Return the past with what a transition changed put back; None when it remembers nothing."""
    was, account = move.was, past.account
    if was is None or account is None:
        return None
    if was.stage is not None:
        account = replace(account, stage=was.stage, stage_since=was.stage_since)
    if was.snoozed is not None:
        account = replace(account, snoozed_until=was.snoozed[0])
    if was.suppressed is not None:
        account = replace(account, suppression=was.suppressed[0])
    return replace(past, account=account, triggers=tuple(_reset(each, was) for each in past.triggers))


def _reset(trigger: Trigger, was: Was) -> Trigger:
    for name, state, ended_at in was.triggers:
        if name == trigger.id and trigger.state is not TriggerState.MERGED:
            return replace(trigger, state=state, ended_at=ended_at)
    return trigger
