"""The sources as a person looks at them: how each fares, what it brings, and what to do about it."""

import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from earmark.errors import ConfigError
from earmark.logs import mask
from earmark.types import StoredEvent, Verdict
from monitors.health import Health, health_of
from monitors.latency import ledger
from monitors.proposals import free, keys_of
from review.delays import Delays, delays
from review.options import covered
from review.remembered import remembered
from sources.registry import build
from storage import events, judgements, latency, polls, watching
from storage.engine import Connection
from storage.latency import Acted
from storage.polls import Configured, Finished
from storage.watching import Brought

__all__ = [
    "Detail",
    "Proposal",
    "Watched",
    "about",
    "add",
    "alike",
    "detail_of",
    "free_id",
    "listed",
    "shown_options",
    "trust_of",
]

_WEEK: Final = timedelta(days=7)
_MONTH: Final = timedelta(days=30)
_SHARED: Final = ("every", "expect_every", "backfill", "trust", "language")
_FEWEST: Final = 5
_TIRING: Final = 0.3
"""From this share of bad verdicts on, people stop reading: spec of the SDR's day, section 2.1."""
_BAD: Final = frozenset({Verdict.WRONG_ACCOUNT, Verdict.OFF_TOPIC, Verdict.TOO_OLD, Verdict.DUPLICATE})
_DULL: Final = frozenset({"feed", "rss", "atom", "xml", "index", "feeds", "html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One source in the list: how it fares, what it watches in words, what it brought.

    ``a_day`` is how many new events a day its polls of a week brought; None before the first poll.
    """

    source: Configured
    health: Health
    about: str
    a_day: float | None
    acted: Acted


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What to do about a source of whose reasons people throw too many away."""

    bad: int
    judged: int
    trust: float
    less_trust: float

    @property
    def share(self) -> float:
        """The share of bad verdicts."""
        return self.bad / self.judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One source: its options as they may be shown, its latest polls and events, how long it takes."""

    watched: Watched
    options: Mapping[str, Any]
    polls: tuple[Finished, ...]
    brought: Brought
    events: tuple[StoredEvent, ...]
    delays: tuple[Delays, ...]
    good: int
    judged: int
    proposal: Proposal | None


def listed(
    connection: Connection,
    now: datetime,
    *,
    state: str | None = None,
    kind: str | None = None,
    words: str = "",
    after: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[Watched]:
    """Return a page of the sources: see ``storage.watching.listed``."""
    found = watching.listed(connection, now, state=state, kind=kind, words=words, after=after, limit=limit)
    return _watched(connection, found, now)


def detail_of(connection: Connection, source: Configured, now: datetime) -> Detail:
    """Return all that is told of one source."""
    [watched] = _watched(connection, [source], now)
    steps = ledger(
        latency.arrivals(connection, now - _WEEK, source=source.id),
        latency.listings(connection, now - _WEEK, source=source.id),
    )
    said = remembered(connection, ("verdicts",), _verdicts).get(source.id, Counter())
    judged, bad = sum(said.values()), sum(held for verdict, held in said.items() if verdict in _BAD)
    return Detail(
        watched=watched,
        options=shown_options(source),
        polls=tuple(polls.recent(connection, source.id)),
        brought=watching.brought(connection, [source.id], now - _MONTH).get(source.id, Brought()),
        events=tuple(events.find(connection, source=source.id, limit=20)),
        delays=tuple(delays(one for one in steps if one.source == source.id)),
        good=said[Verdict.GOOD],
        judged=judged,
        proposal=_proposal(source, bad, judged),
    )


def about(source: Configured) -> str:
    """Return in a few words what a source watches: its address without keys, its search, its board."""
    shown = [
        ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in shown_options(source).items()
        if name not in _SHARED and not isinstance(value, bool | dict)
    ]
    return " · ".join(shown)


def shown_options(source: Configured) -> dict[str, Any]:
    """Return the options as the kind itself shows them: secret ones masked, and keys within addresses."""
    try:
        shown: dict[str, Any] = build(source.kind, source.options).model_dump(mode="json", exclude_unset=True)
    except ConfigError:
        shown = {key: mask(str(value)) for key, value in source.options.items()}
    return covered(shown)


def add(
    connection: Connection, kind: str, options: Mapping[str, Any], now: datetime, source_id: str | None = None
) -> str:
    """Add a source that is due at once and return its id; ConfigError when its options can't be used."""
    made = build(kind, options).model_dump(mode="json", exclude_unset=True)  # secrets masked: no id holds one
    chosen = source_id or free_id(made, kind, {one.id for one in polls.every(connection)})
    polls.add(connection, chosen, kind, options, now)
    return chosen


def alike(connection: Connection, source: Configured) -> str | None:
    """Return a source that watches the same place as this new one, if there is one."""
    keys = set(keys_of(source))

    def is_same(one: Configured) -> bool:
        return bool(keys & set(keys_of(one))) or (one.kind, one.options) == (source.kind, source.options)

    return next((one.id for one in polls.every(connection) if is_same(one)), None)


def trust_of(source: Configured) -> float:
    """Return by how much a source is believed, 0 to 1."""
    trust = source.options.get("trust", 1.0)
    return float(trust) if isinstance(trust, int | float) else 1.0


def free_id(values: Mapping[str, Any], kind: str, taken: Container[str]) -> str:
    """Return an id made of the address, with a number if it is taken."""
    address = next((str(value) for key, value in values.items() if key.endswith("url")), "")
    parts = urlsplit(address)
    words = f"{(parts.hostname or kind).removeprefix('www.')} {parts.path}"
    kept = [word for word in re.findall(r"[a-z0-9]+", words.lower()) if word not in _DULL]
    return free("-".join(kept)[:60].strip("-") or kind, taken)


def _watched(connection: Connection, found: Sequence[Configured], now: datetime) -> list[Watched]:
    ids = [one.id for one in found]
    news = watching.brought(connection, ids, now - _WEEK)
    acted = remembered(connection, ("acted on",), lambda held: latency.acted_on(held, now - _MONTH))
    return [
        Watched(
            source=one,
            health=health_of(one, now),
            about=about(one),
            a_day=_a_day(one, news.get(one.id, Brought()).new, now),
            acted=acted.get(one.id, Acted()),
        )
        for one in found
    ]


def _verdicts(connection: Connection) -> dict[str, Counter[Verdict]]:
    """Return how many verdicts of each sort hold on what each source tells."""
    found: dict[str, Counter[Verdict]] = {}
    for one in judgements.every(connection):
        for source in one.sources:
            found.setdefault(source, Counter())[one.verdict] += 1
    return found


def _a_day(source: Configured, new: int, now: datetime) -> float | None:
    if source.first_polled_at is None:
        return None
    days = min(_WEEK, max(now - source.first_polled_at, timedelta(days=1))) / timedelta(days=1)
    return new / days


def _proposal(source: Configured, bad: int, judged: int) -> Proposal | None:
    """Return the proposal to believe a source less, or to mute it, when it tires its readers."""
    if judged < _FEWEST or bad / judged <= _TIRING or not source.enabled:
        return None
    trust = trust_of(source)
    return Proposal(bad=bad, judged=judged, trust=trust, less_trust=round(trust * (1 - bad / judged), 2))
