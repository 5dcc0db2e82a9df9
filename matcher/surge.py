"""Surge: an account posts many more jobs than it used to, by its own past and nobody else's.

The two weeks up to a posting are held against the eight weeks before those, of which at least six must be
known. Only postings that were seen live make a surge: the first look at a board finds many at once. What a
posting begins depends on the postings of the twelve weeks before it alone, so the order of arrival does not
matter, and no clock is asked.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from earmark.types import Certainty, Lexicon, Mark, Past, Story, StoryFact, Trigger
from matcher.gathered import Reason, gathered_story, gathered_trigger, is_gathered, new_id, with_gathered
from matcher.triggering import may_speak, start_of, withdrawn

__all__ = ["SURGE", "surged"]

SURGE: Final = "hiring_surge"
"""The kind of trigger that a surge of postings is."""

_POSTING: Final = "hiring_role"
_RECENT: Final = timedelta(days=14)
_BEFORE: Final = timedelta(days=56)
_KNOWN: Final = timedelta(days=42)
_REACH: Final = _RECENT + _BEFORE + _RECENT
"""How far back the postings lie that decide whether a posting begins a surge."""
_FEWEST: Final = 4
_TIMES: Final = 2  # as many as usual, and more
_MOST_QUOTED: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surge:
    """The postings up to the one with which a surge begins, and how many there were before them."""

    begins: datetime
    parts: tuple[Reason, ...]
    before: int


def surged(past: Past, moments: Collection[datetime], lexicon: Lexicon, now: datetime) -> Past:
    """Return the past with its surges, as news of these moments leaves them.

    Further away nothing can have changed; what is not at hand there is left as it is.
    """
    if past.account is None or SURGE not in lexicon.kinds or not moments:
        return past
    since, until = min(moments), max(moments) + _REACH
    postings = _postings(past, lexicon)
    found = _surges(postings, since, until)
    known = [story for story in past.stories if story.kind == SURGE and is_gathered(story)]
    known.sort(key=lambda story: (story.created_at, story.id))
    for surge in found:
        story = next((each for each in known if _continues(each, surge)), None)
        if story is not None:
            known.remove(story)
        past = _told(surge, story, past, lexicon, now)
    over = {story.id for story in known if since <= story.first_at <= until}
    triggers = tuple(withdrawn(each, now) if each.story in over else each for each in past.triggers)
    return replace(past, triggers=triggers)


def _postings(past: Past, lexicon: Lexicon) -> list[Reason]:
    kind = lexicon.kinds[_POSTING]
    found = []
    for story in past.stories:
        told = story.kind == _POSTING and story.certainty is not Certainty.DENIED
        if told and may_speak(story, kind, past.account):
            start, undated = start_of(story.matches)
            if not undated:
                found.append(Reason(story=story, at=start, undated=False, kind=kind))
    return sorted(found, key=lambda reason: reason.order)


def _surges(postings: Sequence[Reason], since: datetime, until: datetime) -> list[_Surge]:
    """Return the surges that begin in this time: none did in the two weeks before."""
    days = sorted({each.at for each in postings if since - _RECENT < each.at <= until})
    many = [surge for day in days if (surge := _surge(postings, day)) is not None]
    return [
        surge
        for earlier, surge in zip([None, *many], many, strict=False)
        if surge.begins >= since and (earlier is None or earlier.begins <= surge.begins - _RECENT)
    ]


def _surge(postings: Sequence[Reason], day: datetime) -> _Surge | None:
    first, middle, last = (
        bisect_right(postings, moment, key=lambda each: each.at)
        for moment in (day - _RECENT - _BEFORE, day - _RECENT, day)
    )
    before = middle - first
    known = before > 0 and postings[first].at <= day - _KNOWN
    needed = max(_FEWEST, _TIMES * before * (_RECENT / _BEFORE))
    if not known or last - middle < needed:
        return None
    recent = tuple(postings[middle:last])
    live = sum(_is_live(each.story) for each in recent)
    return _Surge(begins=day, parts=recent, before=before) if live >= needed else None


def _is_live(story: Story) -> bool:
    return any(match.event.mark is Mark.LIVE for match in story.matches)


def _continues(story: Story, surge: _Surge) -> bool:
    events = {match.event.id for part in surge.parts for match in part.story.matches}
    return any(match.event.id in events for match in story.matches)


def _told(surge: _Surge, known: Story | None, past: Past, lexicon: Lexicon, now: datetime) -> Past:
    account = past.account.id if past.account else ""
    # The latest are told: a board of hundreds is no note.
    parts = surge.parts[-_MOST_QUOTED:]
    story = gathered_story(
        SURGE,
        parts,
        id_=known.id if known else new_id(f"a:{account}", SURGE, parts, {each.id for each in past.stories}),
        begins=surge.begins,
        ends=surge.begins + lexicon.kinds[SURGE].expires,
        created_at=known.created_at if known else now,
        facts=_facts(surge),
    )
    before: Trigger | None = next((each for each in past.triggers if each.story == story.id), None)
    trigger = gathered_trigger(story, parts, before, past=past, lexicon=lexicon, at=now)
    return with_gathered(past, story, trigger)


def _facts(surge: _Surge) -> tuple[StoryFact, ...]:
    """Return what the surge was measured by: counts of ours, which no source states."""
    return tuple(
        StoryFact(key=key, value=value, span=None, publishers=())
        for key, value in (("postings", len(surge.parts)), ("postings_before", surge.before))
    )
