"""Hacker News: what its search finds, by a cursor, and the monthly thread "Who is hiring?"."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlencode

from pydantic import Field, model_validator

from earmark.contract import Poll, Source
from earmark.errors import SourceChanged
from earmark.types import Event
from sources.forum import Post, document, events, root, rows, string
from sources.hiring import hiring_post
from sources.html import text_of

__all__ = ["HackerNewsSource"]

_HOST: Final = "https://hn.algolia.com"
_ITEM: Final = "https://news.ycombinator.com/item?id="
_A_PAGE: Final = 1000
_MOST_PAGES: Final = 5
_HOUR: Final = 3600
_TERMS: Final = re.compile(r'(-?)(?:"([^"]+)"|(\S+))')
_THREAD: Final = re.compile(r"ask hn: who is hiring", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One page of a search: its events, whether there are more, and the first and last second of its hits."""

    events: list[Event]
    more: bool
    oldest: int | None
    newest: int | None


class HackerNewsSource(Source):
    """Stories and comments of Hacker News that hold given words, and its "Who is hiring?" thread."""

    kind: ClassVar[str] = "hackernews"
    terms: ClassVar[str] = "Open search, 10,000 requests an hour for one address; link to the thread."
    shows: ClassVar[tuple[str, ...]] = (
        *("asks_recommendation", "compares_or_alternatives", "competitor_complaint"),
        *("problem_described", "switch_announced", "mention_neutral", "hiring_role", "hiring_names_tool"),
    )

    queries: tuple[str, ...] = Field(
        (), description='Words to search for; "quoted words" as a phrase, -word leaves out. Each is a search.'
    )
    comments: bool = Field(default=True, description="Whether to read comments too, not stories alone.")
    min_points: int = Field(0, ge=0, description="Leave out stories with fewer points; comments have none.")
    hiring: bool = Field(default=False, description='Whether to read the monthly thread "Who is hiring?".')

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not any(query.strip() for query in self.queries) and not self.hiring:
            raise ValueError("give at least one of 'queries', or hiring = true")
        return self

    @property
    def requests(self) -> int:
        """One for each search, two for the hiring thread."""
        return len(self.queries) + 2 * self.hiring

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield what each search finds since its cursor, then the posts of the hiring thread."""
        known = poll.state.get("cursors")
        cursors = known if isinstance(known, dict) else {}
        poll.state["cursors"] = {query: cursors[query] for query in self.queries if query in cursors}
        seen: set[str] = set()
        for query in filter(str.strip, self.queries):
            cursor = cursors.get(query)
            start = self._start(cursor, poll.now)
            newest = cursor if isinstance(cursor, int) else start
            async for found in self._search(poll, query, start):
                newest = max(newest, found.newest or 0)
                for event in found.events:
                    if event.external_id not in seen:
                        seen.add(event.external_id)
                        yield event
            poll.state["cursors"][query] = min(newest, int(poll.now.timestamp()))
        if self.hiring:
            for event in await self._hiring(poll):
                if event.external_id not in seen:
                    yield event

    def _start(self, cursor: Any, now: datetime) -> int:
        """Return the second to search from: an overlap of an hour, and rounded down to the hour."""
        if isinstance(cursor, int):
            return max(cursor - _HOUR, 0) // _HOUR * _HOUR
        if isinstance(self.backfill, timedelta):
            return max(int((now - self.backfill).timestamp()), 0) // _HOUR * _HOUR
        return 0

    async def _search(self, poll: Poll, query: str, start: int) -> AsyncIterator[_Found]:
        """Yield the pages of one search, the newest first; sliced by time, for paging ends at 1,000 hits."""
        tags = "(story,comment)" if self.comments else "story"
        before: int | None = None
        for _ in range(_MOST_PAGES):
            times = f"created_at_i>{start}" + (f",created_at_i<{before + 1}" if before else "")
            url = self._url(query=query, tags=tags, numericFilters=times, advancedSyntax="true")
            page = await poll.get(url, conditional=False)
            found = await poll.parse(_read, page.body, page.url, query, self.min_points, poll.now)
            yield found
            if not found.more or not found.oldest or (before and found.oldest >= before):
                return
            before = found.oldest

    async def _hiring(self, poll: Poll) -> list[Event]:
        page = await poll.get(self._url(query="", tags="story,author_whoishiring"), conditional=False)
        thread = await poll.parse(_hiring_thread, page.body, page.url)
        page = await poll.get(self._url(query="", tags=f"comment,story_{thread}"), conditional=False)
        return await poll.parse(_read_hiring, page.body, page.url, thread, poll.now)

    def _url(self, **asked: str) -> str:
        told = urlencode({**asked, "hitsPerPage": _A_PAGE}, safe="(),")
        return f"{root(self.base_url, _HOST)}/api/v1/search_by_date?{told}"


def _read(body: bytes, where: str, query: str, min_points: int, now: datetime) -> _Found:
    data = document(body, where)
    hits = rows(data, where, "hits", key="objectID")
    total = data.get("nbHits")
    wanted = (hit for hit in hits if _has_points(hit, min_points))
    made = events((_post(hit) for hit in wanted), now)
    times = [at for hit in hits if isinstance(at := hit.get("created_at_i"), int) and 0 < at < 2**40]
    return _Found(
        events=[event for event in made if _says(event, query)],
        more=isinstance(total, int) and total > len(hits),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )


def _has_points(hit: Mapping[str, Any], least: int) -> bool:
    points = hit.get("points")
    return not isinstance(points, int) or points >= least


def _post(hit: Mapping[str, Any]) -> Post | None:
    number = string(hit, "objectID")
    place = _ITEM + number
    thread = string(hit, "story_id")
    comment = string(hit, "comment_text")
    if not (number.isascii() and number.isalnum()):
        return None
    return Post(
        id=number,
        title="" if comment else string(hit, "title"),
        html=comment or string(hit, "story_text"),
        url=place if comment else string(hit, "url") or place,
        thread_url=_ITEM + thread if comment and thread.isalnum() else place,
        author=string(hit, "author"),
        community="Hacker News",
        at=hit.get("created_at_i") or hit.get("created_at"),
    )


def _says(event: Event, query: str) -> bool:
    """Say whether an event holds the words of a query: the search itself forgives spelling mistakes."""
    words = " ".join(f"{event.title} {event.text} {event.url}".casefold().split())
    for minus, phrase, word in _TERMS.findall(query.casefold()):
        if (" ".join((phrase or word).split()) in words) is bool(minus):
            return False
    return True


def _hiring_thread(body: bytes, where: str) -> str:
    """Return the number of the newest hiring thread."""
    for hit in rows(body, where, "hits", key="objectID"):
        number = string(hit, "objectID")
        if _THREAD.match(text_of(string(hit, "title"))) and number.isascii() and number.isalnum():
            return number
    raise SourceChanged(
        'Hacker News shows no thread "Ask HN: Who is hiring?" by its usual author. '
        "Set hiring = false if the thread has ended."
    )


def _read_hiring(body: bytes, where: str, thread: str, now: datetime) -> list[Event]:
    hits: Sequence[Mapping[str, Any]] = rows(document(body, where), where, "hits", key="objectID")
    top = (hit for hit in hits if string(hit, "parent_id") == thread)
    return events((hiring_post(hit, _ITEM) for hit in top), now)
