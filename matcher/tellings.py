"""Tellings: what of a match is compared, and when two of them tell of the same thing.

Two matches of one account are of one story when their kinds are of one family, they are close in time,
their facts do not contradict each other, and something positive holds them together: a decisive fact, the
same page or thread, the same words, or a gap so short that a second such thing is not to be expected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from earmark.triggers import TriggerKind
from earmark.types import Certainty, FactValue, Match
from matcher.echoes import stems
from matcher.normalise import canonical_url, fold

__all__ = ["FAMILIES", "Family", "Telling", "alike", "family_of", "likeness", "order_of", "telling"]


@dataclass(frozen=True, slots=True)
class Family:
    """How the stories of one family of kinds hold together.

    ``window`` is the most time between two matches of one story, ``alone`` the time within which a second
    such story is not to be expected (zero: one may come at any moment),
    ``decisive`` the facts that tell two stories apart.
    """

    window: timedelta
    alone: timedelta
    decisive: tuple[str, ...] = ()


def _family(window: float, alone: float, *decisive: str) -> Family:
    return Family(timedelta(days=window), timedelta(days=alone), decisive)


FAMILIES: Final[Mapping[str, Family]] = {
    "funding": _family(21, 5, "round", "amount", "valuation"),
    "ipo": _family(21, 7, "amount"),
    "acquisition": _family(21, 3, "acquirer", "target", "amount"),
    "divestiture": _family(21, 3, "acquirer", "target", "amount"),
    "investment": _family(14, 1, "target", "amount"),
    "earnings": _family(5, 3),
    "exec_hire": _family(14, 2, "person"),
    "exec_departure": _family(14, 2, "person"),
    "board_change": _family(14, 2, "person"),
    "layoffs": _family(14, 4, "headcount", "percent"),
    "hiring": _family(30, 0, "role"),
    "hiring_names_tool": _family(30, 2, "tool"),
    "incident": _family(5, 2),
    "vendor": _family(10, 2, "tool"),
    "legal": _family(14, 2, "amount"),
    "product": _family(10, 0, "product"),
    "customer_win": _family(10, 0, "amount"),
    "expansion": _family(10, 1, "location"),
    "technology": _family(14, 0, "tool"),
    "closing": _family(30, 14),
    "rebrand": _family(21, 7),
    "headcount": _family(21, 7),
    "asks": _family(14, 0),
    "complaint": _family(14, 0),
    "switch": _family(14, 0),
    "mention": _family(3, 0),
}
_OTHER: Final = _family(10, 0)

_MONEY: Final = frozenset({"amount", "valuation"})
_NUMBERS: Final = _MONEY | {"headcount", "percent"}
_CORRECTABLE: Final = _NUMBERS | {"round"}
_APART: Final = Decimal("0.2")  # how far two outlets may round one figure
_ALIKE_WORDS: Final = 0.45
_FEWEST_WORDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A match as stories compare it."""

    match: Match
    family: str
    at: datetime
    order: tuple[datetime, str, str, str]
    facts: Mapping[str, tuple[FactValue, ...]]
    currency: str | None
    corrects: bool
    words: frozenset[str]
    pages: frozenset[str]


def family_of(match: Match, kinds: Mapping[str, TriggerKind]) -> str:
    """Return the family of a match: no two of different families are of one story."""
    kind = kinds.get(match.kind)
    return kind.family if kind else match.kind


def order_of(match: Match) -> tuple[datetime, str, str, str]:
    """Return the place of a match among those of its key, whatever the order of arrival."""
    return (*match.event.order, match.kind, repr([(fact.key, fact.value) for fact in match.facts]))


