"""Finds where an account can be watched: its feeds, job board, status page and repositories.

Starting from the account's domain, a bounded number of pages is asked; the robots.txt of the account's own
hosts is respected, and job boards and GitHub are asked through what they document for programs.
Nothing is told that did not answer.
"""

import asyncio
import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from earmark.config import Settings
from earmark.contract import Feed, Page
from earmark.errors import ConfigError, SourceError
from earmark.types import Account
from monitors.pace import DAY, EVERY
from monitors.parse import ParsePool
from monitors.robots import Robots
from monitors.up import visiting
from sources import discover as site
from sources.discover import Links
from sources.feed import parse_feed
from sources.registry import build

__all__ = ["Discovered", "Found", "Run", "Scout", "scouting"]

T = TypeVar("T")
Ask = Callable[[str], Awaitable[Page]]

_MOST_PER_HOST: Final = 14  # requests for one account
_MOST_PER_ACCOUNT: Final = 40
_MOST_FEEDS: Final = 6
_MOST_REPOSITORIES: Final = 3
_AT_ONCE: Final = 8  # accounts
_DEAD: Final = timedelta(days=540)  # a feed whose newest entry is older says nothing any more
_SHOWS: Final = {
    "feed": (
        *("customer_win", "exec_hire", "funding_early", "funding_growth"),
        *("new_office_or_market", "partnership", "product_launch"),
    ),
    "jobs": ("hiring_names_tool", "hiring_role", "hiring_surge"),
    "releases": ("integration", "product_launch"),
    "status": ("account_outage",),
}


