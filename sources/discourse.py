"""Forums that run Discourse: the newest posts, what a search finds, or the topics of categories and tags."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode, urlsplit

from pydantic import Field, HttpUrl

from earmark.contract import Page, Poll, SecretOption, Source, Unchanged
from earmark.errors import SourceRefused
from earmark.types import Event
from sources.forum import Post, document, events, moments, root, rows, secret_of, since, string

__all__ = ["DiscourseSource"]

_MOST_PAGES: Final = 5
_TAIL: Final = re.compile(r"(?:\n|^)\d[\d.,]* \S+ - \d[\d.,]* \S+(?:\n\S[^\n]*)?$")
_TOPIC: Final = re.compile(r"(.*/t/(?:[^/]+/)?\d+)(?:/\d+)?/?$")
_HANDLE: Final = re.compile(r"^@\S+ (?=\S)")
_SKEW: Final = timedelta(days=1)


class DiscourseSource(Source):
    """Newest posts of a Discourse forum, or those that a search, a category or a tag shows."""

    kind: ClassVar[str] = "discourse"
    auth: ClassVar[str] = "none; an API key where the forum wants a log-in"
    terms: ClassVar[str] = "Each forum has its own terms: read them; link to the post."
    shows: ClassVar[tuple[str, ...]] = (
        *("asks_recommendation", "compares_or_alternatives", "competitor_complaint"),
        *("problem_described", "switch_announced", "mention_neutral"),
    )

    site: HttpUrl = Field(description="Root of the forum, such as https://forum.example.")
    queries: tuple[str, ...] = Field((), description="Words to search for; each is a search.")
    categories: tuple[str, ...] = Field((), description="Categories as in their address: 'tools/7'.")
    tags: tuple[str, ...] = Field(
        (), description="Tags to read; without any of these three, all posts are read."
    )
    api_user: str | None = Field(None, description="User name that the API key belongs to.")
    api_key: SecretOption | None = Field(None, description="API key of a closed forum, as env:NAME.")

    @property
    def requests(self) -> int:
        """One for each search, category and tag."""
        return max(len(self.queries) + len(self.categories) + len(self.tags), 1)

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield what is new: of the whole forum, or of each search, category and tag; each post once."""
        seen: set[str] = set()
        async for event in self._all(poll):
            if event.external_id not in seen:
                seen.add(event.external_id)
                yield event

    async def _all(self, poll: Poll) -> AsyncIterator[Event]:
        if not (self.queries or self.categories or self.tags):
            async for event in self._newest(poll):
                yield event
        for query in self.queries:
            for event in await self._found(poll, query):
                yield event
        places = [f"c/{quote(name.strip('/'), safe='/')}" for name in self.categories]
        places += [f"tag/{quote(name, safe='')}" for name in self.tags]
        for place in places:
            page = await self._page(poll, f"/{place}.rss?order=created")
            for event in (await poll.feed(page)).events if page else ():
                yield _told(event, self._community, poll.now)

    @property
    def _community(self) -> str:
        return urlsplit(str(self.site)).hostname or ""

    async def _page(self, poll: Poll, path: str) -> Page | None:
        """Return a page of the forum; None when it has not changed."""
        headers = {}
        if self.api_key:
            headers = {"api-key": secret_of(self.api_key), "api-username": self.api_user or "system"}
        try:
            return await poll.get(root(self.base_url, self.site) + path, headers=headers)
        except Unchanged:
            return None
        except SourceRefused as error:
            raise SourceRefused(
                f"{error} A forum that wants a log-in needs api_key and api_user.", status=error.status
            ) from error

    async def _newest(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield posts, newest first, back to the last one that is known; the first poll reads one page."""
        known = poll.state.get("last_post")
        floor = known if isinstance(known, int) else None
        last, before = floor or 0, ""
        for _ in range(_MOST_PAGES):
            page = await self._page(poll, "/posts.json" + before)
            if page is None:
                return
            found, ids = await poll.parse(_posts, page.body, page.url, str(self.site), poll.now)
            for event in found:
                yield event
            oldest = min(ids, default=0)
            last = max([last, *ids])
            following = f"?before={oldest}"
            if floor is None or oldest <= floor + 1 or following == before:
                break
            before = following
        poll.state["last_post"] = last

    async def _found(self, poll: Poll, query: str) -> list[Event]:
        known = poll.state.get("found")
        cursors = known if isinstance(known, dict) else {}
        day = since(poll.now, self.backfill, cursors.get(query), timedelta(days=1))
        words = f"{query} order:latest" + (f" after:{day:%Y-%m-%d}" if day else "")
        page = await self._page(poll, f"/search.json?{urlencode({'q': words})}")
        if page is None:
            return []
        found = await poll.parse(_search, page.body, page.url, str(self.site), poll.now)
        newest = max(moments(found), default=None)
        if newest:
            cursors = {name: at for name, at in cursors.items() if name in self.queries}
            poll.state["found"] = cursors | {query: newest.isoformat()}
        return found


def _posts(body: bytes, where: str, site: str, now: datetime) -> tuple[list[Event], list[int]]:
    """Return the events of the newest posts, and the numbers of all of them."""
    found = rows(document(body, where), where, "latest_posts", key="id")
    ids = [number for row in found if isinstance(number := row.get("id"), int) and 0 < number < 2**53]
    return events((_post(row, row, site) for row in found if _is_public(row)), now), ids


def _search(body: bytes, where: str, site: str, now: datetime) -> list[Event]:
    data = document(body, where)
    topics = rows({"topics": data.get("topics") or []}, where, "topics", key="id")
    by_id = {string(topic, "id"): topic for topic in topics}
    found = rows(data, where, "posts", key="id")
    return events((_post(row, by_id.get(string(row, "topic_id"), {}), site) for row in found), now)


def _is_public(row: Mapping[str, Any]) -> bool:
    return not (row.get("hidden") or row.get("deleted_at") or row.get("user_deleted"))


def _post(row: Mapping[str, Any], topic: Mapping[str, Any], site: str) -> Post:
    """Return a post with its topic's title if it opens the topic; an answer is titled by its own words."""
    community = urlsplit(site).hostname or ""
    html = _without_quotes(string(row, "cooked", "blurb"))
    number, place = string(row, "post_number"), string(row, "topic_id")
    slug = string(row, "topic_slug") or string(topic, "slug") or "-"
    thread = f"{site.rstrip('/')}/t/{quote(slug, safe='')}/{quote(place, safe='')}" if place else None
    opens = number in ("", "1")
    return Post(
        id=f"{community}-post-{string(row, 'id')}",
        title=string(topic, "topic_title", "title") if opens or not html else "",
        html=html,
        url=f"{thread}/{quote(number, safe='')}" if thread and not opens else thread,
        thread_url=thread,
        author=string(row, "name") or string(row, "username"),
        community=community,
        at=row.get("created_at"),
    )


def _without_quotes(html: str) -> str:
    """Return a post without its asides: quotes of other people, and previews of links."""
    own, *asides = html.split("<aside")
    return " ".join([own, *(aside.partition("</aside>")[2] for aside in asides)])


def _told(event: Event, community: str, now: datetime) -> Event:
    """Return an entry of Discourse's RSS without the two lines that it adds, in its topic."""
    topic = _TOPIC.match(event.url or "")
    dated = event.published_at is not None and event.published_at <= now + _SKEW
    return replace(
        event,
        text=_TAIL.sub("", event.text).strip(),
        author=_HANDLE.sub("", event.author or "") or None,
        thread_url=topic[1] if topic else event.url,
        publisher=community,
        published_at=event.published_at if dated else None,
    )
