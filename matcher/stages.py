"""How a past moves at one moment: what ends, what the scores become, and where the account goes.

``settle`` applies everything that holds at one moment; at a moment at which nothing is due it changes
nothing. ``pass_time`` settles each moment that was due at its own time, so a late sweep ends like a
punctual one.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from earmark.lifecycle import Cause, Stage
from earmark.triggers import CATALOGUE, Polarity
from earmark.types import UNTIL_NEWS, Account, Lexicon, Past, Story, Trigger, TriggerState
from matcher.agenda import holds_until, is_over, patience_ends, suppressed, wakes_at
from matcher.compound import stood
from matcher.fit import fit
from matcher.folding import FIRM
from matcher.learning import weighed
from matcher.magnitude import USUAL, magnitude_of
from matcher.moves import MACHINE, moved, transition_id
from matcher.routing import handed_over
from matcher.score import LIVE, is_compound, rescored, strongest

__all__ = ["SELF_DISCLOSED", "holding", "moved", "pass_time", "settle", "transition_id"]

SELF_DISCLOSED: Final = "self_disclosed"
"""Name of the feature of a match whose author says to work at the account."""

_SURE: Final = 0.5  # confidence from which a suppressing trigger is believed
_ONE_STORY_ONLY: Final = frozenset({"correction", "stale"})  # these families doubt a story, not an account
_MOST_MOVES: Final = 12
_ENGAGED: Final = frozenset({Stage.CONTACTED, Stage.WARM, Stage.HOT})


class _Move(NamedTuple):
    cause: Cause
    reason: str
    trigger: str | None


def pass_time(past: Past, lexicon: Lexicon, now: datetime) -> Past:
    """Return the past as of ``now``: every moment that was due is settled at its own time.

    A moment before the account came into its stage is settled now: only a new rulebook says, afterwards,
    that it should never have been there, and history is not written anew.
    """
    while (moment := wakes_at(past, lexicon)) is not None and moment <= now:
        since = past.account.stage_since if past.account else None
        settled = settle(past, lexicon, now if since and moment < since else moment)
        if settled == past:
            break  # nothing is left to do at this moment
        past = settled
    return past


def settle(past: Past, lexicon: Lexicon, at: datetime, fresh: Collection[str] = ()) -> Past:
    """Return the past after all that holds at this moment; ``fresh`` are ids of triggers new just now."""
    known = {trigger.id for trigger in past.triggers}
    news = any(_speaks_for_contact(each) for each in past.triggers if each.id in fresh)
    past = replace(past, account=past.account and _released(past.account, at, news=news))
    for _ in range(_MOST_MOVES):
        past = _scored(stood(past, lexicon, at), lexicon, at)
        new = {trigger.id for trigger in past.triggers} - known
        move = next(_moves(past, lexicon, at, new.union(fresh)), None)
        if move is None:
            break
        past = moved(past, move.cause, at=at, actor=MACHINE, reason=move.reason, trigger=move.trigger)
    return handed_over(past, lexicon, at)


def _scored(past: Past, lexicon: Lexicon, at: datetime) -> Past:
    """Return the past with what has ended ended, and what lives scored as of this moment."""
    triggers = weighed([_ended(trigger, at) for trigger in past.triggers], past.stories, lexicon)
    stories = {story.id: story for story in past.stories}
    sizes = {
        trigger.id: magnitude_of(stories[trigger.story], past.account)
        for trigger in triggers
        if trigger.state in LIVE and trigger.story in stories
    }
    fitting = fit(past.account, lexicon.icp)
    around = strongest((each for each in triggers if each.score.confidence > 0), lexicon.kinds, sizes)
    scored = tuple(
        rescored(trigger, around, fitting, lexicon.kinds, at, sizes.get(trigger.id, USUAL))
        if trigger.state in LIVE
        else trigger
        for trigger in triggers
    )
    return replace(past, triggers=scored)


def holding(past: Past, lexicon: Lexicon, at: datetime) -> list[Trigger]:
    """Return the triggers that can hold the account outreach-ready at this moment, the longest first."""
    held = [
        (until, trigger.id, trigger)
        for trigger in past.triggers
        if (until := holds_until(trigger, lexicon)) is not None and at < until
    ]
    return [trigger for _, _, trigger in sorted(held, key=lambda each: each[:2], reverse=True)]


def _speaks_for_contact(trigger: Trigger) -> bool:
    return _speaks(trigger) and trigger.polarity is not Polarity.SUPPRESS


def _released(account: Account, at: datetime, *, news: bool) -> Account:
    """Return the account without a snooze or a suppression that has ended: by its day, or by ``news``."""
    until = account.snoozed_until
    if until is not None and (at >= until or (news and until == UNTIL_NEWS)):
        account = replace(account, snoozed_until=None)
    if account.suppression is not None and is_over(account.suppression, at):
        account = replace(account, suppression=None)
    return account


def _ended(trigger: Trigger, at: datetime) -> Trigger:
    if trigger.state in LIVE and at >= trigger.expires_at:
        return replace(trigger, state=TriggerState.EXPIRED, ended_at=trigger.expires_at)
    return trigger


def _moves(past: Past, lexicon: Lexicon, at: datetime, fresh: Collection[str]) -> Iterator[_Move]:
    """Yield the moves that are due, the first to be made first; each removes its own ground."""
    account = past.account
    if account is None:
        return
    counters = _counters(past)
    yield from _countered(past, counters, lexicon)
    patience = patience_ends(account, past.transitions, lexicon)
    if patience is not None and at >= patience:
        yield _Move(
            Cause.PATIENCE_ENDED, f"Nothing happened for {lexicon.patience[account.stage].days} days.", None
        )
    held = holding(past, lexicon, at)
    if account.stage is Stage.OUTREACH_READY and not held:
        yield _gone(past, lexicon, at)
    if counters or suppressed(account, at):
        return
    yield from _demands(past, lexicon)
    yield from _complaints(past)
    if account.stage is Stage.COLD:
        yield from (_triggered(past, trigger, lexicon) for trigger in _best(held)[:1])
    if account.stage is Stage.COOLING:
        new = [each for each in _best(held) if each.id in fresh or _later(each, account)]
        yield from (_triggered(past, trigger, lexicon) for trigger in new[:1])
    if account.stage in _ENGAGED or account.stage is Stage.OUTREACH_READY:
        known = {move.trigger for move in past.transitions}
        yield from (
            _triggered(past, each, lexicon)
            for each in _best(held)
            if each.id in fresh and each.id not in known
        )


def _later(trigger: Trigger, account: Account) -> bool:
    return account.stage_since is None or trigger.created_at > account.stage_since


def _best(triggers: Collection[Trigger]) -> list[Trigger]:
    """Return the strongest first, whatever the moment: by what time does not change."""
    return sorted(
        triggers,
        key=lambda each: (-each.score.fit * each.score.intent * each.score.confidence, each.id),
    )


def _triggered(past: Past, trigger: Trigger, lexicon: Lexicon) -> _Move:
    name = past.account.name if past.account else ""
    link = ": " if is_compound(trigger.kind, lexicon.kinds) else " "
    return _Move(Cause.TRIGGERED, f"{name}{link}{_words(trigger, lexicon)}.", trigger.id)


def _counters(past: Past) -> list[Trigger]:
    """Return the live triggers that speak against contact with the whole account."""
    return [
        trigger
        for trigger in past.triggers
        if trigger.polarity is Polarity.SUPPRESS
        and trigger.state in LIVE
        and trigger.certainty in FIRM
        and trigger.score.confidence >= _SURE
        and (kind := CATALOGUE.get(trigger.kind)) is not None
        and kind.family not in _ONE_STORY_ONLY
    ]


def _countered(past: Past, counters: Collection[Trigger], lexicon: Lexicon) -> Iterator[_Move]:
    """Yield each counter once, even if a person took its effect back."""
    machine = [move for move in past.transitions if move.actor == MACHINE]
    known = {move.trigger for move in machine if move.cause is Cause.COUNTERED}
    for trigger in sorted(counters, key=lambda each: each.id):
        if trigger.id not in known:
            reason = f"It {_words(trigger, lexicon)}, which speaks against contact."
            yield _Move(Cause.COUNTERED, reason, trigger.id)


def _demands(past: Past, lexicon: Lexicon) -> Iterator[_Move]:
    """Yield each demo request and each reply, once."""
    known = {move.trigger for move in past.transitions if move.cause is Cause.DEMAND_SHOWN}
    for trigger in sorted(past.triggers, key=lambda each: each.id):
        kind = CATALOGUE.get(trigger.kind)
        if kind is not None and kind.family == "demand" and _speaks(trigger) and trigger.id not in known:
            yield _Move(Cause.DEMAND_SHOWN, f"It {_words(trigger, lexicon)}.", trigger.id)


def _complaints(past: Past) -> Iterator[_Move]:
    """Yield each public complaint by somebody who says to work there, once."""
    known = {move.trigger for move in past.transitions if move.cause is Cause.COMPLAINT_DISCLOSED}
    stories = {story.id: story for story in past.stories}
    for trigger in sorted(past.triggers, key=lambda each: each.id):
        told = trigger.kind == "competitor_complaint" and _speaks(trigger) and trigger.id not in known
        if told and _self_disclosed(stories.get(trigger.story)):
            reason = "Somebody who says to work there complains in public about the tool in use."
            yield _Move(Cause.COMPLAINT_DISCLOSED, reason, trigger.id)


def _speaks(trigger: Trigger) -> bool:
    """Tell whether a trigger lives and its rule is not throttled."""
    return trigger.state in LIVE and trigger.score.confidence > 0


def _self_disclosed(story: Story | None) -> bool:
    return story is not None and any(
        feature.name == SELF_DISCLOSED for match in story.matches for feature in match.features
    )


def _gone(past: Past, lexicon: Lexicon, at: datetime) -> _Move:
    """Return the fall for want of a trigger, and say what became of the one that brought it up."""
    known = {each.id: each for each in past.triggers}
    brought = [
        known[move.trigger]
        for move in reversed(past.transitions)
        if move.cause is Cause.TRIGGERED and move.trigger in known
    ]
    # What ended just now held it, even if something weaker came up later.
    trigger = next((each for each in brought if each.ended_at == at), next(iter(brought), None))
    if trigger is None:
        return _Move(Cause.TRIGGERS_GONE, "No trigger holds it any more.", None)
    what = {
        TriggerState.OPEN: "is no longer fresh enough",
        TriggerState.EXPIRED: "has ended",
        TriggerState.DISMISSED: "was dismissed",
        TriggerState.MERGED: "was told twice",
        TriggerState.CONTACTED: "was followed up",
        TriggerState.ACCEPTED: "has ended",
    }[trigger.state]
    words = _words(trigger, lexicon)
    quoted = words if is_compound(trigger.kind, lexicon.kinds) else f"it {words}"
    return _Move(Cause.TRIGGERS_GONE, f"The reason \u201c{quoted}\u201d {what}.", trigger.id)


def _words(trigger: Trigger, lexicon: Lexicon) -> str:
    kind = lexicon.kinds.get(trigger.kind) or CATALOGUE.get(trigger.kind)
    return kind.words if kind else trigger.kind.replace("_", " ")
