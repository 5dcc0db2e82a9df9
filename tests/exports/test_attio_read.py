"""Attio: its attributes made and checked, and what it tells back."""

import asyncio
from typing import Any

import pytest

from earmark.contract import Told
from earmark.testing import FakeDelivery, driven
from exports.attio_fields import NAMES
from exports.company import KEY
from tests.exports.fakes.attio import TOKEN, FakeAttio, a_workspace, an_exporter, told


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTIO_TOKEN", TOKEN)


def test_setup_again_makes_nothing() -> None:
    attio = a_workspace()
    assert attio.attributes.keys() == NAMES
    assert [slug for slug, each in attio.attributes.items() if each["is_unique"]] == [KEY]
    assert asyncio.run(an_exporter().setup(FakeDelivery(attio.serve))) == []


def test_check_says_what_is_missing() -> None:
    attio = a_workspace(fields=False)
    attio.scope = "record_permission:read-write object_configuration:read note:read"
    attio.deals = None
    findings = asyncio.run(an_exporter(deals=True).check(FakeDelivery(attio.serve)))
    told_of = {each.what: (each.is_well, each.text) for each in findings}
    assert told_of["scopes"] == (
        False,
        "The token lacks note:read-write, task:read-write, user_management:read.",
    )
    assert told_of["deals"][0] is False
    assert "earmark_stage" in told_of["attributes"][1]
    attio.scope, attio.deals = FakeAttio().scope, {}
    assert all(each.is_well for each in asyncio.run(an_exporter(deals=True).check(FakeDelivery(attio.serve))))


def read(attio: FakeAttio, delivery: FakeDelivery | None = None, **options: Any) -> list[Told]:
    async def every() -> list[Told]:
        return [each async for each in an_exporter(**options).read(delivery or FakeDelivery(attio.serve))]

    return asyncio.run(every())


def test_a_task_of_ours_that_is_done_is_told_once() -> None:
    attio = a_workspace()
    delivery = FakeDelivery(attio.serve)
    driven(an_exporter(), delivery, told("norvik"), told("orlo"))
    assert read(attio, delivery) == []
    first, second = attio.tasks.values()
    first["is_completed"] = True
    [done] = read(attio, delivery)
    assert (done.ref, done.contacted_at, done.remote_id) == (
        "t-norvik",
        delivery.now,
        next(iter(attio.companies)),
    )
    second |= {"is_completed": True, "content_plaintext": "Send a card"}
    assert read(attio, delivery) == []


def test_deals_are_told_as_customers_open_deals_and_outcomes() -> None:
    attio = a_workspace()
    delivery = FakeDelivery(attio.serve)
    norvik, orlo = attio.add(domains=["norvik.example"]), attio.add(domains=["orlo.example"])
    attio.deal(norvik, "Won 🎉", "2024-01-01T09:00:00.000000000Z")
    attio.deal(orlo, "In Progress", "2026-11-20T09:00:00.000000000Z")
    assert read(attio) == []
    assert [
        (each.remote_id, each.suppression, each.outcome) for each in read(attio, delivery, deals=True)
    ] == [
        (norvik, "customer", None),
        (orlo, "open_deal", "opportunity"),
    ]
    assert attio.deals is not None
    lost = list(attio.deals.values())[1]
    lost |= {"stage": "Lost", "at": "2026-11-21T08:00:00.000000000Z"}
    assert [
        (each.remote_id, each.suppression, each.outcome) for each in read(attio, delivery, deals=True)
    ] == [(orlo, "", "lost")]
