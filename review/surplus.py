"""Conversations that only name a problem: beyond a share of the day they come behind all else."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from earmark.types import Trigger

__all__ = ["NAMED_ONLY", "beyond", "share"]

NAMED_ONLY: Final = frozenset({"mention_neutral", "problem_described"})
"""Kinds of conversations that only name a problem."""
_SHARE: Final = 4


def share(touches: int) -> int:
    """Return how many of one problem a day of so many touches has room for: a quarter of it."""
    return max(1, touches // _SHARE)


def beyond(groups: Iterable[Sequence[Trigger]], most: int) -> dict[str, str]:
    """Return the conversations that only name a problem, past the best so many of each, and why they wait.

    So a rule that matches everything pushes nothing else off the list.
    """
    counts: Counter[str] = Counter()
    found: dict[str, str] = {}
    for best, *_ in groups:
        if best.account is None and best.problem is not None and best.kind in NAMED_ONLY:
            counts[best.problem] += 1
            if counts[best.problem] > most:
                found[best.id] = f"too many name the problem {best.problem!r}: see earmark rules try"
    return found
