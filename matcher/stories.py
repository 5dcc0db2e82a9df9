"""Stories: which matches tell of one thing that happened, and what they tell together.

A story is a connected component of the matches of one key under ``same_story``, a symmetric test of two
matches; and what it tells is a fold over its matches in ``StoredEvent.order``. Both are functions of the
*set* of matches, so the order and the grouping in which they arrive do not matter.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earmark.triggers import CATALOGUE, CONVERSATIONS, TriggerKind
from earmark.types import Certainty, Match, Story
from matcher.folding import facts_of, folded_certainty, folded_kind, publishers_of
from matcher.normalise import canonical_url
from matcher.tellings import FAMILIES, Telling, alike, telling

__all__ = ["Retold", "fold", "identity", "key_of", "partition", "retell", "same_story"]

_LONGEST: Final = max(family.window for family in FAMILIES.values())


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
    matches: Iterable[Match], kinds: Mapping[str, TriggerKind] = CATALOGUE
) -> list[tuple[Match, ...]]:
    """Return the stories among the matches of one key: each sorted, the oldest story first."""
    tellings = sorted((telling(match, kinds) for match in matches), key=lambda each: each.order)
    owner = list(range(len(tellings)))

    def root(index: int) -> int:
        while owner[index] != index:
            owner[index] = owner[owner[index]]
            index = owner[index]
        return index

    for later, right in enumerate(tellings):
        for earlier in range(later - 1, -1, -1):
            left = tellings[earlier]
            if right.at - left.at > _LONGEST:
                break
            one, other = root(earlier), root(later)
            if one != other and alike(left, right):
                owner[max(one, other)] = min(one, other)
    parts: dict[int, list[Telling]] = {}
    for index, each in enumerate(tellings):
        parts.setdefault(root(index), []).append(each)
    return [tuple(each.match for each in part) for part in parts.values()]


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
) -> Retold:
    """Return the stories of a key after the events in ``read`` were read (again), telling ``told``.

    What those events told before is replaced. A story keeps its id as long as any of its events is in it;
    of several ids the oldest survives. A story that nothing tells any more stays, denied and without
    matches, so that nothing delivered is ever without its origin.
    """
    kept = [match for story in stories for match in story.matches if match.event.id not in read]
    parts = partition([*kept, *told], kinds)
    heirs = {story.id: _heir(story, parts) for story in stories}
    merged: dict[str, str] = {}
    result: list[Story] = []
    taken = {story.id for story in stories}
    for number, part in enumerate(parts):
        claims = sorted(
            (story for story in stories if heirs[story.id] == number),
            key=lambda story: (story.created_at, story.id),
        )
        if claims:
            id_, created_at = claims[0].id, claims[0].created_at
            merged |= {story.id: id_ for story in claims[1:]}
        else:
            id_, created_at = _new_id(key, part[0], kinds, taken), now
            taken.add(id_)
        result.append(fold(part, id=id_, created_at=created_at, kinds=kinds))
    withdrawn = [story for story in stories if heirs[story.id] is None]
    result += [replace(story, matches=(), certainty=Certainty.DENIED) for story in withdrawn]
    return Retold(stories=tuple(result), merged=merged)


def _heir(story: Story, parts: Sequence[Sequence[Match]]) -> int | None:
    """Return the part that carries the story on: it holds most of its matches, else of its events."""
    whole = set(map(_place, story.matches))
    events = {match.event.id for match in story.matches}
    best: tuple[int, int, int] | None = None
    for number, part in enumerate(parts):
        same = sum(_place(match) in whole for match in part)
        shared = len({match.event.id for match in part} & events)
        if shared:
            best = max(best or (0, 0, -len(parts)), (same, shared, -number))
    return None if best is None else -best[2]


def _place(match: Match) -> tuple[object, ...]:
    """Return what a match is, apart from its revision and its features."""
    return (match.event.id, match.kind, tuple((fact.key, fact.value) for fact in match.facts))


def _new_id(key: str, first: Match, kinds: Mapping[str, TriggerKind], taken: Collection[str]) -> str:
    family = kinds[first.kind].family if first.kind in kinds else first.kind
    number = 0
    while (id_ := identity("story", key, family, first.event.id, number)) in taken:
        number += 1  # one event may tell two stories of one family: two people hired
    return id_