class Run(Protocol):
    """Runs a function where it can be killed: ``monitors.parse.ParsePool.run``."""

    async def __call__(self, function: Callable[..., T], *args: Any) -> T:
        """Return what the function returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A source that answered: its kind and options, why it was found, its cost, and what it can show.

    ``key`` says what it watches, whatever its id; ``requests`` are those of a day, at most.
    """

    id: str
    kind: str
    options: Mapping[str, Any]
    key: str
    reason: str
    requests: int
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What was found for one account; ``notes`` say what could not be looked at, ``asked`` how much was.

    ``reached`` says that its site answered: what did not is looked at again the next time.
    """

    account: str
    domain: str
    at: datetime
    found: tuple[Found, ...] = ()
    notes: tuple[str, ...] = ()
    asked: int = 0
    reached: bool = True


@asynccontextmanager
async def scouting(settings: Settings, now: datetime) -> AsyncIterator["Scout"]:
    """Open a scout with the fetcher and the parsers of a workspace."""
    async with (
        visiting(settings) as fetcher,
        ParsePool(workers=settings.monitor.workers) as pool,
    ):

        async def ask(url: str) -> Page:
            answer = await fetcher.fetch("GET", url)
            return Page(url=answer.url, status=answer.status, headers=answer.headers, body=answer.body)

        yield Scout(ask, pool.run, now)


class Scout:
    """Looks at accounts, several at a time; each host's robots.txt is read once."""

    def __init__(self, ask: Ask, run: Run, now: datetime) -> None:
        self._ask = ask
        self._run = run
        self._now = now
        self._robots = Robots(ask)

    async def every(self, accounts: Sequence[Account]) -> AsyncIterator[Discovered]:
        """Yield what was found for each account, as soon as it is known."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(account: Account) -> Discovered:
            async with room:
                return await self.explore(account)

        tasks = [asyncio.create_task(one(account)) for account in accounts]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for task in tasks:
                task.cancel()

    async def explore(self, account: Account) -> Discovered:
        """Return what was found for one account; whatever its site does, this is an answer."""
        if not account.domains:
            note = "It has no domain on your list, so there is no site to look at."
            return Discovered(account=account.id, domain="", at=self._now, notes=(note,))
        domain = account.domains[0].strip().lower().removeprefix("www.")
        look = _Look(account.id, domain, self._ask, self._run, self._robots, self._now)
        try:
            await look.over()
        except SourceError as error:
            look.notes.append(str(error))
        found = tuple(_numbered(look.found))
        return Discovered(
            account=account.id,
            domain=domain,
            at=self._now,
            found=found,
            notes=tuple(look.notes),
            asked=look.asked,
            reached=look.reached,
        )


class _Look:
    """One look at one account's places."""

    def __init__(self, account: str, domain: str, ask: Ask, run: Run, robots: Robots, now: datetime) -> None:
        self._account, self._domain = account, domain
        self._ask, self._run, self._robots, self._now = ask, run, robots, now
        self._asked: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._noted: set[str] = set()
        self._entries: set[frozenset[str]] = set()
        self.found: list[Found] = []
        self.notes: list[str] = []
        self.reached = False

    @property
    def asked(self) -> int:
        return self._asked.total()

    async def over(self) -> None:
        home, links = await self._site()
        self.reached = bool(home)
        if not home:
            return
        await self._feeds(home, links)
        await self._boards(links)
        await self._status(links)
        await self._releases(links)
        if links.careers and not any(one.kind == "jobs" for one in self.found):
            self._watch_page(links.careers[0])

    async def _site(self) -> tuple[str, Links]:
        """Return the address of the home page, and what it and its sections point at."""
        home = None
        for address in site.homes_of(self._domain):
            home = await self._get(address)
            if home is not None:
                break
        if home is None:
            return "", Links()
        links = await self._links(home)
        for section in links.sections:
            page = await self._get(section)
            if page is not None:
                links += replace(await self._links(page), sections=())
        return home.url, links

    async def _links(self, page: Page) -> Links:
        try:
            return await self._run(site.links_of, page.text(), page.url, self._domain)
        except SourceError as error:
            self.notes.append(str(error))
            return Links()

    async def _feeds(self, home: str, links: Links) -> None:
        for url in links.feeds:
            await self._try_feed(url, "Its site names this feed.")
        if not self.found:
            for url in site.common_feeds(home):
                await self._try_feed(url, "Its site does not name this feed, but it is there.")
                if self.found:
                    return

    async def _try_feed(
        self, url: str, reason: str, *, name: str = "", shows: str = "feed", documented: bool = False
    ) -> bool:
        """Add a feed that answers, has entries, is alive, and is not another one's twin."""
        if len(self.found) >= _MOST_FEEDS and shows == "feed":
            return False
        feed = await self._feed(url, documented=documented)
        if feed is None or not feed.events or site.is_comments(feed, url):
            return False
        entries = frozenset(event.external_id for event in feed.events)
        dates = [event.published_at for event in feed.events if event.published_at]
        if entries in self._entries:
            return False
        if dates and max(dates) < self._now - _DEAD:
            self.notes.append(f"{url} has had no entry since {max(dates):%d %b %Y}; it is left out.")
            return False
        self._entries.add(entries)
        told = f"{reason} It has {len(feed.events)} entries, the newest {_day(dates)}."
        options = {"url": url, "company": self._domain}
        name = name or site.name_of(url, self._domain)
        self._add("feed", options, site.address_key(url), told, name, shows)
        return True

    async def _feed(self, url: str, *, documented: bool) -> Feed | None:
        page = await self._get(url, documented=documented)
        if page is None:
            return None
        try:
            return await self._run(parse_feed, page.body, page.content_type, page.url)
        except SourceError:
            return None  # a page that is no feed, though it stands where feeds stand

    async def _boards(self, links: Links) -> None:
        for board in links.boards[:3]:
            page = await self._get(site.api_of(board), documented=True)
            try:
                count = None if page is None else site.count_of_jobs(board, page.json())
            except SourceError:
                count = None
            if count is None:
                self.notes.append(f"The site points at {board.host} board {board.token}: it does not answer.")
                continue
            some = count and board.host in {"lever", "smartrecruiters"}  # asked for one page of one job
            jobs = "at least one job" if some else f"{count} jobs"
            options = {"board": board.host, "token": board.token, "company": self._domain}
            reason = f"The site points at this {board.host} board, which lists {jobs}."
            self._add("jobs", options, f"{board.host}:{board.token.lower()}", reason, board.host, "jobs")

    async def _status(self, links: Links) -> None:
        named = "The site points at this status page."
        guessed = "There is a status page at this usual place."
        places = [(url, named) for url in links.status[:2]] or [(f"https://status.{self._domain}/", guessed)]
        for url, reason in places:
            history = urljoin(url, "history.atom")
            if await self._try_feed(history, reason, name="status", shows="status"):
                return

    async def _releases(self, links: Links) -> None:
        for owner in links.owners[:1]:
            listed = f"https://api.github.com/orgs/{owner}/repos?sort=pushed&per_page=30"
            page = await self._get(listed, documented=True)
            try:
                names = () if page is None else site.repositories_of(page.json(), _MOST_REPOSITORIES)
            except SourceError:
                names = ()
            for name in names:
                url = f"https://github.com/{owner}/{name}/releases.atom"
                reason = f"The site points at GitHub organisation {owner}; this is what its {name} releases."
                short = f"github-{name.lower()}"
                await self._try_feed(url, reason, name=short, shows="releases", documented=True)

    def _watch_page(self, url: str) -> None:
        reason = "It lists its jobs on a page of its own, without a board that programs can ask."
        options = {"url": url, "company": self._domain, "page": "careers", "every": "P1D"}
        self._add("webpage", options, site.address_key(url), reason, "careers-page", "jobs")

    async def _get(self, url: str, *, documented: bool = False) -> Page | None:
        """Return a page, or None: asked before, too many asked, not allowed, or no answer."""
        host = urlsplit(url).hostname or ""
        if url in self._seen:
            return None
        self._seen.add(url)
        if self._asked[host] >= _MOST_PER_HOST or self.asked >= _MOST_PER_ACCOUNT:
            self._note_once("enough", "More was named than is asked for one account; the rest was left.")
            return None
        if not documented and (refusal := await self._robots.refusal(url)):
            self._note_once(refusal, f"{url} was not asked. {refusal}")
            return None
        self._asked[host] += 1
        try:
            page = await self._ask(url)
        except SourceError as error:
            if url in site.homes_of(self._domain):
                self.notes.append(str(error))
            return None
        return page

    def _note_once(self, about: str, text: str) -> None:
        if about not in self._noted:
            self._noted.add(about)
            self.notes.append(text)

    def _add(
        self, kind: str, options: Mapping[str, Any], key: str, reason: str, name: str, shows: str
    ) -> None:
        try:
            source = build(kind, options)
        except ConfigError as error:
            self.notes.append(str(error))
            return
        a_day = math.ceil(DAY / max(source.every or EVERY, source.floor)) * source.requests
        self.found.append(
            Found(
                id=f"{_slug(self._account)}-{name}",
                kind=kind,
                options=options,
                key=key,
                reason=reason,
                requests=a_day,
                shows=_SHOWS[shows],
            )
        )


def _numbered(found: Sequence[Found]) -> list[Found]:
    """Return the sources with ids that differ."""
    seen: Counter[str] = Counter()
    numbered = []
    for one in found:
        seen[one.id] += 1
        numbered.append(replace(one, id=f"{one.id}-{seen[one.id]}") if seen[one.id] > 1 else one)
    return numbered


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "account"


def _day(dates: Sequence[datetime]) -> str:
    return f"of {max(dates):%d %b %Y}" if dates else "undated"
