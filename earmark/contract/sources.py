"""What a source promises, and the one door that it is handed.

A source *is* its validated options plus ``poll()``. It yields all that it sees; the engine drops what it
knows.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal, ParamSpec, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from earmark.contract.page import Page
from earmark.types import Event

__all__ = ["Feed", "Letter", "Poll", "Source", "Unchanged"]

P = ParamSpec("P")
T = TypeVar("T")


class Unchanged(Exception):
    """The page has not changed since the last good poll.

    The engine ends the poll quietly on it. A source of several pages may catch it page by page.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A parsed feed: its events in feed order, and what it says about its own rhythm.

    ``every`` is the least pause that the feed asks for (``ttl``, ``sy:updatePeriod``), if any; ``parser``
    names the tier that read it.
    """

    title: str
    language: str | None
    events: tuple[Event, ...]
    every: timedelta | None = None
    next_url: str | None = None
    parser: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One e-mail as it came: its number in the mailbox, and its bytes."""

    uid: int
    raw: bytes


class Poll(Protocol):
    """The only door of a source to the outside, for one visit.

    Behind it are the address guard, caps, conditional requests and pace; none can be bypassed.
    """

    @property
    def now(self) -> datetime:
        """The time of this poll, aware UTC."""

    @property
    def state(self) -> dict[str, Any]:
        """What the source wants to remember: JSON, at most 1 MB, committed with the events."""

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, conditional: bool = True
    ) -> Page:
        """Fetch a page; raise Unchanged for a 304 or the same body, SourceError for a failure."""

    async def post(
        self,
        url: str,
        *,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Send JSON or a form and return the answer; never conditional."""

    async def feed(self, page: Page) -> Feed:
        """Parse a page as RSS, Atom, RDF or JSON Feed in the worker pool; SourceChanged if it is none."""

    async def parse(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a module-level function in the worker pool, under its time and memory limits."""

    async def mail(
        self, host: str, *, user: str, password: str, folder: str = "INBOX", after: int = 0, port: int = 993
    ) -> Sequence[Letter]:
        """Return the letters of an IMAP folder with a higher uid than ``after``; it changes nothing there."""

    def files(self, folder: Path, pattern: str = "*") -> Sequence[Path]:
        """List the files of a drop folder, oldest first; SourceUnavailable when it can't be read."""


class Source(BaseModel, ABC):
    """A configured place to poll: options that are validated, and ``poll()``.

    A subclass sets ``kind``. ``unstable_ids`` says that ids rotate, so that the same text is the same
    event; ``floor`` is the least pause between two polls that the place tolerates; ``auth`` says what the
    user must have, ``terms`` what the place asks of its readers, ``shows`` which trigger kinds it can show.
    With ``robots`` nothing is read that the host keeps from programs: right for pages made for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    unstable_ids: ClassVar[bool] = False
    robots: ClassVar[bool] = False
    floor: ClassVar[timedelta] = timedelta(minutes=5)
    auth: ClassVar[str] = "none"
    terms: ClassVar[str] = ""
    shows: ClassVar[tuple[str, ...]] = ()

    every: timedelta | None = Field(
        None, description="Pause between polls; learned from the source's rhythm if empty."
    )
    expect_every: timedelta | None = Field(
        None, description="Silence for longer than this counts as a failure."
    )
    backfill: timedelta | Literal["all"] = Field(
        timedelta(days=30),
        description="How far back the first poll lists events; 'all' for everything dated.",
    )
    trust: float = Field(1.0, ge=0, le=1, description="How far to believe this source, 0 to 1.")
    language: str | None = Field(None, description="Language of its texts, such as 'en', if it does not say.")
    base_url: HttpUrl | None = Field(None, description="Another host to ask instead of the usual one.")

    @property
    def requests(self) -> int:
        """How many requests one poll makes as a rule."""
        return 1

    @abstractmethod
    def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield every event that the place shows now."""
