"""Press wires: presets over their feeds, which name the issuer of each release."""

from dataclasses import replace
from typing import Annotated, ClassVar, Final
from urllib.parse import quote

from pydantic import Field, HttpUrl, StringConstraints

from earmark.triggers import CATALOGUE, CONVERSATIONS
from earmark.types import Event
from sources.reader import Reader, rebased

__all__ = ["GlobeNewswire", "PrNewswire", "Wire"]

_LAW_FIRMS: Final = (
    *("class action lawsuit", "securities fraud", "shareholder alert", "investor alert", "stockholder alert"),
    *("lead plaintiff", "law offices of", "investigation on behalf of", "investigates claims on behalf"),
    *("reminds investors", "encourages investors", "urges investors", "rights law firm", "deadline alert"),
)
_TERMS: Final = "Releases may be read and linked; redistribution needs the wire's consent."
_SHOWN: Final = tuple(key for key in CATALOGUE if key not in CONVERSATIONS)
FeedPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+/[^?#\s][^?#]{0,300}$")]
Topic = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


class _Releases(Reader):
    exclude: tuple[str, ...] = Field(
        _LAW_FIRMS,
        description="Leave out entries that hold one of these words or phrases; by default those of law "
        "firms in search of shareholders.",
    )

    def refined(self, event: Event) -> Event:
        """Return the event with its issuer as a fact: the wire vouches for it."""
        return replace(event, hints=tuple(replace(hint, strength=1.0) for hint in event.hints))


class Wire(_Releases):
    """Any press wire's feed; where it names issuer or ticker, these decide the account."""

    kind: ClassVar[str] = "wire"
    terms: ClassVar[str] = _TERMS
    shows: ClassVar[tuple[str, ...]] = _SHOWN

    url: HttpUrl = Field(description="Address of the wire's feed.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The one feed."""
        return (rebased(str(self.url), self.base_url),)


class GlobeNewswire(_Releases):
    """Releases of GlobeNewswire by subject, industry or country, with issuer and tickers."""

    kind: ClassVar[str] = "globenewswire"
    terms: ClassVar[str] = _TERMS
    shows: ClassVar[tuple[str, ...]] = _SHOWN

    feeds: tuple[FeedPath, ...] = Field(
        min_length=1,
        description="Paths from the wire's list of feeds, after /RssFeed/, "
        "such as 'subjectcode/17-Financing Agreements' or 'country/Germany'.",
    )

    @property
    def addresses(self) -> tuple[str, ...]:
        """One feed for each path."""
        paths = (quote(path, safe="/-%") for path in self.feeds)
        return tuple(
            rebased(f"https://www.globenewswire.com/RssFeed/{path}", self.base_url) for path in paths
        )


class PrNewswire(_Releases):
    """Releases of PR Newswire by topic, with their issuer."""

    kind: ClassVar[str] = "prnewswire"
    terms: ClassVar[str] = _TERMS
    shows: ClassVar[tuple[str, ...]] = _SHOWN

    topics: tuple[Topic, ...] = Field(
        min_length=1,
        description="Topics from the wire's list of feeds, such as 'personnel-announcements'.",
    )

    @property
    def addresses(self) -> tuple[str, ...]:
        """One feed for each topic."""
        names = (topic if topic.endswith(("-news", "-list")) else f"{topic}-news" for topic in self.topics)
        return tuple(rebased(f"https://www.prnewswire.com/rss/{name}.rss", self.base_url) for name in names)
