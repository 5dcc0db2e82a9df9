"""People's actions on triggers and accounts, and how they are taken back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earmark.errors import EarmarkError
from earmark.lifecycle import Cause, Stage
from earmark.triggers import CATALOGUE, Polarity
from earmark.types import (
    Account,
    Action,
    Changes,
    History,
    Judgement,
    Lexicon,
    Outcome,
    Past,
    Suppression,
    Transition,
    Trigger,
    TriggerState,
    Verdict,
)
from matcher.agenda import MACHINE, UNTIL_NEWS, suppressed
from matcher.difference import changes_of
from matcher.memory import as_it_was, remembered, to_undo
from matcher.score import LIVE
from matcher.stages import holding, moved, pass_time, settle, transition_id
from matcher.verdicts import NOT_NOW, judgement_of, judgements_of_conversation, outcome_of

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """An action, and what it meets."""

    action: Action
    past: Past
    lexicon: Lexicon
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What an action makes of a past: the move to record (if any is left to record), and what it told."""

    past: Past
    cause: Cause | None = None
    said: str = ""
    judgement: Judgement | None = None
    outcome: Outcome | None = None
    taken_back: tuple[str, ...] = ()

    @property
    def told(self) -> str | None:
        """The id of the judgement or the outcome."""
        told = self.judgement or self.outcome
        return told.id if told is not None else None


