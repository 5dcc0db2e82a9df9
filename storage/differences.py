"""What an import changed, field by field."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

__all__ = ["Difference", "Log", "Upserted"]

_MOST_EXAMPLES: Final = 20
_LONGEST_SHOWN: Final = 80


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field of an account or contact that an import changed, as it was and as it is."""

    id: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """How many rows an import added, changed and left; ``refused`` are contacts without a listed account.

    ``fields`` counts which fields changed, ``examples`` are the first differences; ``renamed`` holds the
    former name of each account that has another one now; ``new`` and ``touched`` are the ids of those added
    and changed.
    """

    added: int = 0
    changed: int = 0
    same: int = 0
    refused: tuple[str, ...] = ()
    fields: Mapping[str, int] = field(default_factory=_nothing, compare=False)
    examples: tuple[Difference, ...] = field(default=(), compare=False)
    renamed: Mapping[str, str] = field(default_factory=_nothing, compare=False)
    new: frozenset[str] = field(default=frozenset(), compare=False)
    touched: frozenset[str] = field(default=frozenset(), compare=False)


class Log:
    """What an import changed."""

    def __init__(self) -> None:
        self.changed = 0
        self.fields: Counter[str] = Counter()
        self.examples: list[Difference] = []
        self.renamed: dict[str, str] = {}

    def compare(self, before: Any, after: Mapping[str, Any]) -> None:
        """Note in which fields what is stored (a row, or what has its fields) and the new values differ."""
        self.changed += 1
        for name, new in after.items():
            old = getattr(before, name)
            if old == new or (isinstance(old, tuple) and set(old) == set(new)):
                continue
            self.fields[name] += 1
            if name == "name":
                self.renamed[before.id] = old
            if len(self.examples) < _MOST_EXAMPLES:
                self.examples.append(
                    Difference(id=before.id, field=name, before=_shown(old), after=_shown(new))
                )


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        value = "; ".join(f"{key}: {text}" for key, text in sorted(value.items()))
    elif isinstance(value, tuple):
        value = "; ".join(map(str, value))
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
