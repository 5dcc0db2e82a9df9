"""Placeholders: the words in braces that a play's texts may use. There is no expression among them."""

import re
from difflib import get_close_matches
from typing import Final

__all__ = ["PLACEHOLDERS", "check_placeholders"]

PLACEHOLDERS: Final = frozenset(
    {
        *("account", "kind", "problem", "publisher", "quote"),
        *("acquirer", "amount", "currency", "date", "deadline", "function", "headcount", "investors"),
        *("location", "percent", "person", "product", "revenue", "role", "round", "seniority", "target"),
        *("tool", "valuation"),
    }
)
"""The account, the kind in words, the problem, the quoted words, who says them, and the facts of a story."""

_BRACED: Final = re.compile(r"\{([^{}]*)\}")


def check_placeholders(text: str) -> None:
    """Raise ValueError where a text uses what no note can fill in; it names the nearest that one can."""
    for match in _BRACED.finditer(text):
        if match[1] not in PLACEHOLDERS:
            near = get_close_matches(match[1].strip().lower(), sorted(PLACEHOLDERS), n=1, cutoff=0.4)
            hint = f"the nearest is {{{near[0]}}}" if near else f"known are {', '.join(sorted(PLACEHOLDERS))}"
            raise ValueError(f"there is no placeholder {match[0]}; {hint}")
    rest = _BRACED.sub("", text)
    if "{" in rest or "}" in rest:
        raise ValueError("a brace stands alone; write a placeholder such as {account}, or no brace")
