"""Copies: which events carry the text of another one, word for word or nearly.

A release that twenty outlets reprint has one teller. Texts are compared by their runs of three words; a copy
may be cut short, or have a line of its own around it. Candidates come from an index of these runs, and each
is checked exactly, so that nothing counts as a copy by chance.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from earmark.types import StoredEvent
from matcher.normalise import words_of

__all__ = ["originals"]

_READ: Final = 2_000  # characters of a text that are compared
_SHARED: Final = 0.8  # of the runs of the shorter text, those that a copy has too
_FEWEST: Final = 12  # runs; headlines of their own may well be alike

_Runs = frozenset[tuple[bytes, ...]]


def originals(events: Iterable[StoredEvent]) -> dict[str, str]:
    """Return id → id of the earliest event with (nearly) the same text, which may be the event itself."""
    found: dict[str, str] = {}
    by_print: dict[str, str] = {}
    runs: dict[str, _Runs] = {}
    holders: dict[tuple[bytes, ...], list[str]] = {}
    for event in sorted(events, key=lambda each: (*each.order, each.id)):
        own = _runs(event.title, event.text[:_READ])
        first = by_print.get(event.fingerprint) or _original(own, runs, holders)
        if first is None:
            first = event.id
            runs[first] = own
            for run in own:
                holders.setdefault(run, []).append(first)
        by_print.setdefault(event.fingerprint, first)
        found[event.id] = first
    return found


def _original(own: _Runs, runs: dict[str, _Runs], holders: dict[tuple[bytes, ...], list[str]]) -> str | None:
    """Return the earlier text that this one shares most of the shorter one's runs with."""
    if len(own) < _FEWEST:
        return None
    shared = Counter(holder for run in own for holder in holders.get(run, ()))
    for holder, count in shared.most_common():
        least = min(len(own), len(runs[holder]))
        if least >= _FEWEST and count >= _SHARED * least:
            return holder
    return None


@lru_cache(maxsize=256)  # a story is told anew with each of its events
def _runs(title: str, text: str) -> _Runs:
    words = words_of(text if text.strip() else title)
    return frozenset(zip(words, words[1:], words[2:], strict=False))
