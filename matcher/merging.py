"""Two accounts that are one company: what their pasts are together, and how they stand apart again; pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from earmark.lifecycle import Cause, Stage
from earmark.types import (
    Account,
    Certainty,
    Lexicon,
    Match,
    Past,
    Story,
    Suppression,
    Transition,
    Trigger,
    TriggerState,
    Was,
)
from matcher.gathered import is_gathered
from matcher.memory import MERGED, as_it_was
from matcher.moves import transition_id
from matcher.score import LIVE
from matcher.stages import settle
from matcher.stories import fold, partition
from matcher.tellings import order_of
from matcher.triggering import PEOPLES, trigger_id

__all__ = ["apart", "given_back", "stage_of", "suppression_of", "together", "unfolded"]

_AHEAD: Final = (Stage.COLD, Stage.COOLING, Stage.OUTREACH_READY, Stage.CONTACTED, Stage.WARM, Stage.HOT)
_STRICTEST: Final = ("legal", "opt_out", "customer", "open_deal", "rival")


def together(
    past: Past, goes: Account, theirs: Collection[str], lexicon: Lexicon, *, by: str, at: datetime, merge: str
) -> Past:
    """Return the past of the account that stays after another became part of it.

    ``past`` holds the stories, triggers and moves of both; ``theirs`` are the ids of the stories that were
    the other's. It is in the further of both stages, and never contacted if either was not to be. Of two
    triggers that tell the same, the one that a person worked, or the older, speaks on.
    """
    account = past.account
    if account is None:
        return past
    stage, since = stage_of(account, goes)
    suppression = suppression_of(account, goes)
    triggers, ended = _told_once(past, theirs, lexicon, at)
    move = Transition(
        id=transition_id(past, account.id, at, Cause.MERGED, None),
        account=account.id,
        at=at,
        before=account.stage,
        after=stage,
        cause=Cause.MERGED,
        actor=by,
        reason=f"Merged: {goes.name} ({goes.id}) is the same company.",
        was=Was(
            stage=account.stage,
            stage_since=account.stage_since,
            snoozed=(account.snoozed_until,),
            suppressed=(account.suppression,),
            triggers=ended,
            said=MERGED + merge,
        ),
    )
    one = replace(account, stage=stage, stage_since=since, suppression=suppression)
    after = replace(past, account=one, triggers=triggers, transitions=(*past.transitions, move))
    return settle(after, lexicon, at)


def stage_of(keeps: Account, goes: Account) -> tuple[Stage, datetime | None]:
    """Return the further stage of two accounts, and since when."""
    one = max((keeps, goes), key=lambda each: _AHEAD.index(each.stage))  # of equals the first
    return one.stage, one.stage_since


def suppression_of(keeps: Account, goes: Account) -> Suppression | None:
    """Return the stricter suppression of two accounts: by its reason, then by its end."""
    held = [each.suppression for each in (keeps, goes) if each.suppression is not None]
    return min(held, key=_strictness, default=None)


def _strictness(one: Suppression) -> tuple[int, bool, float]:
    place = _STRICTEST.index(one.reason) if one.reason in _STRICTEST else len(_STRICTEST)
    return place, one.until is not None, -one.until.timestamp() if one.until else 0.0


def _told_once(
    past: Past, theirs: Collection[str], lexicon: Lexicon, at: datetime
) -> tuple[tuple[Trigger, ...], tuple[tuple[str, TriggerState, datetime | None], ...]]:
    """Return the triggers with those ended that tell what another tells, and what these were."""
    speaking = {each.story: each for each in past.triggers if each.state is not TriggerState.MERGED}
    gone: dict[str, Trigger] = {}
    for group in _alike(past, theirs, lexicon):
        both = sorted((speaking[story] for story in group if story in speaking), key=_worth)
        gone |= {each.id: each for each in both[1:]}
    after = tuple(
        replace(each, state=TriggerState.MERGED, ended_at=at) if each.id in gone else each
        for each in past.triggers
    )
    return after, tuple((each.id, each.state, each.ended_at) for each in gone.values())


def _worth(trigger: Trigger) -> tuple[bool, bool, datetime, str]:
    return trigger.state not in PEOPLES, trigger.state not in LIVE, trigger.created_at, trigger.id


def _alike(past: Past, theirs: Collection[str], lexicon: Lexicon) -> list[list[str]]:
    """Return the ids of stories of both that tell of one thing, group by group."""
    plain = [story for story in past.stories if story.matches and not is_gathered(story)]
    ours = [story for story in plain if story.id not in theirs]
    new = [match for story in plain if story.id in theirs for match in story.matches]
    owners = {id(match): story.id for story in plain for match in story.matches}
    parts = partition(new, lexicon.kinds, known=[story.matches for story in ours], joins=past.joins)
    groups = [list(dict.fromkeys(owners[id(match)] for match in part)) for part in parts]
    return [group for group in groups if len({story in theirs for story in group}) > 1]


def apart(past: Past, move: Transition, *, by: str, at: datetime) -> Past:
    """Return the past of the account that stayed as it was before a merge, with the inverse move appended.

    What people changed since stays.
    """
    back = as_it_was(move, past) or past
    account = past.account
    if account is None or back.account is None:
        return back
    restored = {name: (state, ended) for name, state, ended in (move.was.triggers if move.was else ())}
    triggers = tuple(
        replace(each, state=restored[each.id][0], ended_at=restored[each.id][1])
        if each.id in restored and each.state is TriggerState.MERGED
        else each
        for each in back.triggers
    )
    inverse = Transition(
        id=transition_id(past, account.id, at, move.cause, None),
        account=account.id,
        at=at,
        before=account.stage,
        after=back.account.stage,
        cause=move.cause,
        actor=by,
        reason=f"Took back: {move.reason}",
        undoes=move.id,
    )
    return replace(back, triggers=triggers, transitions=(*past.transitions, inverse))


def given_back(past: Past, theirs: Collection[str], at: datetime) -> Past:
    """Return the past in which each story of the other has its own trigger again.

    One that the account that stayed was given for it since ends, and what a person did to it goes with it.
    """
    account = past.account.id if past.account else None
    later = {
        each.story: each
        for each in past.triggers
        if each.story in theirs and each.id == trigger_id(account, each.story)
    }
    triggers = []
    for each in past.triggers:
        heir = later.get(each.story)
        if heir is each and each.state is not TriggerState.MERGED:
            each = replace(each, state=TriggerState.MERGED, ended_at=at)  # noqa: PLW2901 - as it is then
        elif heir is not None and heir.state in PEOPLES and each.state is not TriggerState.MERGED:
            each = replace(each, state=heir.state, ended_at=heir.ended_at)  # noqa: PLW2901 - see above
        triggers.append(each)
    return replace(past, triggers=tuple(triggers))


def unfolded(
    stories: Sequence[Story], told: Mapping[str, Collection[str]], theirs: Collection[str], lexicon: Lexicon
) -> tuple[tuple[Story, ...], frozenset[str]]:
    """Return those stories as they stood apart that later news made one across both accounts.

    ``told`` are the events of each story at the time of the merge; the ids that come second are of stories
    that others had taken over. What was told since is left out, to be read again.
    """
    found: list[Story] = []
    revived: set[str] = set()
    for story in stories:
        events = {match.event.id for match in story.matches}
        owners = [name for name, own in told.items() if events.intersection(own)]
        if events <= set(told.get(story.id, ())) or len({name in theirs for name in owners}) < 2:  # noqa: PLR2004 - both accounts
            continue
        left, stood = list(story.matches), set[str]()
        for name in sorted(owners, key=lambda name: (name in theirs, name)):
            own = _of_each(left, told[name], [told[other] for other in owners if other != name])
            left = [match for match in left if all(match is not one for one in own)]
            if own:
                in_order = sorted(own, key=order_of)
                found.append(fold(in_order, id=name, created_at=story.created_at, kinds=lexicon.kinds))
                stood.add(name)
        if story.id not in stood:
            found.append(replace(story, matches=(), certainty=Certainty.DENIED))
        revived |= stood - {story.id}
    return tuple(found), frozenset(revived)


def _of_each(
    matches: Sequence[Match], events: Collection[str], others: Sequence[Collection[str]]
) -> list[Match]:
    """Return what tells these events; of one that others told, too, a single match: theirs is the next."""
    found: list[Match] = []
    for match in matches:
        event = match.event.id
        shared = any(event in other for other in others) and any(one.event.id == event for one in found)
        if event in events and not shared:
            found.append(match)
    return found
