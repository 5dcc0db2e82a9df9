"""The door of an exporter: guarded requests at the target's pace, files written whole."""

import asyncio
import json as json_codec
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from earmark.contract import Page
from earmark.errors import (
    ExportRefused,
    ExportRejected,
    ExportUnavailable,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from earmark.logs import covered
from monitors.chat import tell
from monitors.guard import place
from monitors.http import Answer, Fetcher
from monitors.retry import retry_after

__all__ = ["Door"]

_WELL: Final = 200
_REFUSED: Final = frozenset({401, 403})
_BUSY: Final = frozenset({408, 425, 429})
_TOLD_WITHIN: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=24)


class Door:
    """The ``Delivery`` of one target; ``per_second`` spaces its requests, whichever host they go to.

    ``memory`` lives as long as the process, ``state`` is read from and written back to the target's row;
    ``before`` is that state as it was read.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        name: str,
        per_second: float,
        clock: Callable[[], datetime],
        state: Mapping[str, Any] | None = None,
        memory: dict[str, Any] | None = None,
        allow: Sequence[str] = (),
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._fetcher, self._name, self._clock, self._sleep = fetcher, name, clock, sleep
        self._allow = tuple(allow)
        self._spacing = 1 / per_second
        self._free_at = 0.0
        self.memory = {} if memory is None else memory
        self.state = dict(state or {})
        self.before = deepcopy(self.state)

    @property
    def now(self) -> datetime:
        """The time of this delivery, aware UTC."""
        return self._clock()

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Page:
        """Send a request in its turn; see ``earmark.contract.Delivery``."""
        await self._turn()
        content, kind = _content(json, form, body)
        sent = {"accept": "application/json", **(headers or {})}
        if kind:
            sent.setdefault("content-type", kind)
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
        try:
            answer = await self._fetcher.send(method, address, headers=sent, content=content)
        except SourceUnavailable as error:
            raise ExportUnavailable(str(error), retry_after=error.retry_after) from error
        except SourceRefused as error:
            raise ExportRefused(str(error)) from error
        except SourceError as error:
            raise ExportRejected(str(error)) from error
        if answer.status != _WELL:  # what is wrong is told to people, and some hosts repeat the key
            answer = replace(answer, body=covered(answer.body))
        self._refuse(answer)
        return Page(url=answer.url, status=answer.status, headers=answer.headers, body=answer.body)

    async def tell(self, address: str, title: str, body: str) -> None:
        """Tell a service by its Apprise address, in its turn."""
        await self._turn()
        await tell(address, title, body, allow=self._allow, within=_TOLD_WITHIN)

    def file(self, path: Path, content: bytes) -> None:
        """Write a file whole or not at all."""
        handle, half = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(half).replace(path)
        except BaseException:
            Path(half).unlink(missing_ok=True)
            raise

    async def _turn(self) -> None:
        now = time.monotonic()
        begins = max(now, self._free_at)
        self._free_at = begins + self._spacing
        if begins > now:
            await self._sleep(begins - now)

    def _refuse(self, answer: Answer) -> None:
        """Raise what concerns the target as a whole; what concerns one object is the exporter's to read."""
        where, status = place(answer.url), answer.status
        if status in _REFUSED:
            raise ExportRefused(
                f"{where} refused {self._name} (HTTP {status}){_said(answer)}. Check the token and its "
                f"rights, then: earmark exports check {self._name}"
            )
        if status in _BUSY or status >= 500:  # noqa: PLR2004 - from here on the server is at fault
            header, date = answer.headers.get("retry-after"), answer.headers.get("date")
            pause = retry_after(header, date=date, now=self._clock())
            raise ExportUnavailable(
                f"{where} is not available (HTTP {status}). It is tried again later.",
                retry_after=min(pause, _LONGEST_PAUSE) if pause else None,
            )


def _content(json: Any, form: Mapping[str, str] | None, body: bytes | None) -> tuple[bytes, str]:
    if json is not None:
        return json_codec.dumps(json, separators=(",", ":"), ensure_ascii=False).encode(), "application/json"
    if form is not None:
        return urlencode(form).encode(), "application/x-www-form-urlencoded"
    return body or b"", ""


def _said(answer: Answer) -> str:
    """Return the words of a refusal, where it has some; they may help, and are cut short."""
    try:
        told = json_codec.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    told = told[0] if isinstance(told, list) and told else told
    message = told.get("message") if isinstance(told, dict) else None
    return f": {message[:200]}" if isinstance(message, str) and message else ""
