"""JSON Lines for a warehouse: one object a line, written as it comes, whole or not at all."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, Literal

from earmark.types import Story
from exports.whole import whole

__all__ = ["WHAT", "What", "row_of", "write"]

What = Literal["events", "stories", "triggers", "judgements"]
WHAT: Final[Mapping[str, str]] = {
    "events": "what the sources told, as it was stored",
    "stories": "what happened to whom, with its facts and the ids of the events that tell it",
    "triggers": "reasons to act, open and ended ones, with score and note",
    "judgements": "what people said of triggers",
}
"""What there is a line of, and what it holds."""


def row_of(value: Any) -> dict[str, Any]:
    """Return the fields of a value, by name; of a story the ids of its events, whose texts are lines too."""
    row = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Story):
        del row["matches"]
        row["events"] = list(dict.fromkeys(match.event.id for match in value.matches))
    return row


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write the rows, plain values all, as UTF-8 and return how many.

    Raises ConfigError when the path can't be written.
    """
    count = 0
    with whole(path) as part, part.open("x", encoding="utf-8", errors="replace", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count
