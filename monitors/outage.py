"""Faults of the database that pass: said once when they begin and once when they end, and waited for."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from storage.engine import PassingFault

__all__ = ["AGAIN", "Outage", "patiently"]

T = TypeVar("T")

AGAIN: Final = timedelta(seconds=2)
"""Pause between two looks whether the database is back."""
logger = logging.getLogger(__name__)


class Outage:
    """Whether the database is out of reach now."""

    def __init__(self) -> None:
        self.said: str | None = None

    def begins(self, error: PassingFault) -> None:
        """Say what is wrong, unless it was said."""
        if str(error) != self.said:
            self.said = str(error)
            logger.warning("waiting for the database; nothing is lost", extra={"error": self.said})

    def ends(self) -> None:
        """Say that the database works again, if it did not."""
        if self.said is not None:
            self.said = None
            logger.warning("the database works again")


async def patiently(work: Callable[[], T], outage: Outage) -> T:
    """Return what the work returns, as soon as the database lets it be done."""
    while True:
        try:
            value = await asyncio.to_thread(work)
        except PassingFault as error:
            outage.begins(error)
            await asyncio.sleep(AGAIN.total_seconds())
        else:
            outage.ends()
            return value
