"""A view: a part of the list, written as the query of an address, such as ``owner=ida&stage=hot,warm``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final
from urllib.parse import parse_qsl

from earmark.errors import ConfigError
from exports import line as of
from exports.line import Line

__all__ = ["View", "read_view"]

_FIELDS: Final[Mapping[str, Callable[[Line], str]]] = {
    "account": of.account_id,
    "country": lambda line: (line.account.country if line.account else None) or "",
    "industry": lambda line: (line.account.industry if line.account else None) or "",
    "kind": of.kind,
    "owner": of.owner,
    "stage": of.stage,
    "state": of.state,
    "territory": lambda line: (line.account.territory if line.account else None) or "",
    "tier": lambda line: (line.account.tier if line.account else None) or "",
}
_SCORE: Final = "score_at_least"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a line must have: for each field one of the values, and the least score."""

    fields: tuple[tuple[str, frozenset[str]], ...] = ()
    score: float = 0.0

    def against(self, line: Line) -> str | None:
        """Return why a line is not in the view, or None when it is."""
        for name, values in self.fields:
            held = _FIELDS[name](line)
            if held.casefold() not in values:
                return f"its {name} is {held.replace('_', ' ')}" if held else f"it has no {name}"
        if line.score < self.score:
            return f"its score is {line.score:.1f}"
        return None


def read_view(text: str) -> View:
    """Read a view; ConfigError names what it does not know, and what it does."""
    fields: dict[str, frozenset[str]] = {}
    score = 0.0
    for name, value in parse_qsl(text.strip().lstrip("?"), keep_blank_values=True):
        if name == _SCORE:
            score = _number(value)
        elif name in _FIELDS:
            fields[name] = fields.get(name, frozenset()) | {
                each.strip().casefold() for each in value.split(",")
            }
        else:
            near = get_close_matches(name, [*_FIELDS, _SCORE], n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"It may name {', '.join([*_FIELDS, _SCORE])}."
            raise ConfigError(f"A view has no field {name!r}. {hint}")
    return View(fields=tuple(sorted(fields.items())), score=score)


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ConfigError(f"{_SCORE} of a view is {value!r}; give a number from 0 to 100.") from None
