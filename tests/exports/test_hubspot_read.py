"""HubSpot: its fields made and checked, and what it tells back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from earmark.contract import Told
from earmark.errors import ExportRejected
from earmark.testing import FakeDelivery, driven
from exports.company import KEY
from exports.hubspot_fields import NAMES
from tests.exports.drives import a_door
from tests.exports.fakes.hubspot import TOKEN, FakeHubSpot
from tests.exports.fakes.portal import a_portal, an_exporter, set_up, told
from tests.monitors.hostile import Hostile

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_TOKEN", TOKEN)


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


def test_setup_again_makes_nothing_and_adds_choices_that_are_new() -> None:
    portal = a_portal()
    assert portal.fields.keys() == NAMES
    assert portal.fields[KEY]["hasUniqueValue"] is True
    options = portal.fields["earmark_trigger_type"]["options"]
    portal.fields["earmark_trigger_type"]["options"] = [{"label": "Mine", "value": "mine"}, *options[2:]]
    made = asyncio.run(an_exporter().setup(FakeDelivery(portal.serve)))
    assert made == ["Added 2 choices to earmark_trigger_type."]
    values = [one["value"] for one in portal.fields["earmark_trigger_type"]["options"]]
    assert values[0] == "mine"
    assert {one["value"] for one in options} <= set(values)
    assert asyncio.run(an_exporter().setup(FakeDelivery(portal.serve))) == []


def test_a_key_field_without_unique_values_is_refused_and_never_used() -> None:
    portal = a_portal()
    del portal.fields[KEY]["hasUniqueValue"]
    with pytest.raises(ExportRejected, match="without unique values"):
        asyncio.run(an_exporter().setup(FakeDelivery(portal.serve)))
    done = driven(an_exporter(), FakeDelivery(portal.serve), told("norvik"))
    assert {change.action for change, _ in done} == {"skip"}


async def test_check_says_what_is_missing(server: Hostile) -> None:
    portal = await set_up(server)
    portal.owners = {"77": "rep@seller.example"}
    async with a_door(server) as door:
        findings = {each.what: each for each in await an_exporter(server).check(door)}
    assert {name for name, each in findings.items() if not each.is_well} == {"owners"}
    assert "kim@seller.example" in findings["owners"].text
    portal.rights.discard("owners")
    async with a_door(server) as door:
        assert all(each.is_well for each in await an_exporter(server).check(door))


def read(portal: FakeHubSpot, delivery: FakeDelivery | None = None, **options: Any) -> list[Told]:
    portal.settle()

    async def every() -> list[Told]:
        return [each async for each in an_exporter(**options).read(delivery or FakeDelivery(portal.serve))]

    return asyncio.run(every())


def test_reading_tells_customers_open_deals_and_owners_also_of_companies_that_are_not_ours() -> None:
    portal = a_portal()
    driven(an_exporter(), FakeDelivery(portal.serve), told("norvik"))
    portal.add("companies", domain="orlo.example", lifecyclestage="customer", hubspot_owner_id="5")
    portal.add("companies", domain="veda.example", hs_num_open_deals="1")
    portal.add("companies", domain="stranger.example")
    assert {(each.key, each.domain, each.owner, each.suppression) for each in read(portal)} == {
        ("norvik", "norvik.example", "rep@seller.example", ""),
        (None, "orlo.example", None, "customer"),
        (None, "veda.example", None, "open_deal"),
    }


def test_without_stages_of_customers_open_deals_are_still_told() -> None:
    portal = a_portal()
    portal.add("companies", domain="orlo.example", lifecyclestage="customer")
    portal.add("companies", domain="veda.example", hs_num_open_deals="1")
    assert [each.domain for each in read(portal, customer_stages=())] == ["veda.example"]


def test_reading_again_tells_what_changed_since_and_the_end_of_a_suppression() -> None:
    portal = a_portal()
    number = portal.add("companies", domain="orlo.example", lifecyclestage="customer")
    delivery = FakeDelivery(portal.serve)
    assert [each.suppression for each in read(portal, delivery)] == ["customer"]
    portal.clock = "2026-11-21T10:00:00.000Z"
    portal.objects["companies"][number] |= {
        "lifecyclestage": "other",
        "hs_lastmodifieddate": portal.clock,
    }
    assert [each.suppression for each in read(portal, delivery)] == [""]
    portal.add("companies", domain="late.example")
    assert [each.domain for each in read(portal, delivery)] == ["orlo.example", "late.example"]


def test_reading_goes_on_where_one_search_is_full() -> None:
    portal = a_portal()
    for number in range(10_150):
        second = f"{number // 60 % 60:02d}:{number % 60:02d}"
        portal.objects["companies"][str(number)] = {
            "domain": f"c{number}.example",
            "lifecyclestage": "customer",
            "hs_lastmodifieddate": f"2026-11-21T{number // 3600:02d}:{second}.000Z",
        }
    delivery = FakeDelivery(portal.serve)
    first = {each.domain for each in read(portal, delivery)}
    second_time = {each.domain for each in read(portal, delivery)}
    assert (len(first), len(second_time)) == (10_000, 151)
    assert len(first | second_time) == 10_150


def test_a_task_of_ours_that_is_done_is_an_outreach_and_others_are_not() -> None:
    portal = a_portal()
    delivery = FakeDelivery(portal.serve)
    driven(an_exporter(), delivery, told("norvik"))
    [(number, task)] = portal.objects["tasks"].items()
    task |= {"hs_task_status": "COMPLETED", "hs_task_completion_date": "2026-11-21T08:30:00Z"}
    other = portal.add("tasks", hs_task_body="Send a card", hs_task_status="COMPLETED")
    portal.hang("tasks", other, portal.hangs[("tasks", number)])
    done = [each for each in read(portal, delivery) if each.contacted_at]
    assert [(each.remote_id, each.ref, each.contacted_at) for each in done] == [
        (portal.hangs[("tasks", number)], "t-norvik", datetime.fromisoformat("2026-11-21T08:30:00+00:00"))
    ]


def test_deals_and_meetings_are_outcomes_when_asked_for() -> None:
    portal = a_portal()
    company = portal.add("companies", domain="orlo.example", lifecyclestage="lead")
    for kind, properties in (
        ("deals", {"createdate": "2026-11-20T08:00:00Z", "hs_is_closed": "false"}),
        ("deals", {"closedate": "2026-11-20T09:00:00Z", "hs_is_closed": "true", "hs_is_closed_won": "true"}),
        ("deals", {"closedate": "2026-11-20T10:00:00Z", "hs_is_closed": "true"}),
        ("meetings", {"hs_meeting_outcome": "COMPLETED", "hs_meeting_start_time": "2026-11-20T11:00:00Z"}),
        ("meetings", {"hs_meeting_outcome": "NO_SHOW", "hs_meeting_start_time": "2026-11-20T12:00:00Z"}),
    ):
        portal.hang(kind, portal.add(kind, **properties), company)
    told_of = [(each.outcome, each.at.hour) for each in read(portal, outcomes=True) if each.outcome]
    assert told_of == [("opportunity", 8), ("won", 9), ("lost", 10), ("meeting", 11)]
    assert [each for each in read(portal) if each.outcome] == []
