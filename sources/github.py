"""GitHub: new public issues that its search finds."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from pydantic import Field

from earmark.contract import Page, Poll, SecretOption, Source
from earmark.errors import SourceRefused, SourceUnavailable
from earmark.types import Event, Hint, HintKind
from sources.forum import (
    Post,
    check_rest,
    document,
    events,
    moments,
    rest,
    root,
    rows,
    secret_of,
    since,
    string,
    table,
)

__all__ = ["GitHubSource"]

_HOST: Final = "https://api.github.com"
_REPOSITORY: Final = re.compile(r"https?://[^/]+/(?:repos/)?([\w.-]+)/([\w.-]+)(?:/|$)")
_TYPED: Final = re.compile(r"\b(?:is|type):(?:issue|pr|pull-request)\b")
_OWN: Final = frozenset({"OWNER", "MEMBER"})
_FORBIDDEN: Final = 403


class GitHubSource(Source):
    """New public issues on GitHub that hold given words."""

    kind: ClassVar[str] = "github"
    floor: ClassVar[timedelta] = timedelta(minutes=15)
    auth: ClassVar[str] = "none for 10 searches a minute; a token for 30"
    terms: ClassVar[str] = "GitHub's terms forbid using its data to send unasked mail to its users."
    shows: ClassVar[tuple[str, ...]] = (
        *("problem_described", "competitor_complaint", "switch_announced"),
        *("compares_or_alternatives", "mention_neutral"),
    )

    queries: tuple[str, ...] = Field(
        min_length=1,
        max_length=10,
        description='Searches as on GitHub: words, "phrases", org:name, repo:owner/name, label:name.',
    )
    token: SecretOption | None = Field(None, description="A token without any rights, as env:NAME.")

    @property
    def requests(self) -> int:
        """One for each search."""
        return len(self.queries)

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the newest hundred issues that each search finds since its cursor, each issue once."""
        check_rest(poll)
        known = poll.state.get("newest")
        cursors = known if isinstance(known, dict) else {}
        poll.state["newest"] = {query: cursors[query] for query in self.queries if query in cursors}
        seen: set[str] = set()
        for query in self.queries:
            page = await self._page(poll, query)
            found = await poll.parse(_read, page.body, page.url, poll.now)
            for event in found:
                if event.external_id not in seen:
                    seen.add(event.external_id)
                    yield event
            newest = max(moments(found), default=None)
            if newest:
                poll.state["newest"][query] = newest.isoformat()
            if _heed_quota(poll, page):
                break

    async def _page(self, poll: Poll, query: str) -> Page:
        day = since(poll.now, self.backfill, poll.state["newest"].get(query), timedelta(days=1))
        words = query if _TYPED.search(query) else f"{query} is:issue"
        words += f" created:>={day:%Y-%m-%d}" if day else ""
        asked = {"q": words, "sort": "created", "order": "desc", "per_page": "100"}
        headers = {"accept": "application/vnd.github+json"}
        if self.token:
            headers["authorization"] = f"Bearer {secret_of(self.token)}"
        try:
            url = f"{root(self.base_url, _HOST)}/search/issues?{urlencode(asked)}"
            return await poll.get(url, headers=headers, conditional=False)
        except SourceRefused as error:
            if error.status != _FORBIDDEN:
                raise
            raise SourceUnavailable(  # with 403 it says: too many
                f"{error} GitHub answers so when it was searched too often; it is tried again in an hour. "
                "A token (option 'token') allows more.",
                retry_after=timedelta(hours=1),
            ) from error


def _heed_quota(poll: Poll, page: Page) -> bool:
    """Rest until the quota is fresh when none of it is left, and say whether that is so."""
    if page.headers.get("x-ratelimit-remaining", "").strip() != "0":
        return False
    reset = page.headers.get("x-ratelimit-reset", "").strip()
    seconds = int(reset) - int(poll.now.timestamp()) if reset.isdecimal() and len(reset) < 12 else 60  # noqa: PLR2004 - digits of an epoch
    rest(poll, seconds)
    return True


def _read(body: bytes, where: str, now: datetime) -> list[Event]:
    found = rows(document(body, where), where, "items", key="id")
    return events((_post(row) for row in found if string(table(row, "user"), "type") != "Bot"), now)


def _post(row: Mapping[str, Any]) -> Post:
    link = string(row, "html_url")
    place = _REPOSITORY.match(string(row, "repository_url")) or _REPOSITORY.match(link)
    owner = place[1] if place else ""
    own = string(row, "author_association") in _OWN
    return Post(
        id=string(row, "id"),
        title=string(row, "title"),
        text=string(row, "body"),
        url=link,
        thread_url=link,
        author=string(table(row, "user"), "login"),
        community=f"{owner}/{place[2]}" if place else "GitHub",
        at=row.get("created_at"),
        hints=(Hint(kind=HintKind.NAME, value=owner, strength=0.5),) if own and owner else (),
    )
