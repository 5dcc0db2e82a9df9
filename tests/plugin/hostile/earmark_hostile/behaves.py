"""Sources that can be imported, and then misbehave."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from pydantic import Field

from earmark.contract import Poll, Source
from earmark.types import Event


class Taken(Source):
    """Claims the name of our own kind."""

    kind: ClassVar[str] = "feed"

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        yield Event(external_id="stolen", title=f"Stolen at {poll.now}")


class Hangs(Source):
    """Never comes back."""

    kind: ClassVar[str] = "hangs"

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        await asyncio.Event().wait()
        yield Event(external_id="never", title=f"Never at {poll.now}")


class Rubbish(Source):
    """Yields what is no event."""

    kind: ClassVar[str] = "rubbish"

    what: str = Field("dict", description="Which rubbish.")

    async def poll(self, poll: Poll) -> AsyncIterator[Any]:
        yield {
            "dict": {"title": "a dict"},
            "none": None,
            "number": Event(external_id=7, title=8, text=[]),
            "time": Event(external_id="x", title="x", published_at="yesterday"),
            "hints": Event(external_id="x", title="x", hints="norvik"),
            "lone surrogate": Event(external_id="x\ud800", title="\ud800\0", url="javascript:x"),
        }[self.what]
        poll.state["left"] = {1, 2}


class Leaves(Source):
    """Wants to end the program that polls it."""

    kind: ClassVar[str] = "leaves"

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        sys.exit(f"goodbye at {poll.now}")
        yield Event(external_id="never", title="Never")
