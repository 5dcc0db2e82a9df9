"""The rulebook as a whole, read from TOML and written as TOML."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any, get_args

import tomli_w
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from earmark import types
from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from earmark.rulebook.sections import (
    Compound,
    Days,
    Hours,
    IcpRule,
    Kind,
    Play,
    Problem,
    Proof,
    Rep,
    Retention,
    Section,
)
from earmark.triggers import CATALOGUE
from earmark.types import DEFAULT_PATIENCE, Account, Lexicon

__all__ = ["Rulebook", "parse", "render"]

_DEFAULT = Lexicon()


class Rulebook(Section):
    """All that the team decided; an empty one leaves the defaults."""

    threshold: Annotated[float, Field(ge=0, le=100)] = _DEFAULT.threshold
    companies: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    patience: dict[Stage, Days] = Field(default_factory=dict)
    icp: tuple[IcpRule, ...] = ()
    problems: tuple[Problem, ...] = ()
    plays: tuple[Play, ...] = ()
    kinds: dict[str, Kind] = Field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    compounds: tuple[Compound, ...] = ()
    reps: tuple[Rep, ...] = ()
    hours: Hours = Hours()
    floor: Annotated[float, Field(gt=0, lt=1)] | None = None
    retention: Retention = Retention()

    def lexicon(self, accounts: Mapping[str, Account], version: int) -> Lexicon:
        """Return the defaults with these decisions, for these accounts."""
        return self.apply_to(Lexicon(version=version, accounts=accounts))

    def apply_to(self, lexicon: Lexicon) -> Lexicon:
        """Return the lexicon with these decisions in the place of its own."""
        overrides = {key: kind.applied_to(CATALOGUE[key]) for key, kind in self.kinds.items()}
        compounds = {each.id: each.as_kind(number) for number, each in enumerate(self.compounds, start=1001)}
        patience = {stage: timedelta(days=days) for stage, days in self.patience.items()}
        return replace(
            lexicon,
            companies=self.companies,
            kinds={**CATALOGUE, **overrides, **compounds},
            problems=tuple(types.Problem(**problem.model_dump()) for problem in self.problems),
            icp=tuple(types.IcpRule(**rule.model_dump()) for rule in self.icp),
            plays=tuple(types.Play(**play.model_dump()) for play in self.plays),
            proofs=tuple(types.Proof(**proof.model_dump(mode="json")) for proof in self.proofs),
            compounds=tuple(compound.as_type() for compound in self.compounds),
            reps=tuple(types.Rep(**rep.model_dump()) for rep in self.reps),
            hours=types.Hours(**self.hours.model_dump()),
            floor=self.floor,
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
    _refuse_strangers(rulebook)
    for place in ("problems", "plays", "proofs", "compounds", "reps"):
        ids = [row.id for row in getattr(rulebook, place)]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ConfigError(f"The rulebook is wrong: {place} has the id {twice[0]!r} twice. Rename one.")


def _refuse_strangers(rulebook: Rulebook) -> None:
    """Refuse compounds that take the name of a kind, and managers who are none of the reps."""
    for compound in rulebook.compounds:
        if compound.id in CATALOGUE:
            raise ConfigError(
                f"The rulebook is wrong: compounds: {compound.id!r} is a kind already. Give another id."
            )
    reps = {rep.id for rep in rulebook.reps}
    for rep in rulebook.reps:
        if rep.manager is not None and rep.manager not in reps:
            raise ConfigError(
                f"The rulebook is wrong: reps: the manager of {rep.id!r}, {rep.manager!r}, is none of them."
                f"{_near(rep.manager, reps)}"
            )


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
