"""Which of the events that a poll saw are new, revised or known; pure.

"New" is never decided by a timestamp. A known id with the same fingerprint is known, with another one a
revision. A new id is the same event when its link *and* its fingerprint are known in this source, or its
fingerprint alone where the kind of source says that its ids rotate.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from earmark.errors import SourceChanged
from earmark.types import Event, Fact, Hint, Mark, StoredEvent
from matcher.corrections import Correction
from matcher.normalise import canonical_url, event_id, fingerprint
from storage.events import Known, Seen

__all__ = ["Arrivals", "cleaned", "identified", "sort_out"]

_LONGEST: Final = {"title": 2_000, "text": 50_000, "external_id": 1_000, "url": 4_000}
_TYPES: Final = {"published_at": datetime, "occurred_at": datetime, "hints": tuple, "facts": tuple}
_FUTURE: Final = timedelta(days=1)
# Control characters but tab and line feed, and lone surrogates: no database stores them as text.
_UNSTORABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """The events of one poll, sorted out; ``known`` counts what was dropped.

    ``corrections`` are what people said of single texts, by their ids: they outlive a revision.
    """

    new: tuple[StoredEvent, ...] = ()
    revised: tuple[StoredEvent, ...] = ()
    known: int = 0
    corrections: tuple[tuple[str, Correction], ...] = ()


def cleaned(event: Event, now: datetime) -> Event:
    """Return the event fit to be stored: bounded texts, http(s) links, no date from the future.

    Raises SourceChanged when a source of another package yields what is no event.
    """
    if fault := _fault(event):
        raise SourceChanged(f"The source yields {fault}. Report it to the author of that kind.")
    changes: dict[str, Any] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name == "external_id":
            value = _short_id(value)
        elif isinstance(value, str):
            value = _UNSTORABLE.sub(" ", value)[: _LONGEST.get(field.name, 500)]
        elif isinstance(value, datetime) and (value.tzinfo is None or value > now + _FUTURE):
            value = None
        if field.name in {"url", "thread_url"} and not _is_web(value):
            value = None
        changes[field.name] = value
    return replace(event, **changes)


def _short_id(external_id: str) -> str:
    """Return an id that can be stored; a long one keeps apart from those that begin alike."""
    stored = _UNSTORABLE.sub(" ", external_id)
    if len(stored) <= _LONGEST["external_id"]:
        return stored
    digest = blake2b(stored.encode("utf-8"), digest_size=16).hexdigest()
    return f"{stored[: _LONGEST['external_id'] - len(digest)]}{digest}"


def _fault(event: object) -> str | None:
    """Return what is wrong with the types of an event, or None."""
    if not isinstance(event, Event):
        return f"a {type(event).__name__} where an event belongs"
    for field in fields(event):
        value: object = getattr(event, field.name)
        optional = field.name not in {"external_id", "title", "text", "hints", "facts"}
        if not (optional and value is None) and not isinstance(value, _TYPES.get(field.name, str)):
            return f"an event whose {field.name} is a {type(value).__name__}"
    if not all(isinstance(hint, Hint) for hint in event.hints):
        return "an event whose hints are no hints"
    return (
        None if all(isinstance(fact, Fact) for fact in event.facts) else "an event whose facts are no facts"
    )


def identified(event: Event, *, source: str, now: datetime, trust: float = 1.0) -> StoredEvent:
    """Return the event with its identity, as first seen now."""
    return StoredEvent(
        **{field.name: getattr(event, field.name) for field in fields(event)},
        id=event_id(source, event.external_id),
        source=source,
        seen_at=now,
        fingerprint=fingerprint(event.title, event.text),
        canonical_url=canonical_url(event.url),
        trust=trust,
    )


def sort_out(
    events: Iterable[StoredEvent],
    known: Known,
    *,
    unstable_ids: bool,
    first_poll: bool,
    backfill: timedelta | Literal["all"],
    now: datetime,
) -> Arrivals:
    """Sort the events of one poll into new, revised and known, and mark the new ones."""
    ids, twins, prints = dict(known.ids), set(known.twins), set(known.fingerprints)
    new: list[StoredEvent] = []
    revised: list[StoredEvent] = []
    dropped = 0
    here: set[str] = set()
    for event in events:
        seen = ids.get(event.external_id)
        twin = (event.canonical_url or "", event.fingerprint)
        if event.external_id in here or (seen and seen.fingerprint == event.fingerprint):
            dropped += 1
        elif seen:
            revised.append(_revision(event, seen))
        elif (event.canonical_url and twin in twins) or (unstable_ids and event.fingerprint in prints):
            dropped += 1
        else:
            new.append(replace(event, mark=_mark(event, first_poll=first_poll, backfill=backfill, now=now)))
        here.add(event.external_id)
        twins.add(twin)
        prints.add(event.fingerprint)
    return Arrivals(new=tuple(new), revised=tuple(revised), known=dropped)


def _revision(event: StoredEvent, seen: Seen) -> StoredEvent:
    """Return the event as the next revision of the one that was seen."""
    return replace(event, id=seen.id, revision=seen.revision + 1, mark=seen.mark, seen_at=seen.seen_at)


def _mark(
    event: StoredEvent, *, first_poll: bool, backfill: timedelta | Literal["all"], now: datetime
) -> Mark:
    if not first_poll:
        return Mark.LIVE
    happened_at = event.happened_at
    if happened_at and (backfill == "all" or happened_at >= now - backfill):
        return Mark.BACKFILL
    return Mark.BASELINE


def _is_web(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
