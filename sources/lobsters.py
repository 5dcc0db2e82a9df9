"""Lobsters and forums that run its software: the newest stories, or those of some tags."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from pydantic import Field, HttpUrl

from earmark.contract import Poll, Source
from earmark.types import Event
from sources.forum import Post, events, root, rows, string

__all__ = ["LobstersSource"]


class LobstersSource(Source):
    """Newest stories of Lobsters, or of a forum that runs its software."""

    kind: ClassVar[str] = "lobsters"
    floor: ClassVar[timedelta] = timedelta(minutes=10)
    terms: ClassVar[str] = "Open to programs at 4 requests a second and 400 an hour; link to the thread."
    shows: ClassVar[tuple[str, ...]] = (
        *("asks_recommendation", "compares_or_alternatives", "competitor_complaint"),
        *("problem_described", "switch_announced", "mention_neutral"),
    )

    site: HttpUrl = Field(HttpUrl("https://lobste.rs"), description="Root of the forum.")
    tags: tuple[str, ...] = Field(
        (), description="Only stories with one of these tags, such as 'databases'; all if empty."
    )

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the stories of the newest page; one request."""
        names = ",".join(quote(tag.strip(), safe="") for tag in self.tags if tag.strip())
        page = await poll.get(
            root(self.base_url, self.site) + (f"/t/{names}.json" if names else "/newest.json")
        )
        for event in await poll.parse(_read, page.body, page.url, str(self.site), poll.now):
            yield event


def _read(body: bytes, where: str, site: str, now: datetime) -> list[Event]:
    community = urlsplit(site).hostname or ""
    return events((_post(row, community) for row in rows(body, where, key="short_id")), now)


def _post(row: Mapping[str, Any], community: str) -> Post:
    thread = string(row, "comments_url", "short_id_url")
    html = string(row, "description")
    user = row.get("submitter_user")  # an object in old versions of the software
    return Post(
        id=string(row, "short_id"),
        title=string(row, "title"),
        html=html,
        text="" if html else string(row, "description_plain"),
        url=string(row, "url") or thread,
        thread_url=thread,
        author=string(user if isinstance(user, dict) else row, "submitter_user", "username"),
        community=community,
        at=row.get("created_at"),
    )
