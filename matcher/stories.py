"""Stories: which matches tell of one thing that happened, and what they tell together.

A story is a connected component of the matches of one key under ``same_story``, a symmetric test of two
matches, and under the joins that people made; what it tells is a fold over its matches in
``StoredEvent.order``. Both are functions of the *sets* of matches and joins, so the order and the grouping
in which they arrive do not matter.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from earmark.triggers import CATALOGUE, CONVERSATIONS, TriggerKind
from earmark.types import Certainty, Join, Match, Story
from matcher.folding import facts_of, folded_certainty, folded_kind, publishers_of
from matcher.joins import partners, place_of
from matcher.normalise import canonical_url
from matcher.tellings import FAMILIES, Telling, alike, family_of, order_of, telling

__all__ = ["Retold", "fold", "identity", "key_of", "partition", "retell", "same_story"]

_LONGEST: Final = max(family.window for family in FAMILIES.values())
_FIRST: Final = datetime.min.replace(tzinfo=UTC) + _LONGEST
_LAST: Final = datetime.max.replace(tzinfo=UTC) - _LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """The stories after new matches: all of them, and which id took over which."""

    stories: tuple[Story, ...]
    merged: Mapping[str, str]


def identity(*parts: object) -> str:
    """Return 24 hexadecimal digits that follow from the parts alone."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def key_of(match: Match) -> str:
    """Return the key of the past that a match belongs to.

    ``a:ID`` is an account, ``t:URL`` (or the event's id) a conversation, ``c:NAME`` an unlisted company.
    """
    if match.account is not None:
        return f"a:{match.account}"
    if match.kind in CONVERSATIONS or match.company is None:
        event = match.event
        return f"t:{canonical_url(event.thread_url) or event.canonical_url or event.id}"
    return f"c:{match.company}"


def same_story(a: Match, b: Match, kinds: Mapping[str, TriggerKind] = CATALOGUE) -> bool:
    """Tell whether two matches of one key tell of the same thing; symmetric."""
    return alike(telling(a, kinds), telling(b, kinds))


def partition(
    matches: Iterable[Match],
    kinds: Mapping[str, TriggerKind] = CATALOGUE,
    *,
    known: Iterable[Sequence[Match]] = (),
    joins: Sequence[Join] = (),
) -> list[tuple[Match, ...]]:
    """Return the stories among the matches of one key: each sorted, the oldest story first.

    ``known`` are whole stories that were told apart before: of their matches only those pairs are compared
    that one of ``matches`` is part of, for nothing else can have changed. What stays as it is comes back as
    the same tuple. What a person joined is one story, however little alike.
    """
    new = [telling(match, kinds) for match in matches]
    reach = _reach(new)
    joined = partners(joins, {each.match.event.id for each in new}) if joins else frozenset()
    near: list[tuple[Match, ...]] = []
    parts: list[tuple[Match, ...]] = []
    for story in map(tuple, known):
        touched = any(match.event.id in joined or _is_within(reach, match, kinds) for match in story)
        (near if touched else parts).append(story)
    parts += _regrouped(new, near, kinds, joins)
    return sorted(parts, key=lambda part: order_of(part[0]))


def _reach(tellings: Iterable[Telling]) -> dict[str, tuple[datetime, datetime]]:
    """Return for each family between which moments something may join one of the tellings."""
    reach: dict[str, tuple[datetime, datetime]] = {}
    for each in tellings:
        since, until = reach.get(each.family, (each.at, each.at))
        reach[each.family] = min(since, each.at), max(until, each.at)
    return {
        family: (max(since, _FIRST) - _LONGEST, min(until, _LAST) + _LONGEST)
        for family, (since, until) in reach.items()
    }


def _is_within(
    reach: Mapping[str, tuple[datetime, datetime]], match: Match, kinds: Mapping[str, TriggerKind]
) -> bool:
    between = reach.get(family_of(match, kinds))
    return between is not None and between[0] <= match.event.order[0] <= between[1]


def _regrouped(
    new: Sequence[Telling],
    known: Sequence[tuple[Match, ...]],
    kinds: Mapping[str, TriggerKind],
    joins: Iterable[Join],
) -> list[tuple[Match, ...]]:
    """Return the stories among the new tellings and the known stories near them, each sorted."""
    group = {id(match): number for number, story in enumerate(known) for match in story}
    tellings = sorted(
        (*new, *(telling(match, kinds) for match in chain(*known))), key=lambda each: each.order
    )
    groups = [group.get(id(each.match)) for each in tellings]
    joined = _Joined(len(tellings))
    first: dict[int, int] = {}
    for place, number in enumerate(groups):
        if number is not None:
            joined.join(first.setdefault(number, place), place)
    for later, right in enumerate(tellings):
        for earlier in range(later - 1, -1, -1):
            left = tellings[earlier]
            if right.at - left.at > _LONGEST:
                break
            fresh = groups[earlier] is None or groups[later] is None
            if fresh and joined.apart(earlier, later) and alike(left, right):
                joined.join(earlier, later)
    for join in joins:
        one, other = (
            place_of(name, tellings, lambda place: groups[place] is None) for name in (join.one, join.other)
        )
        if one is not None and other is not None:
            joined.join(one, other)
    parts: dict[int, list[Match]] = {}
    for place, each in enumerate(tellings):
        parts.setdefault(joined.root(place), []).append(each.match)
    whole = {id(story[0]): story for story in known}
    found = [(tuple(part), whole.get(id(part[0]))) for part in parts.values()]
    return [story if story == part and story is not None else part for part, story in found]


