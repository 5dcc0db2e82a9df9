"""What a rep does in Salesforce arrives here: over real HTTP, from the promotion to the end of a deal."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from earmark.config import Settings
from earmark.types import Suppression
from monitors.targets import Targets
from storage import accounts, targets
from storage.engine import Engine, reading, writing
from tests.builders import NOW, an_account, an_event
from tests.exports.fakes.salesforce import FakeSalesforce
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


def at(engine: Engine, server: Hostile, crm: FakeSalesforce, hours: float) -> Targets:
    """Return the targets at this hour, which is Salesforce's too."""
    crm.now = LATER + timedelta(hours=hours)
    http = {"contact": "ops@norvik.example", "allow": [server.allow]}
    return Targets(Settings(http=http), engine, now=lambda: LATER + timedelta(hours=hours))


def suppression(engine: Engine) -> Suppression | None:
    with reading(engine) as connection:
        found = accounts.get(connection, "norvik-labs")
    assert found is not None
    return found.suppression


@pytest.mark.slow
async def test_a_call_an_open_deal_that_is_lost_and_a_customer(
    engine: Engine, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SF_ID", "demo-id")
    monkeypatch.setenv("SF_SECRET", "demo-secret")
    crm = FakeSalesforce().on(server)
    prepared(engine, an_account())
    options = {"base_url": server.url("/"), "client_id": "env:SF_ID", "client_secret": "env:SF_SECRET"}
    with writing(engine) as connection:
        targets.add(connection, "crm", "salesforce", options, NOW)
    poll(engine, [an_event()])
    done = await at(engine, server, crm, 0).drive("crm")
    assert (len(done.sent), done.failed, done.paused) == (1, {}, "")
    [account], [task] = crm.every("Account"), crm.every("Task")
    assert (await at(engine, server, crm, 0.1).read("crm")).done == ()

    hour = at(engine, server, crm, 1)
    crm.change("Task", task["Id"], IsClosed=True, CompletedDateTime=crm.now)
    heard = await hour.read("crm")
    assert ([action.verb for action in heard.done], heard.error) == (["contacted"], None)

    hour = at(engine, server, crm, 2)
    deal = crm.add(
        "Opportunity", AccountId=account["Id"], IsClosed=False, IsWon=False, CloseDate="2026-11-21"
    )
    heard = await hour.read("crm")
    assert [(action.verb, action.value) for action in heard.done] == [
        ("suppress", "open_deal"),
        ("outcome", "opportunity"),
    ]

    hour = at(engine, server, crm, 3)
    crm.change("Opportunity", deal, IsClosed=True)
    heard = await hour.read("crm")
    assert [(action.verb, action.value) for action in heard.done] == [("unsuppress", ""), ("outcome", "lost")]
    assert suppression(engine) is None

    hour = at(engine, server, crm, 4)
    crm.change("Account", account["Id"], Type="Customer - Direct")
    await hour.read("crm")
    held = suppression(engine)
    assert held is not None
    assert (held.reason, held.by) == ("customer", "crm:crm")
    assert (await at(engine, server, crm, 5).read("crm")).done == ()