def telling(match: Match, kinds: Mapping[str, TriggerKind]) -> Telling:
    """Return what of a match is compared with others."""
    family = family_of(match, kinds)
    decisive = FAMILIES.get(family, _OTHER).decisive
    facts: dict[str, tuple[FactValue, ...]] = {}
    for fact in match.facts:
        if fact.key in decisive:
            facts[fact.key] = (*facts.get(fact.key, ()), _comparable(fact.key, fact.value))
    event = match.event
    pages = (event.canonical_url or canonical_url(event.url), canonical_url(event.thread_url))
    return Telling(
        match=match,
        family=family,
        at=event.order[0],
        order=order_of(match),
        facts=facts,
        currency=next((str(fact.value).upper() for fact in match.facts if fact.key == "currency"), None),
        corrects=match.certainty in (Certainty.CORRECTED, Certainty.DENIED),
        words=_words(event.title or event.text[:200]),
        pages=frozenset(page for page in pages if page),
    )


def alike(a: Telling, b: Telling) -> bool:
    """Tell whether two tellings of one key are of one story; symmetric."""
    if a.family != b.family:
        return False
    family = FAMILIES.get(a.family, _OTHER)
    gap = abs(a.at - b.at)
    if gap > family.window:
        return False
    same_text = a.match.event.id == b.match.event.id
    if a.facts and b.facts:
        verdict = _compared(a, b, lenient=same_text or a.corrects or b.corrects)
        if verdict is not None:
            return verdict
    if same_text or a.pages & b.pages:
        return True
    # Undated texts of one poll share their moment: where nothing is expected to stand alone, that is no tie.
    if family.alone and gap <= family.alone:
        return True
    return likeness(a, b) >= _ALIKE_WORDS


def likeness(a: Telling, b: Telling) -> float:
    """Return which share of the words of both headlines stands in both; none, where they are too short."""
    return _overlap(a.words, b.words)


def _compared(a: Telling, b: Telling, *, lenient: bool) -> bool | None:
    """Return True when a decisive fact is shared, False when one contradicts, None when neither.

    A correction may change a figure. And one text may tell several figures (this round, and all rounds so
    far) of one thing; but two people, targets or products are two things.
    """
    agreed = False
    for key, ours in a.facts.items():
        theirs = b.facts.get(key)
        if theirs is None or (key in _MONEY and a.currency != b.currency):
            continue  # not told, or in two currencies: neither for nor against
        if _agree(key, ours, theirs):
            agreed = True
        elif not (lenient and key in _CORRECTABLE):
            return False
    return agreed or None


def _agree(key: str, ours: Sequence[FactValue], theirs: Sequence[FactValue]) -> bool:
    same = _near if key in _NUMBERS else _same_round if key == "round" else _same_name
    return any(same(one, other) for one in ours for other in theirs)


def _comparable(key: str, value: FactValue) -> FactValue:
    if key not in _NUMBERS:
        return tuple(sorted(_fold(" ".join(value) if isinstance(value, tuple) else str(value)).split()))
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return Decimal(0)


def _near(one: FactValue, other: FactValue) -> bool:
    if not (isinstance(one, Decimal) and isinstance(other, Decimal)):
        return False
    return abs(one - other) <= _APART * max(abs(one), abs(other))


def _same_name(one: FactValue, other: FactValue) -> bool:
    """Tell whether one name is the other or a part of it."""
    if one == other:
        return True
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return False
    ours, theirs = frozenset(one), frozenset(other)
    return ours <= theirs or theirs <= ours


def _same_round(one: FactValue, other: FactValue) -> bool:
    """Tell whether two rounds are the same: "series" alone tells none apart."""
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return False
    return _same_name(*(tuple(w for w in words if w not in _ROUND_WORDS) for words in (one, other)))


_ROUND_WORDS: Final = frozenset({"round", "series", "funding", "financing", "stage", "extension"})


@lru_cache(maxsize=8192)
def _fold(text: str) -> str:
    return fold(text)


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    return frozenset(stems(text))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    if min(len(one), len(other)) < _FEWEST_WORDS:
        return 0.0
    return len(one & other) / len(one | other)
