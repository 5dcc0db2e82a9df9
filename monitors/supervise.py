"""The supervisor: several processes that share only the database; one that crashes takes no other with it.

A child reads its standard input to its end, which comes when the supervisor is gone, however that went: so
none is left behind to hold a port or a lease.
"""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

__all__ = ["MOVED", "Child", "end_with_supervisor", "supervise"]

MOVED: Final = 10
"""The code with which a page ends that goes on in another workspace."""
CALM: Final = 60.0
"""Seconds after which a child counts as well again."""
PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds before each new start of a child that ends again and again."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks whether a child may begin."""
GRACE: Final = 9.5
"""Seconds that a child has to drain, so that all are gone within ten."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process to keep running; where it ends with one of ``ends_all``, all end with that code.

    It begins as soon as ``may_begin`` says so.
    """

    name: str
    command: Sequence[str]
    ends_all: frozenset[int] = frozenset()
    may_begin: Callable[[], bool] = lambda: True


def supervise(children: Sequence[Child], *, environment: Mapping[str, str] | None = None) -> int:
    """Run the children until SIGTERM or SIGINT, each started again when it ends; return an exit code."""
    return asyncio.run(_supervised(children, environment))


def end_with_supervisor() -> None:
    """Have this process ended, by SIGTERM, when the one that started it is gone."""

    def watch() -> None:
        with suppress(OSError):
            while os.read(sys.stdin.fileno(), 1024):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="earmark-supervisor", daemon=True).start()


async def _supervised(children: Sequence[Child], environment: Mapping[str, str] | None) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    kept = [asyncio.create_task(_kept(child, stop, environment)) for child in children]
    codes = await asyncio.gather(*kept)
    return next((code for code in codes if code), 0)


async def _kept(child: Child, stop: asyncio.Event, environment: Mapping[str, str] | None) -> int:
    """Keep one child running; return the code that ends all, or 0 when it was stopped."""
    loop, failures = asyncio.get_running_loop(), 0
    while not stop.is_set() and not child.may_begin():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_EVERY)
    while not stop.is_set():
        begun = loop.time()
        code = await _run(child, stop, environment)
        if stop.is_set():
            break
        if code in child.ends_all:
            stop.set()
            return code
        failures = 0 if loop.time() - begun > CALM else failures + 1
        pause = PAUSES[min(max(failures, 1), len(PAUSES)) - 1]
        _log.warning("%s ended and is started again", child.name, extra={"code": code, "in_seconds": pause})
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
    return 0


async def _run(child: Child, stop: asyncio.Event, environment: Mapping[str, str] | None) -> int:
    """Run a child until it ends, or to its drained end once all is to stop; return its code."""
    process = await asyncio.create_subprocess_exec(
        *child.command,
        stdin=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl+C is ours; what follows for a child, we say
    )
    ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not ended.done():
        process.terminate()
        await asyncio.wait({ended}, timeout=GRACE)
        if not ended.done():
            _log.warning("%s did not end in time and is killed", child.name)
            process.kill()
    return await ended
