"""Gathered stories: those made of other stories, as a compound is, or a surge.

Such a story holds the matches of its parts, so it is shown, quoted and erased like any other; its kind is
none of theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Final

from earmark.triggers import TriggerKind
from earmark.types import (
    Basis,
    Certainty,
    Lexicon,
    Mark,
    Note,
    Part,
    Past,
    Role,
    Score,
    Story,
    StoryFact,
    Trigger,
    TriggerState,
)
from matcher.ages import aged
from matcher.folding import publishers_of
from matcher.note import note_of
from matcher.score import LIVE, confidence, is_compound
from matcher.stories import identity
from matcher.triggering import PEOPLES, carried, may_speak, start_of, trigger_id

__all__ = [
    "Reason",
    "gathered_story",
    "gathered_trigger",
    "is_gathered",
    "new_id",
    "reasons",
    "with_gathered",
]

_DOUBT: Final = (
    Certainty.DENIED,
    Certainty.RUMOUR,
    Certainty.PLANNED,
    Certainty.CORRECTED,
    Certainty.ANNOUNCED,
    Certainty.DONE,
)
"""From the least certain to the surest."""

_MOST_QUOTES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A story that counts as a part: since when, and the kind that says how long."""

    story: Story
    at: datetime
    undated: bool
    kind: TriggerKind

    @property
    def order(self) -> tuple[datetime, str]:
        """The place among other parts, whatever the order of arrival."""
        return self.at, self.story.matches[0].event.id


def is_gathered(story: Story) -> bool:
    """Tell whether the story is made of others: none of its matches is of its own kind."""
    return bool(story.matches) and all(match.kind != story.kind for match in story.matches)


def reasons(past: Past, lexicon: Lexicon) -> list[Reason]:
    """Return the stories of an account that may be parts, in their order.

    They are those that may be triggers and are neither denied nor dismissed, whatever the verdict was.
    """
    dismissed = {each.story for each in past.triggers if each.state is TriggerState.DISMISSED}
    compounds = {each.id for each in lexicon.compounds}
    found = []
    for story in past.stories:
        kind = lexicon.kinds.get(story.kind)
        if kind is None or story.id in dismissed or story.certainty is Certainty.DENIED:
            continue
        if kind.key not in compounds and may_speak(story, kind, past.account):
            start, undated = start_of(story.matches)
            at = story.first_at if is_gathered(story) else start
            kind = aged(kind, story.matches, lexicon.ages)
            found.append(Reason(story=story, at=at, undated=undated, kind=kind))
    return sorted(found, key=lambda reason: reason.order)


def gathered_story(
    kind: str,
    parts: Sequence[Reason],
    *,
    id_: str,
    begins: datetime,
    ends: datetime,
    created_at: datetime,
    facts: tuple[StoryFact, ...] = (),
) -> Story:
    """Return the story that these parts make together; it begins and ends as they say."""
    matches = tuple(
        sorted(
            {
                (match.event.id, match.kind): match
                for match in chain(*(part.story.matches for part in parts))
            }.values(),
            key=lambda match: (match.event.order, match.kind),
        )
    )
    first = parts[0].story
    return Story(
        id=id_,
        key=first.key,
        account=first.account,
        company=None,
        kind=kind,
        role=Role.SUBJECT,
        certainty=min((part.story.certainty for part in parts), key=_DOUBT.index),
        facts=facts,
        matches=matches,
        publishers=publishers_of(matches),
        first_at=begins,
        last_at=ends,
        created_at=created_at,
    )


