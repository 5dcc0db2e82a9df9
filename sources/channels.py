"""A company's own channels and places of launch: presets over the feeds of one host each."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlencode, urlsplit

from pydantic import Field, HttpUrl, StringConstraints

from earmark.triggers import CONVERSATIONS
from earmark.types import Event
from sources.reader import Reader, rebased

__all__ = ["GithubReleases", "Hnrss", "ProductHunt", "Statuspage", "Youtube"]

Repository = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$")
]
_BEFORE_RELEASE: Final = re.compile(
    r"(?:^|[\d.\-_+])(?:rc|alpha|beta|pre|preview|dev|nightly|canary)(?:[.\-_]?\d|\b)", re.IGNORECASE
)
_PATCH: Final = re.compile(r"\d+\.\d+\.0*[1-9]\d*(?!\d)")
_SCHEDULED: Final = re.compile(
    r"this is a scheduled event|^scheduled maintenance|^(?:scheduled|completed) - ",
    re.IGNORECASE | re.MULTILINE,
)
_ABOUT_ITSELF: Final = re.compile(
    r"^(?:(?:Article|Comments) URL: http\S+|(?:Points|# Comments): \d+)$\n?", re.MULTILINE
)
_PRODUCT_PAGE: Final = re.compile(r"^Discussion\s*\|?\s*$|^\|?\s*Link$|^Discussion \| Link$", re.MULTILINE)


class Youtube(Reader):
    """The newest videos of a YouTube channel, about fifteen."""

    kind: ClassVar[str] = "youtube"
    floor: ClassVar[timedelta] = timedelta(minutes=30)
    terms: ClassVar[str] = "YouTube's terms of service."
    shows: ClassVar[tuple[str, ...]] = (
        "customer_win", "event_participation", "new_office_or_market", "partnership", "product_launch",
    )  # fmt: skip

    channel_id: str = Field(
        pattern=r"^UC[A-Za-z0-9_-]{22}$", description="Id of the channel: 'UC' and 22 characters."
    )

    @property
    def addresses(self) -> tuple[str, ...]:
        """The channel's feed."""
        url = f"https://www.youtube.com/feeds/videos.xml?channel_id={self.channel_id}"
        return (rebased(url, self.base_url),)


class ProductHunt(Reader):
    """Launches on Product Hunt with their taglines, about fifty."""

    kind: ClassVar[str] = "producthunt"
    floor: ClassVar[timedelta] = timedelta(minutes=30)
    terms: ClassVar[str] = "Product Hunt's terms; commercial use of its data needs consent."
    shows: ClassVar[tuple[str, ...]] = ("product_launch",)

    category: str | None = Field(None, pattern=r"^[a-z0-9-]{1,60}$", description="Only this category.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The feed of launches."""
        query = f"?{urlencode({'category': self.category})}" if self.category else ""
        return (rebased(f"https://www.producthunt.com/feed{query}", self.base_url),)

    def refined(self, event: Event) -> Event:
        """Return the launch as a sentence, its tagline as the text; who posted it is not who made it."""
        text = _PRODUCT_PAGE.sub("", event.text).strip()
        return replace(event, title=f"{event.title} launches on Product Hunt", text=text, author=None)


class Statuspage(Reader):
    """Incidents on a company's status page (Statuspage and those that write its feed)."""

    kind: ClassVar[str] = "statuspage"
    floor: ClassVar[timedelta] = timedelta(minutes=10)
    terms: ClassVar[str] = "Public by intent; the page's owner sets the pace."
    shows: ClassVar[tuple[str, ...]] = ("account_outage",)

    url: HttpUrl = Field(description="Address of the status page, such as https://status.norvik.example.")
    company: str = Field(description="The company whose page it is: its name or domain.")
    maintenance: bool = Field(default=False, description="Whether to tell scheduled maintenance too.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The page's history."""
        page = rebased(str(self.url), self.base_url).partition("?")[0].rstrip("/")
        return (page if page.endswith((".atom", ".rss")) else f"{page}/history.atom",)

    def refined(self, event: Event) -> Event | None:
        """Return the incident under the name of the page's owner; maintenance only where it is wanted."""
        scheduled = _SCHEDULED.search(f"{event.title}\n{event.text}") is not None
        if scheduled and not self.maintenance:
            return None
        what = "scheduled maintenance" if scheduled else "service incident"
        owner = event.author or self.company
        return replace(event, title=f"{owner} {what}: {event.title}", author=None)


class GithubReleases(Reader):
    """Releases of a company's public repositories on GitHub."""

    kind: ClassVar[str] = "github_releases"
    floor: ClassVar[timedelta] = timedelta(minutes=30)
    terms: ClassVar[str] = "GitHub's terms; feeds need no token."
    shows: ClassVar[tuple[str, ...]] = ("product_launch", "integration")

    repositories: tuple[Repository, ...] = Field(
        min_length=1, max_length=30, description="Which repositories to watch, as OWNER/NAME."
    )
    previews: bool = Field(default=False, description="Whether to tell release candidates and betas too.")
    patches: bool = Field(default=False, description="Whether to tell patch releases such as 2.1.3 too.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """One feed for each repository."""
        return tuple(
            rebased(f"https://github.com/{name}/releases.atom", self.base_url) for name in self.repositories
        )

    def refined(self, event: Event) -> Event | None:
        """Return the release as a sentence: who releases what; previews and patches where wanted."""
        owner, repository, tag = _release(event.url)
        version = f"{tag} {event.title}"
        if (_BEFORE_RELEASE.search(version) and not self.previews) or (
            _PATCH.search(tag or event.title) and not self.patches
        ):
            return None
        known = repository.casefold() in event.title.casefold()
        what = event.title if known else f"{repository} {event.title}"
        text = "" if event.text == "No content." else event.text
        title = f"{owner} releases {what.strip()}" if owner else event.title
        return replace(event, title=title, text=text)


class Hnrss(Reader):
    """Stories and comments of Hacker News that hold a phrase, through hnrss."""

    kind: ClassVar[str] = "hnrss"
    floor: ClassVar[timedelta] = timedelta(minutes=15)
    terms: ClassVar[str] = (
        "A free public service: it limits the rate and asks to be polled no sooner than it says."
    )
    shows: ClassVar[tuple[str, ...]] = tuple(sorted(CONVERSATIONS))

    query: str = Field(min_length=1, description="The phrase to search for.")
    read_from: Literal["newest", "newcomments", "ask", "show", "frontpage"] = Field(
        "newest", description="Stories (newest, ask, show, frontpage) or comments (newcomments)."
    )
    points: int = Field(0, ge=0, description="Leave out stories with fewer points.")
    count: int = Field(50, ge=1, le=100, description="How many entries to ask for.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The search."""
        options = {"q": self.query, "count": self.count} | ({"points": self.points} if self.points else {})
        return (rebased(f"https://hnrss.org/{self.read_from}?{urlencode(options)}", self.base_url),)

    def refined(self, event: Event) -> Event:
        """Return the event without the lines about itself: points change with each vote."""
        return replace(event, text=_ABOUT_ITSELF.sub("", event.text).strip())


def _release(url: str | None) -> tuple[str, str, str]:
    """Return owner, repository and tag of a release's address, or empty strings."""
    parts = urlsplit(url or "").path.strip("/").split("/")
    if len(parts) < 2:  # noqa: PLR2004 - OWNER/NAME
        return "", "", ""
    return parts[0], parts[1], parts[-1] if "tag" in parts else ""
