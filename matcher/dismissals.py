"""Dismissals: what is wrong with a trigger, by a person's verdict, and what follows at once."""

from dataclasses import replace
from datetime import datetime

from earmark.errors import EarmarkError
from earmark.lifecycle import Cause, Stage
from earmark.triggers import CATALOGUE
from earmark.types import (
    UNTIL_NEWS,
    Account,
    Action,
    Join,
    Judgement,
    Past,
    Suppression,
    Trigger,
    TriggerState,
    Verdict,
)
from matcher.case import Case, Done, account_of, advanced, named, one_of, remark_of, with_state
from matcher.duplicates import doubled, together
from matcher.stages import holding
from matcher.verdicts import NOT_NOW, judgement_of

__all__ = ["dismiss"]


def dismiss(case: Case) -> Done | None:
    """Return what a verdict on a trigger makes of a past; None when it is dismissed already.

    EarmarkError when there is no such verdict, or it does not fit.
    """
    action, past, now = case.action, case.past, case.now
    trigger = named(action, past)
    verdict = Verdict(one_of(action.value or Verdict.OTHER, list(Verdict), "verdict"))
    if action.of is not None and verdict is not Verdict.DUPLICATE:
        raise EarmarkError(f"Only a duplicate tells of another trigger, and this is {verdict}: no --of.")
    if trigger.state is TriggerState.DISMISSED:
        return None
    if trigger.state is TriggerState.MERGED:
        raise EarmarkError(f"Trigger {trigger.id} became part of another one; dismiss that one instead.")
    if verdict is Verdict.NOT_NOW and past.account is not None:
        return _later(case, trigger, past.account)
    judgement = judgement_of(action, trigger, verdict, past, now)
    other = doubled(trigger, past, case.lexicon, action.of) if verdict is Verdict.DUPLICATE else None
    if other is not None:
        return _joined(case, trigger, other, judgement)
    after = with_state([trigger], past, TriggerState.DISMISSED, now)
    account = after.account
    if (
        account is not None
        and account.stage is Stage.OUTREACH_READY
        and not holding(after, case.lexicon, now)
    ):
        after = advanced(after, Cause.TRIGGERS_GONE, now)
    said = f"Dismissed a trigger as {verdict.replace('_', ' ')}{remark_of(action)}."
    if verdict is Verdict.DUPLICATE:
        said += " No other reason near it tells the same, so it is dismissed and joined to none."
    if verdict is Verdict.CUSTOMER_OR_OPEN_DEAL and account is not None and account.suppression is None:
        after = _in_a_deal(after, action, now)
        said += " Somebody already talks to the account, so it is suppressed for now."
    return Done(past=after, cause=Cause.TRIGGERS_GONE, said=said, judgement=judgement)


def _joined(case: Case, trigger: Trigger, other: Trigger, judgement: Judgement) -> Done:
    """Make one story of two: the other trigger carries on, and later news of either goes to it."""
    action, past, now = case.action, case.past, case.now
    story = next(story for story in past.stories if story.id == other.story)
    join = Join(id=judgement.id, key=story.key, one="", other="", by=action.by, at=now)
    joined = together(past, trigger, other, join, case.lexicon)
    told = f" \u201c{other.note.headline}\u201d" if other.note is not None else ""
    return Done(
        past=joined.past,
        cause=Cause.TRIGGERS_GONE,
        said=f"Joined a duplicate to trigger {other.id[:8]}{told}{remark_of(action)}: they are one story.",
        judgement=judgement,
        joins=(joined.join,),
        merged={joined.gone: other.story},
    )


def _later(case: Case, trigger: Trigger, account: Account) -> Done | None:
    """Snooze the account: "not now" says nothing against the trigger, which may still be fresh then."""
    action, past, now = case.action, case.past, case.now
    until = action.until or now + NOT_NOW
    if until <= now:
        raise EarmarkError(f"\u201cNot now\u201d of {account.name} needs an end in the future; see --until.")
    if account.snoozed_until == until:
        return None
    end = "the next trigger" if until == UNTIL_NEWS else f"{until:%Y-%m-%d %H:%M} UTC"
    return Done(
        past=replace(past, account=replace(account, snoozed_until=until)),
        cause=Cause.COUNTERED,
        said=f"Not now: snoozed until {end}{remark_of(action)}.",
        judgement=judgement_of(action, trigger, Verdict.NOT_NOW, past, now),
    )


def _in_a_deal(past: Past, action: Action, now: datetime) -> Past:
    account = account_of(action, past)
    end = action.until or now + CATALOGUE["existing_customer_or_open_deal"].expires
    suppression = Suppression(reason="open_deal", by=action.by, until=end)
    return replace(past, account=replace(account, suppression=suppression))
