"""Builders of the nouns: every field has a plain default, a test names only what it is about."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from earmark.types import Account, Certainty, Event, Fact, Match, Role, Span, StoredEvent

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def ago(number: float) -> datetime:
    return NOW - timedelta(days=number)


def an_event(title: str = "Norvik Labs raises $20 million Series B", **changes: Any) -> Event:
    fields: dict[str, Any] = {
        "external_id": "entry-1",
        "title": title,
        "url": "https://wire.example/entry-1",
        "published_at": ago(1),
    }
    return Event(**(fields | changes))


def a_stored_event(title: str = "Norvik Labs raises $20 million Series B", **changes: Any) -> StoredEvent:
    fields: dict[str, Any] = {
        "external_id": "entry-1",
        "title": title,
        "url": "https://wire.example/entry-1",
        "published_at": ago(1),
        "id": "event-1",
        "source": "wire",
        "seen_at": NOW,
        "fingerprint": "f" * 24,
    }
    return StoredEvent(**(fields | changes))


def an_account(name: str = "Norvik Labs", **changes: Any) -> Account:
    fields: dict[str, Any] = {
        "id": name.lower().replace(" ", "-"),
        "name": name,
        "domains": (name.lower().replace(" ", "") + ".example",),
    }
    return Account(**(fields | changes))


def a_span(event: StoredEvent, words: str, field: str = "title") -> Span:
    text = event.title if field == "title" else event.text
    start = text.index(words)
    return Span(event=event.id, field=field, start=start, end=start + len(words), quote=words)


def a_match(event: StoredEvent | None = None, **changes: Any) -> Match:
    event = event or a_stored_event()
    fields: dict[str, Any] = {
        "event": event,
        "account": "norvik-labs",
        "kind": "funding_early",
        "role": Role.RAISER,
        "certainty": Certainty.ANNOUNCED,
        "evidence": (Span(event=event.id, field="title", start=0, end=len(event.title), quote=event.title),),
        "confidence": 0.9,
    }
    return Match(**(fields | changes))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of the quickest of three runs: a pause of a busy machine is not the work's."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(3))


def a_fact(key: str, value: Any, event: StoredEvent, words: str) -> Fact:
    return Fact(key=key, value=value, span=a_span(event, words))
