"""Bluesky: public posts that its search finds, for a user who is logged in."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

from pydantic import Field

from earmark.contract import Poll, SecretOption, Source
from earmark.errors import SourceChanged, SourceRefused
from earmark.types import Event, Hint, HintKind
from sources.entries import line
from sources.forum import Post, document, events, moments, root, rows, secret_of, since, string, table

__all__ = ["BlueskySource"]

_HOST: Final = "https://bsky.social"
_APP: Final = "https://bsky.app/profile"
_SHARED: Final = (".bsky.social", ".bsky.team", ".brid.gy", ".invalid")
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_HIDDEN: Final = "!no-unauthenticated"
_MOST_PAGES: Final = 3


class BlueskySource(Source):
    """Public posts of Bluesky that hold given words; needs an app password."""

    kind: ClassVar[str] = "bluesky"
    floor: ClassVar[timedelta] = timedelta(minutes=15)
    auth: ClassVar[str] = "an app password of a Bluesky account"
    terms: ClassVar[str] = (
        "For a few searches, not for mass reading. Posts hidden from people without a log-in are left out."
    )
    shows: ClassVar[tuple[str, ...]] = (
        *("competitor_complaint", "asks_recommendation", "switch_announced"),
        *("problem_described", "mention_neutral"),
    )

    identifier: str = Field(min_length=3, description="Handle or e-mail of the account that searches.")
    app_password: SecretOption = Field(description="An app password of that account, as env:NAME.")
    queries: tuple[str, ...] = Field(
        min_length=1, max_length=10, description="Words to search for; each is a search."
    )

    @property
    def requests(self) -> int:
        """One for the log-in, and one for each search."""
        return 1 + len(self.queries)

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield what each search finds since its cursor, each post once."""
        headers = {"authorization": f"Bearer {await self._access(poll)}"}
        known = poll.state.get("newest")
        cursors = known if isinstance(known, dict) else {}
        poll.state["newest"] = {query: cursors[query] for query in self.queries if query in cursors}
        seen: set[str] = set()
        for query in self.queries:
            async for event in self._search(poll, query, headers):
                if event.external_id not in seen:
                    seen.add(event.external_id)
                    yield event

    async def _access(self, poll: Poll) -> str:
        """Return an access token; it is asked for at each poll and never stored."""
        password = secret_of(self.app_password)
        try:
            page = await poll.post(
                f"{root(self.base_url, _HOST)}/xrpc/com.atproto.server.createSession",
                json={"identifier": self.identifier, "password": password},
            )
        except SourceRefused as error:
            raise SourceRefused(
                f"Bluesky does not let {self.identifier} in. Check identifier, and make a new app password "
                "in its settings if the old one was revoked.",
                status=error.status,
            ) from error
        answer = document(page.body, page.url)
        token = string(answer, "accessJwt")
        if answer.get("active") is False:
            raise SourceRefused(
                f"The Bluesky account {self.identifier} is not active. Log in there.", status=403
            )
        if not (token and token.isascii() and token.isprintable()):
            raise SourceChanged("Bluesky's log-in answered without an access token. It is tried again later.")
        return token

    async def _search(self, poll: Poll, query: str, headers: Mapping[str, str]) -> AsyncIterator[Event]:
        """Yield the pages of one search, the newest post first, back to the cursor."""
        day = since(poll.now, self.backfill, poll.state["newest"].get(query), timedelta(hours=1))
        asked = {"q": query, "sort": "latest", "limit": "100"}
        asked |= {"since": f"{day:%Y-%m-%dT%H:%M:%SZ}"} if day else {}
        url = f"{root(self.base_url, _HOST)}/xrpc/app.bsky.feed.searchPosts?{urlencode(asked)}"
        cursor, used, newest = "", {""}, list[datetime]()
        for _ in range(_MOST_PAGES):
            place = f"{url}&cursor={quote(cursor, safe='')}" if cursor else url
            page = await poll.get(place, headers=headers, conditional=False)
            found, full, cursor = await poll.parse(_read, page.body, page.url, poll.now)
            for event in found:
                yield event
            newest += moments(found)
            if not full or cursor in used:
                break
            used.add(cursor)
        if newest:
            poll.state["newest"][query] = max(newest).isoformat()


def _read(body: bytes, where: str, now: datetime) -> tuple[list[Event], bool, str]:
    """Return the events of a page, whether it is full, and where the next one begins."""
    data = document(body, where)
    found = rows(data, where, "posts", key="uri")
    made = events((_post(row) for row in found), now)
    return made, len(found) >= 100, string(data, "cursor")  # noqa: PLR2004 - as many as were asked for


def _post(row: Mapping[str, Any]) -> Post | None:
    author, record = table(row, "author"), table(row, "record")
    handle, uri = line(string(author, "handle")), line(string(row, "uri"))
    languages = record.get("langs")
    if _is_hidden(author) or not string(record, "text"):
        return None
    return Post(
        id=uri,
        text=string(record, "text"),
        url=_address(uri, handle if _DOMAIN.fullmatch(handle) else ""),
        thread_url=_address(line(string(table(table(record, "reply"), "root"), "uri")) or uri),
        author=handle,
        community="Bluesky",
        at=row.get("indexedAt"),  # createdAt is what the writer's program says
        language=languages[0] if isinstance(languages, list) and _is_one(languages) else "",
        hints=_hints(handle),
    )


def _is_one(languages: list[Any]) -> bool:
    return len(languages) == 1 and isinstance(languages[0], str)


def _is_hidden(author: Mapping[str, Any]) -> bool:
    labels = author.get("labels")
    return isinstance(labels, list) and any(
        isinstance(label, dict) and label.get("val") == _HIDDEN for label in labels
    )


def _address(uri: str, handle: str = "") -> str | None:
    """Return the web address of a post from its at-uri: ``at://did/app.bsky.feed.post/key``."""
    did, _, rest = uri.removeprefix("at://").partition("/")
    key = rest.rpartition("/")[2]
    if not uri.startswith("at://") or not did or not key:
        return None
    return f"{_APP}/{quote(handle or did, safe=':')}/post/{quote(key, safe='')}"


def _hints(handle: str) -> tuple[Hint, ...]:
    """Return the domain that a handle is: who bears it has shown that the domain is his to use."""
    if not _DOMAIN.fullmatch(handle) or handle.endswith(_SHARED):
        return ()
    above = handle.partition(".")[2]
    own = Hint(kind=HintKind.DOMAIN, value=handle, strength=1.0)
    return (own, Hint(kind=HintKind.DOMAIN, value=above, strength=0.8)) if "." in above else (own,)
