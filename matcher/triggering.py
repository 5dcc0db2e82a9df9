"""From a story to a trigger: whether it is a reason to act, from when and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from earmark.triggers import CONVERSATIONS, TriggerKind
from earmark.types import (
    Account,
    Certainty,
    Contact,
    Lexicon,
    Mark,
    Match,
    Part,
    Score,
    Story,
    Trigger,
    TriggerState,
)
from matcher.ages import aged
from matcher.folding import FIRM
from matcher.note import note_of
from matcher.score import LIVE, confidence
from matcher.stories import identity

__all__ = [
    "PEOPLES",
    "carried",
    "may_speak",
    "merged_triggers",
    "speaks_for",
    "start_of",
    "trigger_id",
    "trigger_of",
    "withdrawn",
]

PEOPLES: Final = frozenset({TriggerState.ACCEPTED, TriggerState.CONTACTED, TriggerState.DISMISSED})
"""States that a person gave; news does not change them."""


def trigger_of(
    story: Story,
    before: Trigger | None,
    *,
    account: Account | None,
    contacts: Sequence[Contact],
    lexicon: Lexicon,
    now: datetime,
    relatives: Sequence[Account] = (),
) -> Trigger | None:
    """Return the trigger that the story is now, or None where it is no reason to act and never was.

    There is one trigger for each account and story; news changes it in place. Its fit and intent are
    still to be scored.
    """
    kind = lexicon.kinds.get(story.kind)
    if kind is None or not may_speak(story, kind, account):
        return withdrawn(before, now) if before else None
    kind = aged(kind, story.matches, lexicon.ages)
    timed = _timed(story, kind)
    denied = story.certainty is Certainty.DENIED
    if before is None and (denied or now >= timed.expires_at):
        return None
    state = _state(before, timed, denied=denied, now=now)
    trigger = replace(
        timed,
        id=before.id if before else timed.id,  # that of a merged account's is older than its account here
        state=state,
        score=_score(timed, before, state),
        created_at=before.created_at if before else now,
        offered_to=before.offered_to if before else None,
        offered_at=before.offered_at if before else None,
        ended_at=None if state in LIVE else _ended(before, state, now),
    )
    note = note_of(trigger, story, account=account, contacts=contacts, lexicon=lexicon, relatives=relatives)
    return replace(trigger, note=note)


def trigger_id(account: str | None, story: str) -> str:
    """Return the id of the one trigger that an account (or a conversation) has of a story."""
    return identity("trigger", account, story)


def speaks_for(trigger: Trigger, story: Story) -> bool:
    """Tell whether it is the trigger of the story, and not one that another took over."""
    return trigger.story == story.id and trigger.state is not TriggerState.MERGED


def merged_triggers(
    triggers: Sequence[Trigger], merged: Mapping[str, str], now: datetime
) -> dict[str, Trigger]:
    """Return the triggers by id, those of merged stories ended; what they were goes to the survivor.

    So the surviving story has a trigger as soon as one of its parts had one, and what a person did to any
    of them is not asked again.
    """
    result = {trigger.id: trigger for trigger in triggers}
    by_story = {trigger.story: trigger for trigger in triggers if trigger.state is not TriggerState.MERGED}
    for trigger in sorted(triggers, key=lambda each: (each.created_at, each.id)):
        if trigger.story not in merged or trigger.state is TriggerState.MERGED:
            continue
        survivor = merged[trigger.story]
        result[trigger.id] = replace(trigger, state=TriggerState.MERGED, ended_at=now)
        heir = by_story.get(survivor)
        if heir is None:
            heir = replace(trigger, id=trigger_id(trigger.account, survivor), story=survivor)
        elif heir.state is TriggerState.OPEN and trigger.state in PEOPLES:
            heir = replace(heir, state=trigger.state, ended_at=trigger.ended_at)
        by_story[survivor] = result[heir.id] = heir
    return result


def withdrawn(trigger: Trigger, now: datetime) -> Trigger:
    """Return the trigger ended, if it still spoke, because nothing tells its story any more."""
    if trigger.state not in LIVE:
        return trigger
    return replace(trigger, state=TriggerState.EXPIRED, ended_at=now)


def may_speak(story: Story, kind: TriggerKind, account: Account | None) -> bool:
    """Tell whether the story may be a trigger: of this account in this role, or a conversation."""
    if not story.matches or all(match.event.mark is Mark.BASELINE for match in story.matches):
        return False
    if story.account is None:
        return story.company is None and kind.key in CONVERSATIONS
    return account is not None and story.role in kind.roles


def _timed(story: Story, kind: TriggerKind) -> Trigger:
    """Return the trigger as the story and the kind alone make it: open, created when the story was."""
    start, undated = start_of(story.matches)
    sure, why = confidence(story.matches, undated=undated)
    marks = {match.event.mark for match in story.matches}
    problems = [match.problem for match in story.matches if match.problem is not None]
    return Trigger(
        id=trigger_id(story.account, story.id),
        account=story.account,
        problem=max(sorted(set(problems)), key=problems.count, default=None),
        story=story.id,
        kind=kind.key,
        role=story.role,
        polarity=kind.polarity,
        state=TriggerState.OPEN,
        certainty=story.certainty,
        score=Score(
            fit=0.0,
            intent=0.0,
            freshness=0.0,
            confidence=sure,
            parts=(Part(name="confidence", value=sure, sentence=why),),
        ),
        mark=Mark.LIVE if Mark.LIVE in marks else Mark.BACKFILL,
        undated=undated,
        decays_from=start,
        opens_at=start + kind.opens,
        closes_at=start + kind.closes,
        expires_at=start + kind.expires,
        created_at=story.created_at,
    )


def start_of(matches: Sequence[Match]) -> tuple[datetime, bool]:
    """Return when it happened, and whether nobody says so.

    The first telling counts, not the retellings; but the day of the announcement, not that of a rumour
    before it. A date after the day on which it was seen counts as that day.
    """
    firm = [match for match in matches if match.certainty in FIRM] or list(matches)
    dated = [min(day, match.event.seen_at) for match in firm if (day := match.event.happened_at) is not None]
    if dated:
        return min(dated), False
    return min(match.event.seen_at for match in firm), True


def carried(timed: Trigger, before: Trigger) -> Score:
    """Return the old score as long as it rests on the same: then only time has passed since."""
    new, old = timed.score, before.score
    sure = next((part for part in old.parts if part.name == "confidence"), None)
    return old if sure == new.parts[0] and _clock(timed) == _clock(before) else new


def _score(timed: Trigger, before: Trigger | None, state: TriggerState) -> Score:
    """Return the score to go on from: one that has ended is no longer scored, so its worth stays."""
    if before is None:
        return timed.score
    if state in LIVE:
        return carried(timed, before)
    sure = timed.score.parts[0]
    parts = tuple(sure if part.name == sure.name else part for part in before.score.parts)
    return replace(before.score, confidence=timed.score.confidence, parts=parts)


def _clock(trigger: Trigger) -> tuple[object, ...]:
    return trigger.kind, trigger.decays_from, trigger.opens_at, trigger.undated


def _state(before: Trigger | None, timed: Trigger, *, denied: bool, now: datetime) -> TriggerState:
    if before is not None and before.state in PEOPLES - LIVE:
        return before.state
    if denied or now >= timed.expires_at:
        return TriggerState.EXPIRED
    return before.state if before is not None and before.state in LIVE else TriggerState.OPEN


def _ended(before: Trigger | None, state: TriggerState, now: datetime) -> datetime:
    if before is not None and before.state is state and before.ended_at is not None:
        return before.ended_at
    return now