def gathered_trigger(
    story: Story,
    parts: Sequence[Reason],
    before: Trigger | None,
    *,
    past: Past,
    lexicon: Lexicon,
    at: datetime,
) -> Trigger | None:
    """Return the trigger of a gathered story, or None where it is over and never was one.

    It is as sure as its least sure part, and as fresh as the part that completed it.
    """
    kind = aged(lexicon.kinds[story.kind], story.matches, lexicon.ages)
    expires = min(story.last_at, story.first_at + kind.expires)
    if before is None and at >= expires:
        return None
    sure, why = min(confidence(part.story.matches, undated=part.undated) for part in parts)
    timed = Trigger(
        id=before.id if before else trigger_id(story.account, story.id),
        account=story.account,
        problem=None,
        story=story.id,
        kind=kind.key,
        role=Role.SUBJECT,
        polarity=kind.polarity,
        state=TriggerState.OPEN,
        certainty=story.certainty,
        score=Score(
            fit=0.0,
            intent=0.0,
            freshness=0.0,
            confidence=sure,
            parts=(Part(name="confidence", value=sure, sentence=f"As sure as its least sure part: {why}"),),
        ),
        mark=Mark.LIVE if any(m.event.mark is Mark.LIVE for m in story.matches) else Mark.BACKFILL,
        undated=any(part.undated for part in parts),
        decays_from=story.first_at,
        opens_at=story.first_at + kind.opens,
        closes_at=min(story.first_at + kind.closes, expires),
        expires_at=expires,
        created_at=before.created_at if before else at,
        offered_to=before.offered_to if before else None,
        offered_at=before.offered_at if before else None,
    )
    state, ended = _standing(before, expires, at)
    score = carried(timed, before) if before else timed.score
    trigger = replace(timed, state=state, ended_at=ended, score=score)
    note = _note(trigger, story, parts, past, lexicon)
    return replace(trigger, note=note)


def with_gathered(past: Past, story: Story, trigger: Trigger | None) -> Past:
    """Return the past with a gathered story and its trigger in the place of what they were."""
    stories = {each.id: each for each in past.stories} | {story.id: story}
    triggers = {each.id: each for each in past.triggers}
    if trigger is not None:
        triggers[trigger.id] = trigger
    return replace(past, stories=tuple(stories.values()), triggers=tuple(triggers.values()))


def new_id(key: str, kind: str, parts: Sequence[Reason], taken: set[str]) -> str:
    """Return the id of a new gathered story; a later one of the same first part has another."""
    number = 0
    while (id_ := identity("gathered", key, kind, parts[0].story.id, number)) in taken:
        number += 1
    return id_


def _standing(
    before: Trigger | None, expires: datetime, at: datetime
) -> tuple[TriggerState, datetime | None]:
    if before is not None and before.state in PEOPLES - LIVE:
        return before.state, before.ended_at
    if at < expires:
        held = before is not None and before.state in LIVE
        return (before.state if before and held else TriggerState.OPEN), None
    if before is None or before.state in LIVE:
        # What time alone ends, ended then; what news ended, ends now.
        return TriggerState.EXPIRED, expires if before and before.expires_at <= at else at
    return before.state, before.ended_at


def _note(trigger: Trigger, story: Story, parts: Sequence[Reason], past: Past, lexicon: Lexicon) -> Note:
    """Return the note: of each part why now and one quote, and the rest as for the strongest part."""
    whole = note_of(
        trigger,
        story,
        account=past.account,
        contacts=past.contacts,
        lexicon=lexicon,
        relatives=past.relatives,
    )
    single = []
    for part in parts:
        alone = replace(
            trigger,
            kind=part.kind.key,
            certainty=part.story.certainty,
            decays_from=part.at,
            undated=part.undated,
            opens_at=part.at + part.kind.opens,
            closes_at=part.at + part.kind.closes,
        )
        note = note_of(
            alone,
            part.story,
            account=past.account,
            contacts=past.contacts,
            lexicon=lexicon,
            relatives=past.relatives,
        )
        single.append((part.kind.intent, note.sentences))
    why = [next(each for each in told if each.section == "why_now") for _, told in single]
    quotes = [
        each
        for _, told in single
        for each in told
        if each.section == "evidence" and each.basis is not Basis.RECORD
    ][:_MOST_QUOTES]
    best = max(single, key=lambda each: each[0])[1]
    rest = [each for each in best if each.section not in {"why_now", "evidence", "next"}]
    last = [each for each in whole.sentences if each.section == "next"]
    name = past.account.name if past.account else ""
    link = ": " if is_compound(trigger.kind, lexicon.kinds) else " "
    return Note(
        ref=trigger.id,
        headline=f"{name}{link}{lexicon.kinds[trigger.kind].words}",
        sentences=(*why, *quotes, *rest, *last),
    )
