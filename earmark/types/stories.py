"""What happened, why it is a reason to act, and what an SDR reads about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from earmark.triggers import Polarity
from earmark.types.events import FactValue, Mark, Span
from earmark.types.readings import Certainty, Match, Role

__all__ = [
    "Basis",
    "Judgement",
    "Note",
    "Outcome",
    "Part",
    "Score",
    "Sentence",
    "Story",
    "StoryFact",
    "Trigger",
    "TriggerState",
    "Verdict",
]


class TriggerState(StrEnum):
    """What became of a trigger."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CONTACTED = "contacted"
    DISMISSED = "dismissed"
    EXPIRED = "expired"
    MERGED = "merged"


class Verdict(StrEnum):
    """A rep's verdict on a trigger."""

    GOOD = "good"
    WRONG_ACCOUNT = "wrong_account"
    OFF_TOPIC = "off_topic"
    TOO_OLD = "too_old"
    DUPLICATE = "duplicate"
    CUSTOMER_OR_OPEN_DEAL = "customer_or_open_deal"
    NOT_NOW = "not_now"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFact:
    """What most tell, and who says so; ``others`` are the differing values with their publishers."""

    key: str
    value: FactValue
    span: Span | None
    publishers: tuple[str, ...]
    others: tuple[tuple[FactValue, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One thing that happened to one account (or unlisted company), told by one or more events.

    ``key`` is that of the past it belongs to: see ``History``.
    """

    id: str
    key: str
    account: str | None
    company: str | None
    kind: str
    role: Role
    certainty: Certainty
    facts: tuple[StoryFact, ...]
    matches: tuple[Match, ...]
    publishers: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a score, 0 to 1, and the sentence that explains it."""

    name: str
    value: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """fit × intent × freshness × confidence, each 0 to 1; ``total`` is 0 to 100."""

    fit: float
    intent: float
    freshness: float
    confidence: float
    parts: tuple[Part, ...] = ()

    @property
    def total(self) -> float:
        """The score as shown, 0 to 100."""
        return round(100 * self.fit * self.intent * self.freshness * self.confidence, 1)


class Basis(StrEnum):
    """What a sentence of a note rests on."""

    EVIDENCE = "evidence"
    RECORD = "record"
    PLAY = "play"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a note and its basis.

    ``section`` is why_now, evidence, fit, score, who, talk, opener or next. Basis evidence: ``spans``
    hold every number, name and date of the text; record: ``field`` names the field of the user's
    own record; play: ``field`` names the play.
    """

    section: str
    text: str
    basis: Basis
    spans: tuple[Span, ...] = ()
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The context an SDR reads before the call; ``ref`` is the id of its trigger."""

    ref: str
    headline: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A story that is a reason to act; without an account it is a conversation.

    Contact it between ``opens_at`` and ``closes_at``; it ends at ``expires_at``. ``decays_from`` is
    when it happened or was published; ``undated`` says that only ``seen_at`` was known. A hot one is
    offered to one rep after the other: ``offered_to`` since ``offered_at``.
    """

    id: str
    account: str | None
    problem: str | None
    story: str
    kind: str
    role: Role
    polarity: Polarity
    state: TriggerState
    certainty: Certainty
    score: Score
    mark: Mark
    undated: bool
    decays_from: datetime
    opens_at: datetime
    closes_at: datetime
    expires_at: datetime
    created_at: datetime
    ended_at: datetime | None = None
    offered_to: str | None = None
    offered_at: datetime | None = None
    note: Note | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A rep's verdict on a trigger."""

    id: str
    trigger: str
    verdict: Verdict
    by: str
    at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an outreach (see ``OUTCOMES`` in ``matcher.act``); ``trigger`` is the reason for it."""

    id: str
    account: str
    trigger: str | None
    outcome: str
    by: str
    at: datetime
