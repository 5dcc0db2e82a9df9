"""Stack Exchange: new questions of one of its sites, by words or tags."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from html import unescape
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlencode

from pydantic import Field, model_validator

from earmark.contract import Page, Poll, SecretOption, Source
from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable
from earmark.types import Event
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

__all__ = ["StackExchangeSource"]

_HOST: Final = "https://api.stackexchange.com"
_MOST_PAGES: Final = 3
_THROTTLED: Final = 502
_REFUSALS: Final = frozenset({401, 402, 403, 405, 406})
_SECONDS: Final = re.compile(r"(\d{1,9}) seconds?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    events: list[Event]
    more: bool
    backoff: int
    quota: int | None


class StackExchangeSource(Source):
    """New questions of a Stack Exchange site that hold given words or tags."""

    kind: ClassVar[str] = "stackexchange"
    floor: ClassVar[timedelta] = timedelta(minutes=15)
    auth: ClassVar[str] = "none for 300 requests a day; a free key for 10,000"
    terms: ClassVar[str] = "Texts are CC BY-SA: name the author and link to the question when quoting."
    shows: ClassVar[tuple[str, ...]] = (
        *("problem_described", "asks_recommendation", "compares_or_alternatives"),
        *("competitor_complaint", "mention_neutral"),
    )

    site: str = Field(
        "stackoverflow",
        pattern=r"^[a-z0-9.\-]{2,60}$",
        description="Site as in its address: 'stackoverflow', 'serverfault', 'salesforce'.",
    )
    query: str | None = Field(None, description="Words that a question holds.")
    tags: tuple[str, ...] = Field((), description="Tags; a question with one of them is enough.")
    key: SecretOption | None = Field(None, description="Key of a registered app, as env:NAME.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.query or "").strip() and not self.tags:
            raise ValueError("give 'query' or 'tags', or both")
        return self

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield new questions; obeys ``backoff`` and the quota, both of which stand in the answer."""
        check_rest(poll)
        day = since(poll.now, self.backfill, poll.state.get("newest"), timedelta(days=1))
        seen: set[str] = set()
        times: list[datetime] = []
        for number in range(1, _MOST_PAGES + 1):
            page = await self._page(poll, day, number)
            answer = await poll.parse(_read, page.body, page.url, self.site, poll.now)
            fresh = [event for event in answer.events if event.external_id not in seen]
            for event in fresh:
                seen.add(event.external_id)
                yield event
            times += moments(fresh)
            if answer.quota == 0:
                rest(poll, _until_midnight(poll.now).total_seconds())
            elif answer.backoff:
                rest(poll, answer.backoff)
            if not (answer.more and fresh) or answer.quota == 0 or answer.backoff:
                break
        if times:
            poll.state["newest"] = max(times).isoformat()

    async def _page(self, poll: Poll, day: datetime | None, number: int) -> Page:
        asked: dict[str, Any] = {"site": self.site, "sort": "creation", "order": "desc", "pagesize": 100}
        asked |= {"filter": "withbody", "page": number}
        asked |= {"q": self.query.strip()} if self.query else {}
        asked |= {"tagged": ";".join(self.tags)} if self.tags else {}
        asked |= {"fromdate": int(day.timestamp())} if day else {}
        asked |= {"key": secret_of(self.key)} if self.key else {}
        url = f"{root(self.base_url, _HOST)}/2.3/search/advanced?{urlencode(asked)}"
        try:
            return await poll.get(url, conditional=False)
        except SourceChanged as error:  # it answers with 400 for all of these
            raise SourceChanged(
                f"{error} Stack Exchange also answers so when the day's requests are used up (300 without a "
                "key), or when site, tags or key are wrong."
            ) from error


def _until_midnight(now: datetime) -> timedelta:
    return datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo) - now


def _read(body: bytes, where: str, site: str, now: datetime) -> _Answer:
    data = document(body, where)
    if "error_id" in data:
        raise _fault(data)
    found = rows(data, where, "items", key="question_id")
    backoff, quota = data.get("backoff"), data.get("quota_remaining")
    return _Answer(
        events=events((_post(row, site) for row in found), now),
        more=data.get("has_more") is True,
        backoff=backoff if isinstance(backoff, int) else 0,
        quota=quota if isinstance(quota, int) else None,
    )


def _fault(data: Mapping[str, Any]) -> SourceUnavailable | SourceRefused | SourceChanged:
    """Return what an error in the body means."""
    number, told = data.get("error_id"), string(data, "error_message")
    if number == _THROTTLED:
        pause = _SECONDS.search(told)
        return SourceUnavailable(
            "Stack Exchange has had enough requests from this machine for now. It is tried again when it "
            "allows; a key (option 'key') raises the daily number from 300 to 10,000.",
            retry_after=timedelta(seconds=int(pause[1])) if pause else timedelta(hours=1),
        )
    if number in _REFUSALS:
        return SourceRefused(f"Stack Exchange refused (error {number}). Check the option 'key'.", status=401)
    return SourceChanged(
        f"Stack Exchange answered with an error ({string(data, 'error_name') or 'unnamed'}). "
        "Check the options site, query and tags."
    )


def _post(row: Mapping[str, Any], site: str) -> Post:
    link = string(row, "link")
    return Post(
        id=string(row, "question_id"),
        title=string(row, "title"),
        html=string(row, "body"),
        url=link,
        thread_url=link,
        author=unescape(string(table(row, "owner"), "display_name")),
        community=site,
        at=row.get("creation_date"),
    )
