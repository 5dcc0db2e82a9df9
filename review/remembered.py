"""What is counted over a long list, kept for a moment: counting must not make a page slow."""

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from earmark.errors import StorageError
from storage import rulebook, tally
from storage.engine import Connection, Engine, reading

__all__ = ["at_hand", "remembered"]

T = TypeVar("T")

_MOST: Final = 64
_LONGEST: Final = 60.0  # seconds for which a count holds while nothing changes but the time
_QUICK: Final = 0.02  # seconds: what is counted so quickly is counted anew at every change
_SHARE: Final = 20  # counting beside takes at most one twentieth of the time
_LONG: Final = 5_000  # triggers from which on counting may take longer than anybody should wait
_NEVER: Final = -1  # the version of what was not counted yet
_MOST_STALE: Final = 600.0  # seconds after which the page waits for the new count
_PAUSE: Final = 0.1  # seconds in which who asked has the answer, and further changes come

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
_queue: Final = deque[tuple[Engine, Hashable, Callable[[Connection], object]]]()
_counters: Final = list[Thread]()
"""The thread that counts beside, as long as there is something to count; never two, that calls have room."""


def remembered(connection: Connection, key: Hashable, count: Callable[[Connection], T]) -> T:
    """Return what ``count`` gives, or gave when nothing has changed since.

    Of a list so long that counting takes its time, the answer may be that of before the last change: the
    new one is then counted beside, and is there when the page is asked for again.
    """
    version, now = rulebook.changes_version(connection), time.monotonic()
    with _lock:
        known = _kept.setdefault(connection.engine, OrderedDict()).get(key)
        if known is not None and _is_fresh(known, version, now):
            value: T = known.value
            return value
        beside = known is not None and known.took > _QUICK and now - known.at < _MOST_STALE
        starts = known is not None and beside and _starts(known, now)
    if known is None or not beside:
        return _counted(connection, key, count)
    if starts:
        _begin(connection.engine, key, count)
    stale: T = known.value
    return stale


def at_hand(connection: Connection, key: Hashable, count: Callable[[Connection], T]) -> T | None:
    """Return what ``remembered`` does, but of a long list only what is at hand: the rest is counted beside.

    None while it is counted for the first time; then what was counted last, however old that is.
    """
    version, now = rulebook.changes_version(connection), time.monotonic()
    with _lock:
        held = _kept.setdefault(connection.engine, OrderedDict())
        known = held.get(key)
    if known is None or known.took <= _QUICK:
        if not tally.is_long(connection, _LONG):
            return remembered(connection, key, count)
        with _lock:
            known = held.setdefault(key, _Kept(version=_NEVER, at=now, took=0.0, value=None))
    with _lock:
        starts = not _is_fresh(known, version, now) and _starts(known, now)
    if starts:
        _begin(connection.engine, key, count)
    value: T | None = known.value
    return value


def _is_fresh(known: _Kept, version: int, now: float) -> bool:
    return known.version == version and now - known.at < _LONGEST


def _starts(known: _Kept, now: float) -> bool:
    """Tell whether it is time to count anew beside, and note that this is done."""
    starts = not known.is_counting and (known.version == _NEVER or now - known.at > _SHARE * known.took)
    known.is_counting = starts or known.is_counting
    return starts


def _begin(engine: Engine, key: Hashable, count: Callable[[Connection], object]) -> None:
    with _lock:
        _queue.append((engine, key, count))
        if not any(one.is_alive() for one in _counters):
            _counters[:] = [Thread(target=_count_queued, name="count", daemon=True)]
            _counters[0].start()


def _count_queued() -> None:
    while True:
        time.sleep(_PAUSE)
        with _lock:
            if not _queue:
                _counters.clear()
                return
            asked = _queue.popleft()
        _count_beside(*asked)


def _count_beside(engine: Engine, key: Hashable, count: Callable[[Connection], object]) -> None:
    try:
        with reading(engine) as connection:
            _counted(connection, key, count)
    except StorageError as error:
        _log.warning("a list could not be counted", extra={"error": str(error)})
        with _lock:
            _kept.get(engine, OrderedDict()).pop(key, None)


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
