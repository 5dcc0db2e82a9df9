"""Sources: what is configured, who polls it when, and how it went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Boolean, Connection, Row, Select, bindparam, case, delete, func, insert, select, update

from earmark.errors import ConfigError
from storage import hosts
from storage.columns import Moment, Words, short
from storage.rows import batches, each, put
from storage.tables import pages, polls, sources

__all__ = [
    "Configured",
    "Finished",
    "Validators",
    "add",
    "alter",
    "every",
    "finish",
    "get",
    "hasten",
    "pause",
    "recent",
    "remove",
    "set_enabled",
    "some",
]

_GOOD = ("new", "unchanged")


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What to send back to a page so that it can say "unchanged"; byte for byte as it came.

    ``moved_to`` is where the page says it has moved for good: since ``moved_at``, ``moved_times`` in a row.
    """

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    moved_to: str | None = None
    moved_at: datetime | None = None
    moved_times: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A source as it stands: its options, what it remembers, and how it has fared.

    ``rhythm`` are the latest moments at which it had news, the oldest first; ``pace`` says in words how
    often it is polled, and why; ``silent_since`` is when it was first found to be silent; ``host`` is whom
    it asks, as far as that is known.
    """

    id: str
    kind: str
    options: Mapping[str, Any]
    enabled: bool = True
    state: Mapping[str, Any] = field(default_factory=_nothing)
    pages: Mapping[str, Validators] = field(default_factory=_nothing)
    next_poll_at: datetime
    failures: int = 0
    first_polled_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_error: str | None = None
    paused_reason: str | None = None
    rhythm: tuple[datetime, ...] = ()
    pace: str | None = None
    silent_since: datetime | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One poll that is over; ``outcome`` is new, unchanged, waiting, unavailable, refused or changed.

    ``state``, ``rhythm`` and ``pace`` that are None and pages that are not named stay as they were;
    ``silent_since`` does after a failure. A ``paused_reason`` keeps the source from being polled until a
    person looks.
    """

    source: str
    started_at: datetime
    finished_at: datetime
    outcome: str
    next_poll_at: datetime
    error: str | None = None
    paused_reason: str | None = None
    state: Mapping[str, Any] | None = None
    pages: Mapping[str, Validators] = field(default_factory=_nothing)
    failures: int = 0
    rhythm: tuple[datetime, ...] | None = None
    pace: str | None = None
    silent_since: datetime | None = None
    seen: int = 0
    new: int = 0
    revised: int = 0
    triggers: int = 0
    host: str | None = None


def add(conn: Connection, source_id: str, kind: str, options: Mapping[str, Any], at: datetime) -> None:
    """Add a source that is due at once; ConfigError when the id is taken."""
    if get(conn, source_id) is not None:
        raise ConfigError(f"There is a source {source_id!r} already. Choose another id, or remove it first.")
    host = hosts.host_of(kind, options)
    row = {
        "id": source_id,
        "kind": kind,
        "options": options,
        "enabled": True,
        "created_at": at,
        "next_poll_at": at,
        "failures": 0,
        "host": host,
        "bucket": hosts.bucket_of(host),
    }
    conn.execute(insert(sources).values(row))


def alter(
    conn: Connection, source_id: str, kind: str, options: Mapping[str, Any], at: datetime, *, anew: bool
) -> bool:
    """Give a source other options, let it be due, and say whether it was there.

    With ``anew`` it watches something else from now on: its next poll is its first, so that what is there
    already is told as old.
    """
    host = hosts.host_of(kind, options)
    values: dict[str, Any] = {"options": options, "host": host, "bucket": hosts.bucket_of(host)}
    values |= {"next_poll_at": at, "failures": 0, "paused_reason": None}
    if anew:
        values |= {"state": None, "first_polled_at": None, "last_ok_at": None, "rhythm": None, "pace": None}
        values |= {"silent_since": None, "last_error": None}
        conn.execute(delete(pages).where(pages.c.source == source_id))
    changed = update(sources).where(sources.c.id == source_id, sources.c.kind == kind).values(values)
    return conn.execute(changed).rowcount > 0


