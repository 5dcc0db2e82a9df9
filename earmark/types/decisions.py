"""What a decision is made from, and what it changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from earmark.lifecycle import Cause, Stage
from earmark.triggers import CATALOGUE, TriggerKind
from earmark.types.accounts import (
    Account,
    Compound,
    Contact,
    IcpRule,
    Play,
    Problem,
    Proof,
    Rep,
    Suppression,
)
from earmark.types.stories import Judgement, Outcome, Story, Trigger, TriggerState

__all__ = [
    "DEFAULT_PATIENCE",
    "Action",
    "Age",
    "Changes",
    "History",
    "Hours",
    "Join",
    "Lexicon",
    "Outgoing",
    "Past",
    "TrackRecord",
    "Transition",
    "Was",
]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Was:
    """What a person's action changed, as it was before, so that undo puts exactly that back.

    None means unchanged. ``stage`` goes with its ``stage_since``; ``snoozed``, ``suppressed`` and ``owned``
    hold one value each, which may be None; ``triggers`` are ids with the state and its end; ``offers`` are
    ids with who was offered it and since when. ``said`` is the id of the judgement or outcome that the
    action gave.
    """

    stage: Stage | None = None
    stage_since: datetime | None = None
    snoozed: tuple[datetime | None] | None = None
    suppressed: tuple[Suppression | None] | None = None
    owned: tuple[str | None] | None = None
    triggers: tuple[tuple[str, TriggerState, datetime | None], ...] = ()
    offers: tuple[tuple[str, str | None, datetime | None], ...] = ()
    said: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One move of one account in its lifecycle, with its cause; ``after == before`` records a "stay".

    ``was`` is what a person's action changed; ``undoes`` is the id of the transition that this
    one takes back.
    """

    id: str
    account: str
    at: datetime
    before: Stage
    after: Stage
    cause: Cause
    actor: str
    reason: str
    trigger: str | None = None
    undoes: str | None = None
    was: Was | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A delivery to be made, committed with the change that causes it.

    ``topic`` is account.promoted, account.stage_changed …; ``key`` makes it idempotent per target.
    """

    target: str
    topic: str
    key: str
    account: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a person did: see ``VERBS`` in ``matcher.act`` for the verbs.

    ``trigger`` or ``account`` names the thing; ``value`` is the verdict, channel, outcome, owner or reason
    that the verb takes; ``until`` ends a snooze or a suppression; ``of`` is the trigger that a duplicate
    tells of again.
    """

    verb: str
    by: str
    account: str | None = None
    trigger: str | None = None
    value: str = ""
    text: str = ""
    until: datetime | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Two tellings that a person said are of one story; ``id`` is that of the verdict.

    One event may tell several stories, so ``one`` and ``other`` each name an event and what of it is meant:
    see ``matcher.joins``.
    """

    id: str
    key: str
    one: str
    other: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What storage knows of one account (or one unlisted company, or one conversation thread).

    ``relatives`` are the parent, the subsidiaries and the sisters of the account; ``contacts`` are those at
    the account and at these; ``joins`` are those that hold.
    """

    account: Account | None
    stories: tuple[Story, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    transitions: tuple[Transition, ...] = ()
    contacts: tuple[Contact, ...] = ()
    relatives: tuple[Account, ...] = ()
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The pasts that a decision touches, by key: see ``key_of`` in ``matcher.stories``.

    ``a:ID`` is an account, ``c:NAME`` an unlisted company, ``t:URL`` a conversation's thread.
    """

    pasts: Mapping[str, Past] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All that a decision changes; storage writes it in one transaction.

    ``stories`` and ``triggers`` replace what has the same id; ``merged`` maps the id of a story that
    is gone to the one that took it over; ``accounts`` carry new stage, owner, snooze and suppression;
    ``taken_back`` are ids of judgements, outcomes and joins that no longer hold; ``actions`` is what people
    did; ``due`` is when each key wants to be looked at again (None: never).
    """

    stories: tuple[Story, ...] = ()
    merged: Mapping[str, str] = field(default_factory=_nothing)
    triggers: tuple[Trigger, ...] = ()
    accounts: tuple[Account, ...] = ()
    transitions: tuple[Transition, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    joins: tuple[Join, ...] = ()
    taken_back: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    due: Mapping[str, datetime | None] = field(default_factory=_nothing)


DEFAULT_PATIENCE: Mapping[Stage, timedelta] = MappingProxyType(
    {
        Stage.CONTACTED: timedelta(days=21),
        Stage.WARM: timedelta(days=30),
        Stage.HOT: timedelta(days=14),
        Stage.COOLING: timedelta(days=60),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When the team works, in its own ``zone`` (an IANA name): ``days`` count from Monday, 0."""

    zone: str = "UTC"
    begins: time = time(9)
    ends: time = time(18)
    days: tuple[int, ...] = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """How one kind (or problem) did in one source: verdicts for and against it."""

    kind: str
    source: str
    good: int = 0
    bad: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How old a trigger of one kind may grow that one source tells."""

    kind: str
    source: str
    most: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """All that decisions rest on: defaults + rulebook + what was learned; replaced whole, never changed.

    ``threshold`` is the score (0 to 100) from which a trigger promotes; ``targets`` are the names of
    the export targets that take account changes by themselves. ``floor`` is the share of good verdicts
    under which a kind of a source throttles itself (None: never); ``records`` hold those verdicts; ``ages``
    are those at which people called a kind of a source too old.
    ``champions`` are contacts whose move to another account is a reason.
    """

    version: int = 0
    accounts: Mapping[str, Account] = field(default_factory=_nothing)
    companies: tuple[str, ...] = ()
    """Known companies that are not on the list: their mentions hide shorter listed names."""
    kinds: Mapping[str, TriggerKind] = field(default_factory=lambda: CATALOGUE)
    problems: tuple[Problem, ...] = ()
    icp: tuple[IcpRule, ...] = ()
    plays: tuple[Play, ...] = ()
    proofs: tuple[Proof, ...] = ()
    compounds: tuple[Compound, ...] = ()
    reps: tuple[Rep, ...] = ()
    hours: Hours = Hours()
    champions: tuple[Contact, ...] = ()
    records: tuple[TrackRecord, ...] = ()
    ages: tuple[Age, ...] = ()
    floor: float | None = None
    targets: tuple[str, ...] = ()
    threshold: float = 20.0
    patience: Mapping[Stage, timedelta] = field(default_factory=lambda: DEFAULT_PATIENCE)
