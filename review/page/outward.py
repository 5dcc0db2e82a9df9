"""Visits to the outside that a person asks for: few at a time, none for long, and the page goes on."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Any, Final, TypeVar

from earmark.errors import EarmarkError

__all__ = ["LONGEST", "outward"]

T = TypeVar("T")

LONGEST: Final = timedelta(seconds=60)
_AT_ONCE: Final = 4  # of the forty threads that answer pages
_room = BoundedSemaphore(_AT_ONCE)


def outward(work: Coroutine[Any, Any, T], *, longest: timedelta = LONGEST) -> T:
    """Return what a visit brings, in the thread of a route, where nobody else waits for it.

    Raises EarmarkError, with what to do, when others are under way already, or when it takes too long.
    """
    if not _room.acquire(blocking=False):
        work.close()
        raise EarmarkError(
            f"{_AT_ONCE} visits to other places are under way already. Try again in a few seconds."
        )
    try:
        return asyncio.run(asyncio.wait_for(work, longest.total_seconds()))
    except TimeoutError as error:
        raise EarmarkError(
            f"The other side took longer than {longest.total_seconds():.0f} seconds, so it was given up. "
            "What was done until then is on record; try again later."
        ) from error
    finally:
        _room.release()
