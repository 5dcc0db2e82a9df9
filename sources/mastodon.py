"""Mastodon: public posts with given tags, as one server sees them."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode, urlsplit

from pydantic import Field, HttpUrl, field_validator

from earmark.contract import Page, Poll, SecretOption, Source, Unchanged
from earmark.types import Event
from sources.forum import Post, events, root, rows, secret_of, string, table

__all__ = ["MastodonSource"]

_A_PAGE: Final = 40
_A_GROUP: Final = 5  # one tag in the path, and four beside it
_MOST_PAGES: Final = 5
_TAG: Final = re.compile(r"\w{1,100}")
_OPT_OUT: Final = re.compile(r"#\W*(?:<span>)?\s*no(?:bot|bots|search|index)\b", re.IGNORECASE)


class MastodonSource(Source):
    """Public posts with one of some tags, as one Mastodon server sees them."""

    kind: ClassVar[str] = "mastodon"
    floor: ClassVar[timedelta] = timedelta(minutes=10)
    auth: ClassVar[str] = "none; a token where the server shows posts to its users only"
    terms: ClassVar[str] = (
        "Each server has its own rules: read them. Who opted out of discovery, or writes #nobot, is left out."
    )
    shows: ClassVar[tuple[str, ...]] = (
        *("competitor_complaint", "asks_recommendation", "switch_announced"),
        *("problem_described", "mention_neutral"),
    )

    instance: HttpUrl = Field(description="The server, such as https://mastodon.example.")
    tags: tuple[str, ...] = Field(
        min_length=1, max_length=50, description="Tags without #; five make a request."
    )
    token: SecretOption | None = Field(None, description="Access token of the server, as env:NAME.")

    @field_validator("tags")
    @classmethod
    def _are_tags(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        plain = tuple(tag.strip().removeprefix("#") for tag in tags)
        for tag in plain:
            if not _TAG.fullmatch(tag):
                raise ValueError(f"{tag!r} is no tag: letters, digits and _ only")
        return plain

    @property
    def requests(self) -> int:
        """One for each five tags."""
        return -(-len(self.tags) // _A_GROUP)

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield new posts, each once though it may bear several tags."""
        known = poll.state.get("newest")
        cursors = known if isinstance(known, dict) else {}
        groups = [self.tags[at : at + _A_GROUP] for at in range(0, len(self.tags), _A_GROUP)]
        poll.state["newest"] = {
            name: cursors[name] for group in groups if (name := " ".join(group)) in cursors
        }
        seen: set[str] = set()
        for group in groups:
            async for event in self._timeline(poll, group):
                if event.external_id not in seen:
                    seen.add(event.external_id)
                    yield event

    async def _timeline(self, poll: Poll, group: tuple[str, ...]) -> AsyncIterator[Event]:
        """Yield posts, newest first, back to the last one that is known; the first poll reads one page."""
        first, *others = group
        name = " ".join(group)
        asked = urlencode([("limit", _A_PAGE), *(("any[]", tag) for tag in others)])
        url = f"{root(self.base_url, self.instance)}/api/v1/timelines/tag/{quote(first, safe='')}?{asked}"
        known = poll.state["newest"].get(name)
        floor = known if isinstance(known, int) else None
        newest, oldest = floor or 0, 0
        for _ in range(_MOST_PAGES):
            page = await self._page(poll, url, oldest)
            if page is None:
                return
            found, ids = await poll.parse(_read, page.body, page.url, poll.now)
            for event in found:
                yield event
            newest = max([newest, *ids])
            lowest = min(ids, default=0)
            if floor is None or len(ids) < _A_PAGE or lowest <= floor or (oldest and lowest >= oldest):
                break
            oldest = lowest
        poll.state["newest"][name] = newest

    async def _page(self, poll: Poll, url: str, before: int) -> Page | None:
        headers = {"authorization": f"Bearer {secret_of(self.token)}"} if self.token else {}
        try:
            if not before:
                return await poll.get(url, headers=headers)
            return await poll.get(f"{url}&max_id={before}", headers=headers, conditional=False)
        except Unchanged:
            return None


def _read(body: bytes, where: str, now: datetime) -> tuple[list[Event], list[int]]:
    """Return the events of a timeline, and the numbers of all its posts."""
    found = rows(body, where, key="id")
    ids = [
        int(number) for row in found if (number := string(row, "id")).isdecimal() and len(number) <= _A_PAGE
    ]
    return events((_post(row) for row in found if _is_meant_for_all(row)), now), ids


def _is_meant_for_all(row: Mapping[str, Any]) -> bool:
    account = table(row, "account")
    return (
        row.get("visibility", "public") == "public"
        and not row.get("reblog")
        and account.get("discoverable") is not False
        and not _OPT_OUT.search(string(account, "note"))
    )


def _post(row: Mapping[str, Any]) -> Post:
    url = string(row, "url", "uri")
    spoiler = string(row, "spoiler_text")
    account = table(row, "account")
    return Post(
        id=string(row, "uri", "id"),
        html=(f"<p>{spoiler}</p>" if spoiler else "") + string(row, "content"),
        url=url,
        thread_url=url,
        author=string(account, "acct", "username"),
        community=_host(url),
        at=row.get("created_at"),
        language=string(row, "language"),
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "Mastodon"
    except ValueError:
        return "Mastodon"
