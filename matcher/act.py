"""People's actions on triggers and accounts, and how they are taken back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from earmark.errors import EarmarkError
from earmark.lifecycle import Cause, Stage
from earmark.triggers import Polarity
from earmark.types import (
    UNTIL_NEWS,
    Action,
    Changes,
    History,
    Lexicon,
    Past,
    Suppression,
    Transition,
    TriggerState,
    Verdict,
    Was,
)
from matcher.agenda import MACHINE, suppressed
from matcher.case import (
    Case,
    Done,
    account_of,
    advanced,
    living,
    named,
    one_of,
    remark_of,
    with_state,
    with_triggers,
)
from matcher.difference import changes_of
from matcher.dismissals import dismiss
from matcher.duplicates import apart
from matcher.memory import MERGED, as_it_was, remembered, to_undo
from matcher.routing import offered
from matcher.score import LIVE
from matcher.stages import pass_time, settle, transition_id
from matcher.verdicts import judgement_of, judgements_of_conversation, outcome_of, reason_of

__all__ = ["OUTCOMES", "SUPPRESSIONS", "VERBS", "act"]

SUPPRESSIONS: Final = ("customer", "legal", "open_deal", "opt_out", "rival")
"""Reasons for which nobody may contact an account."""

OUTCOMES: Final[Mapping[str, Cause]] = {
    "lost": Cause.LOST,
    "meeting": Cause.QUALIFIED,
    "no_answer": Cause.CONTACTED,
    "opportunity": Cause.QUALIFIED,
    "reply": Cause.DEMAND_SHOWN,
    "won": Cause.COUNTERED,
}
"""What can come of an outreach, and the cause that it is.

