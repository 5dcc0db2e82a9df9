"""Duplicates: two stories that a person says are one, and how they stand apart again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from earmark.errors import EarmarkError
from earmark.types import Join, Lexicon, Match, Past, Story, Trigger, TriggerState, Was
from matcher.gathered import is_gathered
from matcher.joins import nearest, place_of, telling_name
from matcher.stories import fold, partition
from matcher.tellings import Telling, likeness, order_of, telling
from matcher.triggering import merged_triggers, speaks_for, trigger_of

__all__ = ["Joined", "apart", "doubled", "together"]

_REACH: Final = timedelta(days=30)
_LEAST_LIKENESS: Final = 0.4
"""What headlines of two kinds must share to be taken for one thing when nobody names the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A past in which two stories became one, the join that holds them, and the id of the one that went."""

    past: Past
    join: Join
    gone: str


def doubled(trigger: Trigger, past: Past, lexicon: Lexicon, of: str | None = None) -> Trigger | None:
    """Return the trigger that this one tells again: the one named, or else the likest and nearest in time.

    None when nothing near is of its kind or sounds like it. EarmarkError when the one named can't be joined.
    """
    mine = _tellings(trigger, past, lexicon)
    if of is not None:
        other = _named(of, trigger, past)
        if not mine or not _tellings(other, past, lexicon):
            raise EarmarkError(
                f"Triggers {trigger.id} and {of} can't be joined: one is made of other reasons, or its "
                "texts are gone. Dismiss it without --of."
            )
        return other
    ranked = []
    for other in past.triggers:
        theirs = _tellings(other, past, lexicon)
        if mine and theirs and other.story != trigger.story and other.state is not TriggerState.MERGED:
            one, end = nearest(mine, theirs)
            same, like, gap = one.family == end.family, likeness(one, end), abs(one.at - end.at)
            if gap <= _REACH and (same or like >= _LEAST_LIKENESS):
                ranked.append((not same, -like, gap, other.id, other))
    return min(ranked, key=lambda each: each[:4])[-1] if ranked else None


def _named(of: str, trigger: Trigger, past: Past) -> Trigger:
    other = next((each for each in past.triggers if each.id == of), None)
    if other is None:
        raise EarmarkError(
            f"Trigger {of} is none of the same account. A duplicate tells again what another trigger of the "
            "account tells: see earmark show."
        )
    if other.id == trigger.id:
        raise EarmarkError(f"Trigger {of} can't be a duplicate of itself; name the other one.")
    if other.state is TriggerState.MERGED:
        raise EarmarkError(f"Trigger {of} became part of another one; name that one instead.")
    return other


def together(past: Past, trigger: Trigger, other: Trigger, join: Join, lexicon: Lexicon) -> Joined:
    """Return the past in which the story of a trigger is part of that of another, which carries on.

    ``join`` comes without its ends; its moment is that of the decision.
    """
    ends = nearest(_tellings(trigger, past, lexicon), _tellings(other, past, lexicon))
    join = replace(join, one=telling_name(ends[0]), other=telling_name(ends[1]))
    mine, into = _story(trigger, past), _story(other, past)
    whole = _refolded(into, (*into.matches, *mine.matches), lexicon)
    triggers = merged_triggers(past.triggers, {mine.id: into.id}, join.at)
    after = replace(
        past,
        stories=tuple(
            whole if story.id == into.id else story for story in past.stories if story.id != mine.id
        ),
        triggers=tuple(triggers.values()),
        joins=(*past.joins, join),
    )
    return Joined(past=_told_anew(after, [whole], lexicon, join.at), join=join, gone=mine.id)


def apart(past: Past, join: Join, trigger: str, was: Was, lexicon: Lexicon, now: datetime) -> Past:
    """Return the past without a join: its stories stand apart, and the trigger that it ended is what it was.

    What later reports tell of one thing by themselves stays one story.
    """
    left = replace(past, joins=tuple(each for each in past.joins if each.id != join.id))
    ended = next((each for each in past.triggers if each.id == trigger), None)
    if ended is None or ended.state is not TriggerState.MERGED:
        return left
    plain = [story for story in past.stories if not is_gathered(story)]
    home = _home(join.one, [story.matches for story in plain], lexicon)
    if home is None or any(story.id == ended.story for story in past.stories):
        return left
    whole = plain[home]
    parts = partition(whole.matches, lexicon.kinds, joins=left.joins)
    ours, theirs = (_home(name, parts, lexicon) for name in (join.one, join.other))
    if ours is None or ours == theirs or len(parts) == 1:
        return left
    mine = parts[ours]
    rest = [match for part in parts if part is not mine for match in part]
    own = fold(mine, id=ended.story, created_at=ended.created_at, kinds=lexicon.kinds)
    others = _refolded(whole, rest, lexicon)
    state, ended_at = next(
        ((state, at) for name, state, at in was.triggers if name == trigger), (TriggerState.OPEN, None)
    )
    back = replace(ended, state=state, ended_at=ended_at)
    after = replace(
        left,
        stories=(*(others if story.id == whole.id else story for story in left.stories), own),
        triggers=tuple(back if each.id == trigger else each for each in left.triggers),
    )
    return _told_anew(after, [own, others], lexicon, now)


def _told_anew(past: Past, stories: Sequence[Story], lexicon: Lexicon, now: datetime) -> Past:
    """Return the past with the triggers of these stories as the stories are now."""
    triggers = list(past.triggers)
    for story in stories:
        for place, before in enumerate(triggers):
            if speaks_for(before, story):
                now_is = trigger_of(
                    story,
                    before,
                    account=past.account,
                    contacts=past.contacts,
                    lexicon=lexicon,
                    now=now,
                    relatives=past.relatives,
                )
                triggers[place] = now_is or before
    return replace(past, triggers=tuple(triggers))


def _refolded(story: Story, matches: Sequence[Match], lexicon: Lexicon) -> Story:
    in_order = sorted(matches, key=order_of)
    return fold(in_order, id=story.id, created_at=story.created_at, kinds=lexicon.kinds)


def _story(trigger: Trigger, past: Past) -> Story:
    return next(story for story in past.stories if story.id == trigger.story)


def _tellings(trigger: Trigger, past: Past, lexicon: Lexicon) -> list[Telling]:
    """Return what tells the story of a trigger: nothing, where it is gone or made of other stories."""
    story = next((each for each in past.stories if each.id == trigger.story), None)
    if story is None or is_gathered(story):
        return []
    return [telling(match, lexicon.kinds) for match in story.matches]


def _home(name: str, groups: Sequence[Sequence[Match]], lexicon: Lexicon) -> int | None:
    """Return in which of the groups the telling of that name stands."""
    placed = [(number, match) for number, group in enumerate(groups) for match in group]
    place = place_of(name, [telling(match, lexicon.kinds) for _, match in placed], lambda _place: True)
    return placed[place][0] if place is not None else None
