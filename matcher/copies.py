"""Copies: which events carry the text of another one, word for word or nearly.

A release that twenty outlets reprint has one teller. Texts are compared by their runs of three words; a copy
may be cut short, or have a line of its own around it. Candidates come from an index of these runs, and each
is checked exactly, so that nothing counts as a copy by chance.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from earmark.types import StoredEvent
from matcher.normalise import words_of

__all__ = ["originals"]

_READ: Final = 2_000  # characters of a text that are compared
_SHARED: Final = 0.8  # of the runs of the shorter text, those that a copy has too
_FEWEST: Final = 12  # runs; headlines of their own may well be alike

_Runs = frozenset[tuple[bytes, ...]]


def originals(events: Iterable[StoredEvent]) -> Mapping[str, str]:
    """Return id → id of the earliest event with (nearly) the same text, which may be the event itself."""
    return _originals(tuple(sorted(map(_text, events))))


class _Text(NamedTuple):
    """What of an event is compared, in the order of their telling."""

    at: datetime
    id: str
    fingerprint: str
    title: str
    text: str


def _text(event: StoredEvent) -> _Text:
    return _Text(*event.order, event.fingerprint, event.title, event.text)


@lru_cache(maxsize=16)  # each fact, sentence and figure of a story asks who told it first
def _originals(texts: tuple[_Text, ...]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    by_print: dict[str, str] = {}
    runs: dict[str, _Runs] = {}
    holders: dict[tuple[bytes, ...], list[str]] = {}
    for told in texts:
        own = _runs(told.title, told.text[:_READ])
        first = by_print.get(told.fingerprint) or _original(own, runs, holders)
        if first is None:
            first = told.id
            runs[first] = own
            for run in own:
                holders.setdefault(run, []).append(first)
        by_print.setdefault(told.fingerprint, first)
        found[told.id] = first
    return MappingProxyType(found)


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