No answer means that outreach was made; who was won is a customer, and not to be contacted by this team.
"""


def act(action: Action, history: History, lexicon: Lexicon, now: datetime) -> Changes:
    """Return all that follows from what a person did.

    Each action is recorded as a transition of the account, be it a "stay", that remembers what was before,
    so that undo puts exactly that back and takes back what was said. Doing what is done already changes
    nothing. Raises EarmarkError, with what to do, when the action does not fit.
    """
    if action.verb not in VERBS:
        known = ", ".join(VERBS)
        raise EarmarkError(f"There is no action {action.verb!r}; an action is one of {known}.")
    if action.until == UNTIL_NEWS and action.verb != "snooze" and action.value != Verdict.NOT_NOW:
        raise EarmarkError(
            f"Only a snooze ends with the next trigger; give a day, or no end, to {action.verb}."
        )
    key, before = _found(action, history)
    past = pass_time(before, lexicon, now)
    done = VERBS[action.verb](Case(action=action, past=past, lexicon=lexicon, now=now))
    after = past
    if done is not None:
        after = _remembering(settle(_recorded(done, past, action, now), lexicon, now), past, done)
    if done is None:
        return changes_of(key, before, after, lexicon)
    changes = changes_of(key, before, after, lexicon, done.merged, done.quiet)
    return replace(
        changes,
        judgements=(done.judgement,) if done.judgement else (),
        outcomes=(done.outcome,) if done.outcome else (),
        joins=done.joins,
        taken_back=done.taken_back,
        actions=(action,),
    )


def _found(action: Action, history: History) -> tuple[str, Past]:
    """Return the past that the action is about, with its key."""
    for key, past in history.pasts.items():
        if action.trigger is not None:
            if any(trigger.id == action.trigger for trigger in past.triggers):
                return key, past
        elif past.account is not None and past.account.id == action.account:
            return key, past
    what = f"trigger {action.trigger}" if action.trigger is not None else f"account {action.account}"
    raise EarmarkError(f"There is no {what}. List them with: earmark today, or earmark accounts list.")


def _recorded(done: Done, before: Past, action: Action, now: datetime) -> Past:
    """Return the past with the transition of the action; its stage is already what the action made it."""
    account, was = done.past.account, before.account
    if account is None or was is None or done.cause is None:
        return done.past
    move = Transition(
        id=transition_id(before, account.id, now, done.cause, action.trigger),
        account=account.id,
        at=now,
        before=was.stage,
        after=account.stage,
        cause=done.cause,
        actor=action.by,
        reason=done.said,
        trigger=action.trigger,
    )
    return replace(done.past, transitions=(*before.transitions, move))


def _remembering(after: Past, before: Past, done: Done) -> Past:
    """Return the past whose new transition also keeps what was before it and before its consequences."""
    known = len(before.transitions)
    if done.cause is None or len(after.transitions) == known:
        return after
    move = after.transitions[known]
    move = replace(move, was=remembered(before, after, done.told))
    return replace(after, transitions=(*before.transitions, move, *after.transitions[known + 1 :]))


def _accept(case: Case) -> Done | None:
    action, past, now = case.action, case.past, case.now
    trigger = living(action, past)
    if trigger.state is TriggerState.ACCEPTED:
        return None
    after = with_state([trigger], past, TriggerState.ACCEPTED, now)
    speaks_against = trigger.polarity is Polarity.SUPPRESS
    if not speaks_against and not (past.account and suppressed(past.account, now)):
        after = advanced(after, Cause.TRIGGERED, now)
    return Done(
        past=after,
        cause=Cause.COUNTERED if speaks_against else Cause.TRIGGERED,
        said=f"Accepted{remark_of(action)}.",
        judgement=judgement_of(action, trigger, Verdict.GOOD, past, now),
    )


def _contacted(case: Case) -> Done | None:
    action, past, now = case.action, case.past, case.now
    live = [trigger for trigger in past.triggers if trigger.state in LIVE]
    worked = [named(action, past)] if action.trigger is not None else live
    is_hot = past.account is not None and past.account.stage is Stage.HOT
    state = TriggerState.ACCEPTED if is_hot else TriggerState.CONTACTED  # a hot one stays in sight
    after = with_state([each for each in worked if each.state in LIVE], past, state, now)
    after = advanced(after, Cause.CONTACTED, now)
    channel = f" by {action.value}" if action.value else ""
    return Done(past=after, cause=Cause.CONTACTED, said=f"Contacted{channel}{remark_of(action)}.")


def _outcome(case: Case) -> Done | None:
    action, past, now = case.action, case.past, case.now
    account = account_of(action, past)
    outcome = one_of(action.value, list(OUTCOMES), "outcome")
    if outcome == "won":
        customer = Suppression(reason="customer", by=action.by, until=action.until)
        after = replace(past, account=replace(account, suppression=account.suppression or customer))
    else:
        after = advanced(past, OUTCOMES[outcome], now)
        if OUTCOMES[outcome] is Cause.QUALIFIED:
            after = _in_sight(after, action.trigger or reason_of(past), now)
    return Done(
        past=after,
        cause=OUTCOMES[outcome],
        said=f"Outcome: {outcome.replace('_', ' ')}{remark_of(action)}.",
        outcome=outcome_of(action, past, account.id, now),
    )


def _in_sight(past: Past, reason: str | None, now: datetime) -> Past:
    """Return the past in which the reason for a meeting is worked on, so that it stays on the list."""
    met = [
        each
        for each in past.triggers
        if each.id == reason and each.state is TriggerState.CONTACTED and now < each.expires_at
    ]
    return with_state(met, past, TriggerState.ACCEPTED, now)


def _assign(case: Case) -> Done | None:
    action, past = case.action, case.past
    account = account_of(action, past)
    if action.value and case.lexicon.reps:
        one_of(action.value, [rep.id for rep in case.lexicon.reps], "rep")
    owner = action.value or None
    if account.owner == owner:
        return None
    after = offered(replace(past, account=replace(account, owner=owner)), owner, case.now)
    said = f"Assigned to {owner}{remark_of(action)}." if owner else f"Nobody owns it{remark_of(action)}."
    return Done(past=after, cause=Cause.COUNTERED, said=said)


def _snooze(case: Case) -> Done | None:
    action, past, now = case.action, case.past, case.now
    account = account_of(action, past)
    if action.until is None or action.until <= now:
        raise EarmarkError(f"A snooze of {account.name} needs an end in the future; give it with --until.")
    after = replace(past, account=replace(account, snoozed_until=action.until))
    end = "the next trigger" if action.until == UNTIL_NEWS else f"{action.until:%Y-%m-%d %H:%M} UTC"
    return Done(past=after, cause=Cause.COUNTERED, said=f"Snoozed until {end}{remark_of(action)}.")


def _remark(case: Case) -> Done | None:
    """Keep what a person wrote of the account; it moves nothing."""
    action, past = case.action, case.past
    account = account_of(action, past)
    if not action.text.strip():
        raise EarmarkError(f"A remark on {account.name} needs words.")
    return Done(past=past, cause=Cause.COUNTERED, said=f"Remark: {action.text.strip()}")


def _suppress(case: Case) -> Done | None:
    action, past, now = case.action, case.past, case.now
    account = account_of(action, past)
    reason = one_of(action.value, SUPPRESSIONS, "reason")
    if action.until is not None and action.until <= now:
        raise EarmarkError(f"The suppression of {account.name} would end in the past; give a later --until.")
    suppression = Suppression(reason=reason, by=action.by, until=action.until)
    after = replace(past, account=replace(account, suppression=suppression))
    return Done(
        past=after,
        cause=Cause.COUNTERED,
        said=f"Suppressed as {reason.replace('_', ' ')}{remark_of(action)}.",
    )


def _unsuppress(case: Case) -> Done | None:
    action, past = case.action, case.past
    account = account_of(action, past)
    if account.suppression is not None and action.by == MACHINE:
        raise EarmarkError(f"Only a person may end the suppression of {account.name}.")
    after = replace(past, account=replace(account, suppression=None))
    return Done(past=after, cause=Cause.COUNTERED, said=f"No longer suppressed{remark_of(action)}.")


def _undo(case: Case) -> Done | None:
    action, past, now = case.action, case.past, case.now
    account = past.account
    if account is None:
        return _undo_conversation(case)
    move = to_undo(past, trigger=action.trigger, said=action.value)
    back = as_it_was(move, past) if move is not None else None
    if move is None or back is None:
        raise EarmarkError(f"There is nothing to undo for {account.name}.")
    said = move.was.said if move.was is not None else None
    if said is not None and said.startswith(MERGED):
        raise EarmarkError(
            f"The last thing done to {account.name} was a merge. Take it back with: earmark accounts merge "
            f"--undo {said.removeprefix(MERGED)}, or on the page of the account."
        )
    join = next((each for each in past.joins if each.id == said), None)
    if join is not None and move.was is not None and move.trigger is not None:
        back = apart(back, join, move.trigger, move.was, case.lexicon, now)
    return Done(
        past=_taken_back(action, move, past, back, now),
        quiet=frozenset(story.id for story in back.stories) if join is not None else frozenset(),
        taken_back=(said,) if said else (),
    )


def _taken_back(action: Action, move: Transition, past: Past, back: Past, now: datetime) -> Past:
    """Return the past as it was before a move, with the inverse transition appended."""
    inverse = Transition(
        id=transition_id(past, move.account, now, move.cause, move.trigger),
        account=move.account,
        at=now,
        before=past.account.stage if past.account else move.after,
        after=back.account.stage if back.account else move.before,
        cause=move.cause,
        actor=action.by,
        reason=f"Took back: {move.reason}",
        trigger=move.trigger,
        undoes=move.id,
    )
    return replace(back, transitions=(*past.transitions, inverse))


def _undo_conversation(case: Case) -> Done:
    """Open a conversation again: it has no account, so nothing else was changed."""
    past, trigger = case.past, named(case.action, case.past)
    said = judgements_of_conversation(trigger.id)
    join = next((each for each in past.joins if each.id in said), None)
    if join is not None:
        return Done(past=apart(past, join, trigger.id, Was(), case.lexicon, case.now), taken_back=said)
    if trigger.state in (TriggerState.OPEN, TriggerState.EXPIRED, TriggerState.MERGED):
        raise EarmarkError(f"There is nothing to undo for the conversation {trigger.id}.")
    opened = replace(trigger, state=TriggerState.OPEN, ended_at=None)
    return Done(past=with_triggers(past, [opened]), taken_back=said)


VERBS: Final[Mapping[str, Callable[[Case], Done | None]]] = {
    "accept": _accept,
    "assign": _assign,
    "contacted": _contacted,
    "dismiss": dismiss,
    "outcome": _outcome,
    "remark": _remark,
    "snooze": _snooze,
    "suppress": _suppress,
    "undo": _undo,
    "unsuppress": _unsuppress,
}
"""What a person can do, and what it makes of a past."""