def hasten(conn: Connection, source_id: str, at: datetime) -> bool:
    """Let a source be due now, unless it is paused or stopped; say whether it is."""
    due = update(sources).where(
        sources.c.id == source_id, sources.c.enabled, sources.c.paused_reason.is_(None)
    )
    return conn.execute(due.values(next_poll_at=at)).rowcount > 0


def remove(conn: Connection, source_id: str) -> bool:
    """Forget a source with its pages and polls, and say whether it was there; its events stay."""
    conn.execute(delete(polls).where(polls.c.source == source_id))
    return conn.execute(delete(sources).where(sources.c.id == source_id)).rowcount > 0


def set_enabled(conn: Connection, source_id: str, enabled: bool, at: datetime | None = None) -> bool:  # noqa: FBT001 - the name of the function says what it means
    """Switch a source on or off, and say whether it was there.

    On ends a pause and forgets failures; with ``at`` the source is due then.
    """
    values: dict[str, Any] = {"enabled": enabled}
    if enabled:
        values |= {"paused_reason": None, "failures": 0} | ({} if at is None else {"next_poll_at": at})
    return conn.execute(update(sources).where(sources.c.id == source_id).values(values)).rowcount > 0


def pause(conn: Connection, source_id: str, reason: str) -> bool:
    """Keep a source from being polled until a person enables it, and say whether it was there."""
    paused = update(sources).where(sources.c.id == source_id).values(paused_reason=reason)
    return conn.execute(paused).rowcount > 0


def get(conn: Connection, source_id: str) -> Configured | None:
    """Return one source, or None."""
    return next(iter(_configured(conn, select(sources).where(sources.c.id == source_id))), None)


def every(conn: Connection) -> list[Configured]:
    """Return all sources in the order of their ids."""
    return _configured(conn, select(sources).order_by(sources.c.id))


def some(conn: Connection, ids: Sequence[str]) -> list[Configured]:
    """Return these sources in this order, as far as they are there."""
    found = {row.id: row for row in each(conn, select(sources), sources.c.id, ids)}
    return _complete(conn, [found[source_id] for source_id in ids if source_id in found])


def finish(conn: Connection, finished: Sequence[Finished]) -> None:
    """Write how polls went, and give their sources back."""
    if not finished:
        return
    known = {row.id for row in each(conn, select(sources.c.id), sources.c.id, [f.source for f in finished])}
    told = sorted((poll for poll in finished if poll.source in known), key=lambda poll: poll.source)
    for batch in batches(told):
        conn.execute(insert(polls), [_poll_row(poll) for poll in batch])
        conn.execute(_RETURNED, [_source_row(poll) for poll in batch])
    if remembered := [poll for poll in told if poll.state is not None]:
        statement = update(sources).where(sources.c.id == bindparam("source_id"))
        conn.execute(statement, [{"source_id": poll.source, "state": poll.state} for poll in remembered])
    if heard := [poll for poll in told if poll.rhythm is not None]:
        statement = update(sources).where(sources.c.id == bindparam("source_id"))
        conn.execute(statement, [{"source_id": poll.source, "rhythm": poll.rhythm} for poll in heard])
    put(conn, pages, [row for poll in told for row in _page_rows(poll)])


def recent(conn: Connection, source_id: str, limit: int = 20) -> list[Finished]:
    """Return the latest polls of a source, the newest first; without state and pages."""
    query = select(polls).where(polls.c.source == source_id)
    rows = conn.execute(query.order_by(polls.c.finished_at.desc(), polls.c.number.desc()).limit(limit))
    return [
        Finished(
            source=row.source,
            started_at=row.started_at,
            finished_at=row.finished_at,
            outcome=row.outcome,
            error=row.error,
            next_poll_at=row.next_poll_at,
            failures=row.failures,
            seen=row.seen,
            new=row.new,
            revised=row.revised,
            triggers=row.triggers,
        )
        for row in rows
    ]


