"""Texts that are read again because what is known of names has changed, and what follows at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from earmark.types import Account, Changes, History, Lexicon, Mark, Reading, Trigger
from matcher.corrections import Correction
from matcher.decide import decide
from matcher.read import Matcher
from matcher.stories import key_of
from storage import (
    accounts,
    audit,
    events,
    history,
    lessons,
    merges,
    readings,
    rulebook,
    stories,
    suggestions,
)
from storage.audit import Deed
from storage.engine import Connection, Engine, reading, writing
from storage.lessons import Lesson

__all__ = ["add_account", "corrections_of", "decide_again"]


def corrections_of(learned: Sequence[tuple[str, Lesson]]) -> tuple[tuple[str, Correction], ...]:
    """Return what was said of single texts, by their ids, the earliest first."""
    return tuple(
        (event, Correction(account=account, words=lesson.name, is_own=lesson.is_own, by=lesson.by))
        for account, lesson in sorted(learned, key=lambda pair: (pair[1].at, pair[1].id))
        if lesson.alone
        for event in lesson.events
    )


def add_account(
    engine: Engine, account: Account, *, by: str, now: datetime, decision: suggestions.Decision | None = None
) -> Changes:
    """Put an account on the list; the stories of the suggestion that it was become its own at once."""
    with writing(engine) as connection:
        accounts.upsert(connection, [account])
        audit.record(
            connection, Deed(at=now, by=by, verb="accounts add", subject=account.id, text=account.name)
        )
        if decision is not None:
            suggestions.decide(connection, decision)
    if decision is None:
        return Changes()
    with reading(engine) as connection:
        told = stories.of(connection, decision.stories)
        lexicon = rulebook.lexicon(connection)
        said = corrections_of(lessons.learned(connection))
        ids = {match.event.id for story in told.values() for match in story.matches}
        texts = sorted(events.get(connection, ids).values(), key=lambda event: event.order)
    matcher = Matcher(lexicon)
    read = tuple(matcher.read(text, [one for event, one in said if event == text.id]) for text in texts)
    with writing(engine) as connection:
        return decide_again(connection, read, lexicon, now)


def decide_again(
    connection: Connection, read: Sequence[Reading], lexicon: Lexicon, now: datetime, *, is_told: bool = False
) -> Changes:
    """Decide on the readings as a poll does; their old doubts give way to the new ones.

    What ``is_told`` already goes out to nobody.
    """
    read = merges.addressed(connection, read)
    spoken = [each for each in read if each.event.mark is not Mark.BASELINE]
    readings.forget(connection, [each.event.id for each in spoken])
    readings.abstain(connection, [doubt for each in spoken for doubt in each.abstentions])
    keys = {key_of(match) for each in spoken for match in each.matches}
    keys |= history.keys_of(connection, [each.event.id for each in spoken])
    if not keys:
        return Changes()
    moments = [each.event.order[0] for each in spoken]
    past = history.load(connection, sorted(keys), min(moments), max(moments))
    changes = decide(spoken, _revivable(past), lexicon, now)
    if is_told:
        changes = replace(changes, outgoing=(), triggers=_as_seen(changes, past))
    history.save(connection, changes, now)
    return changes


def _as_seen(changes: Changes, past: History) -> tuple[Trigger, ...]:
    """Return the triggers, new ones as old as the first sight of their news: no letter tells them again."""
    known = {trigger.id for one in past.pasts.values() for trigger in one.triggers}
    seen = {story.id: [match.event.seen_at for match in story.matches] for story in changes.stories}
    return tuple(
        each
        if each.id in known
        else replace(each, created_at=min([each.created_at, *seen.get(each.story, ())]))
        for each in changes.triggers
    )


def _revivable(past: History) -> History:
    """Return the past without stories that nothing tells: told again, each gets its id and its trigger."""
    told = {
        key: replace(one, stories=tuple(story for story in one.stories if story.matches))
        for key, one in past.pasts.items()
    }
    return replace(past, pasts=told)
