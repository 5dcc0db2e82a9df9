"""CRMs by their real names: the connection is mocked, all above it is real, and the same fakes answer."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import httpx
import pytest
import respx

from earmark.contract import Exporter
from earmark.testing import FakeDelivery
from earmark.types import Outgoing
from monitors.deliver import Done, deliver
from monitors.door import Door
from storage import outbox, targets
from storage.engine import Engine, reading
from tests.builders import NOW
from tests.exports import test_pipedrive, test_salesforce
from tests.exports.drives import put
from tests.exports.fakes import attio, portal
from tests.exports.fakes.attio import FakeAttio
from tests.exports.fakes.hubspot import FakeHubSpot
from tests.exports.fakes.pipedrive import FakePipedrive
from tests.exports.fakes.salesforce import FakeSalesforce
from tests.monitors.hostile import a_fetcher

Crm = tuple[str, Any, Exporter, Outgoing, Callable[[], object]]


def _hubspot() -> Crm:
    crm = FakeHubSpot()
    return "https://api.hubapi.com", crm, portal.an_exporter(), portal.told("norvik"), lambda: crm.objects


def _attio() -> Crm:
    crm = FakeAttio()
    held = lambda: (crm.companies, crm.notes, crm.tasks)  # noqa: E731 - what stands there
    return "https://api.attio.com", crm, attio.an_exporter(), attio.told("norvik"), held


def _pipedrive() -> Crm:
    crm = FakePipedrive()
    held = lambda: (crm.organisations, crm.notes, crm.activities)  # noqa: E731 - what stands there
    exporter, told = test_pipedrive.an_exporter(), test_pipedrive.told("norvik")
    return "https://api.pipedrive.com", crm, exporter, told, held


def _salesforce() -> Crm:
    crm = FakeSalesforce()
    held = lambda: (list(crm.every("Account")), list(crm.every("Task")))  # noqa: E731 - what stands there
    host = "https://norvik.my.salesforce.com"
    return host, crm, test_salesforce.an_exporter(host), test_salesforce.told("norvik"), held


KEYS = {
    "HUBSPOT_TOKEN": "pat-na1-sEcReT",
    "ATTIO_TOKEN": attio.TOKEN,
    "PIPEDRIVE_TOKEN": test_pipedrive.TOKEN,
    "SF_ID": "demo-id",
    "SF_SECRET": test_salesforce.SECRET,
}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("crm", [_hubspot, _attio, _pipedrive, _salesforce])
@respx.mock(using="httpcore")
def test_a_promotion_reaches_the_crm_at_its_own_address_and_nowhere_else(
    crm: Callable[[], Crm], engine: Engine, respx_mock: respx.MockRouter
) -> None:
    host, fake, exporter, told, held = crm()
    asyncio.run(exporter.setup(FakeDelivery(fake.serve)))
    route = respx_mock.route(host=host.removeprefix("https://"), scheme="https")
    route.side_effect = lambda request: _answer(fake, request)
    put(engine, exporter, told)
    done = _driven(engine, exporter)
    assert (len(done.sent), done.failed, done.paused) == (1, {}, "")
    before = json.dumps(held(), sort_keys=True, default=str)
    asked = route.call_count
    assert asked >= 3
    assert _driven(engine, exporter).sent == ()
    assert (json.dumps(held(), sort_keys=True, default=str), route.call_count) == (before, asked)
    assert all(call.request.headers["user-agent"].startswith("earmark/") for call in route.calls)


@respx.mock(using="httpcore")
def test_a_refused_key_stops_the_target_and_is_not_shown_again_and_again(
    engine: Engine, respx_mock: respx.MockRouter
) -> None:
    host, _, exporter, told, _ = _hubspot()
    route = respx_mock.route(host=host.removeprefix("https://"))
    route.respond(401, json={"status": "error", "category": "INVALID_AUTHENTICATION", "message": "no"})
    put(engine, exporter, told)
    done = _driven(engine, exporter)
    assert "401" in done.paused
    assert "sEcReT" not in done.paused
    assert route.call_count <= 2, "what was under way at once, and no more"


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422])
@pytest.mark.parametrize("crm", [_hubspot, _attio, _pipedrive, _salesforce])
@respx.mock(using="httpcore")
def test_a_crm_that_repeats_the_key_in_its_refusal_has_it_shown_nowhere(
    crm: Callable[[], Crm],
    engine: Engine,
    caplog: pytest.LogCaptureFixture,
    status: int,
    respx_mock: respx.MockRouter,
) -> None:
    host, _, exporter, told, _ = crm()
    route = respx_mock.route(host=host.removeprefix("https://"))
    route.side_effect = lambda request: _repeated(status, request)
    put(engine, exporter, told)
    done = _driven(engine, exporter)
    assert not done.sent
    with reading(engine) as connection:
        kept = repr((outbox.find(connection), targets.get(connection, "crm")))
    secret = re.compile("|".join(map(re.escape, KEYS.values())))
    assert not secret.search(f"{done}{kept}{caplog.text}")


def _repeated(status: int, request: httpx.Request) -> httpx.Response:
    sent = f"{request.headers.multi_items()} {unquote_plus(request.content.decode())}"
    keys = [key for key in KEYS.values() if key in sent]
    assert keys, "a request without a key"
    said = f"{' '.join(keys)} may not do this"
    told = {"message": said, "error": said, "error_description": said, "errors": [{"message": said}]}
    listed = "/services/data/" in str(request.url)  # Salesforce tells its errors in a list
    return httpx.Response(status, json=[{**told, "errorCode": "INVALID"}] if listed else told)


def _answer(fake: Any, request: httpx.Request) -> httpx.Response:
    status, told = fake.serve(
        request.method, request.url.raw_path.decode(), dict(request.headers), request.content
    )
    return httpx.Response(status, json=told)


def _driven(engine: Engine, exporter: Exporter) -> Done:
    async def drive() -> Done:
        async with a_fetcher() as fetcher:
            door = Door(fetcher, name="crm", per_second=1e6, clock=lambda: NOW)
            return await deliver(engine, "crm", exporter, door, worker="w")

    return asyncio.run(drive())
