"""Driving an exporter against a fake CRM on a local server: by the real engine, fetcher and door."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from earmark.contract import Change, Exporter
from earmark.types import Outgoing
from monitors.deliver import Done, deliver, plan
from monitors.door import Door
from monitors.undo import undo
from storage import deliveries, outbox, targets
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.monitors.hostile import Handler, Hostile, a_fetcher

__all__ = ["Crash", "Serving", "a_door", "drive", "put", "states", "undone", "would"]


class Serving(dict[str, Handler]):
    """One handler for every path."""

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self._handler = handler

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 - of dict
        """Return the handler."""
        return self._handler


class Crash(BaseException):
    """The process dies."""


class Mortal(Door):
    """A door behind which the process dies at one of the requests, before or after it was sent."""

    dies_at = 0
    sends = True
    asked = 0

    async def request(self, *arguments: Any, **named: Any) -> Any:
        """Send a request, or die."""
        self.asked += 1
        if self.asked != self.dies_at:
            return await super().request(*arguments, **named)
        if self.sends:
            await super().request(*arguments, **named)
        raise Crash


def put(engine: Engine, exporter: Exporter, *outgoing: Outgoing, at: datetime = NOW) -> None:
    """Put deliveries into the outbox of the target "crm"."""
    with writing(engine) as connection:
        if targets.get(connection, "crm") is None:
            targets.add(connection, "crm", exporter.kind, {}, at)
        outbox.add(connection, [replace(each, target="crm") for each in outgoing], at)


@asynccontextmanager
async def a_door(
    server: Hostile, *, now: datetime = NOW, state: Any = None, kind: type[Door] = Door, **changes: Any
) -> AsyncIterator[Door]:
    """Open the door to a local server."""
    clock: Callable[[], datetime] = lambda: now  # noqa: E731 - a clock that stands still
    async with a_fetcher(server, now=clock) as fetcher:
        door = kind(fetcher, name="crm", per_second=1e6, clock=clock, state=state)
        for name, value in changes.items():
            setattr(door, name, value)
        yield door


async def drive(
    engine: Engine,
    server: Hostile,
    exporter: Exporter,
    *,
    now: datetime = NOW,
    dies_at: int = 0,
    sends: bool = True,
) -> Done:
    """Deliver what waits; with ``dies_at`` the process dies at that request."""
    kind, fate = (Mortal, {"dies_at": dies_at, "sends": sends}) if dies_at else (Door, {})
    async with a_door(server, now=now, kind=kind, **fate) as door:
        return await deliver(engine, "crm", exporter, door, worker="w")


async def would(engine: Engine, server: Hostile, exporter: Exporter) -> list[Change]:
    """Return the plan of what waits, and change nothing."""
    with reading(engine) as connection:
        waiting = outbox.pending(connection, NOW)
    async with a_door(server) as door:
        return await plan(engine, "crm", exporter, door, waiting)


async def undone(engine: Engine, server: Hostile, exporter: Exporter) -> list[Change]:
    """Take the latest run back."""
    with reading(engine) as connection:
        [latest, *_] = deliveries.batches_of(connection, "crm")
    async with a_door(server) as door:
        return await undo(engine, "crm", exporter, door, latest.batch)


def states(engine: Engine) -> dict[str, str]:
    """Return the state of each delivery by its key."""
    with reading(engine) as connection:
        return {parcel.outgoing.key: parcel.state for parcel in outbox.find(connection)}
