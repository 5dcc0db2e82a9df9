"""A fake CRM with moods: it may fail before or after it did what was asked; served, or asked in process."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.monitors.hostile import Handler, Hostile, Seen, answer

__all__ = ["Asked", "Moody"]


@dataclass(frozen=True)
class Asked:
    """One request as the fake reads it."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body read as JSON."""
        return json.loads(self.body)


@dataclass
class Moody(ABC):
    """A fake: ``before`` and ``after`` are what it says instead, by the number of the request from 1.

    Each is a status and header lines; in ``after`` it does what was asked first.
    """

    before: dict[int, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    after: dict[int, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    requests: int = 0
    log: list[Asked] = field(default_factory=list)

    @abstractmethod
    def do(self, asked: Asked) -> tuple[int, Any, tuple[str, ...]]:
        """Do what is asked; return status, answer and header lines."""

    def serve(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        """Answer in process, for ``FakeDelivery``."""
        status, told, _ = self.answered(method, address, headers, body)
        return status, told

    def answered(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Any, tuple[str, ...]]:
        """Answer in the mood that this request meets."""
        self.requests += 1
        parts = urlsplit(address)
        params = {name: values[0] for name, values in parse_qs(parts.query).items()}
        lowered = {name.lower(): value for name, value in headers.items()}
        asked = Asked(method=method, path=parts.path, params=params, headers=lowered, body=body)
        self.log.append(asked)
        if mood := self.before.get(self.requests):
            return mood[0], [], mood[1]
        done = self.do(asked)
        if mood := self.after.get(self.requests):
            return mood[0], [], mood[1]
        return done

    def on(self, server: Hostile) -> Self:
        """Answer every path of a local server."""
        server.pages = _Everywhere(self._handle)
        return self

    async def _handle(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        status, told, lines = self.answered(seen.method, seen.target, seen.headers, seen.body)
        line = f"{status} {HTTPStatus(status).phrase}"
        await answer(json.dumps(told).encode(), *lines, status=line)(seen, writer)


class _Everywhere(dict[str, Handler]):
    """One handler for every path."""

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self._handler = handler

    def get(self, key: str, default: Any = None) -> Any:
        del key, default
        return self._handler
