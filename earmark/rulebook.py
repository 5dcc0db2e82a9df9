"""The rulebook: what the team decided, as TOML and back.

::

    threshold = 20.0                 # the score, 0 to 100, from which a trigger promotes
    companies = ["Norvik Holding"]   # known companies that are not on the list
    targets = ["crm"]                # exports that take account changes by themselves

    [patience]                       # days after which a stage cools
    contacted = 21

    [[icp]]
    field = "industry"
    op = "in"
    value = ["software", "logistics"]
    weight = 1.0

    [[problems]]
    id = "slow-onboarding"
    name = "Onboarding takes weeks"
    phrases = ["onboarding takes"]
    rule = 'onboarding NEAR/5 (week OR month) AND NOT title:hiring'     # see docs/rules.md
    examples = ["Our onboarding took six weeks."]                       # must be found
    counterexamples = ["We onboard in a day."]                          # must not

    [[plays]]
    id = "funding"
    kind = "funding_early"
    opener = "Congratulations on the {amount}, {account}."

    [kinds.funding_early]            # what differs from the catalogue
    half_life_days = 30
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, get_args

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from earmark import types
from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from earmark.triggers import CATALOGUE, Polarity, TriggerKind
from earmark.types import DEFAULT_PATIENCE, Account, Lexicon

__all__ = ["IcpRule", "Kind", "Play", "Problem", "Rulebook", "parse", "render"]

_Days = Annotated[float, Field(gt=0, le=36500)]
_Slug = Annotated[str, Field(min_length=1, max_length=200)]
_DEFAULT = Lexicon()
_FOR_NUMBERS = ("at_least", "at_most")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class IcpRule(_Section):
    """One rule of the ideal customer profile."""

    field: _Slug
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


class Problem(_Section):
    """A pain the user solves."""

    id: _Slug
    name: _Slug
    phrases: tuple[str, ...] = ()
    not_phrases: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    rule: str = ""
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()


class Play(_Section):
    """The user's template for one trigger kind, or for all."""

    id: _Slug
    kind: str = "*"
    personas: tuple[str, ...] = ()
    talk: tuple[str, ...] = ()
    opener: str = ""


class Kind(_Section):
    """What the team changed in one trigger kind; what is not given stays as in the catalogue."""

    half_life_days: _Days | None = None
    opens_days: Annotated[float, Field(ge=0, le=36500)] | None = None
    closes_days: _Days | None = None
    expires_days: _Days | None = None
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


class Rulebook(_Section):
    """All that the team decided; an empty one leaves the defaults."""

    threshold: Annotated[float, Field(ge=0, le=100)] = _DEFAULT.threshold
    companies: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    patience: dict[Stage, _Days] = {}
    icp: tuple[IcpRule, ...] = ()
    problems: tuple[Problem, ...] = ()
    plays: tuple[Play, ...] = ()
    kinds: dict[str, Kind] = {}

    def lexicon(self, accounts: Mapping[str, Account], version: int) -> Lexicon:
        """Return the defaults with these decisions, for these accounts."""
        return self.apply_to(Lexicon(version=version, accounts=accounts))

    def apply_to(self, lexicon: Lexicon) -> Lexicon:
        """Return the lexicon with these decisions in the place of its own."""
        overrides = {key: kind.applied_to(CATALOGUE[key]) for key, kind in self.kinds.items()}
        patience = {stage: timedelta(days=days) for stage, days in self.patience.items()}
        return replace(
            lexicon,
            companies=self.companies,
            kinds={**CATALOGUE, **overrides},
            problems=tuple(types.Problem(**problem.model_dump()) for problem in self.problems),
            icp=tuple(types.IcpRule(**rule.model_dump()) for rule in self.icp),
            plays=tuple(types.Play(**play.model_dump()) for play in self.plays),
            targets=self.targets,
            threshold=self.threshold,
            patience={**DEFAULT_PATIENCE, **patience},
        )


