"""The tables of the rulebook as forms: each row as what a person typed, and back as text.

A form rewrites the text by the writer of ``earmark.rulebook``: what is in it stays, comments go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import tomli_w

from earmark.errors import ConfigError
from earmark.rulebook import Rulebook, parse, render
from review.fields import Field, Shape, Table

__all__ = ["row_from", "row_of", "rows_of", "text_with", "typed_of"]

_SPAN: Final = " to "
_NUMBERS: Final = {"at_least", "at_most"}


def rows_of(rulebook: Rulebook, table: Table) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows of a table with the key of each; a table of single values is one row without a key."""
    data = rulebook.model_dump(mode="json", exclude_defaults=True)
    if table.keyed == "":
        return [("", _single(data, table))]
    held = data.get(table.name, {} if table.keyed == "kind" else [])
    if table.keyed == "kind":
        return [(kind, {"kind": kind, **row}) for kind, row in held.items()]
    return [(_key_of(table, place, row), row) for place, row in enumerate(held, start=1)]


def row_of(rulebook: Rulebook, table: Table, key: str) -> dict[str, Any] | None:
    """Return the row with a key, or None."""
    return next((row for name, row in rows_of(rulebook, table) if name == key), None)


def typed_of(table: Table, row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row as it stands in its form."""
    return {field.name: _typed(field, row.get(field.name)) for field in table.fields}


def row_from(table: Table, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the row that a person typed, without what was left empty; ConfigError for what is no number."""
    row = {}
    for field in table.fields:
        value = _value(field, typed.get(field.name, ""))
        if value is not None:
            row[field.name] = value
    if table.name == "icp":
        row["value"] = _wanted(row)
    return row


def text_with(text: str, table: Table, key: str | None, row: Mapping[str, Any] | None) -> str:
    """Return the rulebook with a row in the place of the one with this key; without a row it is taken out.

    A key of None adds the row. ConfigError says what is wrong with it, or that there is none with this key.
    """
    rulebook = parse(text)
    data = rulebook.model_dump(mode="json", exclude_defaults=True)
    if table.keyed == "":
        _set_single(data, table, row or {})
    else:
        _set_row(data, table, rows_of(rulebook, table), key, row)
    return render(parse(tomli_w.dumps(data)))


def _key_of(table: Table, place: int, row: Mapping[str, Any]) -> str:
    """Return by what a row is called: its id, or its place where it has none."""
    return str(place) if table.keyed == "place" else str(row[table.keyed])


def _set_row(
    data: dict[str, Any],
    table: Table,
    rows: Sequence[tuple[str, dict[str, Any]]],
    key: str | None,
    row: Mapping[str, Any] | None,
) -> None:
    if key is not None and key not in {name for name, _ in rows}:
        raise ConfigError(
            f"There is no {table.one} {key!r} any more. Somebody took it out or renamed it: look at the list."
        )
    held = []
    for name, old in rows:
        if name != key:
            held.append(old)
        elif row is not None:
            held.append(dict(row))
    if key is None and row is not None:
        held.append(dict(row))
    if table.keyed != "kind":
        data[table.name] = held
        return
    kinds = [str(each.get("kind", "")) for each in held]
    twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    if twice is not None:
        raise ConfigError(f"The kind {twice!r} is changed already. Edit that one.")
    data["kinds"] = {
        kind: {name: value for name, value in each.items() if name != "kind"}
        for kind, each in zip(kinds, held, strict=True)
    }


def _single(data: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return single values; a name with a dot lies in a table of its own."""
    found = {}
    for field in table.fields:
        place, _, inner = field.name.rpartition(".")
        held = data.get(place, {}) if place else data
        if inner in held:
            found[field.name] = held[inner]
    return found


def _set_single(data: dict[str, Any], table: Table, row: Mapping[str, Any]) -> None:
    for field in table.fields:
        place, _, inner = field.name.rpartition(".")
        held = data.setdefault(place, {}) if place else data
        if field.name in row:
            held[inner] = row[field.name]
        else:
            held.pop(inner, None)


def _wanted(row: Mapping[str, Any]) -> Any:
    """Return what an ICP rule compares with, in the form that its op takes."""
    lines = row.get("value", [])
    if row.get("op") == "in":
        return lines
    if len(lines) != 1:
        raise ConfigError(
            f"This rule compares with one value, but {len(lines)} are given. "
            "Write one line, or choose “is one of”."
        )
    return _whole("value", lines[0]) if row.get("op") in _NUMBERS else lines[0]


def _typed(field: Field, value: Any) -> str:
    if value is None:
        return ""
    match field.shape:
        case Shape.LINES | Shape.SEVERAL:
            return "\n".join(str(each) for each in (value if isinstance(value, list | tuple) else [value]))
        case Shape.DAYS:
            return "\n".join(f"{first}{_SPAN}{last}" for first, last in value)
        case Shape.NUMBER | Shape.WHOLE:
            return str(int(value)) if value == int(value) else repr(value)
        case _:
            return str(value)


def _value(field: Field, typed: str) -> Any:
    """Return what was typed as the rulebook takes it; None for nothing."""
    text = typed.replace("\r\n", "\n").strip()
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    found: Any = text
    match field.shape:
        case Shape.LINES:
            found = lines
        case Shape.SEVERAL:
            found = [int(line) if line.isdecimal() else line for line in lines]
        case Shape.DAYS:
            found = [_span(line) for line in lines]
        case Shape.WHOLE:
            found = _whole(field.words, text)
        case Shape.NUMBER:
            found = _number(field.words, text)
    return found


def _whole(name: str, text: str) -> int:
    try:
        return int(text.replace(",", ""))
    except ValueError:
        raise ConfigError(f"{name.capitalize()} takes a whole number, not {text[:40]!r}.") from None


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{name.capitalize()} takes a number such as 0.5, not {text[:40]!r}.") from None


def _span(line: str) -> list[str]:
    """Return the first and the last day; one day alone is both."""
    days = [day.strip() for day in line.split(_SPAN)]
    if len(days) > 2:  # noqa: PLR2004 - a first and a last day
        raise ConfigError(f"Write days as 2026-12-21 to 2027-01-02, not {line[:40]!r}.")
    return [days[0], days[-1]]
