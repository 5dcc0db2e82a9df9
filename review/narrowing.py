"""What a list is narrowed to, one choice more or less: the addresses that lead there."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from review.listing import Filter

__all__ = ["choices", "narrowed", "searched"]

_SINGLE: Final = frozenset({"mark", "score", "since", "sort", "state"})
"""Of these one value at a time is asked for; of the others any of several."""
_PLAIN: Final = frozenset({("state", "today"), ("sort", "score")})


def searched(query: str, words: str) -> str:
    """Return the address of a list with other words to search for; without any it is not searched."""
    pairs = [pair for pair in parse_qsl(query) if pair[0] != "q"]
    return urlencode([*pairs, *([("q", words)] if words else [])])


def narrowed(query: str, name: str, value: str) -> str:
    """Return the address of a list with one more thing chosen, or one less if it was; without value none."""
    pairs = parse_qsl(query)
    kept = [pair for pair in pairs if pair != (name, value) and not (pair[0] == name in _SINGLE)]
    is_new = bool(value) and (name, value) not in {*pairs, *_PLAIN}
    return urlencode([*kept, *([(name, value)] if is_new else [])])


def choices(query: str, filters: Sequence[Filter]) -> Iterator[tuple[str, str]]:
    """Yield in words what can be chosen, or no longer, and the address that it leads to."""
    if query:
        yield "Clear: the list of today", ""
    for one in filters:
        for value in one.values:
            count = "" if value.count is None else f" ({value.count})"
            mark = "✓ " if value.is_chosen else ""
            yield f"{mark}{one.words}: {value.words}{count}", narrowed(query, one.name, value.value)
