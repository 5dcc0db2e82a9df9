"""A portal of HubSpot as the tests use it: set up, with an exporter for it and promotions to tell."""

import asyncio
from typing import Any, Final

from earmark.testing import FakeDelivery, a_promotion
from earmark.types import Outgoing
from exports.hubspot import HubSpotExporter
from tests.exports.drives import a_door
from tests.exports.fakes.hubspot import FakeHubSpot
from tests.monitors.hostile import Hostile

__all__ = ["OPTIONS", "a_portal", "an_exporter", "set_up", "told"]

OPTIONS: Final = {
    "token": "env:HUBSPOT_TOKEN",
    "owners": {"rep@seller.example": "77", "kim@seller.example": "78"},
}


def an_exporter(server: Hostile | None = None, **options: Any) -> HubSpotExporter:
    """Return the exporter, for this server."""
    where = {"base_url": server.url("/")} if server else {}
    return HubSpotExporter.model_validate(OPTIONS | where | options)


def a_portal() -> FakeHubSpot:
    """Return a portal in which setup was run."""
    portal = FakeHubSpot()
    asyncio.run(an_exporter().setup(FakeDelivery(portal.serve)))
    return portal


async def set_up(server: Hostile) -> FakeHubSpot:
    """Serve a portal in which setup was run."""
    portal = FakeHubSpot().on(server)
    async with a_door(server) as door:
        await an_exporter(server).setup(door)
    portal.requests = 0
    return portal


def told(name: str, **payload: Any) -> Outgoing:
    """Return the promotion of an account of this name."""
    domain = f"{name}.example"
    fields = {"name": name.title(), "domain": domain, "domains": [domain]} | payload
    return a_promotion(**{"account": name, "trigger": f"t-{name}"} | fields)
