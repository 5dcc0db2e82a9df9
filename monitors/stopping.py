"""The end of a process that was asked to stop: it drains, and is gone in time whatever it waits for.

A write that waits for a lock of the database can't be called back. Whoever leaves it behind loses nothing:
what was not committed is done again by the next one.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["WITHIN", "Listen", "stopping"]

WITHIN: Final = 9.0
"""Seconds from the signal to the end at the latest, so that its supervisor is gone within ten."""

Listen = Callable[[asyncio.Event], None]
"""Has SIGTERM and SIGINT set an event of the loop that runs."""

_log = logging.getLogger(__name__)


@contextmanager
def stopping(within: float = WITHIN, *, leave: Callable[[int], object] = os._exit) -> Iterator[Listen]:
    """Give what listens to the signals; a block that has not ended in time after one ends the process."""
    last = threading.Timer(within, _left, [leave])
    last.daemon = True

    def listen(stop: asyncio.Event) -> None:
        def asked() -> None:
            stop.set()
            if not last.is_alive():
                last.start()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, asked)

    try:
        yield listen
    finally:
        last.cancel()
        if last.is_alive():
            last.join()


def _left(leave: Callable[[int], object]) -> None:
    _log.warning("left in the middle of something that did not end; nothing is lost")
    leave(0)
