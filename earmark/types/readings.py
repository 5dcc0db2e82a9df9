"""What the matcher made of an event."""

from dataclasses import dataclass
from enum import StrEnum

from earmark.types.events import Fact, Span, StoredEvent

__all__ = [
    "Abstention",
    "Certainty",
    "Claim",
    "Feature",
    "Match",
    "Mention",
    "Reading",
    "Role",
]


class Role(StrEnum):
    """The part a company plays in what happened."""

    SUBJECT = "subject"
    RAISER = "raiser"
    INVESTOR = "investor"
    ACQUIRER = "acquirer"
    TARGET = "target"
    PARTNER = "partner"
    CUSTOMER = "customer"
    FORMER_EMPLOYER = "former_employer"
    MENTION = "mention"


class Certainty(StrEnum):
    """How far along a thing is, as the text itself says."""

    RUMOUR = "rumour"
    PLANNED = "planned"
    ANNOUNCED = "announced"
    DONE = "done"
    CORRECTED = "corrected"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One reason for or against: ``value`` × ``weight`` adds up, ``sentence`` is what an SDR reads."""

    name: str
    value: float
    weight: float
    sentence: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A span that names a company: a listed ``account``, or an unlisted ``company``."""

    span: Span
    account: str | None = None
    company: str | None = None
    role: Role = Role.MENTION
    features: tuple[Feature, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a text says happened, before it is known to whom: a kind, its certainty and its facts."""

    kind: str
    certainty: Certainty
    evidence: Span
    facts: tuple[Fact, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Event ↔ account (or unlisted company, or problem): who, what, in which role, how sure, and why."""

    event: StoredEvent
    account: str | None
    company: str | None = None
    problem: str | None = None
    kind: str
    role: Role
    certainty: Certainty
    facts: tuple[Fact, ...] = ()
    features: tuple[Feature, ...] = ()
    evidence: tuple[Span, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstention:
    """A mention that may mean an account, and why earmark can't tell."""

    event: StoredEvent
    account: str
    span: Span
    reason: str
    features: tuple[Feature, ...] = ()
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that the matcher made of one event."""

    event: StoredEvent
    mentions: tuple[Mention, ...] = ()
    claims: tuple[Claim, ...] = ()
    matches: tuple[Match, ...] = ()
    abstentions: tuple[Abstention, ...] = ()
    intent: str | None = None
    tools: tuple[str, ...] = ()
    hiring_role: tuple[str, str] | None = None
