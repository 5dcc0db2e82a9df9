"""What is counted over a long list, kept for a moment: counting must not make a page slow."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from storage import rulebook
from storage.engine import Connection, Engine

__all__ = ["remembered"]

T = TypeVar("T")

_MOST: Final = 64
_LONGEST: Final = 60.0  # seconds for which a count holds while nothing changes but the time
_QUICK: Final = 0.02  # seconds: what is counted so quickly is counted anew at every change
_SHARE: Final = 50  # counting may take a fiftieth of the time
_MOST_STALE: Final = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class _Kept:
    version: int
    until: float
    stale_until: float
    value: Any


_kept: WeakKeyDictionary[Engine, OrderedDict[Hashable, _Kept]] = WeakKeyDictionary()
_lock: Final = Lock()


def remembered(connection: Connection, key: Hashable, count: Callable[[], T]) -> T:
    """Return what ``count`` gives, or gave when nothing has changed since.

    Of a list so long that counting takes its time, the answer may be older than the last change: by at most
    half a minute, and by no more than fifty times what counting took.
    """
    version, now = rulebook.changes_version(connection), time.monotonic()
    with _lock:
        held = _kept.setdefault(connection.engine, OrderedDict())
        known = held.get(key)
    if known is not None and now < (known.until if known.version == version else known.stale_until):
        value: T = known.value
        return value
    value = count()
    took = time.monotonic() - now
    stale = 0.0 if took < _QUICK else min(_MOST_STALE, _SHARE * took)
    with _lock:
        held[key] = _Kept(version=version, until=now + _LONGEST, stale_until=now + stale, value=value)
        held.move_to_end(key)
        while len(held) > _MOST:
            held.popitem(last=False)
    return value