class _Joined:
    """Sets of places that are joined two by two; the first place of a set stands for it."""

    def __init__(self, count: int) -> None:
        self._owner = list(range(count))

    def root(self, place: int) -> int:
        owner = self._owner
        while owner[place] != place:
            owner[place] = owner[owner[place]]
            place = owner[place]
        return place

    def apart(self, one: int, other: int) -> bool:
        return self.root(one) != self.root(other)

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._owner[high] = low


def fold(
    matches: Sequence[Match],
    *,
    id: str,  # noqa: A002 - it is the story's id
    created_at: datetime,
    kinds: Mapping[str, TriggerKind] = CATALOGUE,
) -> Story:
    """Return what the matches of one story tell together; they are of one key and come sorted."""
    first = matches[0]
    kind, role = folded_kind(matches, kinds)
    times = [match.event.order[0] for match in matches]
    return Story(
        id=id,
        key=key_of(first),
        account=first.account,
        company=first.company,
        kind=kind,
        role=role,
        certainty=folded_certainty(matches),
        facts=facts_of(matches),
        matches=tuple(matches),
        publishers=publishers_of(matches),
        first_at=min(times),
        last_at=max(times),
        created_at=created_at,
    )


def retell(
    key: str,
    stories: Sequence[Story],
    told: Sequence[Match],
    read: Collection[str],
    *,
    kinds: Mapping[str, TriggerKind],
    now: datetime,
    joins: Sequence[Join] = (),
) -> Retold:
    """Return the stories of a key after the events in ``read`` were read (again), telling ``told``.

    What those events told before is replaced. A story keeps its id as long as any of its events is in it;
    of several ids the oldest survives. A story that nothing tells any more stays, denied and without
    matches, so that nothing delivered is ever without its origin; told again, it is the same story.
    """
    touched = [story for story in stories if any(match.event.id in read for match in story.matches)]
    loose = [match for story in touched for match in story.matches if match.event.id not in read]
    begun = {story.id for story in touched}
    known = [story for story in stories if story.id not in begun and story.matches]
    parts = partition([*loose, *told], kinds, known=[story.matches for story in known], joins=joins)
    same = {id(part) for part in parts}
    whole = {id(story.matches): story for story in known if id(story.matches) in same}
    stay = {story.id for story in whole.values()}
    claims = _claims([story for story in stories if story.id not in stay], parts)
    merged: dict[str, str] = {}
    result: list[Story] = []
    untold = {story.id: story for story in stories if not story.matches}
    taken = {story.id for story in stories} - untold.keys()
    for number, part in enumerate(parts):
        if id(part) in whole:
            result.append(whole[id(part)])
            continue
        claimed = sorted(claims.get(number, ()), key=_age)
        if claimed:
            id_, created_at = claimed[0].id, claimed[0].created_at
            merged |= {story.id: id_ for story in claimed[1:]}
        else:
            id_ = _new_id(key, part[0], kinds, taken)
            created_at = untold[id_].created_at if id_ in untold else now
            taken.add(id_)
        result.append(fold(part, id=id_, created_at=created_at, kinds=kinds))
    carried = {story.id for story in result} | {story.id for heirs in claims.values() for story in heirs}
    withdrawn = [story for story in stories if story.id not in carried]
    result += [replace(story, matches=(), certainty=Certainty.DENIED) for story in withdrawn]
    return Retold(stories=tuple(result), merged=merged)


def _age(story: Story) -> tuple[datetime, str]:
    return story.created_at, story.id


def _claims(stories: Sequence[Story], parts: Sequence[Sequence[Match]]) -> dict[int, list[Story]]:
    """Return which stories each part carries on: each story the part with most of its matches or events."""
    told = {match.event.id for story in stories for match in story.matches}
    places: dict[str, set[int]] = {}
    for number, part in enumerate(parts):
        for match in part:
            if match.event.id in told:
                places.setdefault(match.event.id, set()).add(number)
    claims: dict[int, list[Story]] = {}
    for story in stories:
        events = {match.event.id for match in story.matches}
        candidates = sorted({number for event in events for number in places.get(event, ())})
        if candidates:
            heir = max(candidates, key=lambda number: (*_shared(story, parts[number]), -number))
            claims.setdefault(heir, []).append(story)
    return claims


def _shared(story: Story, part: Sequence[Match]) -> tuple[int, int]:
    """Return how many matches, and how many events, a story and a part have in common."""
    whole = {_place(match) for match in story.matches}
    events = {match.event.id for match in story.matches}
    return sum(_place(match) in whole for match in part), len({match.event.id for match in part} & events)


def _place(match: Match) -> tuple[object, ...]:
    """Return what a match is, apart from its revision and its features."""
    return (match.event.id, match.kind, tuple((fact.key, fact.value) for fact in match.facts))


def _new_id(key: str, first: Match, kinds: Mapping[str, TriggerKind], taken: Collection[str]) -> str:
    family = kinds[first.kind].family if first.kind in kinds else first.kind
    number = 0
    while (id_ := identity("story", key, family, first.event.id, number)) in taken:
        number += 1  # one event may tell two stories of one family: two people hired
    return id_
