"""Joins: what a person said tells of one thing, beside what the texts themselves show.

One event may tell several stories, so a join names tellings: ``EVENT/FAMILY/FACTS``, with the family of the
kind and a digest of the facts. A text that is read again may tell it in another way: then the join holds for
what it tells of that family now, or else for whatever it tells.
"""

import zlib
from collections.abc import Callable, Collection, Iterable, Sequence

from earmark.types import Join
from matcher.tellings import Telling, likeness

__all__ = ["nearest", "partners", "place_of", "telling_name"]

_MOST = 50  # tellings of one story that are looked at for the likest: a wire's hundredth copy adds nothing


def telling_name(telling: Telling) -> str:
    """Return by which name a join knows a telling."""
    return f"{telling.match.event.id}/{telling.family}/{zlib.crc32(telling.order[3].encode()):08x}"


def place_of(name: str, tellings: Sequence[Telling], is_new: Callable[[int], bool]) -> int | None:
    """Return which telling a name means, or None; ``is_new`` says of which the text was read again."""
    event, family, _ = name.rsplit("/", 2)
    told = [place for place, each in enumerate(tellings) if each.match.event.id == event]
    again = [place for place in told if is_new(place)]
    means = [place for place in told if telling_name(tellings[place]) == name]
    means += [place for place in again if tellings[place].family == family]
    return next(iter((*means, *again)), None)


def partners(joins: Iterable[Join], events: Collection[str]) -> frozenset[str]:
    """Return the events that are joined to these."""
    ends = [(_event(join.one), _event(join.other)) for join in joins]
    return frozenset(
        partner for one, other in ends for event, partner in ((one, other), (other, one)) if event in events
    )


def nearest(one: Sequence[Telling], other: Sequence[Telling]) -> tuple[Telling, Telling]:
    """Return the two tellings of two stories that are likest, and nearest in time; neither may be empty."""
    pairs = [(left, right) for left in one[:_MOST] for right in other[:_MOST]]
    return min(pairs, key=lambda pair: (-likeness(*pair), abs(pair[0].at - pair[1].at)))


def _event(name: str) -> str:
    return name.rsplit("/", 2)[0]
