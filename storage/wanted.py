"""What of the list is wanted, in the words of an address, and where a page of it begins."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Order", "Part", "Place", "State", "Wanted"]


class State(StrEnum):
    """What became of the reasons that are listed."""

    TODAY = "today"
    SNOOZED = "snoozed"
    CONTACTED = "contacted"
    DISMISSED = "dismissed"
    EXPIRED = "expired"
    EVERYTHING = "everything"


class Order(StrEnum):
    """What comes first."""

    SCORE = "score"
    NEWEST = "newest"
    ENDING = "ending"
    ENDED = "ended"


class Part(StrEnum):
    """A part of the list of the day; they follow each other."""

    HOT = "hot"
    REST = "rest"
    SURPLUS = "surplus"
    """Conversations that only name a problem, beyond a few: so a rule that matches all pushes nothing off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of the list is wanted; what is empty is not asked. ``owners`` are folded names."""

    words: str = ""
    kinds: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    owners: frozenset[str] = frozenset()
    unowned: bool = False
    tiers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    state: State = State.TODAY
    score: float = 0.0
    mark: str = ""
    since: datetime | None = None
    order: Order = Order.SCORE

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that the list has: on the list of the day, hot accounts come first, a surplus last."""
        apart = self.state is State.TODAY and self.order is Order.SCORE
        return (Part.HOT, Part.REST, Part.SURPLUS) if apart else (Part.REST,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page of the list begins: behind the row of ``trigger``, whose value in the order this is."""

    part: Part
    value: float
    trigger: str
