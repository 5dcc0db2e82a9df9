"""What the user's team told earmark: accounts, contacts, ICP, problems, plays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from earmark.lifecycle import Stage

__all__ = [
    "UNTIL_NEWS",
    "Account",
    "Compound",
    "Condition",
    "Contact",
    "IcpRule",
    "Play",
    "Problem",
    "Proof",
    "Rep",
    "Suppression",
]

UNTIL_NEWS: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""The end of a snooze that no day ends, but the next trigger for contact; it is never shown as a day."""


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Never contact: reason is customer, opt_out, rival, open_deal or legal."""

    reason: str
    by: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A company on the user's list; ``id`` is a slug that the user or the import chose.

    ``parent`` is the id of the account that it belongs to.
    """

    id: str
    name: str
    domains: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    not_aliases: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    tier: str | None = None
    owner: str | None = None
    parent: str | None = None
    territory: str | None = None
    industry: str | None = None
    size: int | None = None
    city: str | None = None
    country: str | None = None
    extra: Mapping[str, str] = field(default_factory=_nothing)
    crm_ids: Mapping[str, str] = field(default_factory=_nothing)
    stage: Stage = Stage.COLD
    stage_since: datetime | None = None
    snoozed_until: datetime | None = None
    suppression: Suppression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at an account, from the user's own list only; ``since`` is when we came to know them."""

    id: str
    account: str
    name: str
    title: str | None = None
    email: str | None = None
    relation: str | None = None
    since: datetime | None = None
    crm_ids: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A pain the user solves, with the phrases in which people voice it.

    ``rule`` says it more exactly (see ``matcher.rules``); ``examples`` are sentences that must be found,
    ``counterexamples`` sentences that must not.
    """

    id: str
    name: str
    phrases: tuple[str, ...] = ()
    not_phrases: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    rule: str = ""
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IcpRule:
    """One rule of the ideal customer profile.

    ``field`` is industry, size, country, tier, territory or a column of the user's file; ``op`` is
    is, in, at_least, at_most or contains; ``weight`` > 0 wants it, < 0 does not.
    """

    field: str
    op: str
    value: str | int | tuple[str, ...]
    weight: float = 1.0
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """The user's template for one trigger kind (``*`` for all): who, talk track, opener.

    The texts may use {account}, {kind} and the keys of facts; a line whose key is unknown is left out.
    """

    id: str
    kind: str = "*"
    personas: tuple[str, ...] = ()
    talk: tuple[str, ...] = ()
    opener: str = ""
    steps: tuple[str, ...] = ()
    """What to do next, touch by touch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One of the user's own case studies: what to tell an account with this problem or industry."""

    id: str
    text: str
    url: str | None = None
    problem: str | None = None
    industry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One part of a compound: a trigger of one of the ``kinds``, or none (``absent``).

    It happened at least ``after`` and at most ``within`` ago. Each word of ``about`` is the value of one
    of its facts: a function, a seniority, a tool, a role.
    """

    kinds: tuple[str, ...]
    after: timedelta = timedelta(0)
    within: timedelta = timedelta(days=60)
    absent: bool = False
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """Several reasons that together are a stronger one: ``at_least`` of the conditions that want something.

    None means all. An ``absent`` condition must always hold. ``id`` is the kind of its trigger, ``rule``
    what the user wrote; with ``stages`` it speaks only of accounts in one of these.
    """

    id: str
    name: str
    rule: str
    conditions: tuple[Condition, ...]
    at_least: int | None = None
    stages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rep:
    """Somebody who works accounts: unowned ones go by territory, then in turn, up to ``most`` a day.

    ``away`` are first and last days; ``manager`` is the id of the one who hears of what nobody takes.
    """

    id: str
    name: str = ""
    email: str | None = None
    territories: tuple[str, ...] = ()
    most: int | None = None
    away: tuple[tuple[date, date], ...] = ()
    manager: str | None = None
