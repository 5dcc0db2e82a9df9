"""The list as a page shows it: what is asked of it by its address, and its rows, few at a time."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, tzinfo
from typing import Final, TypeVar
from urllib.parse import urlencode

from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from earmark.triggers import TriggerKind
from earmark.types import Account, Mark, TriggerState
from matcher.agenda import is_over
from review.remembered import at_hand, remembered
from review.rules import lexicon_now
from review.surplus import not_surplus
from review.today import Row, kind_words, rows_of
from storage import accounts, listing, polls, stories, tally
from storage.engine import Connection
from storage.names import folded
from storage.scope import Scope
from storage.wanted import Order, Part, Place, State, Wanted

__all__ = [
    "MOST",
    "Asked",
    "Filter",
    "Group",
    "Listed",
    "Listing",
    "Value",
    "asked_of",
    "filters",
    "narrowed",
    "rows",
    "total",
]

T = TypeVar("T")

MOST: Final = 50
"""Rows of one page."""
_SORTS: Final = (Order.SCORE, Order.NEWEST, Order.ENDING)
_ENDED: Final = frozenset({State.CONTACTED, State.DISMISSED, State.EXPIRED})
_KNOWN: Final = (
    *("q", "kind", "stage", "source", "owner", "tier", "problem", "state", "score", "mark", "since", "sort"),
)
_LONGEST: Final = 200  # characters of one value
_MOST_VALUES: Final = 50
_HIGHEST: Final = 100
_FARTHEST: Final = 2.0e17  # microseconds: some thousand years
_DEFAULTS: Final = {"state": "today", "sort": "score", "mark": ""}
_SORT_WORDS: Final = {"score": "best first", "newest": "newest first", "ending": "ending first"}
_ALL: Final = "all"
_NOTHING: Final[Mapping[str, Mapping[str, None]]] = {key: {} for key in ("owner", "tier", "problem")}
_GROUPS: Final = {
    Part.HOT: "Hot: answer now",
    Part.REST: "",
    Part.SURPLUS: "More that only name one problem: is its rule too wide?",
}
_DISTANCE: Final = re.compile(r"-?(\d{1,4})d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address of the list asks for; ``query`` is it again, in one order, without place and pick."""

    wanted: Wanted
    query: str
    after: Place | None = None
    pick: str = ""
    chosen: tuple[tuple[str, str], ...] = ()
    is_whole: bool = False
    """Whether the list goes on although the day is full."""

    @property
    def here(self) -> str:
        """The address of this very page of the list: ``query``, and the place at which the page begins."""
        place = _ALL if self.is_whole else _as_text(self.after) if self.after else ""
        return "&".join(filter(None, (self.query, place and urlencode({"after": place}))))

    @property
    def is_day(self) -> bool:
        """Whether this is the plain list of the day, sized to what the team can do."""
        return not self.query and self.after is None and not self.is_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Row):
    """A row of the page; ``offered_at`` is since when a hot one waits for ``offered_to``.

    ``snoozed_until`` is when the account comes back, where it is snoozed; ``suppressed`` why it is never to
    be contacted.
    """

    offered_at: datetime | None = None
    is_hot: bool = False
    snoozed_until: datetime | None = None
    suppressed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that belong together, with the words above them."""

    words: str
    is_hot: bool
    rows: tuple[Listed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value that can be filtered by; ``count`` reasons have it, None where that is not counted."""

    value: str
    words: str
    count: int | None
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One thing to filter by: ``name`` is what an address calls it; ``left_out`` values are not listed."""

    name: str
    words: str
    values: tuple[Value, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of the list; ``next_after`` is where the next one begins, empty on the last."""

    groups: tuple[Group, ...]
    next_after: str = ""

    @property
    def rows(self) -> tuple[Listed, ...]:
        """All rows, in their order."""
        return tuple(row for group in self.groups for row in group.rows)


def asked_of(pairs: Iterable[tuple[str, str]], names: frozenset[str], now: datetime, zone: tzinfo) -> Asked:
    """Return what an address asks for; ConfigError, with what to write, for a value that can't be.

    ``names`` are those of who asks, for whom ``owner=me``. What a list does not know is passed over: an
    address may carry marks of others.
    """
    held: dict[str, list[str]] = {}
    for name, value in pairs:
        text = value.strip()[:_LONGEST]
        if text and text not in held.setdefault(name, []) and len(held[name]) < _MOST_VALUES:
            held[name].append(text)
    chosen = tuple((name, value) for name in _KNOWN for value in held.get(name, ()))
    wanted = _wanted(held, names, now, zone)
    plain = tuple(pair for pair in chosen if pair not in {("state", "today"), ("sort", "score")})
    return Asked(
        wanted=wanted,
        query=urlencode(plain),
        after=_as_place(_last(held, "after"), wanted),
        pick=_last(held, "pick"),
        chosen=chosen,
        is_whole=_last(held, "after") == _ALL,
    )


