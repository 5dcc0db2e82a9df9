"""What a rep does in HubSpot or Attio arrives here: over real HTTP, from the promotion to the suppression."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from earmark.config import Settings
from earmark.types import Account
from exports.attio import AttioExporter
from exports.hubspot import HubSpotExporter
from monitors.targets import Targets
from storage import accounts, targets
from storage.engine import Engine, reading, writing
from tests.builders import NOW, an_account, an_event
from tests.exports.fakes import attio, hubspot
from tests.exports.fakes.attio import FakeAttio
from tests.exports.fakes.hubspot import FakeHubSpot
from tests.monitors.hostile import Hostile
from tests.monitors.line import poll, prepared

pytestmark = pytest.mark.anyio
LATER = NOW + timedelta(minutes=7)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (AttioExporter, HubSpotExporter):
        monkeypatch.setattr(kind, "per_second", 1e6)


async def written(engine: Engine, server: Hostile, kind: str, **options: Any) -> Targets:
    """Return targets whose CRM has just taken the promotion of one account."""
    prepared(engine, an_account())
    with writing(engine) as connection:
        given = {"token": "env:CRM_TOKEN", "base_url": server.url("/")} | options
        targets.add(connection, "crm", kind, given, NOW)
    poll(engine, [an_event()])
    crew = at(engine, server, 0)
    done = await crew.drive("crm")
    assert (len(done.sent), done.failed, done.paused) == (1, {}, "")
    return crew


def at(engine: Engine, server: Hostile, hours: float) -> Targets:
    http = {"contact": "ops@norvik.example", "allow": [server.allow]}
    return Targets(Settings(http=http), engine, now=lambda: LATER + timedelta(hours=hours))


def account(engine: Engine) -> Account:
    with reading(engine) as connection:
        found = accounts.get(connection, "norvik-labs")
    assert found is not None
    return found


async def test_hubspot_tells_a_call_then_a_customer_then_the_end_of_it(
    engine: Engine, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN", hubspot.TOKEN)
    portal = FakeHubSpot(clock=f"{LATER:%Y-%m-%dT%H:%M:%S}.000Z").on(server)
    portal.fields = {name: {"name": name, "hasUniqueValue": True} for name in ["earmark_account_key"]}
    await written(engine, server, "hubspot")
    [company], [task] = portal.objects["companies"].values(), portal.objects["tasks"].values()
    task |= {"hs_task_status": "COMPLETED", "hs_task_completion_date": portal.clock}
    portal.settle()
    heard = await at(engine, server, 1).read("crm")
    assert ([action.verb for action in heard.done], heard.error) == (["contacted"], None)
    company |= {
        "lifecyclestage": "customer",
        "hs_lastmodifieddate": f"{LATER + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}.000Z",
    }
    portal.settle()
    await at(engine, server, 3).read("crm")
    held = account(engine).suppression
    assert held is not None
    assert (held.reason, held.by) == ("customer", "crm:crm")
    company |= {
        "lifecyclestage": "lead",
        "hs_lastmodifieddate": f"{LATER + timedelta(hours=4):%Y-%m-%dT%H:%M:%S}.000Z",
    }
    portal.settle()
    await at(engine, server, 5).read("crm")
    assert account(engine).suppression is None
    assert (await at(engine, server, 6).read("crm")).done == ()


async def test_attio_tells_a_call_and_an_open_deal_that_is_lost(
    engine: Engine, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_TOKEN", attio.TOKEN)
    workspace = FakeAttio().on(server)
    await written(engine, server, "attio", deals=True)
    [task] = workspace.tasks.values()
    task["is_completed"] = True
    [company] = workspace.companies
    heard = await at(engine, server, 1).read("crm")
    assert ([action.verb for action in heard.done], heard.error) == (["contacted"], None)
    moved = f"{LATER + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}.000000000Z"
    number = workspace.deal(company, "In Progress", moved)
    heard = await at(engine, server, 3).read("crm")
    assert [action.verb for action in heard.done] == ["suppress", "outcome"]
    assert workspace.deals is not None
    later = f"{LATER + timedelta(hours=4):%Y-%m-%dT%H:%M:%S}.000000000Z"
    workspace.deals[number] |= {"stage": "Lost", "at": later}
    heard = await at(engine, server, 5).read("crm")
    assert [(action.verb, action.value) for action in heard.done] == [("unsuppress", ""), ("outcome", "lost")]
    assert account(engine).suppression is None
    assert (await at(engine, server, 6).read("crm")).done == ()
