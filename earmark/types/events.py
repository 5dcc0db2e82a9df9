"""What a source saw."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "Event",
    "Fact",
    "FactValue",
    "Hint",
    "HintKind",
    "Mark",
    "Span",
    "StoredEvent",
]


class HintKind(StrEnum):
    """How a source itself names the company an event is about."""

    NAME = "name"
    DOMAIN = "domain"
    TICKER = "ticker"
    CIK = "cik"
    BOARD = "board"


class Mark(StrEnum):
    """Whether an event may speak: live alerts, backfill is listed only, baseline is kept only."""

    LIVE = "live"
    BACKFILL = "backfill"
    BASELINE = "baseline"


FactValue = str | int | Decimal | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Quoted words: ``quote`` stands at ``start:end`` of the event's ``field`` (title or text)."""

    event: str
    field: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact, e.g. ``amount`` = Decimal(20000000), and the words that say it.

    Keys: amount, currency, round, valuation, revenue, investors, person, role, acquirer, target,
    headcount, percent, location, date, product, tool; and signal, which a source states of its own rows
    (see ``earmark.triggers.SIGNALS``).
    """

    key: str
    value: FactValue
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A company as the source names it; ``strength`` 1.0 decides alone (issuer, board, CIK)."""

    kind: HintKind
    value: str
    strength: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One public thing as a source saw it, and nothing else; texts are plain text."""

    external_id: str
    title: str
    url: str | None = None
    text: str = ""
    author: str | None = None
    publisher: str | None = None
    published_at: datetime | None = None
    occurred_at: datetime | None = None
    language: str | None = None
    thread_url: str | None = None
    hints: tuple[Hint, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent(Event):
    """An event with its identity: ``id`` follows from source and external id alone.

    ``trust`` (0 to 1) is how far its source is believed.
    """

    id: str
    source: str
    seen_at: datetime
    fingerprint: str
    canonical_url: str | None = None
    revision: int = 1
    mark: Mark = Mark.LIVE
    trust: float = 1.0

    @property
    def happened_at(self) -> datetime | None:
        """When it happened, or else was published; None when the source gives no date."""
        return self.occurred_at or self.published_at

    @property
    def order(self) -> tuple[datetime, str]:
        """The place of the event in its story, whatever the order of arrival."""
        return (self.occurred_at or self.published_at or self.seen_at, self.id)
