"""Questions to Salesforce in its query language; every value is quoted here and nowhere else."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

__all__ = ["any_of", "holding", "is_id", "lumps", "quoted", "select", "stamp"]

_ID: Final = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_ESCAPES: Final = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
    }
)
_WILD: Final = {**_ESCAPES, ord("%"): "\\%", ord("_"): "\\_"}


def select(kind: str, columns: Iterable[str]) -> str:
    """Return a question for these fields of all records of a kind, to which conditions may be added."""
    return f"SELECT {', '.join(dict.fromkeys(columns))} FROM {kind}"  # noqa: S608 - names, checked by us


def quoted(text: str) -> str:
    """Return the text as a string of SOQL: whatever it holds, it ends where it should."""
    return f"'{text.translate(_ESCAPES)}'"


def any_of(field: str, values: Iterable[str]) -> str:
    """Return the condition that a field has one of these values."""
    return f"{field} IN ({','.join(map(quoted, values))})"


def holding(field: str, texts: Iterable[str]) -> str:
    """Return the condition that a field holds one of these texts; ``%`` and ``_`` are signs like others."""
    return " OR ".join(f"{field} LIKE '%{text.translate(_WILD)}%'" for text in texts)


def stamp(at: datetime) -> str:
    """Return a time as SOQL writes it, to the millisecond."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def is_id(text: str | None) -> bool:
    """Say whether this can be the id of a record: 15 or 18 letters and digits."""
    return bool(text and _ID.fullmatch(text))


def lumps(values: Iterable[str], longest: int = 8_000) -> Iterator[Sequence[str]]:
    """Cut values into runs that fit into one question each: an address of 16 kB is the most there is."""
    lump: list[str] = []
    size = 0
    for value in values:
        length = 3 * len(value.encode()) + 40  # percent-encoded, with what stands around it
        if lump and size + length > longest:
            yield lump
            lump, size = [], 0
        lump.append(value)
        size += length
    if lump:
        yield lump
