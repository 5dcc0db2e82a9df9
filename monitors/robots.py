"""What the robots.txt of a host allows; the only user of protego."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from protego import Protego

from earmark.contract import Page
from earmark.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from monitors.faults import NotAsked

__all__ = ["AGENT", "Robots"]

AGENT: Final = "earmark"
"""The name by which a robots.txt can address us."""
_LONGEST: Final = 512 * 1024  # bytes of a robots.txt that are read, as RFC 9309 has it
_NO_FILE: Final = frozenset(range(400, 500)) - {429}
_A_DAY: Final = 24 * 3600.0
_SOON: Final = 60.0
_FORBIDDEN: Final = 403
_ALL: Final = Protego.parse("")
_NONE: Final = Protego.parse("User-agent: *\nDisallow: /")


class Robots:
    """Answers for each address whether its host lets a program read it; each host is asked once a day.

    A host without a robots.txt (any 4xx) allows everything; one whose robots.txt can't be had now (5xx, no
    answer) allows nothing this time, as RFC 9309 has it.
    """

    def __init__(
        self, ask: Callable[[str], Awaitable[Page]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._clock = ask, clock
        self._rules: dict[str, tuple[float, asyncio.Task[tuple[Protego, str]]]] = {}

    async def admit(self, url: str) -> None:
        """Raise SourceRefused when we may not read an address, SourceUnavailable when nobody can say."""
        rules, fault = await self._rules_of(url)
        if rules.can_fetch(url, AGENT):
            return
        if fault:
            raise SourceUnavailable(f"The robots.txt of that host can't be had, so it is not asked. {fault}")
        raise SourceRefused(
            f"{_forbidden(url)} Use its feed, or ask its owner; it is looked at again each day.",
            status=_FORBIDDEN,
        )

    async def refusal(self, url: str) -> str | None:
        """Return why we may not read an address, as a sentence, or None when we may."""
        rules, fault = await self._rules_of(url)
        if rules.can_fetch(url, AGENT):
            return None
        return fault or _forbidden(url)

    async def _rules_of(self, url: str) -> tuple[Protego, str]:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        known = self._rules.get(origin)
        if known is None or self._is_stale(*known):
            known = self._clock(), asyncio.ensure_future(self._read(f"{origin}/robots.txt"))
            self._rules[origin] = known
        return await asyncio.shield(known[1])  # others may wait for the same answer

    def _is_stale(self, asked_at: float, reading: "asyncio.Task[tuple[Protego, str]]") -> bool:
        if not reading.done():
            return False
        failed = reading.cancelled() or reading.exception() is not None or bool(reading.result()[1])
        return self._clock() - asked_at >= (_SOON if failed else _A_DAY)

    async def _read(self, url: str) -> tuple[Protego, str]:
        """Return the rules of a host, and why they can't be had if so."""
        try:
            page = await self._ask(url)
        except NotAsked:
            raise
        except SourceChanged:  # another status: there is no file of rules
            return _ALL, ""
        except (SourceRefused, SourceUnavailable) as error:
            return (_ALL, "") if error.status in _NO_FILE else (_NONE, str(error))
        except SourceError as error:
            return _NONE, str(error)
        return Protego.parse(page.body[:_LONGEST].decode("utf-8", "replace")), ""


def _forbidden(url: str) -> str:
    return f"The robots.txt of {urlsplit(url).hostname} does not let programs read it."
