"""What the robots.txt of a host allows; the only user of protego."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from protego import Protego

from earmark.contract import Page
from earmark.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable

__all__ = ["AGENT", "Robots"]

AGENT: Final = "earmark"
"""The name by which a robots.txt can address us."""
_LONGEST: Final = 512 * 1024  # bytes of a robots.txt that are read, as RFC 9309 has it
_CLIENT_ERRORS: Final = range(400, 500)
_ALL: Final = Protego.parse("")
_NONE: Final = Protego.parse("User-agent: *\nDisallow: /")


class Robots:
    """Answers for each address whether its host lets a program read it; each host is asked once.

    A host without a robots.txt (any 4xx) allows everything; one whose robots.txt can't be had now (5xx, no
    answer) allows nothing this time, as RFC 9309 has it.
    """

    def __init__(self, ask: Callable[[str], Awaitable[Page]]) -> None:
        self._ask = ask
        self._rules: dict[str, asyncio.Task[Protego]] = {}

    async def allows(self, url: str) -> bool:
        """Say whether we may read an address."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._read(f"{origin}/robots.txt"))
        return bool((await self._rules[origin]).can_fetch(url, AGENT))

    async def _read(self, url: str) -> Protego:
        try:
            page = await self._ask(url)
        except SourceChanged:  # another status: there is no file of rules
            return _ALL
        except (SourceRefused, SourceUnavailable) as error:
            return _ALL if error.status in _CLIENT_ERRORS and error.status != _TOO_MANY else _NONE
        except SourceError:
            return _NONE
        return Protego.parse(page.body[:_LONGEST].decode("utf-8", "replace"))


_TOO_MANY: Final = 429
