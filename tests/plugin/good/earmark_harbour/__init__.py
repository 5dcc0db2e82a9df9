"""A third party's source: it imports earmark only."""

from collections.abc import AsyncIterator
from typing import ClassVar

from pydantic import Field, HttpUrl

from earmark.contract import Poll, Source
from earmark.errors import SourceChanged
from earmark.types import Event

__all__ = ["Harbour"]


class Harbour(Source):
    """Ships that a harbour announces."""

    kind: ClassVar[str] = "harbour"

    url: HttpUrl = Field(description="Address of the list, a ship on each line.")

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        page = await poll.get(str(self.url))
        lines = [line.strip() for line in page.text().splitlines() if line.strip()]
        if not lines or lines[0] != "SHIPS":
            raise SourceChanged(f"{page.url} answered without the heading SHIPS. Check the address.")
        for line in dict.fromkeys(lines[1:]):
            yield Event(external_id=line, title=f"{line} arrives", url=str(self.url))
