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
_NO_FILE: Final = frozenset(range(400, 500)) - {429}
_ALL: Final = Protego.parse("")
_NONE: Final = Protego.parse("User-agent: *\nDisallow: /")


class Robots:
    """Answers for each address whether its host lets a program read it; each host is asked once.

    A host without a robots.txt (any 4xx) allows everything; one whose robots.txt can't be had now (5xx, no
    answer) allows nothing this time, as RFC 9309 has it.
    """

    def __init__(self, ask: Callable[[str], Awaitable[Page]]) -> None:
        self._ask = ask
        self._rules: dict[str, asyncio.Task[tuple[Protego, str]]] = {}

    async def refusal(self, url: str) -> str | None:
        """Return why we may not read an address, as a sentence, or None when we may."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._read(f"{origin}/robots.txt"))
        rules, fault = await self._rules[origin]
        if rules.can_fetch(url, AGENT):
            return None
        return fault or f"The robots.txt of {parts.hostname} does not let programs read it."

    async def _read(self, url: str) -> tuple[Protego, str]:
        """Return the rules of a host, and why they can't be had if so."""
        try:
            page = await self._ask(url)
        except SourceChanged:  # another status: there is no file of rules
            return _ALL, ""
        except (SourceRefused, SourceUnavailable) as error:
            return (_ALL, "") if error.status in _NO_FILE else (_NONE, str(error))
        except SourceError as error:
            return _NONE, str(error)
        return Protego.parse(page.body[:_LONGEST].decode("utf-8", "replace")), ""
