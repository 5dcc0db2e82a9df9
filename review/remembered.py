"""What is counted over a long list, kept for a moment: counting must not make a page slow."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from earmark.errors import StorageError
from storage import rulebook
from storage.engine import Connection, Engine, reading

__all__ = ["remembered"]

T = TypeVar("T")

_MOST: Final = 64
_LONGEST: Final = 60.0  # seconds for which a count holds while nothing changes but the time
_QUICK: Final = 0.02  # seconds: what is counted so quickly is counted anew at every change
_SHARE: Final = 20  # counting beside takes at most one twentieth of the time
_MOST_STALE: Final = 600.0  # seconds after which the page waits for the new count

_log: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    version: int
    at: float
    took: float
    value: Any
    is_counting: bool = False


_kept: WeakKeyDictionary[Engine, OrderedDict[Hashable, _Kept]] = WeakKeyDictionary()
_lock: Final = Lock()


def remembered(connection: Connection, key: Hashable, count: Callable[[Connection], T]) -> T:
    """Return what ``count`` gives, or gave when nothing has changed since.

    Of a list so long that counting takes its time, the answer may be that of before the last change: the
    new one is then counted beside, and is there when the page is asked for again.
    """
    version, now = rulebook.changes_version(connection), time.monotonic()
    with _lock:
        known = _kept.setdefault(connection.engine, OrderedDict()).get(key)
        if known is not None and known.version == version and now - known.at < _LONGEST:
            value: T = known.value
            return value
        beside = known is not None and known.took > _QUICK and now - known.at < _MOST_STALE
        rested = known is not None and now - known.at > _SHARE * known.took
        starts = beside and rested and known is not None and not known.is_counting
        if known is not None:
            known.is_counting = starts or known.is_counting
    if known is None or not beside:
        return _counted(connection, key, count)
    if starts:
        Thread(target=_count_beside, args=(connection.engine, key, count), name="count", daemon=True).start()
    stale: T = known.value
    return stale


def _count_beside(engine: Engine, key: Hashable, count: Callable[[Connection], object]) -> None:
    try:
        with reading(engine) as connection:
            _counted(connection, key, count)
    except StorageError as error:
        _log.warning("a list could not be counted", extra={"error": str(error)})


def _counted(connection: Connection, key: Hashable, count: Callable[[Connection], T]) -> T:
    # SQLite counts in this thread: its time is the thread's own, however busy the machine is.
    clock = time.thread_time if connection.dialect.name == "sqlite" else time.monotonic
    version, start = rulebook.changes_version(connection), clock()
    value = count(connection)
    took, now = clock() - start, time.monotonic()
    with _lock:
        held = _kept.setdefault(connection.engine, OrderedDict())
        held[key] = _Kept(version=version, at=now, took=took, value=value)
        held.move_to_end(key)
        while len(held) > _MOST:
            held.popitem(last=False)
    return value
