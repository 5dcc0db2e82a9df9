"""What was done in each target, change by change, and what stands there since: the way back of an undo."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from earmark.contract import Change, Receipt
from storage.columns import short
from storage.rows import each, put
from storage.tables import deliveries, remotes

__all__ = [
    "Batch",
    "Delivered",
    "Remote",
    "accounts_of",
    "batches_of",
    "done",
    "forget",
    "known",
    "of_batch",
    "undone",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """What stands in a target: the target's own id of it, where to see it, a digest of what was wanted."""

    object: str
    key: str
    remote_id: str | None
    url: str | None
    hash: str | None
    fields: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One change that was made; ``number`` is its place in the record."""

    number: int
    target: str
    batch: str
    change: Change
    at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one run did in a target."""

    target: str
    batch: str
    at: datetime
    changes: int
    undone: int


def known(
    conn: Connection, target: str, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Remote]:
    """Return what stands in the target of these objects and keys, as far as we put it there."""
    keys = sorted({short(key) for _, key in wanted})
    found: dict[tuple[str, str], Remote] = {}
    names = {(name, short(key)): (name, key) for name, key in wanted}
    for start in range(0, len(keys), 500):
        query = select(remotes).where(
            remotes.c.target == target, remotes.c.key.in_(keys[start : start + 500])
        )
        for row in conn.execute(query):
            asked = names.get((row.object, row.key))
            if asked is not None:
                found[asked] = _as_remote(row)
    return found


def accounts_of(conn: Connection, target: str, remote_ids: Collection[str]) -> dict[str, str]:
    """Return the accounts of companies that we wrote, by the target's own ids."""
    query = select(remotes.c.remote_id, remotes.c.key).where(
        remotes.c.target == target, remotes.c.object == "company"
    )
    return {row.remote_id: row.key for row in each(conn, query, remotes.c.remote_id, remote_ids)}


def done(
    conn: Connection,
    target: str,
    batch: str,
    made: Sequence[tuple[Change, Receipt]],
    at: datetime,
    *,
    hashes: Mapping[tuple[str, str], str],
) -> None:
    """Record changes that were made, with the target's ids at once, in the transaction of the caller."""
    standing = []
    for change, receipt in made:
        row = {
            "target": target,
            "batch": batch,
            "action": change.action,
            "object": change.object,
            "key": change.key,
            "remote_id": receipt.remote_id or change.remote_id,
            "before": dict(change.before),
            "after": dict(change.after),
            "at": at,
        }
        if change.action != "skip":
            conn.execute(insert(deliveries), [row])
        standing.append(
            {
                "target": target,
                "object": change.object,
                "key": short(change.key),
                "remote_id": receipt.remote_id or change.remote_id,
                "url": receipt.url,
                "hash": hashes.get((change.object, change.key)),
                "fields": dict(change.after),
                "at": at,
            }
        )
    put(conn, remotes, standing)


def of_batch(conn: Connection, batch: str) -> list[Delivered]:
    """Return the changes of one run, the latest first: the order in which they are taken back."""
    query = select(deliveries).where(deliveries.c.batch == batch).order_by(deliveries.c.number.desc())
    return [_as_delivered(row) for row in conn.execute(query)]


def batches_of(conn: Connection, target: str | None = None, limit: int = 20) -> list[Batch]:
    """Return the latest runs, the newest first."""
    begun = func.min(deliveries.c.at)
    query = select(
        deliveries.c.target,
        deliveries.c.batch,
        begun.label("at"),
        func.count().label("changes"),
        func.count(deliveries.c.undone_at).label("undone"),
    )
    if target is not None:
        query = query.where(deliveries.c.target == target)
    query = query.group_by(deliveries.c.target, deliveries.c.batch).order_by(begun.desc()).limit(limit)
    return [
        Batch(target=row.target, batch=row.batch, at=row.at, changes=row.changes, undone=row.undone)
        for row in conn.execute(query)
    ]


def undone(conn: Connection, numbers: Iterable[int], at: datetime) -> None:
    """Note that these changes were taken back."""
    conn.execute(update(deliveries).where(deliveries.c.number.in_(sorted(numbers))).values(undone_at=at))


def forget(conn: Connection, target: str, gone: Iterable[tuple[str, str]]) -> None:
    """Forget what no longer stands in the target as we left it, so that it may be told anew."""
    for name, key in sorted(gone):
        conn.execute(
            delete(remotes).where(
                remotes.c.target == target, remotes.c.object == name, remotes.c.key == short(key)
            )
        )


def _as_remote(row: Row[Any]) -> Remote:
    return Remote(
        object=row.object,
        key=row.key,
        remote_id=row.remote_id,
        url=row.url,
        hash=row.hash,
        fields=row.fields,
        at=row.at,
    )


def _as_delivered(row: Row[Any]) -> Delivered:
    return Delivered(
        number=row.number,
        target=row.target,
        batch=row.batch,
        change=Change(
            action=row.action,
            object=row.object,
            key=row.key,
            remote_id=row.remote_id,
            before=row.before,
            after=row.after,
        ),
        at=row.at,
        undone_at=row.undone_at,
    )