_GOOD_AT = bindparam("good_at", type_=Moment)
_RETURNED = (
    update(sources)
    .where(sources.c.id == bindparam("source_id"))
    .values(
        next_poll_at=bindparam("following"),
        failures=bindparam("fails"),
        last_polled_at=bindparam("ended"),
        first_polled_at=func.coalesce(sources.c.first_polled_at, _GOOD_AT),
        last_ok_at=func.coalesce(_GOOD_AT, sources.c.last_ok_at),
        last_error=case(
            (bindparam("waited", type_=Boolean), sources.c.last_error),
            else_=bindparam("fault", type_=Words),
        ),
        host=func.coalesce(bindparam("asked_host", type_=Words), sources.c.host),
        bucket=func.coalesce(bindparam("its_bucket"), sources.c.bucket),
        paused_reason=case(
            (_GOOD_AT.is_not(None), None),
            else_=func.coalesce(bindparam("pause", type_=Words), sources.c.paused_reason),
        ),
        pace=func.coalesce(bindparam("how_often", type_=Words), sources.c.pace),
        silent_since=case(
            (_GOOD_AT.is_not(None), bindparam("silent", type_=Moment)), else_=sources.c.silent_since
        ),
        lease_until=None,
        lease_by=None,
    )
)


def _poll_row(poll: Finished) -> dict[str, Any]:
    names = ("source", "started_at", "finished_at", "outcome", "error", "next_poll_at", "failures")
    return {name: getattr(poll, name) for name in (*names, "seen", "new", "revised", "triggers")}


def _source_row(poll: Finished) -> dict[str, Any]:
    return {
        "source_id": poll.source,
        "following": poll.next_poll_at,
        "fails": poll.failures,
        "ended": poll.finished_at,
        "good_at": poll.finished_at if poll.outcome in _GOOD else None,
        "fault": poll.error,
        "pause": poll.paused_reason,
        "how_often": poll.pace,
        "silent": poll.silent_since,
        "waited": poll.outcome == "waiting",
        "asked_host": poll.host and short(poll.host),
        "its_bucket": hosts.bucket_of(short(poll.host)) if poll.host else None,
    }


def _page_rows(poll: Finished) -> list[dict[str, Any]]:
    return [
        {
            "source": poll.source,
            "key": short(url),
            "url": url,
            "etag": page.etag,
            "last_modified": page.last_modified,
            "body_hash": page.body_hash,
            "moved_to": page.moved_to,
            "moved_at": page.moved_at,
            "moved_times": page.moved_times or None,
        }
        for url, page in poll.pages.items()
    ]


def _configured(conn: Connection, query: Select[Any]) -> list[Configured]:
    return _complete(conn, conn.execute(query).all())


def _complete(conn: Connection, rows: Sequence[Row[Any]]) -> list[Configured]:
    """Return what the rows of sources say, with the pages that belong to them."""
    seen: dict[str, dict[str, Validators]] = {}
    for page in each(conn, select(pages), pages.c.source, [row.id for row in rows]):
        validators = Validators(
            etag=page.etag,
            last_modified=page.last_modified,
            body_hash=page.body_hash,
            moved_to=page.moved_to,
            moved_at=page.moved_at,
            moved_times=page.moved_times or 0,
        )
        seen.setdefault(page.source, {})[page.url] = validators
    return [_as_configured(row, seen.get(row.id, {})) for row in rows]


def _as_configured(row: Row[Any], seen: Mapping[str, Validators]) -> Configured:
    return Configured(
        id=row.id,
        kind=row.kind,
        options=row.options,
        enabled=row.enabled,
        state=row.state or {},
        pages=seen,
        next_poll_at=row.next_poll_at,
        failures=row.failures,
        first_polled_at=row.first_polled_at,
        last_ok_at=row.last_ok_at,
        last_error=row.last_error,
        paused_reason=row.paused_reason,
        rhythm=row.rhythm,
        pace=row.pace,
        silent_since=row.silent_since,
        host=row.host,
    )
