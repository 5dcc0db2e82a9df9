"""Golden pairs of posts and jobs: a page in ``data/KIND/`` and the events, or the error, that it makes."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from earmark.contract import Source
from earmark.errors import SourceError
from earmark.testing import FakePoll, Recorded, events_from
from earmark.types import Event
from tests.builders import NOW

__all__ = ["ByPart", "cases", "expected", "page_of", "told"]

DATA = Path(__file__).parent / "data"


class ByPart(dict[str, Recorded]):
    """Recorded pages by a part of their address: the first part that fits answers."""

    def get(self, url: str, default: Any = None) -> Any:
        return next((page for part, page in self.items() if part in url), default)


def cases(kind: str) -> list[Path]:
    """Return the pages of a kind; it has at least four and a hostile one, each with its expectation."""
    folder = DATA / kind
    pages = sorted(path for path in folder.iterdir() if not path.name.endswith(".events.json"))
    wanted = {path.name.removesuffix(".events.json") for path in folder.glob("*.events.json")}
    assert {page.stem for page in pages} == wanted
    assert len(pages) >= 5
    assert "hostile" in wanted
    return pages


def page_of(kind: str, name: str) -> bytes:
    return (DATA / kind / name).read_bytes()


def expected(page: Path) -> Any:
    return json.loads(page.with_name(page.stem + ".events.json").read_text("utf-8"))


def told(source: Source, pages: Mapping[str, Recorded], state: dict[str, Any] | None = None) -> Any:
    """Return what a poll yields as JSON, or the error that ends it."""
    try:
        found = events_from(source, FakePoll(pages, now=NOW, state=state))
    except SourceError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return [_as_json(event) for event in found]


def _as_json(event: Event) -> dict[str, Any]:
    written = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    hints = [f"{hint.kind} {hint.value} {hint.strength:g}" for hint in event.hints]
    facts = [f"{fact.key} {fact.value}" for fact in event.facts]
    kept = {name: value for name, value in written.items() if value not in (None, "", ())} | (
        ({"hints": hints} if hints else {}) | ({"facts": facts} if facts else {})
    )
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in kept.items()}