def act(action: Action, history: History, lexicon: Lexicon, now: datetime) -> Changes:
    """Return all that follows from what a person did.

    Each action is recorded as a transition of the account, be it a "stay", that remembers what was before,
    so that undo puts exactly that back and takes back what was said. Doing what is done already changes
    nothing. Raises EarmarkError, with what to do, when the action does not fit.
    """
    if action.verb not in VERBS:
        known = ", ".join(VERBS)
        raise EarmarkError(f"There is no action {action.verb!r}; an action is one of {known}.")
    key, before = _found(action, history)
    past = pass_time(before, lexicon, now)
    done = VERBS[action.verb](_Case(action=action, past=past, lexicon=lexicon, now=now))
    after = past
    if done is not None:
        after = _remembering(settle(_recorded(done, past, action, now), lexicon, now), past, done)
    changes = changes_of(key, before, after, lexicon)
    if done is None:
        return changes
    return replace(
        changes,
        judgements=(done.judgement,) if done.judgement else (),
        outcomes=(done.outcome,) if done.outcome else (),
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


def _recorded(done: _Done, before: Past, action: Action, now: datetime) -> Past:
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


def _remembering(after: Past, before: Past, done: _Done) -> Past:
    """Return the past whose new transition also keeps what was before it and before its consequences."""
    known = len(before.transitions)
    if done.cause is None or len(after.transitions) == known:
        return after
    move = after.transitions[known]
    move = replace(move, was=remembered(before, after, done.told))
    return replace(after, transitions=(*before.transitions, move, *after.transitions[known + 1 :]))


def _accept(case: _Case) -> _Done | None:
    action, past, now = case.action, case.past, case.now
    trigger = _live(action, past)
    if trigger.state is TriggerState.ACCEPTED:
        return None
    after = _with_state([trigger], past, TriggerState.ACCEPTED, now)
    speaks_against = trigger.polarity is Polarity.SUPPRESS
    if not speaks_against and not (past.account and suppressed(past.account, now)):
        after = _advanced(after, Cause.TRIGGERED, now)
    return _Done(
        past=after,
        cause=Cause.COUNTERED if speaks_against else Cause.TRIGGERED,
        said=f"Accepted{_text(action)}.",
        judgement=judgement_of(action, trigger, Verdict.GOOD, past, now),
    )


def _dismiss(case: _Case) -> _Done | None:
    action, past, now = case.action, case.past, case.now
    trigger = _named(action, past)
    verdict = _one_of(action.value or Verdict.OTHER, list(Verdict), "verdict")
    if trigger.state is TriggerState.DISMISSED:
        return None
    if trigger.state is TriggerState.MERGED:
        raise EarmarkError(f"Trigger {trigger.id} became part of another one; dismiss that one instead.")
    if verdict == Verdict.NOT_NOW and past.account is not None:
        return _later(case, trigger, past.account)
    after = _with_state([trigger], past, TriggerState.DISMISSED, now)
    account = after.account
    if (
        account is not None
        and account.stage is Stage.OUTREACH_READY
        and not holding(after, case.lexicon, now)
    ):
        after = _advanced(after, Cause.TRIGGERS_GONE, now)
    said = f"Dismissed a trigger as {verdict.replace('_', ' ')}{_text(action)}."
    if verdict == Verdict.CUSTOMER_OR_OPEN_DEAL and account is not None and account.suppression is None:
        after = _in_a_deal(after, action, now)
        said += " Somebody already talks to the account, so it is suppressed for now."
    return _Done(
        past=after,
        cause=Cause.TRIGGERS_GONE,
        said=said,
        judgement=judgement_of(action, trigger, Verdict(verdict), past, now),
    )


def _later(case: _Case, trigger: Trigger, account: Account) -> _Done | None:
    """Snooze the account: "not now" says nothing against the trigger, which may still be fresh then."""
    action, past, now = case.action, case.past, case.now
    until = action.until or now + NOT_NOW
    if until <= now:
        raise EarmarkError(f"\u201cNot now\u201d of {account.name} needs an end in the future; see --until.")
    if account.snoozed_until == until:
        return None
    return _Done(
        past=replace(past, account=replace(account, snoozed_until=until)),
        cause=Cause.COUNTERED,
        said=f"Not now: snoozed until {until:%Y-%m-%d %H:%M} UTC{_text(action)}.",
        judgement=judgement_of(action, trigger, Verdict.NOT_NOW, past, now),
    )


def _in_a_deal(past: Past, action: Action, now: datetime) -> Past:
    account = _account(action, past)
    end = action.until or now + CATALOGUE["existing_customer_or_open_deal"].expires
    suppression = Suppression(reason="open_deal", by=action.by, until=end)
    return replace(past, account=replace(account, suppression=suppression))


def _contacted(case: _Case) -> _Done | None:
    action, past, now = case.action, case.past, case.now
    live = [trigger for trigger in past.triggers if trigger.state in LIVE]
    worked = [_named(action, past)] if action.trigger is not None else live
    after = _with_state([each for each in worked if each.state in LIVE], past, TriggerState.CONTACTED, now)
    after = _advanced(after, Cause.CONTACTED, now)
    channel = f" by {action.value}" if action.value else ""
    return _Done(past=after, cause=Cause.CONTACTED, said=f"Contacted{channel}{_text(action)}.")


def _outcome(case: _Case) -> _Done | None:
    action, past, now = case.action, case.past, case.now
    account = _account(action, past)
    outcome = _one_of(action.value, list(OUTCOMES), "outcome")
    if outcome == "won":
        customer = Suppression(reason="customer", by=action.by, until=action.until)
        after = replace(past, account=replace(account, suppression=account.suppression or customer))
    else:
        after = _advanced(past, OUTCOMES[outcome], now)
    return _Done(
        past=after,
        cause=OUTCOMES[outcome],
        said=f"Outcome: {outcome.replace('_', ' ')}{_text(action)}.",
        outcome=outcome_of(action, past, account.id, now),
    )


def _assign(case: _Case) -> _Done | None:
    action, past = case.action, case.past
    account = _account(action, past)
    if action.value and case.lexicon.reps:
        _one_of(action.value, [rep.id for rep in case.lexicon.reps], "rep")
    owner = action.value or None
    if account.owner == owner:
        return None
    after = replace(past, account=replace(account, owner=owner))
    said = f"Assigned to {owner}{_text(action)}." if owner else f"Nobody owns it{_text(action)}."
    return _Done(past=after, cause=Cause.COUNTERED, said=said)


def _snooze(case: _Case) -> _Done | None:
    action, past, now = case.action, case.past, case.now
    account = _account(action, past)
    if action.until is None or action.until <= now:
        raise EarmarkError(f"A snooze of {account.name} needs an end in the future; give it with --until.")
    after = replace(past, account=replace(account, snoozed_until=action.until))
    end = "the next trigger" if action.until == UNTIL_NEWS else f"{action.until:%Y-%m-%d %H:%M} UTC"
    return _Done(past=after, cause=Cause.COUNTERED, said=f"Snoozed until {end}{_text(action)}.")


def _remark(case: _Case) -> _Done | None:
    """Keep what a person wrote of the account; it moves nothing."""
    action, past = case.action, case.past
    account = _account(action, past)
    if not action.text.strip():
        raise EarmarkError(f"A remark on {account.name} needs words.")
    return _Done(past=past, cause=Cause.COUNTERED, said=f"Remark: {action.text.strip()}")


def _suppress(case: _Case) -> _Done | None:
    action, past, now = case.action, case.past, case.now
    account = _account(action, past)
    reason = _one_of(action.value, SUPPRESSIONS, "reason")
    if action.until is not None and action.until <= now:
        raise EarmarkError(f"The suppression of {account.name} would end in the past; give a later --until.")
    suppression = Suppression(reason=reason, by=action.by, until=action.until)
    after = replace(past, account=replace(account, suppression=suppression))
    return _Done(
        past=after, cause=Cause.COUNTERED, said=f"Suppressed as {reason.replace('_', ' ')}{_text(action)}."
    )


def _unsuppress(case: _Case) -> _Done | None:
    action, past = case.action, case.past
    account = _account(action, past)
    if account.suppression is not None and action.by == MACHINE:
        raise EarmarkError(f"Only a person may end the suppression of {account.name}.")
    after = replace(past, account=replace(account, suppression=None))
    return _Done(past=after, cause=Cause.COUNTERED, said=f"No longer suppressed{_text(action)}.")


def _undo(case: _Case) -> _Done | None:
    action, past, now = case.action, case.past, case.now
    account = past.account
    if account is None:
        return _undo_conversation(action, past)
    move = to_undo(past, trigger=action.trigger, said=action.value)
    back = as_it_was(move, past) if move is not None else None
    if move is None or back is None:
        raise EarmarkError(f"There is nothing to undo for {account.name}.")
    said = move.was.said if move.was is not None else None
    return _Done(past=_taken_back(action, move, past, back, now), taken_back=(said,) if said else ())


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


def _undo_conversation(action: Action, past: Past) -> _Done:
    """Open a conversation again: it has no account, so nothing else was changed."""
    trigger = _named(action, past)
    if trigger.state in (TriggerState.OPEN, TriggerState.EXPIRED, TriggerState.MERGED):
        raise EarmarkError(f"There is nothing to undo for the conversation {trigger.id}.")
    opened = replace(trigger, state=TriggerState.OPEN, ended_at=None)
    return _Done(past=_with(past, [opened]), taken_back=judgements_of_conversation(trigger.id))


VERBS: Final[Mapping[str, Callable[[_Case], _Done | None]]] = {
    "accept": _accept,
    "assign": _assign,
    "contacted": _contacted,
    "dismiss": _dismiss,
    "outcome": _outcome,
    "remark": _remark,
    "snooze": _snooze,
    "suppress": _suppress,
    "undo": _undo,
    "unsuppress": _unsuppress,
}
"""What a person can do, and what it makes of a past."""


def _named(action: Action, past: Past) -> Trigger:
    for trigger in past.triggers:
        if trigger.id == action.trigger:
            return trigger
    raise EarmarkError(f"To {action.verb}, name a trigger; earmark today shows their ids.")


def _live(action: Action, past: Past) -> Trigger:
    trigger = _named(action, past)
    if trigger.state not in LIVE:
        raise EarmarkError(f"Trigger {trigger.id} is {trigger.state} and can't be accepted; undo that first.")
    return trigger


def _account(action: Action, past: Past) -> Account:
    if past.account is None:
        raise EarmarkError(f"A conversation has no account to {action.verb}; accept or dismiss it instead.")
    return past.account


def _one_of(value: str, known: Iterable[str], what: str) -> str:
    options = [str(each) for each in known]
    if value not in options:
        raise EarmarkError(f"{value!r} is no {what}; give one of {', '.join(options)}.")
    return str(value)


def _with_state(triggers: Iterable[Trigger], past: Past, state: TriggerState, now: datetime) -> Past:
    ended = None if state in LIVE else now
    return _with(past, [replace(trigger, state=state, ended_at=ended) for trigger in triggers])


def _with(past: Past, changed: Iterable[Trigger]) -> Past:
    by_id = {trigger.id: trigger for trigger in changed}
    return replace(past, triggers=tuple(by_id.get(trigger.id, trigger) for trigger in past.triggers))


def _advanced(past: Past, cause: Cause, now: datetime) -> Past:
    """Return the past with its account moved by the table; the transition is recorded elsewhere."""
    after = moved(past, cause, at=now, actor="", reason="")
    return replace(after, transitions=past.transitions)


def _text(action: Action) -> str:
    return f" ({action.text})" if action.text else ""
