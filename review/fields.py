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
    """One table: ``keyed`` is the field by which a row is called, or ``place`` for its number.

    A table of single values has one row without a key.
    """

    name: str
    words: str
    one: str
    why: str
    fields: tuple[Field, ...]
    keyed: str = "id"


def _field(
    name: str,
    shape: Shape = Shape.WORD,
    hint: str = "",
    *,
    words: str = "",
    options: tuple[tuple[str, str], ...] = (),
    needed: bool = False,
) -> Field:
    """Return a field that is called by its key, unless other words are given."""
    return Field(name=name, words=words or name, shape=shape, hint=hint, options=options, needed=needed)


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
_ID: Final = _field("id", hint="A short name that stays, such as slow-close.", needed=True)

_PROBLEMS: Final = Table(
    name="problems",
    words="Problems",
    one="problem",
    why="The pains you solve, in the words of those who have them.",
    fields=(
        _ID,
        _field("name", needed=True),
        _field("phrases", Shape.LINES, "One a line, in any form of the words."),
        _field("rule", Shape.TEXT, "More exactly: onboard* NEAR/5 (week OR month) AND NOT title:hiring"),
        _field(
            "not_phrases",
            Shape.LINES,
            "A text with one of these does not count, one a line.",
            words="phrases that rule it out",
        ),
        _field("rivals", Shape.LINES, "Naming one counts too, but less. One a line."),
        _field(
            "examples",
            Shape.LINES,
            "Sentences that must be found, one a line. They are checked before it is saved.",
        ),
        _field("counterexamples", Shape.LINES, "Sentences that must not be found."),
    ),
)
_ICP: Final = Table(
    name="icp",
    words="Ideal customer profile",
    one="ICP rule",
    why="Whom you sell to: each rule that holds raises the fit of an account.",
    keyed="place",
    fields=(
        _field(
            "field", hint="industry, size, country, tier, territory, or a column of your file.", needed=True
        ),
        _field("op", Shape.ONE, words="comparison", options=_OPS, needed=True),
        _field("value", Shape.LINES, "One value; for “is one of” one a line.", needed=True),
        _field(
            "weight",
            Shape.NUMBER,
            "How much it counts beside the others; below 0 it speaks against. Left empty: 1.",
        ),
        _field("sentence", hint="What a rep reads where it holds."),
    ),
)
_COMPOUNDS: Final = Table(
    name="compounds",
    words="Compounds",
    one="compound",
    why="Several reasons that together are a stronger one.",
    fields=(
        _field("id", hint="Small letters, digits and _: new_money.", needed=True),
        _field("name", needed=True),
        _field(
            "rule",
            Shape.TEXT,
            "funding <= 60 d AND hiring_role(sales) <= 30 d AND NOT layoffs <= 45 d",
            needed=True,
        ),
        _field(
            "at_least",
            Shape.WHOLE,
            "So many of the reasons that it names. Left empty: all.",
            words="at least",
        ),
        _field("stages", Shape.SEVERAL, "Only accounts in one of these; none chosen: all.", options=_STAGES),
        _field("intent", Shape.NUMBER, "0 to 1. Left empty: 0.95."),
        _field("half_life_days", Shape.NUMBER, "Left empty: 21.", words="half-life in days"),
        _field("expires_days", Shape.NUMBER, "Left empty: 60.", words="ends after days"),
    ),
)
_CHANGED: Final = Table(
    name="kinds",
    words="Kinds",
    one="change of a kind",
    why="What differs for you from the catalogue: how long a kind counts, and how strongly it speaks.",
    keyed="kind",
    fields=(
        _field("kind", Shape.ONE, options=_KINDS, needed=True),
        _field("half_life_days", Shape.NUMBER, words="half-life in days"),
        _field(
            "opens_days",
            Shape.NUMBER,
            "Days after it happened from which to make contact.",
            words="best from day",
        ),
        _field("closes_days", Shape.NUMBER, words="best until day"),
        _field("expires_days", Shape.NUMBER, words="ends after days"),
        _field("intent", Shape.NUMBER, "0 to 1: how strongly it speaks."),
        _field(
            "polarity",
            Shape.ONE,
            words="speaks for",
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
        _field("kind", Shape.ONE, options=(("*", "all kinds"), *_KINDS), needed=True),
        _field("personas", Shape.LINES, "Whom to ask for, one a line."),
        _field(
            "talk",
            Shape.LINES,
            "One line each: problem, consequence, question. The first three are used.",
            words="talk track",
        ),
        _field("opener", Shape.TEXT, "50 words at most."),
        _field("steps", Shape.LINES, "Touch by touch, one a line."),
    ),
)
_PROOFS: Final = Table(
    name="proofs",
    words="Proofs",
    one="proof",
    why="Your own case studies, told to accounts with that problem or industry.",
    fields=(
        _ID,
        _field("text", Shape.TEXT, needed=True),
        _field("url", hint="https://…", words="address"),
        _field("problem", hint="The id of the problem that it was."),
        _field("industry"),
    ),
)
_REPS: Final = Table(
    name="reps",
    words="Reps",
    one="rep",
    why="Who works the accounts that nobody owns.",
    fields=(
        _ID,
        _field("name"),
        _field("email", words="e-mail"),
        _field("territories", Shape.LINES, "One a line."),
        _field(
            "most", Shape.WHOLE, "At most so many; 0: none. Left empty: no bound.", words="new accounts a day"
        ),
        _field("away", Shape.DAYS, "First and last day, one absence a line: 2026-12-21 to 2027-01-02"),
        _field("manager", hint="The id of the rep who hears of what nobody takes."),
    ),
)
_LIMITS: Final = Table(
    name="limits",
    words="Threshold, floor and patience",
    one="limit",
    why="From which score a trigger promotes, and after how long a stage cools.",
    keyed="",
    fields=(
        _field(
            "threshold", Shape.NUMBER, "The score, 0 to 100, from which a trigger promotes. Left empty: 20."
        ),
        _field(
            "floor",
            Shape.NUMBER,
            "Share of good verdicts (0 to 1) under which a kind of a source is throttled. Left empty: never.",
        ),
        *(
            _field(
                f"patience.{stage.value}",
                Shape.NUMBER,
                f"Left empty: {patience.days}.",
                words=f"{stage.value} {'ends' if stage is Stage.COOLING else 'cools'} after days",
            )
            for stage, patience in DEFAULT_PATIENCE.items()
        ),
        _field(
            "companies",
            Shape.LINES,
            "Not on your list, one a line: they hide shorter names that are.",
            words="known companies",
        ),
        _field(
            "targets",
            Shape.LINES,
            "Exports that take account changes by themselves, one a line. An admin decides.",
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
        _field("hours.zone", hint="Such as Europe/Berlin. Left empty: UTC.", words="time zone"),
        _field("hours.begins", hint="09:00", words="begins"),
        _field("hours.ends", hint="18:00", words="ends"),
        _field(
            "hours.days",
            Shape.SEVERAL,
            words="days",
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
        _field(
            "retention.events_days",
            Shape.NUMBER,
            "Left empty: kept. An admin decides.",
            words="texts, in days",
        ),
        _field("retention.polls_days", Shape.NUMBER, "Left empty: 30.", words="polls, in days"),
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
