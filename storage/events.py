"""Events: stored once, revised in the open, found again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select, tuple_, update

from earmark.types import Mark, StoredEvent
from storage.columns import short
from storage.rows import BATCH, add, added, batches, each
from storage.tables import event_revisions, events

__all__ = [
    "Known",
    "Seen",
    "as_event",
    "count",
    "find",
    "get",
    "insert",
    "known",
    "of_revision",
    "revise",
    "stream",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a revision of an event takes over from it: its id, its mark, and when it was first seen."""

    id: str
    fingerprint: str
    revision: int
    mark: Mark
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a source has told before, as far as it was asked.

    ``ids`` is by external id; ``twins`` are (canonical link, fingerprint) of events that have both;
    ``fingerprints`` are those met under any id.
    """

    ids: Mapping[str, Seen]
    twins: frozenset[tuple[str, str]]
    fingerprints: frozenset[str]


def known(conn: Connection, source: str, external_ids: Iterable[str], fingerprints: Iterable[str]) -> Known:
    """Return which of these ids and fingerprints the source has shown before."""
    keys = {short(external_id): external_id for external_id in external_ids}
    wanted = ("external_key", "id", "fingerprint", "revision", "mark", "seen_at")
    by_id = select(*(events.c[name] for name in wanted)).where(events.c.source == source)
    ids = {
        keys[row.external_key]: Seen(
            id=row.id,
            fingerprint=row.fingerprint,
            revision=row.revision,
            mark=Mark(row.mark),
            seen_at=row.seen_at,
        )
        for row in each(conn, by_id, events.c.external_key, keys)
    }
    by_text = select(events.c.fingerprint, events.c.canonical_url).where(events.c.source == source)
    told = list(each(conn, by_text, events.c.fingerprint, fingerprints))
    return Known(
        ids=ids,
        twins=frozenset((row.canonical_url, row.fingerprint) for row in told if row.canonical_url),
        fingerprints=frozenset(row.fingerprint for row in told),
    )


def insert(conn: Connection, new: Sequence[StoredEvent]) -> frozenset[str]:
    """Store the events that are not there yet; return the ids of those."""
    # In the order of ids, so that two writers of the same events wait for each other, not in a circle.
    rows = [_row(event) for event in sorted(new, key=lambda event: event.id)]
    return frozenset(added(conn, events, rows))


def revise(conn: Connection, new: Sequence[StoredEvent]) -> frozenset[str]:
    """Replace events by their next revision and keep the old text; return the ids that took it.

    An event whose stored revision is not the one before stays as it is.
    """
    following = {event.id: event for event in new}
    stored = _select(conn, following, lock=True)
    taken = {old.id: old for old in stored.values() if old.revision == following[old.id].revision - 1}
    old_rows = [{"event": old.id, "revision": old.revision, "body": old} for old in taken.values()]
    add(conn, event_revisions, old_rows)
    statement = update(events).where(events.c.id == bindparam("event_id"))
    for batch in batches(taken):
        conn.execute(statement, [_row(following[event_id]) | {"event_id": event_id} for event_id in batch])
    return frozenset(taken)


def get(conn: Connection, ids: Iterable[str]) -> dict[str, StoredEvent]:
    """Return the events of these ids, as far as they are stored."""
    return _select(conn, ids, lock=False)


def of_revision(conn: Connection, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], StoredEvent]:
    """Return earlier revisions by (event id, revision)."""
    pair = tuple_(event_revisions.c.event, event_revisions.c.revision)
    query = select(event_revisions)
    return {(row.event, row.revision): row.body for row in each(conn, query, pair, wanted)}


def find(
    conn: Connection,
    *,
    source: str | None = None,
    words: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
) -> list[StoredEvent]:
    """Return the newest events of a source, since a time, whose title or text has every word."""
    query = select(events).order_by(events.c.at.desc(), events.c.id).limit(limit)
    query = _within(query, source, since, None)
    for word in (words or "").split():
        inside = (column.icontains(word, autoescape=True) for column in (events.c.title, events.c.text))
        query = query.where(or_(*inside))
    return [as_event(row) for row in conn.execute(query)]


def count(conn: Connection) -> int:
    """Return how many events are stored."""
    return conn.execute(select(func.count()).select_from(events)).scalar_one()


def stream(
    conn: Connection,
    *,
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    seen_since: datetime | None = None,
) -> Iterator[StoredEvent]:
    """Yield the events in the order in which they happened, few at a time in memory.

    ``seen_since`` leaves out those that were stored before, whenever they happened.
    """
    query = _within(select(events).order_by(events.c.at, events.c.id), source, since, until)
    if seen_since is not None:
        query = query.where(events.c.seen_at >= seen_since)
    for row in conn.execute(query.execution_options(yield_per=BATCH)):
        yield as_event(row)


def as_event(row: Row[Any]) -> StoredEvent:
    """Return the event that a row of the table holds."""
    return StoredEvent(
        external_id=row.external_id,
        title=row.title,
        url=row.url,
        text=row.text,
        author=row.author,
        publisher=row.publisher,
        published_at=row.published_at,
        occurred_at=row.occurred_at,
        language=row.language,
        thread_url=row.thread_url,
        hints=row.hints,
        facts=row.facts,
        id=row.id,
        source=row.source,
        seen_at=row.seen_at,
        fingerprint=row.fingerprint,
        canonical_url=row.canonical_url,
        revision=row.revision,
        mark=Mark(row.mark),
        trust=row.trust,
    )


def _row(event: StoredEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "source": event.source,
        "external_key": short(event.external_id),
        "external_id": event.external_id,
        "url": event.url,
        "canonical_url": event.canonical_url,
        "title": event.title,
        "text": event.text,
        "author": event.author,
        "publisher": event.publisher,
        "published_at": event.published_at,
        "occurred_at": event.occurred_at,
        "seen_at": event.seen_at,
        "at": event.order[0],
        "language": event.language,
        "thread_url": event.thread_url,
        "hints": event.hints,
        "facts": event.facts,
        "fingerprint": event.fingerprint,
        "revision": event.revision,
        "mark": event.mark.value,
        "trust": event.trust,
    }


def _select(conn: Connection, ids: Iterable[str], *, lock: bool) -> dict[str, StoredEvent]:
    query = select(events)
    if lock:
        query = query.order_by(events.c.id).with_for_update()
    return {row.id: as_event(row) for row in each(conn, query, events.c.id, sorted(set(ids)))}


def _within(
    query: Select[Any], source: str | None, since: datetime | None, until: datetime | None
) -> Select[Any]:
    if source is not None:
        query = query.where(events.c.source == source)
    if since is not None:
        query = query.where(events.c.at >= since)
    return query if until is None else query.where(events.c.at < until)
