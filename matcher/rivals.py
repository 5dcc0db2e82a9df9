"""The user's rivals in what is told: who takes up a rival's product has chosen, for now."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from earmark.types import Claim, Problem
from matcher.normalise import fold

__all__ = ["Rivals"]

_TAKES_UP: Final = {
    "tech_adoption": "tool",
    "tech_switch_or_removal": "tool_chosen",
    "switch_announced": "tool_chosen",
}


class Rivals:
    """The rivals that the rulebook's problems name."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._names = frozenset(fold(name) for problem in problems for name in problem.rivals)

    def seen_in(self, claims: Iterable[Claim]) -> tuple[Claim, ...]:
        """Return the claims; one that tells of taking up a rival's product claims ``chose_rival`` instead."""
        return tuple(self._seen(claim) for claim in claims)

    def _seen(self, claim: Claim) -> Claim:
        key = _TAKES_UP.get(claim.kind)
        if key is None or not self._names:
            return claim
        named = (fold(str(fact.value)) for fact in claim.facts if fact.key == key)
        return replace(claim, kind="chose_rival") if any(map(self._is_rival, named)) else claim

    def _is_rival(self, tool: str) -> bool:
        """Say whether a tool is a rival or one of its products: "Doseworks Cloud" of Doseworks."""
        return any(tool == name or tool.startswith(f"{name} ") for name in self._names)
