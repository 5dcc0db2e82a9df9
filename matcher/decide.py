"""The judgement: readings and history in, changes out; no clock, no database, no chance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from earmark.types import (
    Changes,
    History,
    Lexicon,
    Match,
    Past,
    Reading,
)
from matcher.act import act
from matcher.agenda import wakes_at
from matcher.difference import changes_of
from matcher.gathered import is_gathered
from matcher.hours import next_begin
from matcher.routing import routed, wants_owner
from matcher.stages import pass_time, settle
from matcher.stories import key_of, retell
from matcher.surge import surged
from matcher.triggering import merged_triggers, speaks_for, trigger_of

__all__ = ["MOST_ACCOUNTS", "act", "decide"]

MOST_ACCOUNTS: Final = 10
"""A text that names more accounts is a round-up and gives no trigger."""

_NO_MERGE: Final[Mapping[str, str]] = {}
_NO_LOADS: Final[Mapping[str, int]] = {}


def decide(
    readings: Sequence[Reading],
    history: History,
    lexicon: Lexicon,
    now: datetime,
    loads: Mapping[str, int] = _NO_LOADS,
) -> Changes:
    """Return all that follows from these readings, and from the passing of time, at ``now``.

    ``history`` holds the past of every key that the readings touch (``key_of`` of their matches, and of
    what their events told before). Without readings this is a sweep. Deciding the same again changes
    nothing. ``loads`` are the accounts that each rep was given today, for the next ones to go in turn.
    """
    latest = _latest(readings)
    told: dict[str, list[Match]] = {key: [] for key in history.pasts}
    for reading in latest:
        for match in _of_one_text(reading):
            told.setdefault(key_of(match), []).append(match)
    read = {reading.event.id: reading.event.revision for reading in latest}
    parts, given = [], dict(loads)
    for key in sorted(told):
        past = history.pasts.get(key) or Past(account=None)
        after, merged = _decided(key, past, told[key], read, lexicon, now)
        after = routed(after, lexicon, given, now)
        if (rep := _newly_owned(past, after)) is not None:
            given[rep] = given.get(rep, 0) + 1
        changes = changes_of(key, past, after, lexicon, merged)
        parts.append(_asked_again(changes, key, after, lexicon, now))
    return _joined(parts)


def _newly_owned(before: Past, after: Past) -> str | None:
    unowned = before.account is None or before.account.owner is None
    return after.account.owner if unowned and after.account else None


def _asked_again(changes: Changes, key: str, after: Past, lexicon: Lexicon, now: datetime) -> Changes:
    """Return the changes; an account for which no rep had room is looked at again in the morning."""
    if not wants_owner(after, lexicon):
        return changes
    morning, due = next_begin(now, lexicon.hours), wakes_at(after, lexicon)
    return replace(changes, due={key: morning if due is None else min(due, morning)})


def _latest(readings: Sequence[Reading]) -> list[Reading]:
    """Return one reading per event: that of its newest revision."""
    best: dict[str, Reading] = {}
    for reading in readings:
        known = best.get(reading.event.id)
        if known is None or reading.event.revision >= known.event.revision:
            best[reading.event.id] = reading
    return list(best.values())


def _of_one_text(reading: Reading) -> tuple[Match, ...]:
    accounts = {match.account for match in reading.matches if match.account is not None}
    return () if len(accounts) > MOST_ACCOUNTS else reading.matches


def _decided(
    key: str,
    before: Past,
    told: Sequence[Match],
    read: Mapping[str, int],
    lexicon: Lexicon,
    now: datetime,
) -> tuple[Past, Mapping[str, str]]:
    """Return the past after time, news and what follows, and which stories merged."""
    past = pass_time(before, lexicon, now)
    past, merged, fresh = _learn(key, past, told, read, lexicon, now)
    return settle(past, lexicon, now, fresh), merged


def _learn(
    key: str,
    past: Past,
    told: Sequence[Match],
    read: Mapping[str, int],
    lexicon: Lexicon,
    now: datetime,
) -> tuple[Past, Mapping[str, str], frozenset[str]]:
    """Return the past with what the readings tell, which stories merged, and which triggers are new."""
    newer = {
        match.event.id
        for story in past.stories
        for match in story.matches
        if match.event.revision > read.get(match.event.id, match.event.revision)
    }
    news = [match for match in told if match.event.id not in newer]
    known = {match.event.id for story in past.stories for match in story.matches}
    if not news and not (known & read.keys() - newer):
        return past, _NO_MERGE, frozenset()
    if key.startswith("a:") and past.account is None:
        return past, _NO_MERGE, frozenset()  # the account is gone: nobody to tell it to
    gathered = tuple(story for story in past.stories if is_gathered(story))
    plain = [story for story in past.stories if story not in gathered]
    retold = retell(key, plain, news, read.keys() - newer, kinds=lexicon.kinds, now=now, joins=past.joins)
    old_stories = {story.id: story for story in past.stories}
    triggers = merged_triggers(past.triggers, retold.merged, now)
    fresh: set[str] = set()
    for story in retold.stories:
        if old_stories.get(story.id) == story and story.id not in retold.merged.values():
            continue
        before = next((each for each in triggers.values() if speaks_for(each, story)), None)
        trigger = trigger_of(
            story,
            before,
            account=past.account,
            contacts=past.contacts,
            lexicon=lexicon,
            now=now,
            relatives=past.relatives,
        )
        if trigger is not None:
            triggers[trigger.id] = trigger
            if before is None:
                fresh.add(trigger.id)
    after = replace(past, stories=(*retold.stories, *gathered), triggers=tuple(triggers.values()))
    before_that = [match for story in plain for match in story.matches if match.event.id in read]
    after = surged(after, [match.event.order[0] for match in (*news, *before_that)], lexicon, now)
    fresh |= {trigger.id for trigger in after.triggers} - triggers.keys()
    return after, retold.merged, frozenset(fresh)


def _joined(parts: Sequence[Changes]) -> Changes:
    return Changes(
        stories=tuple(each for part in parts for each in part.stories),
        merged={old: new for part in parts for old, new in part.merged.items()},
        triggers=tuple(each for part in parts for each in part.triggers),
        accounts=tuple(each for part in parts for each in part.accounts),
        transitions=tuple(each for part in parts for each in part.transitions),
        judgements=tuple(each for part in parts for each in part.judgements),
        outgoing=tuple(each for part in parts for each in part.outgoing),
        due={key: moment for part in parts for key, moment in part.due.items()},
    )
