"""Remote jobs of many companies, from the feeds of We Work Remotely."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, Final
from urllib.parse import urlsplit

from pydantic import Field

from earmark.contract import Poll, Source
from earmark.errors import SourceChanged
from earmark.types import Event, Fact, Hint, HintKind

__all__ = ["WeWorkRemotely"]

_HOST: Final = "https://weworkremotely.com/"
_SITE: Final = re.compile(r"^URL:\s*(https?://\S+)", re.MULTILINE)
_CLOCK_SKEW: Final = timedelta(days=1)


class WeWorkRemotely(Source):
    """Remote jobs of many companies on We Work Remotely."""

    kind: ClassVar[str] = "weworkremotely"
    floor: ClassVar[timedelta] = timedelta(hours=1)
    terms: ClassVar[str] = "Public feeds, with a link back to each posting."
    shows: ClassVar[tuple[str, ...]] = ("hiring_role", "hiring_names_tool")

    category: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9-]{0,60}$",
        description="A category by its name in the address, such as 'sales-and-marketing'; all if empty.",
    )

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield the postings that name their company."""
        path = f"categories/remote-{self.category}-jobs.rss" if self.category else "remote-jobs.rss"
        root = f"{str(self.base_url).rstrip('/')}/" if self.base_url else _HOST
        page = await poll.get(f"{root}{path}")
        feed = await poll.feed(page)
        events = [event for entry in feed.events if (event := _job(entry)) is not None]
        if feed.events and not events:
            raise SourceChanged(
                f"{page.url} lists entries that are no 'Company: Job'. Check the option 'base_url'."
            )
        for event in events:
            past = event.published_at is not None and event.published_at <= poll.now + _CLOCK_SKEW
            yield replace(
                event,
                published_at=event.published_at if past else None,
                language=event.language or self.language,
            )


def _job(entry: Event) -> Event | None:
    """Return the posting of an entry titled "Company: Job", or None."""
    company, _, role = (part.strip() for part in entry.title.partition(": "))
    if not company or not role:
        return None
    return replace(
        entry,
        title=f"{company} is hiring: {role}",
        publisher=company,
        hints=(Hint(kind=HintKind.NAME, value=company), *_site(entry.text)),
        facts=(Fact(key="role", value=role),),
    )


def _site(text: str) -> tuple[Hint, ...]:
    """Return the domain of the company's own site; a page below another's root tells of nobody."""
    found = _SITE.search(text)
    try:
        parts = urlsplit(found[1]) if found else None
        host = (parts.hostname or "").removeprefix("www.") if parts else ""
    except ValueError:
        return ()
    if parts is None or not host or parts.path not in ("", "/"):
        return ()
    return (Hint(kind=HintKind.DOMAIN, value=host, strength=1.0),)