def parse(text: str) -> Rulebook:
    """Read a rulebook from TOML; ConfigError says where it is wrong and what is close to it."""
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"The rulebook is not TOML: {error}. Correct that line.") from error
    try:
        rulebook = Rulebook.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"The rulebook is wrong: {_told(error.errors())}") from error
    _refuse_unknown(rulebook)
    return rulebook


def render(rulebook: Rulebook) -> str:
    """Write the rulebook as TOML without what is left at its default; ``parse`` gives it back."""
    data = rulebook.model_dump(mode="json", exclude_defaults=True)
    # Single keys first: in TOML they would otherwise belong to the table above them.
    ordered = dict(sorted(data.items(), key=lambda pair: _is_table(pair[1])))
    # A string over several lines would lose its carriage returns.
    return tomli_w.dumps(ordered, multiline_strings=r"\r" not in repr(data))


def _refuse_unknown(rulebook: Rulebook) -> None:
    """Refuse what no model can see: kinds that the catalogue lacks, and ids given twice."""
    for place, key in _named_kinds(rulebook):
        if key not in CATALOGUE:
            raise ConfigError(
                f"The rulebook is wrong: {place} names an unknown kind, {key!r}.{_near(key, CATALOGUE)}"
            )
    for key, kind in rulebook.kinds.items():
        try:
            kind.applied_to(CATALOGUE[key])
        except ValueError as error:
            raise ConfigError(f"The rulebook is wrong: kinds.{key}: {error}.") from error
    for place, rows in (("problems", rulebook.problems), ("plays", rulebook.plays)):
        ids = [row.id for row in rows]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ConfigError(f"The rulebook is wrong: {place} has the id {twice[0]!r} twice. Rename one.")


def _named_kinds(rulebook: Rulebook) -> Iterable[tuple[str, str]]:
    for key in rulebook.kinds:
        yield f"kinds.{key}", key
    for number, play in enumerate(rulebook.plays, start=1):
        if play.kind != "*":
            yield f"plays, number {number}, kind", play.kind


def _told(errors: list[ErrorDetails]) -> str:
    """Return what is wrong, where, and the nearest known key; a misspelt key explains a missing one."""
    error = min(errors, key=lambda each: each["type"] != "extra_forbidden")
    place, key = _place(error["loc"]), str(error["loc"][-1])
    if error["type"] == "extra_forbidden":
        return f"unknown key {place}.{_near(key, _known_beside(error['loc']))}"
    if error["type"] == "enum" and error["loc"][0] == "patience":
        return f"{place} is no stage.{_near(str(error['input']), [stage.value for stage in Stage])}"
    if error["type"] == "missing":
        return f"{place} is missing."
    shown = repr(error["input"])[:60]
    text = error["msg"].removeprefix("Value error, ").replace("tuple", "list")
    return f"{place}: {text}." if isinstance(error["input"], dict) else f"{place}: {text}, not {shown}."


def _place(location: tuple[int | str, ...]) -> str:
    """Return a path that a person can follow: rows count from one."""
    words = [f"number {part + 1}" if isinstance(part, int) else part for part in location if part != "[key]"]
    return ", ".join(words)


def _known_beside(location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that may stand where the unknown one stands."""
    section: type[BaseModel] = Rulebook
    for part in location[:-1]:
        if isinstance(part, str) and part in section.model_fields:
            inner = get_args(section.model_fields[part].annotation)
            section = next(filter(_is_section, inner), section)
    return list(section.model_fields)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _near(key: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(key, names, n=1, cutoff=0.5)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known are {', '.join(sorted(names))}." if len(names) <= len(CATALOGUE) // 2 else ""


def _is_table(value: Any) -> bool:
    rows = value if isinstance(value, list) else [value]
    return any(isinstance(row, dict) for row in rows)


def _days(days: float | None, otherwise: timedelta) -> timedelta:
    return otherwise if days is None else timedelta(days=days)
