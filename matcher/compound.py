"""Compounds: several reasons that stand together are one trigger more, with a story of its own.

When a compound holds is a function of the *set* of stories, whatever their order of arrival: each story
lends its conditions a stretch of time that begins when it happened (or ``after`` that) and ends ``within``,
or when its kind expires if that is earlier. Where enough stretches overlap and nothing absent is there, the
compound holds; each such stretch is one trigger. So a late event gives what it would have given in time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from earmark.types import Compound, Condition, Lexicon, Match, Past, StoredEvent, Story, TriggerState
from matcher.gathered import (
    Reason,
    gathered_story,
    gathered_trigger,
    is_gathered,
    new_id,
    reasons,
    with_gathered,
)
from matcher.jobs import hiring_role
from matcher.normalise import fold
from matcher.score import LIVE, is_compound
from matcher.triggering import withdrawn

__all__ = ["Stretch", "begins_at", "stood", "stretches", "tells"]

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_POSTING: Final = StoredEvent(external_id="", title="", id="", source="", seen_at=_LONG_AGO, fingerprint="")
_MOST_PARTS: Final = 3  # of one condition: those that made it true


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which a compound holds: it begins, and before ``ends`` it ends; the stories that make it."""

    begins: datetime
    ends: datetime
    parts: tuple[Reason, ...]


def stretches(compound: Compound, found: Sequence[Reason]) -> list[Stretch]:
    """Return when a compound holds, the earliest first; a function of the set of reasons."""
    lent = [_lent(condition, found) for condition in compound.conditions]
    steps: dict[datetime, list[tuple[int, int]]] = {}
    for number, each in enumerate(lent):
        for begins, ends, _ in each:
            steps.setdefault(begins, []).append((number, 1))
            steps.setdefault(ends, []).append((number, -1))
    open_now = [0] * len(lent)
    result: list[Stretch] = []
    since: datetime | None = None
    for moment in sorted(steps):
        for number, step in steps[moment]:
            open_now[number] += step
        holds = _holds(compound, [count > 0 for count in open_now])
        if holds and since is None:
            since = moment
        elif not holds and since is not None:
            result.append(_stretch(compound, lent, since, moment))
            since = None
    return result


def stood(past: Past, lexicon: Lexicon, at: datetime) -> Past:
    """Return the past with the triggers of its compounds as they stand at this moment."""
    if past.account is None:
        return past
    claimed: set[str] = set()
    found = reasons(past, lexicon) if lexicon.compounds else []
    for compound in lexicon.compounds:
        for stretch, known in _paired(compound, past, found):
            if stretch.begins <= at and (known is not None or _speaks_of(compound, past)):
                past, told = _told(compound, stretch, known, past, lexicon, at)
                claimed.add(told)
    return _without_ground(past, claimed, lexicon, at)


def begins_at(past: Past, lexicon: Lexicon) -> Iterator[datetime]:
    """Yield the moments at which a compound begins to hold, or holds again, and nothing tells of it yet."""
    if past.account is None or not lexicon.compounds:
        return
    found, settled = reasons(past, lexicon), _settled(past)
    over = {each.story for each in past.triggers if each.state is TriggerState.EXPIRED}
    for compound in lexicon.compounds:
        for stretch, known in _paired(compound, past, found):
            anew = known is None and _speaks_of(compound, past)
            again = known is not None and known.id in over and stretch.begins > settled
            if anew or again:
                yield stretch.begins


def tells(condition: Condition, reason: Reason) -> bool:
    """Tell whether a story is what the condition asks for, whenever it happened."""
    if reason.kind.key not in condition.kinds:
        return False
    words = _words(reason.story.matches) if condition.about else set()
    return all(any(f" {fold(about)} " in f" {word} " for word in words) for about in condition.about)


def _holds(compound: Compound, given: Sequence[bool]) -> bool:
    pairs = list(zip(compound.conditions, given, strict=True))
    wanted = [held for condition, held in pairs if not condition.absent]
    needed = len(wanted) if compound.at_least is None else compound.at_least
    return sum(wanted) >= needed and not any(held for condition, held in pairs if condition.absent)


def _lent(condition: Condition, found: Iterable[Reason]) -> list[tuple[datetime, datetime, Reason]]:
    """Return the stretch that each story lends the condition."""
    told = [reason for reason in found if tells(condition, reason)]
    lent = [
        (each.at + condition.after, each.at + min(condition.within, each.kind.expires), each) for each in told
    ]
    return [each for each in lent if each[0] < each[1]]


def _stretch(
    compound: Compound,
    lent: Sequence[Sequence[tuple[datetime, datetime, Reason]]],
    since: datetime,
    until: datetime,
) -> Stretch:
    parts: dict[str, Reason] = {}
    for condition, each in zip(compound.conditions, lent, strict=True):
        if not condition.absent:
            beside = [reason for begins, ends, reason in each if begins < until and ends > since]
            parts |= {reason.story.id: reason for reason in beside[:_MOST_PARTS]}
    ordered = sorted(parts.values(), key=lambda reason: reason.order)
    return Stretch(begins=since, ends=until, parts=tuple(ordered))


