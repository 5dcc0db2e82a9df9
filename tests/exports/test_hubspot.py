"""HubSpot: its rules, what it may not touch, what is unknown, and what it tells back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ExportRefused
from earmark.testing import ExporterContract, FakeDelivery, Served, driven
from earmark.types import Outgoing
from exports.company import KEY, note_body, ref_in
from exports.hubspot import MOST_IN_A_NOTE, HubSpotExporter
from exports.registry import build
from storage.engine import Engine, reading
from storage.outbox import State, find
from tests.builders import NOW
from tests.exports.drives import Crash, a_door, drive, put, states, undone, would
from tests.exports.fakes.hubspot import TOKEN, FakeHubSpot
from tests.exports.fakes.portal import OPTIONS, a_portal, an_exporter, set_up, told
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


def summary(portal: FakeHubSpot) -> list[tuple[str, str, list[str]]]:
    """Return each company with its key and the marks of all that hangs on it."""
    return sorted(
        (
            held.get("name", ""),
            held.get(KEY, ""),
            sorted(
                f"{kind} {ref_in(one.get('hs_note_body') or one.get('hs_task_body'))}"
                for kind in ("notes", "tasks")
                for each, one in portal.objects[kind].items()
                if portal.hangs[(kind, each)] == number
            ),
        )
        for number, held in portal.objects["companies"].items()
    )


async def test_a_promotion_becomes_a_company_with_its_note_and_task(engine: Engine, server: Hostile) -> None:
    portal = await set_up(server)
    put(engine, an_exporter(server), told("norvik"))
    done = await drive(engine, server, an_exporter(server))
    assert (len(done.sent), done.failed, done.paused) == (1, {}, "")
    assert summary(portal) == [("Norvik", "norvik", ["notes t-norvik", "tasks t-norvik"])]
    [company] = portal.objects["companies"].values()
    assert company["domain"] == "norvik.example"
    assert company["earmark_trigger_score"] == "81.5"
    assert company["hubspot_owner_id"] == "77"
    [task] = portal.objects["tasks"].values()
    assert task["hs_timestamp"] == "2026-11-20T08:00:00Z"
    assert task["hs_task_status"] == "NOT_STARTED"


async def test_a_company_is_found_by_domain_and_only_its_blanks_and_our_fields_are_written(
    engine: Engine, server: Hostile
) -> None:
    portal = await set_up(server)
    number = portal.add("companies", name="Norvik A/S", domain="Norvik.example", hubspot_owner_id="77")
    put(engine, an_exporter(server), told("norvik", domains=["norvik.example", "norvik.test"]))
    await drive(engine, server, an_exporter(server))
    held = portal.objects["companies"]
    assert list(held) == [number]
    assert held[number]["name"] == "Norvik A/S"
    assert held[number]["hs_additional_domains"] == "norvik.test"
    assert held[number][KEY] == "norvik"


@pytest.mark.parametrize(
    ("there", "payload"),
    [
        ({"domain": "old.example"}, {"crm_ids": {"hubspot": "9001"}}),
        ({"domain": "parent.example", "hs_additional_domains": "a.example;norvik.example"}, {}),
        ({"name": "norvik"}, {}),
        ({"name": "Norvik Labs"}, {"aliases": ["Norvik Labs"], "domains": [], "domain": None}),
    ],
    ids=["id", "further domain", "name", "alias"],
)
async def test_a_company_is_found_by_id_further_domain_name_and_alias(
    engine: Engine, server: Hostile, there: dict[str, str], payload: dict[str, Any]
) -> None:
    portal = await set_up(server)
    portal.add("companies", **there)
    put(engine, an_exporter(server), told("norvik", **payload))
    done = await drive(engine, server, an_exporter(server))
    assert not done.failed
    assert [held[KEY] for held in portal.objects["companies"].values()] == ["norvik"]


async def test_another_company_of_the_name_is_left_alone(engine: Engine, server: Hostile) -> None:
    portal = await set_up(server)
    portal.add("companies", name="Norvik", domain="norvik-shoes.example")
    put(engine, an_exporter(server), told("norvik"))
    await drive(engine, server, an_exporter(server))
    assert sorted(held["domain"] for held in portal.objects["companies"].values()) == [
        "norvik-shoes.example",
        "norvik.example",
    ]


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"lifecyclestage": "customer"}, "it is a customer in HubSpot"),
        ({"hs_num_open_deals": "2"}, "it has an open deal in HubSpot"),
        ({"hubspot_owner_id": "78"}, "it belongs to kim@seller.example in HubSpot"),
        ({"hubspot_owner_id": "99"}, "it belongs to owner 99 in HubSpot"),
        ({KEY: "orlo"}, "the CRM has it as the company of the account orlo"),
    ],
)
async def test_what_may_not_be_touched_is_skipped_with_the_reason_and_all_that_would_hang_on_it(
    engine: Engine, server: Hostile, held: dict[str, str], reason: str
) -> None:
    portal = await set_up(server)
    number = portal.add("companies", domain="norvik.example", **held)
    before = dict(portal.objects["companies"][number])
    put(engine, an_exporter(server), told("norvik"))
    done = await drive(engine, server, an_exporter(server))
    assert [(each.action, each.reason) for each in done.changes] == [("skip", reason)] * 3
    assert portal.objects["companies"][number] == before
    assert (portal.objects["notes"], portal.objects["tasks"]) == ({}, {})


async def test_of_two_accounts_with_one_company_the_second_is_skipped(
    engine: Engine, server: Hostile
) -> None:
    portal = await set_up(server)
    portal.add("companies", domain="norvik.example")
    twin = told("twin", domains=["norvik.example"])
    put(engine, an_exporter(server), told("norvik"), twin)
    done = await drive(engine, server, an_exporter(server))
    assert {each.reason for each in done.changes if each.account == "twin"} == {
        "the CRM has it as the company of the account norvik"
    }
    assert summary(portal) == [("Norvik", "norvik", ["notes t-norvik", "tasks t-norvik"])]


async def test_without_our_fields_only_notes_and_tasks_are_written_to_companies_that_are_there(
    engine: Engine, server: Hostile
) -> None:
    portal = FakeHubSpot(rights=set()).on(server)
    number = portal.add("companies", name="Norvik", domain="norvik.example")
    put(engine, an_exporter(server), told("norvik"), told("orlo"))
    done = await drive(engine, server, an_exporter(server))
    assert not done.failed
    assert summary(portal) == [("Norvik", "", ["notes t-norvik", "tasks t-norvik"])]
    reasons = {each.reason for each in done.changes if each.account == "orlo"}
    [reason] = reasons
    assert "none is made without the field earmark_account_key" in reason
    async with a_door(server) as door:
        findings = {each.what: each for each in await an_exporter(server).check(door)}
        with pytest.raises(ExportRefused):
            await an_exporter(server).setup(door)
    assert not findings["fields"].is_well
    assert "earmark_stage" in findings["fields"].text
    assert number in portal.objects["companies"]


@pytest.mark.parametrize("sends", [False, True])
async def test_a_crash_at_any_request_ends_in_the_same_crm(
    engine: Engine,
    server: Hostile,
    sends: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    portal = await set_up(server)
    exporter = an_exporter(server)
    crashes = 0
    for dies_at in range(1, 14):
        names = [f"{name}{dies_at}" for name in ("ash", "birch")]
        portal.add("companies", name=f"ash{dies_at}", domain=f"ash{dies_at}.example")
        put(engine, exporter, *(told(name) for name in names))
        try:
            await drive(engine, server, exporter, dies_at=dies_at, sends=sends)
        except Crash:  # the index has still not caught up
            await drive(engine, server, exporter, now=NOW + timedelta(minutes=11))
            crashes += 1
    assert crashes >= 10
    held = [(key, marks) for _, key, marks in summary(portal)]
    names = [f"{name}{dies_at}" for name in ("ash", "birch") for dies_at in range(1, 14)]
    assert sorted(held) == sorted((name, [f"notes t-{name}", f"tasks t-{name}"]) for name in names)
    assert set(states(engine).values()) == {State.SENT}


async def test_an_error_after_all_was_done_makes_nothing_twice(engine: Engine, server: Hostile) -> None:
    portal = await set_up(server)
    portal.forgetful = True
    portal.add("companies", domain="orlo.example", name="Orlo")
    put(engine, an_exporter(server), told("norvik"), told("orlo"))
    for day in range(5):
        await drive(engine, server, an_exporter(server), now=NOW + timedelta(days=day))
    assert set(states(engine).values()) == {State.SENT}
    assert [(key, marks) for _, key, marks in summary(portal)] == [
        ("norvik", ["notes t-norvik", "tasks t-norvik"]),
        ("orlo", ["notes t-orlo", "tasks t-orlo"]),
    ]


@pytest.mark.parametrize("modern", [False, True])
async def test_the_one_of_a_batch_that_is_refused_waits_with_hubspots_words(
    engine: Engine,
    server: Hostile,
    modern: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    portal = await set_up(server)
    portal.modern = modern
    put(engine, an_exporter(server), told("norvik"), told("orlo", kind="fnding"), told("veda"))
    done = await drive(engine, server, an_exporter(server))
    [error] = done.failed.values()
    assert "fnding was not one of the allowed options (VALIDATION_ERROR)" in error
    assert [name for name, _, _ in summary(portal)] == ["Norvik", "Veda"]
    assert states(engine)["orlo:t-orlo"] == State.REFUSED


async def test_more_than_a_batch_goes_in_batches(engine: Engine, server: Hostile) -> None:
    portal = await set_up(server)
    put(engine, an_exporter(server), *(told(f"n{number}") for number in range(130)))
    first = await drive(engine, server, an_exporter(server))
    second = await drive(engine, server, an_exporter(server))
    assert len(first.sent) + len(second.sent) == 130
    assert len(portal.objects["companies"]) == len(portal.objects["notes"]) == 130


@pytest.mark.parametrize("said", ["Retry-After: 3600", "Retry-After: Sat, 21 Nov 2026 13:00:00 GMT"])
async def test_a_busy_hubspot_is_left_alone_as_long_as_it_asks(
    engine: Engine, server: Hostile, said: str
) -> None:
    portal = await set_up(server)
    portal.bad[1] = ("before", "429 Too Many Requests", said)
    now = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
    put(engine, an_exporter(server), told("norvik"), at=now)
    await drive(engine, server, an_exporter(server), now=now)
    with reading(engine) as connection:
        [parcel] = find(connection, state=State.WAITING)
    assert parcel.next_at == now + timedelta(hours=1)


async def test_a_key_that_is_refused_pauses_the_target_and_shows_nowhere(
    engine: Engine, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeHubSpot().on(server)
    monkeypatch.setenv("HUBSPOT_TOKEN", "pat-old")
    put(engine, an_exporter(server), told("norvik"))
    done = await drive(engine, server, an_exporter(server))
    assert "HTTP 401" in done.paused
    assert "pat-old" not in done.paused
    assert states(engine) == {"norvik:t-norvik": State.WAITING}


async def test_a_dry_run_shows_the_exact_properties_and_changes_nothing(
    engine: Engine, server: Hostile
) -> None:
    portal = await set_up(server)
    portal.add("companies", domain="norvik.example", name="Norvik A/S")
    before = repr(portal.objects)
    put(engine, an_exporter(server), told("norvik"))
    company, note, task = await would(engine, server, an_exporter(server))
    assert (company.action, note.action, task.action) == ("update", "create", "create")
    assert company.after["earmark_trigger_type"] == "funding_early"
    assert "name" not in company.after
    assert repr(portal.objects) == before


async def test_undo_takes_back_what_is_still_ours(engine: Engine, server: Hostile) -> None:
    portal = await set_up(server)
    number = portal.add("companies", domain="norvik.example", name="Norvik A/S")
    before = dict(portal.objects["companies"][number])
    put(engine, an_exporter(server), told("norvik"), told("orlo"))
    await drive(engine, server, an_exporter(server))
    portal.objects["companies"][number]["earmark_stage"] = "hot"
    await undone(engine, server, an_exporter(server))
    assert portal.objects["companies"] == {number: before | {"earmark_stage": "hot"}}
    assert (portal.objects["notes"], portal.objects["tasks"]) == ({}, {})


async def test_accounts_whose_ids_are_numbers_are_not_taken_for_hubspots(
    engine: Engine, server: Hostile
) -> None:
    portal = await set_up(server)
    keys = [str(portal.last + place) for place in (3, 2, 1)]
    put(engine, an_exporter(server), *(told(key, trigger=key) for key in keys))
    await drive(engine, server, an_exporter(server))
    assert summary(portal) == sorted((key, key, [f"notes {key}", f"tasks {key}"]) for key in keys)


def test_undo_leaves_a_company_to_which_somebody_added_something() -> None:
    portal = a_portal()
    delivery = FakeDelivery(portal.serve)
    [(company, _), *_] = driven(an_exporter(tasks=False), delivery, told("norvik"))
    [number] = portal.objects["companies"]
    back = replace(company, action="delete", remote_id=number)
    [receipt] = asyncio.run(an_exporter().apply([back], delivery))
    assert receipt.error == "HubSpot's company norvik has notes now, so it stays."
    portal.hangs.clear()
    assert not asyncio.run(an_exporter().apply([back], delivery))[0].error
    assert portal.objects["companies"] == {}


async def test_undo_leaves_a_task_that_somebody_did(engine: Engine, server: Hostile) -> None:
    portal = await set_up(server)
    portal.add("companies", domain="norvik.example")
    put(engine, an_exporter(server), told("norvik"))
    await drive(engine, server, an_exporter(server))
    [task] = portal.objects["tasks"].values()
    task["hs_task_status"] = "COMPLETED"
    changes = await undone(engine, server, an_exporter(server))
    assert [each.reason for each in changes if each.object == "task"] == ["somebody changed hs_task_status"]
    assert list(portal.objects["tasks"].values()) == [task]


async def test_news_of_a_trigger_changes_its_note_in_place_and_not_what_a_person_set(
    engine: Engine, server: Hostile
) -> None:
    portal = await set_up(server)
    put(engine, an_exporter(server), told("norvik"))
    await drive(engine, server, an_exporter(server))
    [task] = portal.objects["tasks"].values()
    task |= {"hs_timestamp": "2026-12-24T08:00:00Z", "hs_task_status": "IN_PROGRESS"}
    news = told("norvik", note_html="<p>It raised more.</p><p>ref: t-norvik</p>", why_now="It raised more.")
    put(engine, an_exporter(server), Outgoing(**{**vars_of(news), "key": "more"}))
    await drive(engine, server, an_exporter(server))
    assert [note["hs_note_body"] for note in portal.objects["notes"].values()] == [
        "<p>It raised more.</p><p>ref: t-norvik</p>"
    ]
    assert len(portal.objects["tasks"]) == 1
    assert (task["hs_timestamp"], task["hs_task_status"]) == ("2026-12-24T08:00:00Z", "IN_PROGRESS")
    assert task["hs_task_body"].startswith("It raised more.<br>")


def vars_of(outgoing: Outgoing) -> dict[str, Any]:
    return {name: getattr(outgoing, name) for name in ("target", "topic", "key", "account", "payload")}


def test_a_change_of_stage_writes_the_stage_and_makes_no_company_that_went_cold() -> None:
    portal = a_portal()
    delivery = FakeDelivery(portal.serve)
    driven(an_exporter(), delivery, told("norvik"))
    for name in ("norvik", "orlo"):
        fields = vars_of(told(name, stage="cold")) | {"topic": "account.stage_changed", "key": f"m-{name}"}
        done = driven(an_exporter(), delivery, Outgoing(**fields))
        [(change, _)] = done
    assert change.reason == "it is not in HubSpot, and not ready for outreach"
    [company] = portal.objects["companies"].values()
    assert company["earmark_stage"] == "cold"


def test_our_note_is_found_among_all_that_people_wrote() -> None:
    portal = a_portal()
    delivery = FakeDelivery(portal.serve)
    driven(an_exporter(), delivery, told("norvik"))
    [company] = portal.objects["companies"]
    for number in range(230):
        portal.hang(
            "notes", portal.add("notes", hs_note_body=f"Talked {number}. See ref: t-other, ok"), company
        )
    done = driven(an_exporter(), delivery, told("norvik"))
    assert [change.reason for change, _ in done] == ["it is up to date"] * 3


def test_values_that_hubspot_dresses_otherwise_are_still_ours() -> None:
    portal = a_portal()
    delivery = FakeDelivery(portal.serve)
    driven(an_exporter(), delivery, told("norvik"))
    [company] = portal.objects["companies"].values()
    company |= {"earmark_last_trigger_at": "2026-11-19T08:00:00.000Z", "earmark_trigger_score": "81.50"}
    [note] = portal.objects["notes"].values()
    note["hs_note_body"] = "<div><p>Larkspur Foundry raised money</p>\n<p>ref: t-norvik</p></div>"
    done = driven(an_exporter(), delivery, told("norvik"))
    assert [change.reason for change, _ in done] == ["it is up to date"] * 3


@given(
    st.builds(str.__mul__, st.text("<&>\"'\n aé\ud800\0", max_size=200), st.sampled_from([1, 400, 3_000])),
    st.text("abc-_019", min_size=1, max_size=40),
)
def test_a_note_stays_within_its_length_is_escaped_and_carries_its_mark(text: str, ref: str) -> None:
    body = note_body({"note_text": text}, ref, MOST_IN_A_NOTE)
    assert len(body) <= MOST_IN_A_NOTE
    assert ref_in(body) == ref
    assert "<" not in body.replace("<p>", "").replace("</p>", "")
    body.encode()


def test_it_is_a_kind_of_target() -> None:
    assert build("hubspot", OPTIONS) == an_exporter()


class TestHubSpot(ExporterContract):
    exporter = HubSpotExporter.model_validate(OPTIONS)
    secrets = (TOKEN,)

    def target(self) -> Served:
        return a_portal().serve
