"""Hosts: how often each was asked on a day, how long it wants to be left alone, and in whose queue it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, and_, case, or_, select

from storage.columns import short
from storage.rows import batches, upsert
from storage.tables import hosts

__all__ = ["BUCKETS", "Host", "bucket_of", "host_of", "note", "standing"]

BUCKETS: Final = 64
"""Into how many queues the hosts of a fleet are dealt; all sources of one host are in one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """How many requests a host got on a day (UTC, such as 2026-11-22), and until when it wants no more."""

    host: str
    day: str
    requests: int
    blocked_until: datetime | None = None


def bucket_of(host: str) -> int:
    """Return the queue of a host: the same one on every machine, for ever."""
    return int.from_bytes(blake2b(host.encode(), digest_size=4).digest()) % BUCKETS


def host_of(kind: str, options: Mapping[str, Any]) -> str:
    """Return the host that a source will ask, as far as its options tell; else its kind.

    What a poll then really asks is learned from it, and replaces this.
    """
    for _, value in sorted(options.items(), key=lambda option: (option[0] != "url", option[0])):
        if isinstance(value, str) and value.startswith(("https://", "http://")):
            try:
                found = urlsplit(value).hostname
            except ValueError:
                continue
            if found:
                return short(found)
    return kind


def note(
    conn: Connection, day: str, asked: Mapping[str, int], blocked: Mapping[str, datetime | None]
) -> None:
    """Add the requests of a day to those that are known, and keep the longer of two pauses."""
    statement = upsert(conn, hosts)
    told = statement.excluded
    same_day = hosts.c.day == told.day
    longer = and_(
        hosts.c.blocked_until.is_not(None),
        or_(told.blocked_until.is_(None), hosts.c.blocked_until > told.blocked_until),
    )
    statement = statement.on_conflict_do_update(
        index_elements=["host"],
        set_={
            "day": told.day,
            "requests": told.requests + case((same_day, hosts.c.requests), else_=0),
            "blocked_until": case((longer, hosts.c.blocked_until), else_=told.blocked_until),
        },
    )
    for batch in batches(sorted({*asked, *blocked})):
        rows = [
            {
                "host": short(host),
                "day": day,
                "requests": asked.get(host, 0),
                "blocked_until": blocked.get(host),
            }
            for host in batch
        ]
        conn.execute(statement, rows)


def standing(conn: Connection, day: str, now: datetime, *, at_least: int = 0) -> list[Host]:
    """Return the hosts that want a pause now, or got so many requests on that day; by name."""
    asked = and_(hosts.c.day == day, hosts.c.requests >= at_least)
    query = select(hosts).where(or_(asked, hosts.c.blocked_until > now)).order_by(hosts.c.host)
    return [
        Host(host=row.host, day=row.day, requests=row.requests, blocked_until=row.blocked_until)
        for row in conn.execute(query)
    ]
