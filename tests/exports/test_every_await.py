"""A crash at every await of a drive, and of a run that is taken back: the next one ends in the same CRM.

Between the requests the database is awaited: what was made there and is not yet on record here, and the other
way round, is met only so.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from earmark.contract import Exporter
from earmark.types import Outgoing
from storage.engine import Engine
from storage.outbox import State
from tests.builders import NOW
from tests.exports import test_attio, test_hubspot, test_pipedrive, test_salesforce
from tests.exports.drives import drive, put, states, undone
from tests.exports.fakes import attio, portal
from tests.exports.fakes.cabinet import Cabinet, CabinetExporter, an_outgoing
from tests.exports.fakes.pipedrive import FakePipedrive
from tests.exports.fakes.salesforce import FakeSalesforce
from tests.exports.fakes.standing import standing
from tests.exports.fate import died
from tests.monitors.hostile import Hostile

pytestmark = pytest.mark.slow

LATER = NOW + timedelta(minutes=11)
"""When the lease of a drive that died has ended."""


@dataclass(frozen=True)
class Crm:
    """A fresh CRM on the server: its exporter, what is told of a name, and what stands there."""

    exporter: Exporter
    told: Callable[[str], Outgoing]
    summary: Callable[[], list[Any]]


def a_cabinet(server: Hostile) -> Crm:
    server.pages = {}  # another CRM may have stood there, and answered everything
    cabinet = Cabinet().on(server)

    def summary() -> list[Any]:
        keys = {number: one["key"] for number, one in cabinet.companies.items()}
        notes = [(keys.get(one["company"]), one["ref"]) for one in cabinet.notes.values()]
        return [*sorted((key,) for key in keys.values()), *sorted(notes)]

    exporter = CabinetExporter.model_validate({"base_url": server.url("/")})
    return Crm(exporter, lambda name: an_outgoing(name, f"t-{name}"), summary)


def a_hubspot(server: Hostile) -> Crm:
    crm = portal.a_portal().on(server)
    return Crm(portal.an_exporter(server), portal.told, lambda: test_hubspot.summary(crm))


def an_attio(server: Hostile) -> Crm:
    crm = attio.a_workspace().on(server)
    return Crm(attio.an_exporter(server), attio.told, lambda: test_attio.summary(crm))


def a_pipedrive(server: Hostile) -> Crm:
    crm = FakePipedrive(indexed=set()).on(server)  # its index never catches up
    return Crm(
        test_pipedrive.an_exporter(server), test_pipedrive.told, lambda: list(test_pipedrive.summary(crm))
    )


def a_salesforce(server: Hostile) -> Crm:
    crm = FakeSalesforce().on(server)
    exporter = test_salesforce.an_exporter(server.url("/"))
    return Crm(exporter, test_salesforce.told, lambda: list(test_salesforce.summary(crm)))


EACH = [a_cabinet, a_hubspot, an_attio, a_pipedrive, a_salesforce]


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with standing() as hostile:  # in a thread of its own: what dies is not the CRM
        yield hostile


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        "HUBSPOT_TOKEN": "pat-na1-sEcReT",
        "ATTIO_TOKEN": attio.TOKEN,
        "PIPEDRIVE_TOKEN": test_pipedrive.TOKEN,
        "SF_ID": "demo-id",
        "SF_SECRET": test_salesforce.SECRET,
    }
    for name, value in keys.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("a_crm", EACH)
def test_a_drive_that_dies_at_any_await_is_made_good_by_the_next(
    a_crm: Callable[[Hostile], Crm], engine: Engine, server: Hostile
) -> None:
    crm, names = a_crm(server), ("ash", "birch")
    whole = _told(crm, engine, server, *map(crm.told, names))
    for at in count(1):
        crm = a_crm(server)
        put(engine, crm.exporter, *(crm.told(f"{name}{at}") for name in names))
        has_died = died(drive(engine, server, crm.exporter), at=at)
        asyncio.run(drive(engine, server, crm.exporter, now=LATER))
        assert _plain(crm) == whole, at
        assert set(states(engine).values()) == {State.SENT}, at
        if not has_died:
            break
    assert at > 15, "requests and the database were awaited"


@pytest.mark.parametrize("a_crm", EACH)
def test_an_undo_that_dies_at_any_await_is_made_good_by_the_next(
    a_crm: Callable[[Hostile], Crm], engine: Engine, server: Hostile
) -> None:
    for at in count(1):
        crm = a_crm(server)
        promotion = crm.told(f"ash{at}")
        whole = _told(crm, engine, server, promotion, second=2 * at)
        has_died = died(undone(engine, server, crm.exporter), at=at)
        asyncio.run(undone(engine, server, crm.exporter))
        assert crm.summary() == [], at
        again = replace(promotion, key=f"{promotion.key} again")
        assert _told(crm, engine, server, again, second=2 * at + 1) == whole, "what was taken back is told"
        if not has_died:
            break
    assert at > 10, "requests were awaited"


def _told(crm: Crm, engine: Engine, server: Hostile, *promotions: Outgoing, second: int = 0) -> str:
    """Tell promotions in a run of that second, and return what stands there then."""
    now = NOW + timedelta(seconds=second)
    put(engine, crm.exporter, *promotions, at=now)
    asyncio.run(drive(engine, server, crm.exporter, now=now))
    return _plain(crm)


def _plain(crm: Crm) -> str:
    """Return what stands there, whatever number the names have."""
    return re.sub(r"\d+", "", repr(crm.summary()))
