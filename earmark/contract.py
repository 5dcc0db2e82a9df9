"""What a source and an exporter promise, and the one door that each is handed.

A source *is* its validated options plus ``poll()``. It yields all that it sees; the engine drops what it
knows. Third parties import from here and from ``earmark.types`` and ``earmark.errors`` only.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, ParamSpec, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, PlainSerializer

from earmark.errors import SourceChanged
from earmark.secret import Secret, as_secret
from earmark.types import Event

__all__ = [
    "Change",
    "Delivery",
    "Exporter",
    "Feed",
    "Letter",
    "Page",
    "Poll",
    "Receipt",
    "SecretOption",
    "Source",
    "Unchanged",
]

SecretOption = Annotated[Secret, BeforeValidator(as_secret), PlainSerializer(str)]
"""The type of an option that is written ``env:NAME``; the source reads it with ``.value()`` at use."""

P = ParamSpec("P")
T = TypeVar("T")


class Unchanged(Exception):
    """The page has not changed since the last good poll.

    The engine ends the poll quietly on it. A source of several pages may catch it page by page.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer: final ``url`` after redirects, lower-case header names, decoded and bounded body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type with its parameters, or an empty string."""
        return self.headers.get("content-type", "")

    def text(self) -> str:
        """Return the body as text: UTF-8, or else Latin-1."""
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.body.decode("latin-1")

    def json(self) -> Any:
        """Return the body read as JSON; raise SourceChanged when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise SourceChanged(
                f"{self.url} answered, but not with JSON. Open it in a browser: it may ask for a log-in, "
                "or the address may have changed."
            ) from error


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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    unstable_ids: ClassVar[bool] = False
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of a plan: create, update or skip one object, with its fields before and after."""

    action: Literal["create", "update", "skip"]
    object: str
    key: str
    remote_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    after: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of a delivery: what the target calls the object, and where to see it."""

    key: str
    remote_id: str | None = None
    url: str | None = None


class Delivery(Protocol):
    """The only door of an exporter to the outside."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Send a request through the guard and the target's pace; ExportError for a failure."""

    def file(self, path: Path, content: bytes) -> None:
        """Write a file whole or not at all."""


class Exporter(BaseModel, ABC):
    """A target in a CRM or a file: ``find → plan → apply``; dry run, undo and retry follow from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]

    @abstractmethod
    async def find(self, keys: Sequence[str], delivery: Delivery) -> Mapping[str, Mapping[str, Any]]:
        """Return what the target holds now, by our key."""

    @abstractmethod
    def plan(
        self, wanted: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]
    ) -> Sequence[Change]:
        """Return the changes that lead from found to wanted; pure."""

    @abstractmethod
    async def apply(self, change: Change, delivery: Delivery) -> Receipt:
        """Make one change in the target."""
