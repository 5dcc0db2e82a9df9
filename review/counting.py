"""Counting over a long list for somebody who waits: what takes its time goes on when the answer is given."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from threading import Lock
from typing import Any, Final, TypeVar

__all__ = ["Counts"]

T = TypeVar("T")

_PATIENCE: Final = 1.0  # seconds
_AT_ONCE: Final = 3


class Counts:
    """Counts under way, a few at a time; who asks for one that is under way waits for that."""

    def __init__(self, *, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="counts")
        self._running: dict[Hashable, Future[Any]] = {}
        self._change = Lock()

    def get(self, key: Hashable, count: Callable[[], T]) -> T | None:
        """Return what ``count`` gives, or None when it takes longer than anybody should wait: ask again."""
        with self._change:
            running: Future[T] = self._running.get(key) or self._pool.submit(count)
            self._running[key] = running
        try:
            return running.result(self._patience)
        except NotYet:  # or done in this very moment; or what the count itself raised
            return running.result() if running.done() else None
        finally:
            if running.done():
                with self._change:
                    self._running.pop(key, None)

    def close(self) -> None:
        """Take no more; wait for the one that is counted."""
        self._pool.shutdown(cancel_futures=True)