def _speaks_of(compound: Compound, past: Past) -> bool:
    return past.account is not None and (not compound.stages or past.account.stage in compound.stages)


def _paired(
    compound: Compound, past: Past, found: Sequence[Reason]
) -> Iterator[tuple[Stretch, Story | None]]:
    """Yield each stretch that is not over with the story that tells of it already.

    It is the one whose time overlaps, or that is made of the same events: so a set alerts once.
    """
    settled = _settled(past)
    told = sorted(
        (each for each in past.stories if each.kind == compound.id and is_gathered(each)),
        key=lambda story: (story.created_at, story.id),
    )
    for stretch in stretches(compound, found):
        if stretch.ends <= settled:
            continue
        events = {match.event.id for part in stretch.parts for match in part.story.matches}
        known = next((each for each in told if _continues(each, stretch, events)), None)
        if known is not None:
            told.remove(known)
        yield stretch, known


def _continues(story: Story, stretch: Stretch, events: set[str]) -> bool:
    overlaps = story.first_at < stretch.ends and stretch.begins < story.last_at
    return overlaps or {match.event.id for match in story.matches} == events


def _settled(past: Past) -> datetime:
    """Return a moment up to which the past was surely settled: nothing that ended before it begins anew."""
    moments = [story.created_at for story in past.stories]
    moments += [trigger.ended_at or trigger.created_at for trigger in past.triggers]
    moments += [move.at for move in past.transitions]
    return max(moments, default=_LONG_AGO)


def _told(
    compound: Compound,
    stretch: Stretch,
    known: Story | None,
    past: Past,
    lexicon: Lexicon,
    at: datetime,
) -> tuple[Past, str]:
    """Return the past with the story and the trigger of a stretch, and the id of that story."""
    taken = {story.id for story in past.stories}
    account = past.account.id if past.account else ""
    story = gathered_story(
        compound.id,
        stretch.parts,
        id_=known.id if known else new_id(f"a:{account}", compound.id, stretch.parts, taken),
        begins=stretch.begins,
        ends=stretch.ends,
        created_at=known.created_at if known else at,
    )
    before = next((each for each in past.triggers if each.story == story.id), None)
    over = before is not None and before.state is TriggerState.EXPIRED
    if known is not None and not over and (lost := _lost(known, past)):
        # Parts that ended long ago are no longer at hand: what they began stays as it was told.
        kept = tuple(match for match in known.matches if match.event.id in lost)
        story = replace(story, first_at=min(known.first_at, story.first_at), matches=(*kept, *story.matches))
    trigger = gathered_trigger(story, stretch.parts, before, past=past, lexicon=lexicon, at=at)
    return with_gathered(past, story, trigger), story.id


def _lost(known: Story, past: Past) -> set[str]:
    """Return the events of a gathered story that no other story at hand tells."""
    here = {match.event.id for each in past.stories if not is_gathered(each) for match in each.matches}
    return {match.event.id for match in known.matches} - here


def _without_ground(past: Past, claimed: set[str], lexicon: Lexicon, at: datetime) -> Past:
    """Return the past in which compounds have ended that hold no longer, or left the rulebook."""
    stories = {story.id: story for story in past.stories}
    triggers = []
    for trigger in past.triggers:
        story = stories.get(trigger.story)
        ours = story is not None and is_gathered(story) and _is_ours(story.kind, lexicon)
        over = ours and trigger.state in LIVE and trigger.story not in claimed and at < trigger.expires_at
        triggers.append(withdrawn(trigger, at) if over else trigger)
    return replace(past, triggers=tuple(triggers))


def _is_ours(kind: str, lexicon: Lexicon) -> bool:
    """Tell whether a gathered story is a compound's, be it one that the rulebook no longer has."""
    return is_compound(kind, lexicon.kinds) or kind not in lexicon.kinds


def _words(matches: Iterable[Match]) -> set[str]:
    """Return the values that a story has: its roles, its facts, and the function and seniority of a title."""
    words: set[str] = set()
    for match in matches:
        words.add(match.role.value)
        for fact in match.facts:
            values = fact.value if isinstance(fact.value, tuple) else (str(fact.value),)
            words.update(map(fold, values))
            if fact.key == "role":
                words |= _of_title(str(fact.value))
    return words


@lru_cache(maxsize=4096)
def _of_title(title: str) -> frozenset[str]:
    """Return the function and the seniority that a title says, as a job posting of that title would."""
    job = hiring_role(replace(_POSTING, title=f"hiring: {title}"))
    return frozenset(map(fold, job or ()))
