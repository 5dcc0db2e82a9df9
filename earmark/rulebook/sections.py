"""The tables of a rulebook, each with what must hold inside it."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from earmark import types
from earmark.lifecycle import Stage
from earmark.rulebook.conditions import conditions
from earmark.rulebook.placeholders import check_placeholders
from earmark.triggers import Polarity, TriggerKind

__all__ = [
    "Compound",
    "Days",
    "Hours",
    "IcpRule",
    "Kind",
    "Play",
    "Problem",
    "Proof",
    "Rep",
    "Retention",
    "Section",
    "Slug",
]

Days = Annotated[float, Field(gt=0, le=36500)]
Slug = Annotated[str, Field(min_length=1, max_length=200)]
_FOR_NUMBERS = ("at_least", "at_most")


class Section(BaseModel):
    """A table of the rulebook: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class IcpRule(Section):
    """One rule of the ideal customer profile."""

    field: Slug
    op: Literal["is", "in", "at_least", "at_most", "contains"]
    value: int | str | tuple[str, ...]
    weight: Annotated[float, Field(ge=-100, le=100)] = 1.0
    sentence: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.op in _FOR_NUMBERS and not isinstance(self.value, int):
            raise ValueError(f"op {self.op!r} compares numbers, so value must be a whole number")
        if self.op == "in" and not isinstance(self.value, tuple):
            raise ValueError("op 'in' takes a list of values")
        return self


class Problem(Section):
    """A pain the user solves."""

    id: Slug
    name: Slug
    phrases: tuple[str, ...] = ()
    not_phrases: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    rule: str = ""
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


class Play(Section):
    """The user's template for one trigger kind, or for all."""

    id: Slug
    kind: str = "*"
    personas: tuple[str, ...] = ()
    talk: tuple[str, ...] = ()
    opener: str = ""
    steps: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        for text in (*self.talk, self.opener):
            check_placeholders(text)
        if any("{" in step for step in self.steps):
            raise ValueError("steps take no placeholders; write them in talk or opener")
        return self


class Kind(Section):
    """What the team changed in one trigger kind; what is not given stays as in the catalogue."""

    half_life_days: Days | None = None
    opens_days: Annotated[float, Field(ge=0, le=36500)] | None = None
    closes_days: Days | None = None
    expires_days: Days | None = None
    intent: Annotated[float, Field(ge=0, le=1)] | None = None
    polarity: Polarity | None = None

    def applied_to(self, kind: TriggerKind) -> TriggerKind:
        """Return the kind with the changes; ValueError when its windows no longer follow each other."""
        changed = replace(
            kind,
            half_life=_days(self.half_life_days, kind.half_life),
            opens=_days(self.opens_days, kind.opens),
            closes=_days(self.closes_days, kind.closes),
            expires=_days(self.expires_days, kind.expires),
            intent=kind.intent if self.intent is None else self.intent,
            polarity=self.polarity or kind.polarity,
        )
        if not changed.opens <= changed.closes <= changed.expires:
            raise ValueError("opens_days, closes_days and expires_days must follow each other in time")
        return changed


class Proof(Section):
    """One of the user's own case studies."""

    id: Slug
    text: Slug
    url: HttpUrl | None = None
    problem: Slug | None = None
    industry: Slug | None = None


class Compound(Section):
    """Several reasons that together are a stronger one."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    name: Slug
    rule: Slug
    at_least: Annotated[int, Field(ge=1)] | None = None
    stages: tuple[Stage, ...] = ()
    intent: Annotated[float, Field(ge=0, le=1)] = 0.95
    half_life_days: Days = 21
    expires_days: Days = 60

    @model_validator(mode="after")
    def _follows(self) -> Self:
        wanted = sum(not condition.absent for condition in conditions(self.rule))
        if not wanted:
            raise ValueError("rule only says what must not be; name at least one reason")
        if self.at_least is not None and self.at_least > wanted:
            raise ValueError(f"at_least is {self.at_least}, but rule names {wanted} reasons")
        return self

    def as_kind(self, number: int) -> TriggerKind:
        """Return the kind of its trigger."""
        return TriggerKind(
            key=self.id,
            number=number,
            group="compound",
            family=self.id,
            words=self.name,
            why="several reasons stand together",
            polarity=Polarity.BUY,
            roles=frozenset({"subject"}),
            intent=self.intent,
            half_life=timedelta(days=self.half_life_days),
            opens=timedelta(0),
            closes=timedelta(days=self.half_life_days),
            expires=timedelta(days=max(self.expires_days, self.half_life_days)),
        )

    def as_type(self) -> types.Compound:
        """Return it as decisions read it."""
        return types.Compound(
            id=self.id,
            name=self.name,
            rule=self.rule,
            conditions=conditions(self.rule),
            at_least=self.at_least,
            stages=self.stages,
        )


class Rep(Section):
    """Somebody who works accounts."""

    id: Slug
    name: str = ""
    email: str | None = None
    territories: tuple[str, ...] = ()
    most: Annotated[int, Field(ge=0)] | None = None
    away: tuple[tuple[date, date], ...] = ()
    manager: Slug | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(last < first for first, last in self.away):
            raise ValueError("away gives first and last day; the last can't be before the first")
        return self


class Hours(Section):
    """When the team works."""

    zone: str = "UTC"
    begins: time = time(9)
    ends: time = time(18)
    days: tuple[Annotated[int, Field(ge=0, le=6)], ...] = (0, 1, 2, 3, 4)

    @model_validator(mode="after")
    def _is_a_day(self) -> Self:
        if not self.begins < self.ends:
            raise ValueError("begins must be before ends")
        if not self.days:
            raise ValueError("days must name at least one day, from 0 (Monday) to 6 (Sunday)")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            if self.zone != "UTC":
                raise ValueError(
                    f"there is no time zone {self.zone!r}; write one such as Europe/Berlin"
                ) from None
        return self


class Retention(Section):
    """After how many days what is stored is forgotten; without a figure texts are kept, polls for 30 days."""

    events_days: Days | None = None
    polls_days: Days | None = None
    kinds_days: dict[str, Days] = Field(default_factory=dict)
    """Days by kind of source, in the place of ``events_days``."""


def _days(days: float | None, otherwise: timedelta) -> timedelta:
    return otherwise if days is None else timedelta(days=days)
