"""Targets at work: each for itself, driven when something waits, whatever one of them does."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from earmark.config import Settings
from earmark.contract import Wanted
from earmark.errors import ConfigError
from earmark.types import Outgoing
from exports import registry
from monitors import alive
from monitors.targets import Targets, require
from storage import outbox, targets
from storage.engine import Engine, reading, writing
from storage.outbox import State
from tests.builders import NOW
from tests.exports.fakes.cabinet import Cabinet, CabinetExporter, an_outgoing
from tests.monitors.hostile import Hostile, answer

pytestmark = pytest.mark.anyio


class Broken(CabinetExporter):
    kind: ClassVar[str] = "broken"

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        raise ZeroDivisionError(outgoing.key)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"cabinet": CabinetExporter, "broken": Broken}
    monkeypatch.setattr(registry._KINDS, "every", lambda: known)


def a_crew(engine: Engine, server: Hostile) -> Targets:
    http = {"contact": "ops@norvik.example", "allow": [server.allow]}
    return Targets(Settings(http=http), engine, now=lambda: NOW)


def put(engine: Engine, target: str, kind: str = "cabinet", **options: Any) -> None:
    told = an_outgoing()
    with writing(engine) as connection:
        targets.add(connection, target, kind, options, NOW)
        outbox.add(
            connection,
            [Outgoing(target=target, topic=told.topic, key="k", account="norvik", payload=told.payload)],
            NOW,
        )


def states(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        return {parcel.outgoing.target: parcel.state for parcel in outbox.find(connection)}


async def until(
    engine: Engine, crew: Targets, then: Callable[[], None] = lambda: None, **wanted: str
) -> None:
    """Let the crew run until the outbox is so; ``then`` is done before it stops."""
    stop = asyncio.Event()
    running = asyncio.create_task(crew.run(stop))
    async with asyncio.timeout(20):
        # A database has no event to wait for.
        while not wanted.items() <= (await asyncio.to_thread(states, engine)).items():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    then()
    stop.set()
    await running


async def test_what_waits_is_delivered_by_itself(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    put(engine, "crm", base_url=server.url("/"))
    await until(engine, a_crew(engine, server), crm=State.SENT)
    assert [note["ref"] for note in cabinet.notes.values()] == ["t1"]


async def test_a_target_that_hangs_keeps_no_other_waiting(engine: Engine, server: Hostile) -> None:
    hanging = asyncio.Event()

    async def hang(*_: object) -> None:
        await hanging.wait()

    Cabinet().on(server)
    server.pages["/slow/find"] = hang
    put(engine, "a-slow", base_url=server.url("/slow/"))
    put(engine, "crm", base_url=server.url("/"))

    def then() -> None:
        assert states(engine)["a-slow"] == State.WAITING
        hanging.set()

    await until(engine, a_crew(engine, server), then, crm=State.SENT)


async def test_an_exporter_that_breaks_down_is_paused_and_the_others_go_on(
    engine: Engine, server: Hostile
) -> None:
    Cabinet().on(server)
    put(engine, "a-plugin", "broken")
    put(engine, "crm", base_url=server.url("/"))
    await until(engine, a_crew(engine, server), crm=State.SENT)
    target = require(engine, "a-plugin")
    assert "broke down" in str(target.paused_reason)
    assert states(engine)["a-plugin"] == State.WAITING


async def test_a_target_whose_options_are_wrong_is_paused_with_what_to_edit(
    engine: Engine, server: Hostile
) -> None:
    put(engine, "crm", shelf="no such option")
    done = await a_crew(engine, server).drive("crm")
    assert "no option 'shelf'" in done.paused
    assert require(engine, "crm").paused_reason == done.paused
    assert await a_crew(engine, server).due() == []


async def test_a_target_that_is_paused_keeps_what_comes_until_it_goes_on(
    engine: Engine, server: Hostile
) -> None:
    server.pages["/find"] = answer(status="403 Forbidden")
    put(engine, "crm", base_url=server.url("/"))
    crew = a_crew(engine, server)
    await crew.drive("crm")
    assert await crew.due() == []
    Cabinet().on(server)
    with writing(engine) as connection:
        targets.pause(connection, "crm", None)
    assert await crew.due() == ["crm"]
    await until(engine, crew, crm=State.SENT)


async def test_only_one_hand_is_at_a_target(engine: Engine, server: Hostile) -> None:
    put(engine, "crm", base_url=server.url("/"))
    with writing(engine) as connection:
        one, two = an_outgoing("orlo", "t2"), an_outgoing("veda", "t3")
        outbox.add(connection, [one, two], NOW)
        taken = outbox.take(
            connection, NOW, limit=1, lease=NOW - NOW.replace(hour=0), worker="w1", target="crm"
        )
        assert len(taken) == 1
        assert (
            outbox.take(connection, NOW, limit=9, lease=NOW - NOW.replace(hour=0), worker="w2", target="crm")
            == []
        )


async def test_what_a_killed_process_held_is_delivered_at_once(engine: Engine, server: Hostile) -> None:
    Cabinet().on(server)
    put(engine, "crm", base_url=server.url("/"))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()
    dead = f"{alive.myself().rpartition(':')[0]}:{process.pid}"
    with writing(engine) as connection:
        outbox.take(connection, NOW, limit=9, lease=timedelta(hours=1), worker=dead, target="crm")
        living = outbox.take(connection, NOW, limit=9, lease=timedelta(hours=1), worker="w", target="crm")
    assert living == []
    assert len((await a_crew(engine, server).drive("crm")).sent) == 1


def test_a_target_that_is_not_there_is_answered_with_those_that_are(engine: Engine) -> None:
    put(engine, "crm")
    with pytest.raises(ConfigError, match=r"no target 'crn'. There are: crm\."):
        require(engine, "crn")
