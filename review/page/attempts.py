"""How long somebody must wait before they may try a password again.

A wait grows with each failure: for one name from one place, for one place whatever the name, and, gently,
for one name from anywhere. A stranger can make others wait for a minute at most, and never those who use a
browser that has logged in as this user before.
"""

import ipaddress
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

__all__ = ["Attempts", "Limit", "in_words", "limits", "own_limits"]

_FORGOTTEN: Final = timedelta(hours=1)
_MOST: Final = 20_000
"""Failures that are remembered; the oldest go first."""
_QUARTER: Final = timedelta(minutes=15)
_MANY_SECONDS: Final = 100
_OF_NAME: Final = frozenset({"pair", "known", "own"})
_STEEPEST: Final = 12
"""Doublings after which a wait grows no more: it is longer than any limit's longest by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Who or what is counted, how many failures are free, and the longest wait after them."""

    key: tuple[str, ...]
    free: int
    longest: timedelta


@dataclass(slots=True)
class _Failures:
    number: int
    last_at: datetime

    def count_at(self, now: datetime) -> bool:
        """Tell whether they are remembered: for an hour, and not where the clock was put back since."""
        return timedelta(0) <= now - self.last_at < _FORGOTTEN


def limits(name: str, peer: str, *, known: bool) -> tuple[Limit, ...]:
    """Return what counts for a login by this name (a user's id, or what was typed) from this address."""
    name, place = name[:100], _place(peer)
    if known:
        return (Limit(key=("known", name), free=5, longest=_QUARTER),)
    return (
        Limit(key=("pair", name, place), free=5, longest=_QUARTER),
        Limit(key=("place", place), free=20, longest=_QUARTER),
        Limit(key=("name", name), free=20, longest=timedelta(minutes=1)),
    )


def own_limits(user: str) -> tuple[Limit, ...]:
    """Return what counts for somebody who is logged in and tells their password once more."""
    return (Limit(key=("own", user), free=5, longest=_QUARTER),)


def in_words(wait: timedelta) -> str:
    """Return how long somebody must wait."""
    seconds = max(1, round(wait.total_seconds()))
    return f"{seconds} seconds" if seconds < _MANY_SECONDS else f"{round(seconds / 60)} minutes"


@dataclass
class Attempts:
    """The failures of the last hour, in the memory of this process."""

    _failures: dict[tuple[str, ...], _Failures] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, of: Sequence[Limit], now: datetime) -> timedelta:
        """Count an attempt as failed until ``succeeded`` says otherwise; or return how long to wait for one.

        It is counted first, so that a hundred at once are not let through together.
        """
        with self._lock:
            wait = max(self._wait(limit, now) for limit in of)
            if not wait:
                for limit in of:
                    self._count(limit, now)
            return wait

    def succeeded(self, of: Sequence[Limit]) -> None:
        """Take back an attempt of no stranger; the failures of this name from here are forgotten."""
        with self._lock:
            for limit in of:
                failures = self._failures.get(limit.key)
                if failures is not None:
                    failures.number -= 1
                if limit.key[0] in _OF_NAME:
                    self._failures.pop(limit.key, None)

    def _wait(self, limit: Limit, now: datetime) -> timedelta:
        failures = self._failures.get(limit.key)
        if failures is None or failures.number < limit.free or not failures.count_at(now):
            return timedelta(0)
        doublings = min(failures.number - limit.free, _STEEPEST)
        until = failures.last_at + min(limit.longest, timedelta(seconds=2**doublings))
        return max(until - now, timedelta(0))

    def _count(self, limit: Limit, now: datetime) -> None:
        before = self._failures.pop(limit.key, None)
        number = before.number + 1 if before is not None and before.count_at(now) else 1
        self._failures[limit.key] = _Failures(number, now)  # at the end: the dictionary is by age
        while len(self._failures) > _MOST:
            del self._failures[next(iter(self._failures))]


def _place(peer: str) -> str:
    """Return the address of a peer; of IPv6 the network, for one household has all the addresses in it."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)
