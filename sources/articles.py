"""The whole text of new entries, from their own pages; bounded, and once for each entry."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from earmark.contract import Poll
from earmark.errors import SourceError
from earmark.types import Event
from sources.html import article_of, looks_like_html

__all__ = ["with_articles"]

_MOST_PAGES = 20  # a poll
_SECONDS = 60.0  # for all of them: a poll has two minutes
_REMEMBERED = 3_000
_LONGEST_TEXT = 20_000
_TOLD = "told"  # the key of a source's state: what was told, as {id: fingerprint}, both hashed


async def with_articles(events: Sequence[Event], poll: Poll) -> list[Event]:
    """Return the events that are new or edited since the last poll, with the text of their pages.

    Those told before are left out: told again without their page they would look edited. Where a page
    can't be read, and beyond 20 pages or a minute, the feed's own text stays.
    """
    told = _told(poll)
    new = [event for event in events if told.get(_short(event.external_id)) != _short(_words(event))]
    read: dict[str, str] = {}
    try:
        async with asyncio.timeout(_SECONDS):
            for event in new[:_MOST_PAGES]:
                read[event.external_id] = await _article(event, poll)
    except TimeoutError:
        pass
    for event in new:
        told.pop(_short(event.external_id), None)
        told[_short(event.external_id)] = _short(_words(event))
    poll.state[_TOLD] = dict(list(told.items())[-_REMEMBERED:])
    return [_longer(event, read.get(event.external_id, "")) for event in new]


async def _article(event: Event, poll: Poll) -> str:
    if event.url is None:
        return ""
    try:
        page = await poll.get(event.url, conditional=False)
        return await poll.parse(article_of, page.text()) if looks_like_html(page.body) else ""
    except SourceError:  # the entry is told all the same, with the feed's own text
        return ""


def _longer(event: Event, text: str) -> Event:
    return replace(event, text=_cut(text)) if len(text) > len(event.text) else event


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rpartition(" ")[0]


def _told(poll: Poll) -> dict[str, Any]:
    told = poll.state.get(_TOLD)
    return dict(told) if isinstance(told, dict) else {}


def _words(event: Event) -> str:
    return f"{event.title}\n{event.text}"


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
