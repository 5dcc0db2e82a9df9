"""What all kinds that read feeds share: their options, and one poll over one or more feeds."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl

from earmark.contract import Page, Poll, Source, Unchanged
from earmark.errors import SourceChanged, SourceError, SourceRefused
from earmark.types import Event, Hint, HintKind
from sources.entries import shown
from sources.html import feeds_of, looks_like_html, title_of

__all__ = ["Reader", "found_page", "rebased"]

_CLOCK_SKEW = timedelta(days=1)
_FOUND = "feed"  # the key of a source's state that holds the address of the feed that its page named


class Reader(Source):
    """A kind that reads feeds: it says which, and what an entry of them means.

    A preset sets ``addresses`` and, where its feeds need it, ``refined``.
    """

    company: str | None = Field(
        None, description="The company that all entries are about: its name, or domain like 'norvik.example'."
    )
    include: tuple[str, ...] = Field(
        (), description="Keep only entries that hold one of these words or phrases; all if empty."
    )
    exclude: tuple[str, ...] = Field(
        (), description="Leave out entries that hold one of these words or phrases."
    )

    @property
    @abstractmethod
    def addresses(self) -> tuple[str, ...]:
        """The feeds to read, in order."""

    @property
    def requests(self) -> int:
        """One for each feed."""
        return len(self.addresses)

    def refined(self, event: Event) -> Event | None:
        """Return the event as this kind means it, or None to leave it out; pure."""
        return event

    async def read(self, poll: Poll, address: str) -> Sequence[Event]:
        """Return the events of one feed."""
        return (await poll.feed(await poll.get(address))).events

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the entries of all feeds, each once; one feed's failure is told after the others are read."""
        seen: set[str] = set()
        failure: SourceError | None = None
        unchanged = 0
        for address in self.addresses:
            try:
                events = await self.read(poll, address)
            except Unchanged:
                unchanged += 1
                continue
            except SourceError as error:
                failure = failure or error
                continue
            for event in events:
                told = self._told(event, poll)
                if told is not None and told.external_id not in seen:
                    seen.add(told.external_id)
                    yield told
        if failure is not None:
            raise failure
        if unchanged == len(self.addresses):
            raise Unchanged

    def _told(self, event: Event, poll: Poll) -> Event | None:
        refined = self.refined(event)
        if refined is None or not self._wants(refined):
            return None
        dated = event.published_at is not None and event.published_at <= poll.now + _CLOCK_SKEW
        return replace(
            refined,
            published_at=refined.published_at if dated else None,
            language=refined.language or self.language,
            hints=refined.hints + _fixed_hint(self.company),
        )

    def _wants(self, event: Event) -> bool:
        words = f"{event.title}\n{event.text}".casefold()
        return not any(word.casefold() in words for word in self.exclude) and (
            not self.include or any(word.casefold() in words for word in self.include)
        )


def _fixed_hint(company: str | None) -> tuple[Hint, ...]:
    if not company or not company.strip():
        return ()
    name = company.strip()
    is_domain = "." in name.strip(".") and " " not in name and not name.endswith(".")
    return (Hint(kind=HintKind.DOMAIN if is_domain else HintKind.NAME, value=name, strength=1.0),)


async def found_page(poll: Poll, address: str) -> Page:
    """Return the page of a feed: that of the address, or of the feed that an HTML page there names.

    The feed found is remembered; when it is gone, the page is asked again. SourceChanged tells the title
    of a page that names none.
    """
    known = poll.state.get(_FOUND)
    if isinstance(known, str):
        try:
            page = await poll.get(known)
        except SourceRefused:
            del poll.state[_FOUND]
        else:
            if not looks_like_html(page.body):
                return page
            del poll.state[_FOUND]
    page = await poll.get(address, conditional=not isinstance(known, str))
    if not looks_like_html(page.body):
        return page
    html = page.text()
    feeds = await poll.parse(feeds_of, html, page.url)
    if not feeds:
        title = title_of(html[:100_000])
        named = f" titled “{title}”" if title else ""
        raise SourceChanged(
            f"{shown(address)} answered with an HTML page{named} that names no feed. Open it in a browser: "
            "it may ask for a log-in, block us, or have moved; or give the address of the feed itself."
        )
    found = await poll.get(feeds[0], conditional=False)
    if looks_like_html(found.body):
        raise SourceChanged(
            f"{shown(address)} names {shown(feeds[0])} as its feed, but there is an HTML page too. "
            "Give the address of the feed itself."
        )
    poll.state[_FOUND] = feeds[0]
    return found


def rebased(url: str, base: HttpUrl | None) -> str:
    """Return an address on another host, path and query kept; the address itself without one."""
    if base is None:
        return url
    parts = urlsplit(url)
    return str(base).rstrip("/") + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
