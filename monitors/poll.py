"""One poll of one source; the outcome is a value, whatever happens."""

import asyncio
import json as jsonlib
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Literal, ParamSpec, TypeVar
from urllib.parse import urlsplit

from earmark.contract import Feed, Letter, Page, Source, Unchanged
from earmark.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from earmark.types import Event
from monitors.faults import NotAsked, ours
from monitors.headers import PORTABLE
from monitors.health import address_of, sighted
from monitors.http import Answer, Fetcher
from monitors.identity import cleaned
from monitors.mail import Mailbox, letters
from monitors.parse import ParsePool
from monitors.robots import Robots
from monitors.wishes import KEY, NONE, Wishes, skipped
from sources.feed import parse_feed
from storage.polls import Configured, Validators

__all__ = ["Outcome", "Result", "Visit", "poll_source", "robots_of"]

P = ParamSpec("P")
T = TypeVar("T")

Result = Literal["new", "unchanged", "waiting", "unavailable", "refused", "changed"]

DEADLINE: Final = timedelta(minutes=2)
MOST_EVENTS: Final = 10_000
MOST_STATE: Final = 1_000_000
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one poll brought: events, or a failure in words, or nothing new.

    *waiting* means that a host was not asked, and that its source is not to blame. ``host`` is the first
    one that was to be asked; ``wishes`` are those of its feed, this time's or the last one's. ``pages`` and
    ``state`` are to be stored together with the events; both are empty after a failure, so that the next poll
    sees everything again.
    """

    source: str
    result: Result
    started_at: datetime
    events: tuple[Event, ...] = ()
    error: str | None = None
    retry_after: timedelta | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wishes: Wishes = NONE
    host: str | None = None
    pages: Mapping[str, Validators] = field(default_factory=dict)
    state: Mapping[str, Any] | None = None


class Visit:
    """The door that one poll hands to its source: see ``earmark.contract.Poll``."""

    def __init__(
        self,
        configured: Configured,
        fetcher: Fetcher,
        pool: ParsePool,
        now: datetime,
        *,
        robots: Robots | None = None,
    ) -> None:
        self._robots = robots
        self._known = configured.pages
        self._failed_before = configured.failures > 0
        self._fetcher = fetcher
        self._pool = pool
        self._now = now
        self._state: dict[str, Any] = jsonlib.loads(jsonlib.dumps(dict(configured.state)))
        self.wishes = Wishes.remembered(self._state)
        self._state.pop(KEY, None)
        self.pages: dict[str, Validators] = {}
        self.headers: Mapping[str, str] = {}
        self.host: str | None = None

    @property
    def now(self) -> datetime:
        """The time of this poll."""
        return self._now

    @property
    def state(self) -> dict[str, Any]:
        """What the source remembers."""
        return self._state

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, conditional: bool = True
    ) -> Page:
        """Fetch a page; raise Unchanged for a 304 or the same body."""
        url = str(url)
        self._note_host(url)
        if self._robots:
            await self._robots.admit(url)
        known = self._known.get(url) if conditional else None
        answer, adopted = await self._asked(url, headers, known)
        self.headers = answer.headers
        moved_to = answer.moved_to if answer.moved_to != url else None

        def kept(page: Validators) -> Validators:
            # At its adopted address a page says nothing of the move any more: it stands.
            return replace(page, **adopted) if adopted else sighted(page, moved_to, known, self._now)

        if answer.not_modified and known:
            self.pages[url] = kept(known)
            raise Unchanged
        if conditional:  # the address of an unconditional page may hold a cursor or a key: it isn't kept
            body_hash = blake2b(answer.body, digest_size=16).hexdigest()
            self.pages[url] = kept(
                Validators(etag=answer.etag, last_modified=answer.last_modified, body_hash=body_hash)
            )
            if known and known.body_hash == body_hash:
                raise Unchanged
        return Page(url=answer.url, status=answer.status, headers=answer.headers, body=answer.body)

    async def _asked(
        self, url: str, headers: Mapping[str, str] | None, known: Validators | None
    ) -> tuple[Answer, dict[str, Any]]:
        """Ask for a page where it has moved for good, else at its own address; say what stands of the move.

        The new address loses its standing as soon as it fails, and none is told what only the first host
        may see.
        """
        validators = (known.etag, known.last_modified) if known else None
        private = {name.lower() for name in headers or {}} - PORTABLE
        address = address_of(url, known, self._now)
        if known and address != url and not private and not self._failed_before:
            try:
                answer = await self._fetcher.fetch("GET", address, headers=headers, validators=validators)
            except NotAsked:
                raise
            except SourceError as error:
                logger.info("new address failed, asking the old one", extra={"error": str(error)})
            else:
                names = ("moved_to", "moved_at", "moved_times")
                return answer, {name: getattr(known, name) for name in names}
        return await self._fetcher.fetch("GET", url, headers=headers, validators=validators), {}

    async def post(
        self,
        url: str,
        *,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Send JSON or a form and return the answer."""
        self._note_host(str(url))
        answer = await self._fetcher.fetch("POST", str(url), json=json, data=data, headers=headers)
        self.headers = answer.headers
        return Page(url=answer.url, status=answer.status, headers=answer.headers, body=answer.body)

    def _note_host(self, url: str) -> None:
        if self.host is None:
            with suppress(ValueError):
                self.host = urlsplit(url).hostname

    async def feed(self, page: Page) -> Feed:
        """Parse a page as a feed in the worker pool."""
        feed = await self._pool.run(parse_feed, page.body, page.content_type, page.url)
        hours, days = skipped(page.body)
        self.wishes = Wishes(every=feed.every, hours=hours, days=days)
        return feed

    async def parse(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a module-level function in the worker pool."""
        return await self._pool.run(partial(function, *args, **kwargs))

    async def mail(
        self, host: str, *, user: str, password: str, folder: str = "INBOX", after: int = 0, port: int = 993
    ) -> Sequence[Letter]:
        """Return the letters of an IMAP folder after a uid; it changes nothing there."""
        addresses = await self._fetcher.addresses(host, port)
        mailbox = Mailbox(
            host=host, port=port, user=user, password=password, folder=folder, addresses=addresses
        )
        return await asyncio.to_thread(letters, mailbox, after=after)

    def files(self, folder: Path, pattern: str = "*") -> Sequence[Path]:
        """List the files of a drop folder, oldest first."""
        try:
            found = [path for path in folder.glob(pattern) if path.is_file()]
            return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))
        except OSError as error:
            raise SourceUnavailable(
                f"The folder {folder} can't be read ({error.strerror}). Check that it exists and is readable."
            ) from error


def robots_of(fetcher: Fetcher) -> Robots:
    """Return the rules of hosts for programs, asked through a fetcher."""

    async def ask(url: str) -> Page:
        answer = await fetcher.fetch("GET", url)
        return Page(url=answer.url, status=answer.status, headers=answer.headers, body=answer.body)

    return Robots(ask)


async def poll_source(
    configured: Configured,
    source: Source,
    fetcher: Fetcher,
    pool: ParsePool,
    now: datetime,
    *,
    robots: Robots | None = None,
) -> Outcome:
    """Poll once and return the outcome; nothing but a cancellation escapes.

    A kind that reads pages made for people (``robots = True``) reads none that its host keeps from programs.
    """
    rules = (robots or robots_of(fetcher)) if source.robots else None
    visit = Visit(configured, fetcher, pool, now, robots=rules)
    events: list[Event] = []
    outcome = Outcome(source=configured.id, result="new", started_at=now)
    try:
        async with asyncio.timeout(DEADLINE.total_seconds()):
            ended_early = await _gather(source, visit, events)
        state = {**_checked_state(visit.state), **visit.wishes.kept()}
    except SourceError as error:
        outcome = replace(outcome, **_failure(error))
    except TimeoutError:
        text = f"{configured.id} took longer than {DEADLINE.seconds} s. It is tried again later."
        outcome = replace(outcome, result="unavailable", error=text)
    except (Exception, SystemExit) as error:  # a plugin may even want to end the program
        if waits := ours(configured.id, error):
            outcome = replace(outcome, **_failure(waits))
            return replace(outcome, events=tuple(events), headers=visit.headers, host=visit.host)
        logger.warning("poll crashed", exc_info=error, extra={"source": configured.id})
        text = (
            f"The source {configured.id} (kind {configured.kind}) failed inside: "
            f"{type(error).__name__}. Report it to the author of that kind."
        )
        outcome = replace(outcome, result="changed", error=text)
    else:
        result: Result = "unchanged" if ended_early and not events else "new"
        outcome = replace(outcome, result=result, pages=visit.pages, state=state)
    return replace(outcome, events=tuple(events), headers=visit.headers, wishes=visit.wishes, host=visit.host)


async def _gather(source: Source, visit: Visit, events: list[Event]) -> bool:
    """Append what the source sees, and say whether a page without news ended it."""
    try:
        async with aclosing(source.poll(visit)) as found:  # type: ignore[type-var]  # it is an async generator
            async for event in found:
                events.append(cleaned(event, visit.now))
                if len(events) > MOST_EVENTS:
                    raise SourceChanged(
                        f"The source yields more than {MOST_EVENTS:,} events in one poll. Narrow its options."
                    )
    except Unchanged:
        return True
    return False


def _checked_state(state: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        size = len(jsonlib.dumps(state))
    except (TypeError, ValueError) as error:
        raise SourceChanged("The source keeps a state that is not JSON. Report it to its author.") from error
    if size > MOST_STATE:
        raise SourceChanged(f"The source keeps a state of {size:,} bytes; 1 MB is the most.")
    return state


def _failure(error: SourceError) -> dict[str, Any]:
    text = str(error)
    match error:
        case NotAsked(retry_after=retry_after):
            return {"result": "waiting", "error": text, "retry_after": retry_after}
        case SourceUnavailable(retry_after=retry_after):
            return {"result": "unavailable", "error": text, "retry_after": retry_after}
        case SourceRefused(status=status):
            return {"result": "refused", "error": text, "status": status}
        case _:
            return {"result": "changed", "error": text}
