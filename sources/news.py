"""News by search: presets over feeds of Google Alerts, Google News, Bing News and the funding press."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote, unquote, urlencode, urlsplit

from pydantic import Field, HttpUrl, SecretStr, TypeAdapter, ValidationError, field_validator

from earmark.contract import Poll
from earmark.errors import SourceError
from earmark.logs import hide, mask
from earmark.triggers import CATALOGUE, CONVERSATIONS
from earmark.types import Event
from sources.entries import address
from sources.reader import Reader, rebased

__all__ = ["BingNews", "FundingPress", "GoogleAlerts", "GoogleNews"]

_NEWS: Final = tuple(key for key in CATALOGUE if key not in CONVERSATIONS)
_WEB: Final = TypeAdapter(HttpUrl)
_GOOGLE: Final = re.compile(r"(?:www\.)?google(?:\.[a-z]{2,3}){1,2}")
_BING: Final = re.compile(r"(?:www\.|cn\.)?bing\.com")
Outlet = Literal["techcrunch", "eu-startups", "tech.eu", "crunchbase-news"]
_OUTLETS: Final[Mapping[Outlet, str]] = {
    "techcrunch": "https://techcrunch.com/category/venture/feed/",
    "eu-startups": "https://www.eu-startups.com/category/fundings/feed/",
    "tech.eu": "https://tech.eu/category/deals/feed",
    "crunchbase-news": "https://news.crunchbase.com/feed/",
}


class GoogleAlerts(Reader):
    """A Google Alert delivered to RSS, its links unwrapped; earmark sources queries writes the queries."""

    kind: ClassVar[str] = "google_alerts"
    floor: ClassVar[timedelta] = timedelta(minutes=15)
    auth: ClassVar[str] = "a Google account; the feed's address is the secret"
    terms: ClassVar[str] = "Made by the user in a Google account, at most 1,000 alerts each."
    shows: ClassVar[tuple[str, ...]] = _NEWS

    url: SecretStr = Field(
        description="Address of the alert's feed: choose 'Deliver to: RSS feed', then copy the icon's link."
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: SecretStr) -> SecretStr:
        try:
            _WEB.validate_python(url.get_secret_value())
        except ValidationError:
            raise ValueError("it is no http or https address") from None
        return url

    @property
    def addresses(self) -> tuple[str, ...]:
        """The one feed of the alert."""
        return (rebased(self.url.get_secret_value(), self.base_url),)

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield what the alert found; no error repeats the feed's address, which is a secret."""
        path = urlsplit(self.addresses[0]).path
        hide(path)
        try:
            async for event in super().poll(poll):
                yield event
        except SourceError as error:
            error.args = (mask(str(error)),)
            raise

    def refined(self, event: Event) -> Event:
        """Return the event with its real link, published by the host of that."""
        link = _unwrapped(event.url, _GOOGLE, "/url")
        host = (urlsplit(link or "").hostname or "").removeprefix("www.")
        publisher = event.publisher or (host if link != event.url else None) or None
        return replace(event, url=link, publisher=publisher)


class GoogleNews(Reader):
    """A search in Google News. Off until its terms are accepted: personal, non-commercial use only."""

    kind: ClassVar[str] = "google_news"
    unstable_ids: ClassVar[bool] = True
    floor: ClassVar[timedelta] = timedelta(minutes=30)
    terms: ClassVar[str] = (
        "Google limits this feed to personal, non-commercial use in a feed reader. "
        "google_alerts is the safer way to the same news."
    )
    shows: ClassVar[tuple[str, ...]] = _NEWS

    query: str = Field(min_length=1, description='What to search for; "phrases", OR, -word and site: work.')
    accept_terms: bool = Field(description=f"Must be true. {terms}")
    when: str | None = Field(None, pattern=r"^\d{1,3}[hdmy]$", description="How far back, such as 7d.")
    hl: str = Field(
        "en-US", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,4})?$", description="Language of the page."
    )
    gl: str = Field("US", pattern=r"^[A-Z]{2}$", description="Country of the edition.")

    @field_validator("accept_terms")
    @classmethod
    def _accepted(cls, accepted: bool) -> bool:  # noqa: FBT001 - the signature is pydantic's
        if not accepted:
            raise ValueError("this kind is off until you set it to true")
        return accepted

    @property
    def addresses(self) -> tuple[str, ...]:
        """The search."""
        words = f"{self.query} when:{self.when}" if self.when else self.query
        edition = {"hl": self.hl, "gl": self.gl, "ceid": f"{self.gl}:{self.hl.partition('-')[0]}"}
        query = urlencode({"q": words} | edition)
        return (rebased(f"https://news.google.com/rss/search?{query}", self.base_url),)

    def refined(self, event: Event) -> Event:
        """Return the event with its headline alone: the text only repeats it, among those of others."""
        title = event.title.removesuffix(f" - {event.publisher}").strip() if event.publisher else event.title
        return replace(event, title=title or event.title, text="")


class BingNews(Reader):
    """A search in Bing News, its links unwrapped."""

    kind: ClassVar[str] = "bing_news"
    floor: ClassVar[timedelta] = timedelta(minutes=30)
    terms: ClassVar[str] = "An undocumented feed; Microsoft's terms of service apply."
    shows: ClassVar[tuple[str, ...]] = _NEWS

    query: str = Field(min_length=1, description="What to search for.")
    mkt: str | None = Field(None, pattern=r"^[a-z]{2}-[A-Za-z]{2}$", description="Market, such as en-us.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The search."""
        options: dict[str, Any] = {"q": self.query, "format": "rss"} | ({"mkt": self.mkt} if self.mkt else {})
        return (
            rebased(f"https://www.bing.com/news/search?{urlencode(options, quote_via=quote)}", self.base_url),
        )

    def refined(self, event: Event) -> Event:
        """Return the event with its real link, which is its id too: the wrapper's changes at each visit."""
        link = _unwrapped(event.url, _BING, "/news/apiclick.aspx")
        return replace(event, url=link, external_id=link if link and link != event.url else event.external_id)


class FundingPress(Reader):
    """The outlets that tell of funding rounds: TechCrunch, EU-Startups, Tech.eu, Crunchbase News."""

    kind: ClassVar[str] = "funding_press"
    floor: ClassVar[timedelta] = timedelta(minutes=15)
    terms: ClassVar[str] = "Headlines and excerpts with a link; each outlet's terms apply."
    shows: ClassVar[tuple[str, ...]] = tuple(
        key
        for key in CATALOGUE
        if key.startswith("funding_") or key in ("ipo_filing", "acquired_or_merged", "acquires")
    )

    outlets: tuple[Outlet, ...] = Field(
        tuple(_OUTLETS), min_length=1, description=f"Which outlets to read: {', '.join(_OUTLETS)}."
    )
    include: tuple[str, ...] = Field(
        ("raises", "raised", "funding", "round", "seed", "series ", "investment", "invests", "acqui", "ipo "),
        description="Keep only entries that hold one of these words or phrases; all if empty.",
    )

    @property
    def addresses(self) -> tuple[str, ...]:
        """One feed for each outlet."""
        return tuple(rebased(_OUTLETS[outlet], self.base_url) for outlet in self.outlets)


def _unwrapped(link: str | None, host: re.Pattern[str], path: str) -> str | None:
    """Return the address that a link of a search engine leads to, decoded once; others as they are."""
    parts = urlsplit(link or "")
    if not host.fullmatch(parts.hostname or "") or parts.path != path:
        return link
    for option in parts.query.split("&"):
        name, _, value = option.partition("=")
        if name in ("url", "q") and (target := address(unquote(value))):
            return target
    return link
