"""The rulebook in its versions: what is in force, what a new text would change, and putting it in force."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import unified_diff
from itertools import islice
from typing import Any, Final, Literal

from pydantic import BaseModel

from earmark.errors import ConfigError
from earmark.rulebook import Rulebook, parse, render
from matcher.icp import contradictions
from matcher.trial import check, tried, wide
from storage import audit, events, rulebook
from storage.engine import Connection

__all__ = ["InForce", "Line", "apply", "changes", "compared", "in_force", "is_for_an_admin", "remarks"]

_LATELY: Final = timedelta(days=90)
_MOST_TRIED: Final = 1_000
_MOST_LINES: Final = 3_000  # beyond, comparing two texts line by line takes longer than anybody waits
_MOST_SAID: Final = 300  # characters of a record


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The newest version: its number (0 before the first) and its text."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a comparison; a gap stands for lines that are the same."""

    mark: Literal["same", "added", "removed", "gap"]
    text: str


def in_force(connection: Connection) -> InForce:
    """Return the version that is in force."""
    number, text = rulebook.latest(connection) or (0, "")
    return InForce(number=number, text=text)


def apply(connection: Connection, text: str, *, by: str, at: datetime, over: int | None = None) -> int | None:
    """Make a text the newest version and return its number; None when it is in force already.

    ``over`` is the version that it was made from: ConfigError when another came in between, when the text
    is no rulebook, or when a problem gets one of its sentences wrong.
    """
    newest = in_force(connection)
    check(parse(text).lexicon({}, 0).problems)
    if over is not None and over != newest.number:
        who = rulebook.versions(connection)[0].by
        raise ConfigError(
            f"{who} saved version {newest.number} while you worked on version {over}. "
            "Compare it with yours below; save again to put yours over it."
        )
    if newest.text == text and newest.number:
        return None
    number = rulebook.save(connection, text, by, at)
    said = "; ".join(changes(newest.text, text)) or "the text alone"
    deed = audit.Deed(
        at=at, by=by, verb="rulebook.apply", subject=f"version {number}", text=said[:_MOST_SAID]
    )
    audit.record(connection, deed)
    return number


def remarks(connection: Connection, text: str, now: datetime) -> tuple[str, ...]:
    """Return in sentences what is wrong with rules that can be applied all the same."""
    rules = parse(text).lexicon({}, 0)
    lately = events.stream(connection, since=now - _LATELY) if rules.problems else iter(())
    trials = tried(islice(lately, _MOST_TRIED), rules.problems)
    return (*contradictions(rules.icp), *wide(trials))


def changes(old: str, new: str) -> tuple[str, ...]:
    """Return in words what differs between two rulebooks: rows added, taken out and changed."""
    before, after = _as_it_was(old), parse(new)
    return tuple(
        said
        for name in Rulebook.model_fields
        for said in _changed(name, getattr(before, name), getattr(after, name))
    )


def compared(old: str, new: str) -> tuple[Line, ...]:
    """Return two texts line by line, as far as they differ, with the lines around.

    When a form wrote the new one, the old one is compared as the same writer would write it: what only stands
    differently is no difference.
    """
    with suppress(ConfigError):  # an old version may be one that is no rulebook any more
        if new == render(parse(new)):
            old = render(parse(old))
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) > _MOST_LINES:
        return (Line(mark="gap", text="too long to compare here; export both: earmark rules export"),)
    return tuple(_lines(unified_diff(before, after, n=2, lineterm="")))


def is_for_an_admin(old: str, new: str) -> bool:
    """Tell whether a text changes what goes out by itself, or what is forgotten."""
    before, after = _as_it_was(old), parse(new)
    return (before.targets, before.retention) != (after.targets, after.retention)


def _as_it_was(text: str) -> Rulebook:
    """Return an old rulebook; an empty one for a text that is none any more, so that it can be mended."""
    try:
        return parse(text)
    except ConfigError:
        return Rulebook()


def _lines(told: Iterable[str]) -> Iterator[Line]:
    for number, line in enumerate(told):
        if number < 2 or line.startswith("@@"):  # noqa: PLR2004 - two lines name the files
            if number > 2:  # noqa: PLR2004 - the first part needs no gap before it
                yield Line(mark="gap", text="…")
            continue
        match line[:1]:
            case "+":
                yield Line(mark="added", text=line[1:])
            case "-":
                yield Line(mark="removed", text=line[1:])
            case _:
                yield Line(mark="same", text=line[1:])


def _changed(name: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    words = name.replace("_", " ")
    old, new = _named(before), _named(after)
    if old is None or new is None:
        yield f"{words}: {_shown(before)} → {_shown(after)}"
        return
    for what, names in (
        ("new", new.keys() - old.keys()),
        ("gone", old.keys() - new.keys()),
        ("changed", {key for key in old.keys() & new.keys() if old[key] != new[key]}),
    ):
        if names:
            yield f"{words} {what}: {', '.join(sorted(names))}"
    if old == new:
        yield f"{words}: in another order"


def _named(value: Any) -> dict[str, Any] | None:
    """Return the rows of a table by what they are called; None for a single value."""
    if isinstance(value, dict):
        return {str(key): row for key, row in value.items()}
    if isinstance(value, tuple) and all(hasattr(row, "id") for row in value):
        return {row.id: row for row in value}
    if isinstance(value, tuple) and all(hasattr(row, "field") for row in value):
        return {f"{row.field} {row.op.replace('_', ' ')} {_shown(row.value)}": row for row in value}
    return None


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, BaseModel):
        held = value.model_dump(mode="json", exclude_defaults=True)
        return ", ".join(f"{key.replace('_', ' ')} {_shown(one)}" for key, one in held.items()) or "the usual"
    return f"{value:g}" if isinstance(value, float) else str(value)
