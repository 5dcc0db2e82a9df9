"""The pool of killable workers in which every parse runs.

Either feed parser can burn minutes, or all memory, on one megabyte. So each parse runs in a process of its
own under a limit of time and memory; when it goes beyond, the process ends and the poll has an outcome.
"""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import pickle
import resource
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from earmark.errors import SourceChanged
from monitors.faults import SOON, NotAsked

__all__ = ["ParsePool"]

T = TypeVar("T")

_MEGABYTE = 1024 * 1024
_START = 30.0  # seconds that workers may take to start on a loaded machine, beyond a task's own limit
_PATIENCE = 4  # seconds that may pass for each second of the processor that a task may take
_ATTEMPTS = 2
_log = logging.getLogger(__name__)


class ParsePool:
    """Runs functions in worker processes that can be killed; started at the first use.

    ``limit`` is in seconds of the processor for one task, and four times as many may pass; ``memory`` is in
    bytes of address space for one worker. A worker is replaced after ``tasks`` tasks, and ends by itself when
    this process dies.
    """

    def __init__(
        self, *, workers: int = 2, limit: float = 5.0, memory: int = 512 * _MEGABYTE, tasks: int = 500
    ) -> None:
        self._workers = workers
        self._limit = limit
        self._memory = memory
        self._tasks = tasks
        self._pool: ProcessPool | None = None
        self._turn = asyncio.Semaphore(workers)  # no task waits in the pool's queue: its time is its own
        self._change = threading.Lock()

    async def run(
        self,
        function: Callable[..., T],
        *args: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - it ends a process, which asyncio.timeout can't
        subject: str = "The page",
        **kwargs: Any,
    ) -> T:
        """Return what a module-level function returns, or raise what it raises.

        ``timeout`` replaces the pool's limit. SourceChanged says that reading ``subject``
        took too long, needed too much memory, or crashed its worker; NotAsked that no worker began on it.
        """
        limit = self._limit if timeout is None else timeout
        call = _Call(function, args, kwargs, limit)
        async with self._turn:
            for _ in range(_ATTEMPTS):
                pool = await asyncio.to_thread(self._started)
                try:
                    outcome: _Outcome = await _answer(pool, call, _PATIENCE * limit)
                except TimeoutError:
                    raise SourceChanged(
                        f"{subject} was not read within {_PATIENCE * limit:g} s and was given up. "
                        "It is huge or malformed, or this machine is too busy; it is tried again later."
                    ) from None
                except ProcessExpired as error:
                    spent = error.exitcode == -signal.SIGPROF
                    said = _endless(subject, limit) if spent else _crash(subject)
                    raise SourceChanged(said) from error
                except BrokenProcessPool as error:
                    _log.warning("The parsing pool broke down (%s); a new one takes over.", error)
                    await asyncio.to_thread(self._discard, pool)
                else:
                    value: T = self._result(outcome, subject)
                    return value
        raise NotAsked(
            f"{subject} was not read: no process for it began in time, so this machine is too busy or short "
            "of memory. Close other programs, or lower monitor.parallel; it is tried again soon.",
            retry_after=SOON,
        )

    def _result(self, outcome: "_Outcome", subject: str) -> Any:
        if isinstance(outcome.error, MemoryError):
            raise SourceChanged(
                f"{subject} needed more than {self._memory // _MEGABYTE} MB to read and was given up. "
                "It is huge or malformed: open it in a browser and see whether it is the right page."
            ) from None
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def _started(self) -> ProcessPool:
        with self._change:
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=self._workers,
                    max_tasks=self._tasks,
                    initializer=_prepare,
                    initargs=(self._memory,),
                    context=multiprocessing.get_context("spawn"),  # a fork would copy threads' locks
                )
            if not self._pool.active:  # asking starts it
                raise BrokenProcessPool("it is not active")
            return self._pool

    def _discard(self, pool: ProcessPool) -> None:
        with self._change:
            if self._pool is not pool:  # who lost a task beside this one was quicker
                return
            self._pool = None
        pool.stop()  # type: ignore[no-untyped-call]  # pebble types most, not this
        pool.join()

    def close(self) -> None:
        """End all workers; what they were reading is given up. The next run starts new ones."""
        pool = self._pool
        if pool is not None:
            self._discard(pool)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)


async def _answer(pool: ProcessPool, call: "_Call", limit: float) -> Any:
    try:
        task = pool.schedule(call, timeout=limit)
    except RuntimeError as error:  # closed or broken in the meantime
        raise BrokenProcessPool(str(error)) from error
    future = asyncio.wrap_future(task)
    try:
        done, _ = await asyncio.wait((future,), timeout=limit + _START)
    finally:
        future.cancel()  # ends the worker, if it is still at it
    if not done:  # a worker died before it acknowledged the task
        raise BrokenProcessPool("a task was lost")
    return future.result()


def _endless(subject: str, limit: float) -> str:
    return (
        f"{subject} took longer than {limit:g} s to read and was given up. "
        "It is huge or malformed: open it in a browser and see whether it is the right page."
    )


def _crash(subject: str) -> str:
    return (
        f"{subject} crashed the process that read it and was given up. "
        "It is malformed: open it in a browser and see whether it is the right page."
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that returns its outcome, so that what the pool raises is always about the pool."""

    function: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    limit: float

    def __call__(self) -> _Outcome:
        # Beyond it the process ends, also in C code. It counts no time in which others had the machine.
        signal.setitimer(signal.ITIMER_PROF, self.limit)
        try:
            return _Outcome(value=self.function(*self.args, **self.kwargs))
        except MemoryError:
            return _Outcome(error=MemoryError())
        except Exception as error:  # noqa: BLE001 - it is raised again on the other side
            return _Outcome(error=_portable(error))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes, a moment old
    except Exception:  # noqa: BLE001 - an error that can't travel goes by its text
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _prepare(memory: int) -> None:
    """Make a fresh worker ready: killable at once, warm, bounded, and never an orphan."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # pebble's handler can't run while C code parses
    import sources.feed  # noqa: F401, PLC0415 - only workers pay for the parsers, and before their first task

    threading.Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait((parent.sentinel,))
        os._exit(1)