def rows(
    connection: Connection,
    asked: Asked,
    now: datetime,
    *,
    scope: Scope | None = None,
    limit: int = MOST,
    room: int | None = None,
    touches: int = 0,
) -> Listing:
    """Return a page of the list: at most so many rows, hot ones first.

    Conversations that only name a problem come last, past the share of a day of so many ``touches``. Where
    there is ``room`` for only so many, those that are hot are listed in any case.
    """
    kinds = lexicon_now(connection).kinds
    kept = not_surplus(connection, touches, now)
    found = listing.page(
        connection, asked.wanted, now, after=asked.after, limit=limit + 1, scope=scope, share=kept
    )
    hot = sum(one.part is Part.HOT for one in found)
    limit = min(limit, limit if room is None else max(room, hot))
    more, found = found[limit:], found[:limit]
    shown = _shown(connection, found, kinds, now)
    parts = {one.best.id: one.part for one in found}
    groups = tuple(
        Group(words=words, is_hot=part is Part.HOT, rows=held)
        for part, words in _GROUPS.items()
        if (held := tuple(row for row in shown if parts[row.trigger] is part))
    )
    return Listing(groups=groups, next_after=_next(found) if more else "")


def total(connection: Connection, asked: Asked, now: datetime, scope: Scope | None = None) -> int:
    """Return how many rows the list has in all."""
    wanted = asked.wanted
    return remembered(connection, ("total", wanted, scope), lambda own: tally.count(own, wanted, now, scope))


def filters(
    connection: Connection, asked: Asked, now: datetime, scope: Scope | None = None
) -> tuple[Filter, ...]:
    """Return what the list can be filtered by, and how many reasons have each value."""
    of_state = Wanted(state=asked.wanted.state)
    key = ("values", of_state, scope)
    counts: Mapping[str, Mapping[str, int | None]] | None
    counts = at_hand(connection, key, lambda own: tally.values(own, of_state, now, scope))
    lexicon = lexicon_now(connection)
    if counts is None:
        counts = {**_NOTHING, "kind": dict.fromkeys(lexicon.kinds), "stage": dict.fromkeys(map(str, Stage))}
    problems = {problem.id: problem.name for problem in lexicon.problems}
    reps = {rep.id: rep.name or rep.id for rep in lexicon.reps}
    sources = {source.id: None for source in polls.every(connection)}
    kinds = {kind: kind_words(kind, lexicon.kinds) for kind in counts["kind"]}
    seen = {"": "at any time", Mark.BACKFILL.value: "in the first poll", Mark.LIVE.value: "since then"}
    made: tuple[tuple[str, str, Mapping[str, int | None], Mapping[str, str]], ...] = (
        ("state", "State", dict.fromkeys(map(str, State)), {}),
        ("kind", "Reason", counts["kind"], kinds),
        ("stage", "Stage", counts["stage"], {}),
        ("owner", "Owner", {"me": None, "nobody": None, **counts["owner"]}, reps | {"me": "me"}),
        ("tier", "Tier", counts["tier"], {}),
        ("problem", "Problem", counts["problem"], problems),
        ("source", "Source", sources, {}),
        ("mark", "Seen", dict.fromkeys(seen), seen),
        ("sort", "Order", dict.fromkeys(map(str, _SORTS)), _SORT_WORDS),
    )
    return tuple(_filter(name, words, held, said, asked) for name, words, held, said in made)


def narrowed(asked: Asked, known: Iterable[Filter]) -> tuple[str, ...]:
    """Return in words what the list is narrowed to, or ordered by, one line for each thing."""
    told = {filter_.name: filter_ for filter_ in known}
    held: dict[str, list[str]] = {}
    for name, value in asked.chosen:
        if _DEFAULTS.get(name) != value:
            held.setdefault(name, []).append(value)
    return tuple(_narrowed(name, values, told.get(name)) for name, values in held.items())


def _narrowed(name: str, values: Sequence[str], known: Filter | None) -> str:
    if name == "q":
        return f"“{values[-1]}”"
    if known is None:
        return f"{name} {'from ' if name == 'score' else ''}{values[-1]}"
    words = {value.value: value.words for value in known.values}
    return f"{known.words.lower()}: {' or '.join(words.get(value, value) for value in values)}"


def _shown(
    connection: Connection, found: Sequence[listing.Group], kinds: Mapping[str, TriggerKind], now: datetime
) -> tuple[Listed, ...]:
    groups = {one.best.id: one for one in found}
    named = accounts.of(connection, [one.best.account for one in found if one.best.account])
    told = stories.of(connection, [one.best.story for one in found])
    plain = rows_of([[one.best] for one in found], named, told, kinds, now)
    return tuple(_listed(row, groups[row.trigger], named.get(row.account or ""), kinds, now) for row in plain)


