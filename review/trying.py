"""Trials of rules in the background: one at a time for each person, in a process of its own.

A process, so that the page stays quick and a trial can be ended: when it takes too long or needs too much
memory, when a newer one begins, when the page stops. Drafts and results are kept in memory, until then.
"""

import contextlib
import os
import resource
import signal
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from time import monotonic
from typing import Final

from earmark.errors import EarmarkError
from monitors.pace import in_words
from monitors.relive import Span
from review.trial import Lived, OnAccounts, OnTexts, tried
from storage.engine import connect

__all__ = ["Ask", "Draft", "Drafts", "State", "Trials", "Trying"]

_LIMIT: Final = 60 * 60.0  # seconds
_MEMORY: Final = 4 * 1024**3  # bytes of address space
_AT_ONCE: Final = 2
_MOST: Final = 100  # people whose draft or result is kept
_LOOK: Final = 0.2  # seconds between two looks whether it was called off
_BETWEEN: Final = 0.25  # seconds between two words of progress
_TELLING: Final = 5.0  # seconds of a step after which the rest of it can be told


class State(StrEnum):
    """How far a trial is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CALLED_OFF = "called off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rulebook that somebody works on; ``over`` is the version that it was made from."""

    text: str
    over: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is tried: which text, on which days, in which database."""

    url: str
    text: str
    span: Span
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """A trial as far as it is: what it found, and in words how far it is or why it failed."""

    ask: Ask
    state: State = State.WAITING
    said: str = ""
    share: float | None = None
    accounts: OnAccounts | None = None
    texts: OnTexts | None = None
    lived: Lived | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in {State.WAITING, State.RUNNING}


class Drafts:
    """The drafts of those who edit, by their id; kept in memory until the page stops."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Draft] = OrderedDict()
        self._change = threading.Lock()

    def of(self, who: str) -> Draft | None:
        """Return somebody's draft, or None."""
        return self._held.get(who)

    def keep(self, who: str, draft: Draft) -> None:
        """Put a draft in the place of the one before."""
        with self._change:
            self._held.pop(who, None)
            self._held[who] = draft
            while len(self._held) > _MOST:
                self._held.popitem(last=False)

    def drop(self, who: str) -> None:
        """Forget somebody's draft."""
        with self._change:
            self._held.pop(who, None)


class Trials:
    """The trials of those who edit: a new one calls off the one before of the same person.

    ``limit`` is in seconds, ``memory`` in bytes of address space of one trial.
    """

    def __init__(self, *, limit: float = _LIMIT, memory: int = _MEMORY) -> None:
        self._limit, self._memory = limit, memory
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._change = threading.Lock()
        self._room = threading.Semaphore(_AT_ONCE)

    def of(self, who: str) -> Trying | None:
        """Return somebody's latest trial as far as it is, or None."""
        run = self._runs.get(who)
        return None if run is None else run.trying

    def begin(self, who: str, ask: Ask) -> None:
        """Begin a trial, and call off the one before."""
        run = _Run(ask, self._room, self._limit, self._memory)
        with self._change:
            before = self._runs.pop(who, None)
            self._runs[who] = run
            gone = [self._runs.popitem(last=False)[1] for _ in range(len(self._runs) - _MOST)]
        for old in filter(None, (before, *gone)):
            old.call_off()
        run.start()

    def call_off(self, who: str) -> None:
        """End somebody's trial, if it runs."""
        run = self._runs.get(who)
        if run is not None:
            run.call_off()

    def close(self) -> None:
        """End all trials, and wait for their processes."""
        with self._change:
            runs = list(self._runs.values())
            self._runs.clear()
        for run in runs:
            run.call_off()
        for run in runs:
            run.join()


class _Run(threading.Thread):
    """One trial: a thread that hears what its process says."""

    def __init__(self, ask: Ask, room: threading.Semaphore, limit: float, memory: int) -> None:
        super().__init__(name="trial", daemon=True)
        self.trying = Trying(ask=ask)
        self._room, self._limit, self._memory = room, limit, memory
        self._off = threading.Event()
        self._step = ("", 0.0, 0)  # what is done now, since when, and how much of it was done then

    def call_off(self) -> None:
        self._off.set()

    def run(self) -> None:
        while not self._room.acquire(timeout=_LOOK):
            if self._off.is_set():
                self._ended(State.CALLED_OFF, "It was called off.")
                return
        try:
            self._tried()
        finally:
            self._room.release()

    def _tried(self) -> None:
        context = get_context("spawn")  # a fork would copy the locks of other threads
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_try, args=(there, self.trying.ask, self._memory), daemon=True)
        process.start()
        there.close()
        self.trying = replace(self.trying, state=State.RUNNING, said="It begins.")
        try:
            self._hear(here)
        finally:
            process.kill()
            process.join()
            process.close()
            here.close()

    def _hear(self, here: Pipe) -> None:
        end = monotonic() + self._limit
        while not self.trying.is_over:
            if self._off.is_set():
                self._ended(State.CALLED_OFF, "It was called off.")
            elif monotonic() > end:
                self._ended(State.FAILED, f"It took longer than {self._limit / 60:.0f} minutes. {_ELSEWHERE}")
            elif here.poll(_LOOK):
                try:
                    self._heard(here.recv())
                except EOFError:
                    self._ended(State.FAILED, f"Its process died, perhaps for want of memory. {_ELSEWHERE}")

    def _heard(self, word: object) -> None:
        match word:
            case OnAccounts():
                self.trying = replace(self.trying, accounts=word)
            case OnTexts():
                self.trying = replace(self.trying, texts=word)
            case Lived():
                self.trying = replace(self.trying, lived=word, state=State.DONE, said="", share=1.0)
            case (str(what), int(done), int(of)):
                said = f"{done:,} of {of:,} {what}{self._left(what, done, of)}"
                self.trying = replace(self.trying, said=said, share=done / of if of else None)
            case _:
                self._ended(State.FAILED, str(word))

    def _left(self, what: str, done: int, of: int) -> str:
        """Return in words how long this step will still take, as soon as that can be told."""
        step, since, first = self._step
        if step != what:
            self._step = what, monotonic(), done
            return ""
        took = monotonic() - since
        if took < _TELLING or done <= first or done >= of:
            return ""
        return f", about {in_words(timedelta(seconds=took * (of - done) / (done - first)))} more"

    def _ended(self, state: State, said: str) -> None:
        self.trying = replace(self.trying, state=state, said=said)


_ELSEWHERE: Final = "Nothing was changed. In a terminal all cores can work on it: earmark replay --rules FILE"


def _try(there: Pipe, ask: Ask, memory: int) -> None:
    """Try the rules in this process, and say so."""
    _bound(memory)
    told = monotonic()

    def tell(what: str, done: int, of: int) -> None:
        nonlocal told
        if done == of or monotonic() - told >= _BETWEEN:
            told = monotonic()
            there.send((what, done, of))

    engine = connect(ask.url)
    try:
        for found in tried(engine, ask.text, ask.span, ask.zone, tell):
            there.send(found)
    except EarmarkError as error:
        there.send(str(error))
    except MemoryError:
        there.send(f"It needed more than {memory // 1024**2:,} MB. {_ELSEWHERE}")
    except Exception as error:  # noqa: BLE001 - the outcome of a trial is told to who began it
        there.send(f"It failed, which is a bug ({type(error).__name__}: {error}). Nothing was changed.")
    finally:
        engine.dispose()


def _bound(memory: int) -> None:
    """Let this process end with the one that began it, come after others, and take so much memory at most."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C stops the page, and the page stops this
    os.nice(10)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait((parent.sentinel,))
        os._exit(1)
