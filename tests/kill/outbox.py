"""A loop that kills what drives the outbox, towards a CRM that fails after it did its work, and lags."""

import asyncio
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earmark.config import clock
from storage import outbox, targets
from storage.engine import Engine, reading, writing
from storage.outbox import State
from tests.exports.fakes.cabinet import Cabinet, an_outgoing
from tests.monitors.hostile import Hostile, Seen

__all__ = ["Flaky", "Tally", "kill_loop", "prepare", "verify"]

PARCELS = 12
"""What is put into the outbox before each kill."""


@dataclass
class Flaky(Cabinet):
    """A CRM whose search does not yet know what is younger than ``lag`` seconds; it upserts by our key.

    One request in seven fails before it is done, one in seven after.
    """

    lag: float = 0.3
    fails: bool = True
    born: dict[str, float] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(20261122))

    async def _handle(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.005)
        number = self.requests + 1
        fate = self.chance.randrange(7) if self.fails else 0
        self.before = {number: ("503 Service Unavailable",)} if fate == 1 else {}
        self.after = {number: ("500 Internal Server Error",)} if fate == 2 else {}
        await super()._handle(seen, writer)

    def _do(self, path: str, body: Any) -> dict[str, Any]:
        if path == "/find":
            ripe = time.monotonic() - self.lag
            known = {key: one for key, one in self.companies.items() if self.born.get(key, 0) <= ripe}
            return {"companies": known, "notes": self.notes}
        return super()._do(path, body)

    def _one(self, name: str, held: dict[str, Any], one: dict[str, Any], deleting: str) -> dict[str, Any]:
        if name == "companies" and "id" not in one:
            one["id"] = next((key for key, own in held.items() if own.get("key") == one["key"]), None)
        done = super()._one(name, held, one, deleting)
        self.born.setdefault(done["id"], time.monotonic())
        return done


@dataclass(frozen=True)
class Tally:
    """What a loop did: kills, those of them in the middle of work, and deliveries put into the outbox."""

    kills: int
    in_work: int
    put: int


def prepare(workspace: Path, engine: Engine, server: Hostile, url: str) -> None:
    """Make a workspace whose target ``crm`` is the server."""
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / "earmark.toml").write_text(
        f'[storage]\nurl = "{url}"\n[http]\ncontact = "ops@earmark.example"\nallow = ["{server.allow}"]\n',
        encoding="utf-8",
    )
    with writing(engine) as connection:
        targets.add(connection, "crm", "cabinet", {"base_url": server.url("/")}, clock())


def kill_loop(
    workspace: Path, engine: Engine, cabinet: Flaky, kills: int, said: Callable[[str], None]
) -> Tally:
    """Kill ``kills`` drives at random moments, then let one run to its end."""
    chance = random.Random(20261121)
    environment = {"PATH": os.environ["PATH"], "HOME": str(workspace), "PYTHONPATH": str(Path.cwd())}
    in_work = 0
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-m", "tests.kill.drive", str(workspace)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for kill in range(kills):
            _put(engine, kill)
            process.stdin.write(b"go\n")
            child = int(process.stdout.readline())
            select.select([process.stdout], [], [], chance.uniform(0.02, 0.6))
            in_work += _is_held(engine)
            with suppress(ProcessLookupError):  # it was quicker
                os.kill(child, signal.SIGKILL)
            process.stdout.readline()
            if (kill + 1) % 25 == 0:
                said(f"{kill + 1} kills, {in_work} of them in the middle of a drive")
        cabinet.fails = False
        process.stdin.write(b"go\n")
        process.stdout.readline()
        ended = process.stdout.readline()
        process.stdin.close()
    assert ended == b"gone 0\n", ended
    return Tally(kills=kills, in_work=in_work, put=kills * PARCELS)


def verify(engine: Engine, cabinet: Flaky, tally: Tally) -> None:
    """Compare what stands in the CRM with what was put into the outbox: each company and note once."""
    accounts = [f"a{number}" for number in range(tally.put)]
    assert sorted(one["key"] for one in cabinet.companies.values()) == sorted(accounts)
    assert sorted(one["ref"] for one in cabinet.notes.values()) == sorted(f"{one}-t" for one in accounts)
    for note in cabinet.notes.values():
        assert f"{cabinet.companies[note['company']]['key']}-t" == note["ref"]
    with reading(engine) as connection:
        assert outbox.counts(connection) == {("crm", State.SENT): tally.put}


def _put(engine: Engine, kill: int) -> None:
    names = [f"a{number}" for number in range(kill * PARCELS, (kill + 1) * PARCELS)]
    with writing(engine) as connection:
        outbox.add(connection, [an_outgoing(name, f"{name}-t") for name in names], clock())


def _is_held(engine: Engine) -> bool:
    with reading(engine) as connection:
        return bool(outbox.holders(connection))
