"""Golden pairs: a page in ``data/feed/`` and the events, or the error, that it makes."""

import dataclasses
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from earmark.contract import Feed
from earmark.errors import SourceChanged
from earmark.types import Event
from sources.feed import parse_feed

PAGES = Path(__file__).parent / "data" / "feed"
CASES = sorted(path for path in PAGES.iterdir() if not path.name.endswith(".events.json"))
URL = "https://feeds.example/news/feed?token=secret"


def written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


def event_as_json(event: Event) -> dict[str, Any]:
    told = {field.name: written(getattr(event, field.name)) for field in dataclasses.fields(event)}
    return {name: value for name, value in told.items() if value not in (None, "", ())}


def feed_as_json(feed: Feed) -> dict[str, Any]:
    head = {
        name: written(getattr(feed, name)) for name in ("title", "language", "every", "next_url", "parser")
    }
    told = {name: value for name, value in head.items() if value not in (None, "")}
    return told | {"events": [event_as_json(event) for event in feed.events]}


def read(page: Path) -> dict[str, Any]:
    try:
        return feed_as_json(parse_feed(page.read_bytes(), "", URL))
    except SourceChanged as error:
        return {"error": str(error)}


@pytest.mark.parametrize("page", CASES, ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    expected = page.with_name(page.stem + ".events.json")
    assert read(page) == json.loads(expected.read_text(encoding="utf-8"))


def test_every_expectation_has_its_page() -> None:
    expected = {path.name.removesuffix(".events.json") for path in PAGES.glob("*.events.json")}
    assert expected == {page.stem for page in CASES}
    assert len(CASES) >= 20
