"""A look at what a source tells, which stores nothing: as if it were polled for the first time."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from earmark.config import Settings
from monitors import demo
from monitors.parse import ParsePool
from monitors.poll import Outcome, poll_source
from monitors.up import visiting
from sources.registry import build
from storage.polls import Configured

__all__ = ["LONGEST", "glance"]

LONGEST: Final = timedelta(seconds=45)
"""How long a person waits for a source that they look at."""


async def glance(
    settings: Settings, configured: Configured, now: datetime, *, longest: timedelta | None = None
) -> Outcome:
    """Poll a source once with the settings of a workspace and return what it tells; store nothing.

    After ``longest`` it is given up, which is an outcome. Raises ConfigError when its options can't be used.
    """
    source = build(configured.kind, configured.options)
    first = replace(configured, pages={}, state={})
    with demo.serving(settings.workspace):
        try:
            async with (
                asyncio.timeout(longest.total_seconds() if longest else None),
                visiting(settings) as fetcher,
                ParsePool(workers=1) as pool,
            ):
                return await poll_source(first, source, fetcher, pool, now)
        except TimeoutError:
            seconds = longest.total_seconds() if longest else 0
            said = f"{configured.id} did not tell all it has within {seconds:.0f} seconds, and was given up."
            return Outcome(source=configured.id, result="unavailable", started_at=now, error=said)
