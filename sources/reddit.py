"""Reddit: the newest posts of subreddits, by an approved app, by the user's own feed token, or by RSS."""

import base64
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import ClassVar, Final, Literal, Self
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr, field_validator, model_validator

from earmark.contract import Page, Poll, SecretOption, Source
from earmark.errors import SourceChanged, SourceRefused
from earmark.types import Event
from sources.forum import (
    check_rest,
    document,
    moments,
    rest,
    root,
    secret_of,
    string,
)
from sources.reddit_pages import check_block, entry, listing

__all__ = ["RedditSource"]

_SITE: Final = "https://www.reddit.com"
_API: Final = "https://oauth.reddit.com"
_NAME: Final = re.compile(r"[A-Za-z0-9_]{2,50}")
_MOST_PAGES: Final = 5
_FEW_LEFT: Final = 3
_LEAST_PAUSE: Final = {
    "oauth": timedelta(minutes=5),
    "feed_token": timedelta(minutes=10),
    "rss": timedelta(minutes=15),
}


class RedditSource(Source):
    """Newest posts, and comments on wish, of one or several subreddits."""

    kind: ClassVar[str] = "reddit"
    auth: ClassVar[str] = "none for rss; a feed token, or an app that Reddit approved, for more"
    terms: ClassVar[str] = (
        "Commercial use needs a contract with Reddit; apps need its approval; delete what its users delete."
    )
    shows: ClassVar[tuple[str, ...]] = (
        *("asks_recommendation", "compares_or_alternatives", "competitor_complaint"),
        *("problem_described", "switch_announced", "budget_or_timeline_stated", "mention_neutral"),
    )

    subreddits: tuple[str, ...] = Field(
        min_length=1, max_length=50, description="Names without r/; all are read in one request."
    )
    mode: Literal["oauth", "feed_token", "rss"] = Field(
        "rss",
        description="oauth: an approved app; feed_token: your reddit.com/prefs/feeds; rss: nothing, slow.",
    )
    query: str | None = Field(None, description="Read only what Reddit's search finds for these words.")
    comments: bool = Field(
        default=False, description="Whether to read new comments too, by a second request."
    )
    client_id: str | None = Field(None, description="Mode oauth: the id of the app.")
    client_secret: SecretOption | None = Field(None, description="Mode oauth: its secret, as env:NAME.")
    feed_user: str | None = Field(None, description="Mode feed_token: your user name.")
    feed_token: SecretStr | None = Field(
        None, description="Mode feed_token: the value behind feed= in the addresses of your feeds."
    )

    @field_validator("subreddits")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        plain = tuple(name.strip().removeprefix("/").removeprefix("r/").strip("/") for name in names)
        for name in plain:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a subreddit")
        return plain

    @model_validator(mode="after")
    def _has_what_its_mode_needs(self) -> Self:
        if self.mode == "oauth" and not (self.client_id and self.client_secret):
            raise ValueError("mode oauth needs client_id and client_secret")
        if self.mode == "feed_token" and not (self.feed_user and self.feed_token):
            raise ValueError("mode feed_token needs feed_user and feed_token")
        least = _LEAST_PAUSE[self.mode]
        if self.every is not None and self.every < least:
            raise ValueError(
                f"in mode {self.mode} Reddit may be asked every {least.seconds // 60} minutes at most"
            )
        return self

    @property
    def requests(self) -> int:
        """One for posts, one for comments, and one for the log-in of an app."""
        return 1 + self.comments + (self.mode == "oauth")

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the newest posts, then the newest comments; nothing while Reddit wants to be left alone."""
        check_rest(poll)
        read = self._by_app(poll) if self.mode == "oauth" else self._by_feed(poll)
        async for event in read:
            yield event

    def _names(self) -> str:
        return "+".join(self.subreddits)

    async def _by_feed(self, poll: Poll) -> AsyncIterator[Event]:
        asked = {"limit": "100"}
        if self.mode == "feed_token" and self.feed_token and self.feed_user:
            asked |= {"feed": self.feed_token.get_secret_value(), "user": self.feed_user}
        place = f"{root(self.base_url, _SITE)}/r/{self._names()}"
        urls = [f"{place}/new/.rss?{urlencode(asked)}"]
        if self.query:
            search = {"q": self.query, "restrict_sr": "on", "sort": "new"}
            urls = [f"{place}/search.rss?{urlencode(search | asked)}"]
        if self.comments:
            urls.append(f"{place}/comments/.rss?{urlencode(asked)}")
        seen: set[str] = set()
        for url in urls:
            page = await poll.get(url, conditional=False)
            check_block(page)
            for event in (await poll.feed(page)).events:
                told = entry(event, poll.now)
                if told and told.external_id not in seen:
                    seen.add(told.external_id)
                    yield told
            _heed_quota(poll, page)

    async def _by_app(self, poll: Poll) -> AsyncIterator[Event]:
        headers = {"authorization": f"bearer {await self._access(poll)}"}
        place = f"{root(self.base_url, _API)}/r/{self._names()}"
        asked = {"limit": "100", "raw_json": "1"}
        lists = {"posts": f"{place}/new?{urlencode(asked)}"}
        if self.query:
            search = {"q": self.query, "restrict_sr": "on", "sort": "new", **asked}
            lists = {"posts": f"{place}/search?{urlencode(search)}"}
        if self.comments:
            lists["comments"] = f"{place}/comments?{urlencode(asked)}"
        seen: set[str] = set()
        for name, url in lists.items():
            async for event in self._listing(poll, name, url, headers):
                if event.external_id not in seen:
                    seen.add(event.external_id)
                    yield event

    async def _access(self, poll: Poll) -> str:
        """Return an access token of the app; it is asked for at each poll and never stored."""
        if not (self.client_id and self.client_secret):
            raise SourceRefused("Mode oauth needs client_id and client_secret. Set both.", status=401)
        pair = f"{self.client_id}:{secret_of(self.client_secret)}".encode()
        page = await poll.post(
            f"{root(self.base_url, _SITE)}/api/v1/access_token",
            data={"grant_type": "client_credentials"},
            headers={"authorization": f"Basic {base64.b64encode(pair).decode()}"},
        )
        check_block(page)
        answer = document(page.body, page.url)
        token = string(answer, "access_token")
        if "error" in answer:
            raise SourceRefused(
                "Reddit does not take the app's client_id and client_secret. Check both, and that Reddit has "
                "approved the app.",
                status=401,
            )
        if not (token.isascii() and token.isprintable() and token):
            raise SourceChanged("Reddit's log-in answered without an access token. It is tried again later.")
        return token

    async def _listing(
        self, poll: Poll, name: str, url: str, headers: Mapping[str, str]
    ) -> AsyncIterator[Event]:
        """Yield a listing, back to the newest time that the last poll saw; the first poll reads one page."""
        key = f"newest_{name}"
        known = poll.state.get(key)
        floor = float(known) if isinstance(known, int | float) and not isinstance(known, bool) else None
        newest, after, asked = floor or 0.0, "", set[str]()
        for _ in range(_MOST_PAGES):
            page = await poll.get(
                url + (f"&after={quote(after)}" if after else ""), headers=headers, conditional=False
            )
            check_block(page)
            found, after = await poll.parse(listing, page.body, page.url, poll.now)
            for event in found:
                yield event
            _heed_quota(poll, page)
            times = [time.timestamp() for time in moments(found)]
            newest = max([newest, *times])
            if floor is None or not after or after in asked or (times and min(times) < floor):
                break
            asked.add(after)
        poll.state[key] = newest


def _heed_quota(poll: Poll, page: Page) -> None:
    """Rest until the quota is fresh when hardly any of it is left."""
    try:
        left = float(page.headers.get("x-ratelimit-remaining", ""))
    except ValueError:
        return
    if left < _FEW_LEFT:
        rest(poll, page.headers.get("x-ratelimit-reset"))