def _listed(
    row: Row, group: listing.Group, account: Account | None, kinds: Mapping[str, TriggerKind], now: datetime
) -> Listed:
    """Return the row with what its account, and its further reasons, add to it."""
    best = group.best
    own = best.offered_to if best.state is TriggerState.OPEN else None
    offers = [(own, best.offered_at), *((one.offered_to, one.offered_at) for one in group.further)]
    to, at = next(((to, at) for to, at in offers if to), (None, None))
    held = {field.name: getattr(row, field.name) for field in fields(Row)}
    more = {
        "more": len(group.further),
        "reasons": tuple(kind_words(one.kind, kinds) for one in group.further),
        "offered_to": to,
    }
    until = account.snoozed_until if account else None
    held_back = account.suppression if account else None
    return Listed(
        **(held | more),
        offered_at=at,
        is_hot=group.part is Part.HOT,
        snoozed_until=until if until and until > now else None,
        suppressed=held_back.reason if held_back and not is_over(held_back, now) else "",
    )


def _filter(
    name: str, words: str, held: Mapping[str, int | None], said: Mapping[str, str], asked: Asked
) -> Filter:
    """Return a filter with its most frequent values; what is chosen is among them in any case."""
    chosen = [value for key, value in asked.chosen if key == name]
    if not chosen and name in _DEFAULTS:
        chosen = [_DEFAULTS[name]]
    by_count = sorted(held.items(), key=lambda each: -(each[1] or 0))
    known = dict(sorted(by_count) if name == "tier" else by_count[:_MOST_VALUES])
    known |= {value: held.get(value) for value in chosen}
    values = tuple(
        Value(
            value=value,
            words=said.get(value) or value.replace("_", " "),
            count=count,
            is_chosen=value in chosen,
        )
        for value, count in known.items()
    )
    return Filter(name=name, words=words, values=values, left_out=len(held.keys() - known.keys()))


def _wanted(held: Mapping[str, Sequence[str]], names: frozenset[str], now: datetime, zone: tzinfo) -> Wanted:
    state = _one_of(_last(held, "state") or State.TODAY, State, "state")
    order = _one_of(_last(held, "sort") or Order.SCORE, _SORTS, "sort")
    if state is not State.TODAY and state is not State.SNOOZED and order is not Order.NEWEST:
        order = Order.ENDED if state in _ENDED else Order.NEWEST
    owners = held.get("owner", ())
    called = {folded(name) for name in owners if name not in {"me", "nobody"}}
    return Wanted(
        words=_last(held, "q"),
        kinds=tuple(held.get("kind", ())),
        stages=tuple(_one_of(stage, Stage, "stage").value for stage in held.get("stage", ())),
        sources=tuple(held.get("source", ())),
        owners=frozenset(called | (names if "me" in owners else set())),
        unowned="nobody" in owners,
        tiers=tuple(held.get("tier", ())),
        problems=tuple(held.get("problem", ())),
        state=state,
        score=_number(_last(held, "score")),
        mark=_one_of(_last(held, "mark"), Mark, "mark").value if _last(held, "mark") else "",
        since=_since(_last(held, "since"), now, zone),
        order=order,
    )


def _last(held: Mapping[str, Sequence[str]], name: str) -> str:
    values = held.get(name, ())
    return values[-1] if values else ""


def _one_of(value: str, known: Iterable[T], what: str) -> T:
    options = {str(each): each for each in known}
    if value not in options:
        raise ConfigError(f"The list has no {what} {value!r}. Choose one of: {', '.join(options)}.")
    return options[value]


def _number(text: str) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _HIGHEST:
        raise ConfigError(f"The least score is {text!r}. Write a number from 0 to 100.")
    return value


def _since(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    if distance := _DISTANCE.fullmatch(text):
        return now - timedelta(days=int(distance[1]))
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"There is no day {text!r}. Write one such as 2026-11-01, or -7d.") from None
    return day if day.tzinfo is not None else day.replace(tzinfo=zone)


def _next(found: Sequence[listing.Group]) -> str:
    return _as_text(found[-1].place) if found else _ALL


def _as_text(place: Place) -> str:
    return f"{place.part}~{place.value!r}~{place.trigger}"


def _as_place(text: str, wanted: Wanted) -> Place | None:
    """Return the place that a page named; the first one for what no page of this list did."""
    part, _, rest = text.partition("~")
    value, _, trigger = rest.partition("~")
    try:
        place = Place(part=Part(part), value=float(value), trigger=trigger)
    except ValueError:
        return None
    within = math.isfinite(place.value) and abs(place.value) < _FARTHEST
    return place if place.part in wanted.parts and within and trigger else None
