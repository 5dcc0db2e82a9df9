"""The fields of each table of the rulebook, as a person meets them: their words, and what each takes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from earmark.lifecycle import Stage
from earmark.triggers import CATALOGUE, Polarity
from earmark.types import DEFAULT_PATIENCE

__all__ = ["TABLES", "Field", "Shape", "Table"]


class Shape(StrEnum):
    """How a field is typed: a line, a text, one of some, several of some, one each line, days, a number."""

    WORD = "word"
    TEXT = "text"
    ONE = "one"
    SEVERAL = "several"
    LINES = "lines"
    DAYS = "days"
    NUMBER = "number"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its key in the rulebook, what it is called, what it means, and what may be chosen."""

    name: str
    words: str
    shape: Shape = Shape.WORD
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: ``keyed`` is the field by which a row is called, ``place`` where it is counted.

    A table of single values has one row without a key.
    """

    name: str
    words: str
    one: str
    why: str
    fields: tuple[Field, ...]
    keyed: str = "id"


_KINDS: Final = tuple(
    (kind.key, f"{kind.key.replace('_', ' ')}: {kind.words}") for kind in CATALOGUE.values()
)
_STAGES: Final = tuple((stage.value, stage.value.replace("_", " ")) for stage in Stage)
_OPS: Final = (
    ("is", "is"),
    ("in", "is one of"),
    ("at_least", "is at least"),
    ("at_most", "is at most"),
    ("contains", "contains"),
)
_WEEK: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ID: Final = Field(name="id", words="id", hint="A short name that stays, such as slow-close.", needed=True)

_PROBLEMS: Final = Table(
    name="problems",
    words="Problems",
    one="problem",
    why="The pains you solve, in the words of those who have them.",
    fields=(
        _ID,
        Field(name="name", words="name", needed=True),
        Field(
            name="phrases", words="phrases", shape=Shape.LINES, hint="One a line, in any form of the words."
        ),
        Field(
            name="rule",
            words="rule",
            shape=Shape.TEXT,
            hint="More exactly: onboard* NEAR/5 (week OR month) AND NOT title:hiring",
        ),
        Field(
            name="not_phrases",
            words="phrases that rule it out",
            shape=Shape.LINES,
            hint="A text with one of these does not count, one a line.",
        ),
        Field(
            name="rivals",
            words="rivals",
            shape=Shape.LINES,
            hint="Naming one counts too, but less. One a line.",
        ),
        Field(
            name="examples",
            words="examples",
            shape=Shape.LINES,
            hint="Sentences that must be found, one a line. They are checked before it is saved.",
        ),
        Field(
            name="counterexamples",
            words="counterexamples",
            shape=Shape.LINES,
            hint="Sentences that must not be found.",
        ),
    ),
)
_ICP: Final = Table(
    name="icp",
    words="Ideal customer profile",
    one="ICP rule",
    why="Whom you sell to: each rule that holds raises the fit of an account.",
    keyed="place",
    fields=(
        Field(
            name="field",
            words="field",
            hint="industry, size, country, tier, territory, or a column of your file.",
            needed=True,
        ),
        Field(name="op", words="comparison", shape=Shape.ONE, options=_OPS, needed=True),
        Field(
            name="value",
            words="value",
            shape=Shape.LINES,
            hint="One value; for “is one of” one a line.",
            needed=True,
        ),
        Field(
            name="weight",
            words="weight",
            shape=Shape.NUMBER,
            hint="How much it counts beside the others; below 0 it speaks against. Left empty: 1.",
        ),
        Field(name="sentence", words="sentence", hint="What a rep reads where it holds."),
    ),
)
_COMPOUNDS: Final = Table(
    name="compounds",
    words="Compounds",
    one="compound",
    why="Several reasons that together are a stronger one.",
    fields=(
        Field(name="id", words="id", hint="Small letters, digits and _: new_money.", needed=True),
        Field(name="name", words="name", needed=True),
        Field(
            name="rule",
            words="rule",
            shape=Shape.TEXT,
            hint="funding <= 60 d AND hiring_role(sales) <= 30 d AND NOT layoffs <= 45 d",
            needed=True,
        ),
        Field(
            name="at_least",
            words="at least",
            shape=Shape.WHOLE,
            hint="So many of the reasons that it names. Left empty: all.",
        ),
        Field(
            name="stages",
            words="stages",
            shape=Shape.SEVERAL,
            options=_STAGES,
            hint="Only accounts in one of these; none chosen: all.",
        ),
        Field(name="intent", words="intent", shape=Shape.NUMBER, hint="0 to 1. Left empty: 0.95."),
        Field(name="half_life_days", words="half-life in days", shape=Shape.NUMBER, hint="Left empty: 21."),
        Field(name="expires_days", words="ends after days", shape=Shape.NUMBER, hint="Left empty: 60."),
    ),
)
_CHANGED: Final = Table(
    name="kinds",
    words="Kinds",
    one="change of a kind",
    why="What differs for you from the catalogue: how long a kind counts, and how strongly it speaks.",
    keyed="kind",
    fields=(
        Field(name="kind", words="kind", shape=Shape.ONE, options=_KINDS, needed=True),
        Field(name="half_life_days", words="half-life in days", shape=Shape.NUMBER),
        Field(
            name="opens_days",
            words="best from day",
            shape=Shape.NUMBER,
            hint="Days after it happened from which to make contact.",
        ),
        Field(name="closes_days", words="best until day", shape=Shape.NUMBER),
        Field(name="expires_days", words="ends after days", shape=Shape.NUMBER),
        Field(name="intent", words="intent", shape=Shape.NUMBER, hint="0 to 1: how strongly it speaks."),
        Field(
            name="polarity",
            words="speaks for",
            shape=Shape.ONE,
            options=(("", "as in the catalogue"), *((each.value, each.value) for each in Polarity)),
        ),
    ),
)
_PLAYS: Final = Table(
    name="plays",
    words="Plays",
    one="play",
    why="What to say for each kind of trigger.",
    fields=(
        _ID,
        Field(
            name="kind",
            words="kind",
            shape=Shape.ONE,
            options=(("*", "all kinds"), *_KINDS),
            needed=True,
        ),
        Field(name="personas", words="personas", shape=Shape.LINES, hint="Whom to ask for, one a line."),
        Field(
            name="talk",
            words="talk track",
            shape=Shape.LINES,
            hint="One line each: problem, consequence, question. The first three are used.",
        ),
        Field(name="opener", words="opener", shape=Shape.TEXT, hint="50 words at most."),
        Field(name="steps", words="steps", shape=Shape.LINES, hint="Touch by touch, one a line."),
    ),
)
_PROOFS: Final = Table(
    name="proofs",
    words="Proofs",
    one="proof",
    why="Your own case studies, told to accounts with that problem or industry.",
    fields=(
        _ID,
        Field(name="text", words="text", shape=Shape.TEXT, needed=True),
        Field(name="url", words="address", hint="https://…"),
        Field(name="problem", words="problem", hint="The id of the problem that it was."),
        Field(name="industry", words="industry"),
    ),
)
_REPS: Final = Table(
    name="reps",
    words="Reps",
    one="rep",
    why="Who works the accounts that nobody owns.",
    fields=(
        _ID,
        Field(name="name", words="name"),
        Field(name="email", words="e-mail"),
        Field(name="territories", words="territories", shape=Shape.LINES, hint="One a line."),
        Field(
            name="most",
            words="new accounts a day",
            shape=Shape.WHOLE,
            hint="At most so many; 0: none. Left empty: no bound.",
        ),
        Field(
            name="away",
            words="away",
            shape=Shape.DAYS,
            hint="First and last day, one absence a line: 2026-12-21 to 2027-01-02",
        ),
        Field(name="manager", words="manager", hint="The id of the rep who hears of what nobody takes."),
    ),
)
_LIMITS: Final = Table(
    name="limits",
    words="Threshold, floor and patience",
    one="limit",
    why="From which score a trigger promotes, and after how long a stage cools.",
    keyed="",
    fields=(
        Field(
            name="threshold",
            words="threshold",
            shape=Shape.NUMBER,
            hint="The score, 0 to 100, from which a trigger promotes. Left empty: 20.",
        ),
        Field(
            name="floor",
            words="floor",
            shape=Shape.NUMBER,
            hint="Share of good verdicts (0 to 1) under which a kind of a source is throttled. "
            "Left empty: never.",
        ),
        *(
            Field(
                name=f"patience.{stage.value}",
                words=f"{stage.value} {'ends' if stage is Stage.COOLING else 'cools'} after days",
                shape=Shape.NUMBER,
                hint=f"Left empty: {patience.days}.",
            )
            for stage, patience in DEFAULT_PATIENCE.items()
        ),
        Field(
            name="companies",
            words="known companies",
            shape=Shape.LINES,
            hint="Not on your list, one a line: they hide shorter names that are.",
        ),
        Field(
            name="targets",
            words="targets",
            shape=Shape.LINES,
            hint="Exports that take account changes by themselves, one a line. An admin decides.",
        ),
    ),
)
_HOURS: Final = Table(
    name="hours",
    words="Hours",
    one="hour",
    why="When the team works: hot ones are offered then.",
    keyed="",
    fields=(
        Field(name="hours.zone", words="time zone", hint="Such as Europe/Berlin. Left empty: UTC."),
        Field(name="hours.begins", words="begins", hint="09:00"),
        Field(name="hours.ends", words="ends", hint="18:00"),
        Field(
            name="hours.days",
            words="days",
            shape=Shape.SEVERAL,
            options=tuple((str(number), day) for number, day in enumerate(_WEEK)),
        ),
    ),
)
_KEPT: Final = Table(
    name="retention",
    words="Retention",
    one="retention",
    why="After how many days what is stored is forgotten.",
    keyed="",
    fields=(
        Field(
            name="retention.events_days",
            words="texts, in days",
            shape=Shape.NUMBER,
            hint="Left empty: kept. An admin decides.",
        ),
        Field(
            name="retention.polls_days", words="polls, in days", shape=Shape.NUMBER, hint="Left empty: 30."
        ),
    ),
)

TABLES: Final = {
    table.name: table
    for table in (
        *(_PROBLEMS, _ICP, _COMPOUNDS, _CHANGED, _PLAYS, _PROOFS),
        *(_REPS, _LIMITS, _HOURS, _KEPT),
    )
}
"""Every table of the rulebook by its name, in the order in which they are shown."""
