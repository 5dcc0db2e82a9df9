"""All routes of a page, those of rooms to come too, each with an address that means something."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import select

from storage.engine import Engine, reading
from storage.tables import (
    accounts,
    metadata,
    polls,
    rulebook,
    sources,
    stories,
    targets,
    triggers,
    users,
    views,
)

__all__ = ["Place", "dump", "fetched", "places", "values_of"]

_LONGEST = 2_000_000
_NAMED = {
    "story_id": stories,
    "source_id": sources,
    "poll_id": polls,
    "user_id": users,
    "view_id": views,
    "number": rulebook,
    "target": targets,
    "target_id": targets,
}
_HELD = re.compile(r"{(\w+)(?::\w+)?}")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One route: a method, the path as declared, and as asked for."""

    method: str
    declared: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.declared}"


def places(app: Any, values: dict[str, str]) -> list[Place]:
    """Return every route of an application and of those mounted in it, its path filled with values."""
    found = [
        Place(
            method=method.upper(), declared=path, path=_HELD.sub(lambda held: values.get(held[1], "1"), path)
        )
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]
    for mount in app.routes:
        inner = getattr(mount, "app", None)
        if hasattr(inner, "openapi"):
            found += [
                Place(method=each.method, declared=mount.path + each.declared, path=mount.path + each.path)
                for each in places(inner, values)
            ]
    return found


def values_of(engine: Engine, account: str | None = None) -> dict[str, str]:
    """Return what stands in paths: the first of each thing there is, or what belongs to an account."""

    def first(query: Any) -> str:
        return str(conn.execute(query.limit(1)).scalar() or "1")

    with reading(engine) as conn:
        of_account = triggers.c.account == account if account else triggers.c.account.is_not(None)
        trigger = first(select(triggers.c.id).where(of_account).order_by(triggers.c.id))
        return {
            "account_id": account or first(select(triggers.c.account).where(triggers.c.id == trigger)),
            "trigger_id": trigger,
            **{name: first(select(*table.primary_key)) for name, table in _NAMED.items()},
            "source": first(select(sources.c.id).order_by(sources.c.id)),
            "trigger": first(select(triggers.c.id).where(triggers.c.account.is_(None))),
            "kind": "funding_early",
            "name": "problems",
            "verb": "dismiss",
            "company": first(select(accounts.c.name)),
        }


def fetched(client: httpx.Client, place: Place, **more: Any) -> httpx.Response:
    """Return an answer and at most two megabytes of its text; one that streams on is left alone."""
    with client.stream(place.method, place.path, **more) as answer:
        parts, size = list[bytes](), 0
        is_endless = answer.headers.get("content-type", "").startswith("text/event-stream")
        for part in () if is_endless else answer.iter_raw():
            parts.append(part)
            size += len(part)
            if size > _LONGEST:
                break
        answer._content = b"".join(parts)
    return answer


def dump(engine: Engine) -> dict[str, list[str]]:
    """Return all that stands in the database, table by table."""
    with reading(engine) as conn:
        return {
            table.name: sorted(repr(tuple(row)) for row in conn.execute(select(table)))
            for table in metadata.sorted_tables
        }
