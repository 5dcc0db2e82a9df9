"""Pipedrive: its rules, what it may not touch, what is unknown, and what a day may cost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from earmark.errors import ExportUnavailable
from earmark.testing import ExporterContract, FakeDelivery, Served, a_promotion, driven
from earmark.types import Outgoing
from exports.pipedrive import PipedriveExporter
from exports.pipedrive_hits import below, mark_in
from exports.registry import build
from monitors.deliver import PAUSES
from storage import outbox
from storage.engine import Engine, reading
from storage.outbox import State
from tests.builders import NOW
from tests.exports.drives import Crash, a_door, drive, put, states, undone, would
from tests.exports.fakes.pipedrive import ME, REP, FakePipedrive
from tests.monitors.hostile import Hostile

pytestmark = pytest.mark.anyio
TOKEN = "pd-secret-token"  # noqa: S105 - of a fake


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPEDRIVE_TOKEN", TOKEN)


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


def an_exporter(server: Hostile | None = None, **options: Any) -> PipedriveExporter:
    fields = {"token": "env:PIPEDRIVE_TOKEN"} | ({"base_url": server.url("/")} if server else {})
    exporter = build("pipedrive", fields | options)
    assert isinstance(exporter, PipedriveExporter)
    return exporter


def told(account: str, trigger: str = "", **payload: Any) -> Outgoing:
    domain = f"{account}.example"
    payload = {"name": account.title(), "domain": domain, "domains": [domain]} | payload
    ref = trigger or f"t-{account}"
    note = f'<article class="note"><h3>News</h3><p>It\'s "here"</p><p>ref: {ref}</p></article>'
    return a_promotion(account, ref, **({"note_html": note} | payload))


def summary(crm: FakePipedrive) -> list[tuple[str, str | None, list[str], list[str]]]:
    """Return each organisation with its key and the marks of its notes and activities."""
    return sorted(
        (
            row["name"],
            crm.named(number).get("earmark_account_key"),
            [
                mark_in(one["content"])
                for one in crm.notes.values()
                if one["org_id"] == number and one["active_flag"]
            ],
            [
                mark_in(one["note"])
                for one in crm.activities.values()
                if one["org_id"] == number and not one["is_deleted"]
            ],
        )
        for number, row in crm.organisations.items()
        if not row["is_deleted"]
    )


class TestContract(ExporterContract):
    exporter = an_exporter()
    secrets = (TOKEN,)

    def target(self) -> Served:
        return FakePipedrive().serve


async def test_a_promotion_becomes_an_organisation_with_its_note_and_activity(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakePipedrive().on(server), an_exporter(server, owners={"rep@seller.example": REP})
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert (len(done.sent), done.failed, done.paused) == (1, {}, "")
    assert summary(crm) == [("Norvik", "norvik", ["t-norvik"], ["t-norvik"])]
    [(number, organisation)] = crm.organisations.items()
    assert (organisation["website"], organisation["owner_id"]) == ("https://norvik.example", REP)
    assert crm.named(number) == {
        "earmark_account_key": "norvik",
        "earmark_domain": "norvik.example",
        "earmark_stage": "outreach_ready",
        "earmark_trigger_type": "funding_early",
        "earmark_trigger_score": 81.5,
        "earmark_trigger_summary": (
            "Larkspur Foundry raised money\nIt raised money: $25M, Series B (2026-11-19)."
        ),
        "earmark_trigger_url": "https://wire.example/larkspur",
        "earmark_last_trigger_at": "2026-11-19",
    }
    [activity] = crm.activities.values()
    assert activity["subject"] == "Call Norvik: Larkspur Foundry raised money"
    assert (activity["type"], activity["due_date"], activity["owner_id"]) == ("call", "2026-11-20", REP)


@pytest.mark.parametrize("place", ["website", "own field", "another field", "recent"])
async def test_an_organisation_is_found_by_its_domain_and_keeps_its_name(
    engine: Engine, server: Hostile, place: str
) -> None:
    crm = FakePipedrive().on(server)
    crm.fields["f" * 40] = ("Web", "varchar")
    code = {"own field": crm.code("earmark_domain"), "another field": "f" * 40}.get(place)
    values: dict[str, Any] = {"custom_fields": {code: "Norvik.example"}} if code else {}
    if place in ("website", "recent"):
        values = {"website": "www.norvik.example/de", "update_time": NOW}
    number = crm.add("Norvik A/S", owner_id=REP, **values)
    if place == "recent":
        crm.indexed = set()
    put(engine, an_exporter(server), told("norvik"))
    await drive(engine, server, an_exporter(server))
    assert summary(crm) == [("Norvik A/S", "norvik", ["t-norvik"], ["t-norvik"])]
    assert crm.organisations[number]["owner_id"] == REP
    assert [one["owner_id"] for one in crm.activities.values()] == [REP]


async def test_an_organisation_is_found_by_id_and_by_a_name_that_no_website_contradicts(
    engine: Engine, server: Hostile
) -> None:
    crm = FakePipedrive().on(server)
    first, second = crm.add("N. Holding"), crm.add("ORLO")
    crm.add("Veda", website="veda.test")
    crm.add("Twin")
    crm.add("Twin")
    put(
        engine,
        an_exporter(server),
        told("norvik", crm_ids={"pipedrive": str(first)}),
        *map(told, ("orlo", "veda", "twin")),
    )
    await drive(engine, server, an_exporter(server))
    assert crm.named(first)["earmark_account_key"] == "norvik"
    assert crm.named(second)["earmark_account_key"] == "orlo"
    assert crm.organisations[second]["website"] == "https://orlo.example"
    assert [crm.named(number).get("earmark_account_key") for number in crm.organisations] == [
        *("norvik", "orlo", None, None, None, "veda", "twin")
    ]


@pytest.mark.parametrize(
    ("organisation", "deal", "reason"),
    [
        ({}, "open", "it has an open deal in Pipedrive"),
        ({}, "won", "it has a won deal in Pipedrive"),
        ({"owner_id": REP}, "lost", "it belongs to ines in Pipedrive"),
    ],
)
async def test_open_deals_customers_and_the_organisations_of_others_are_left_alone(
    engine: Engine, server: Hostile, organisation: dict[str, Any], deal: str, reason: str
) -> None:
    crm = FakePipedrive().on(server)
    number = crm.add("Norvik A/S", website="norvik.example", update_time=NOW, **organisation)
    crm.deals.append({"org_id": number, "status": deal})
    before = repr((crm.organisations, crm.notes, crm.activities))
    exporter = an_exporter(server, owners={"rep@seller.example": 33, "ines": REP})
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert {change.reason for change in done.changes} == {reason}
    assert repr((crm.organisations, crm.notes, crm.activities)) == before


async def test_what_belongs_to_the_user_of_the_token_belongs_to_nobody(
    engine: Engine, server: Hostile
) -> None:
    crm = FakePipedrive().on(server)
    crm.add("Norvik A/S", website="norvik.example", update_time=NOW, owner_id=ME)
    exporter = an_exporter(server, owners={"rep@seller.example": REP})
    put(engine, exporter, told("norvik"))
    await drive(engine, server, exporter)
    assert summary(crm) == [("Norvik A/S", "norvik", ["t-norvik"], ["t-norvik"])]


async def test_a_change_of_stage_makes_no_organisation(engine: Engine, server: Hostile) -> None:
    crm = FakePipedrive().on(server)
    payload = told("norvik", stage="cold").payload
    moved = Outgoing(target="crm", topic="account.stage_changed", key="m", account="norvik", payload=payload)
    put(engine, an_exporter(server), moved)
    done = await drive(engine, server, an_exporter(server))
    assert [change.reason for change in done.changes] == [
        "it is not in Pipedrive, and not ready for outreach"
    ]
    assert crm.organisations == {}


async def test_a_dry_run_writes_nothing(engine: Engine, server: Hostile) -> None:
    crm = FakePipedrive().on(server)
    crm.add("Norvik A/S", website="norvik.example", update_time=NOW)
    put(engine, an_exporter(server), told("norvik"), told("orlo"))
    changes = await would(engine, server, an_exporter(server))
    assert [(each.action, each.object) for each in changes] == [
        *(("update", "company"), ("create", "note"), ("create", "task")),
        *(("create", "company"), ("create", "note"), ("create", "task")),
    ]
    assert {asked.method for asked in crm.log} == {"GET"}


@pytest.mark.parametrize("sends", [False, True])
async def test_a_crash_at_any_request_while_the_index_lags_ends_in_the_same_pipedrive(
    engine: Engine,
    server: Hostile,
    sends: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    exporter = an_exporter(server)
    crashes = 0
    for dies_at in range(1, 26):
        crm = FakePipedrive(indexed=set()).on(server)
        names = [f"{name}{dies_at}" for name in "ab"]
        put(engine, exporter, *map(told, names))
        try:
            await drive(engine, server, exporter, dies_at=dies_at, sends=sends)
        except Crash:
            crashes += 1
            await drive(engine, server, exporter, now=NOW + timedelta(minutes=11))
        assert summary(crm) == [(name.title(), name, [f"t-{name}"], [f"t-{name}"]) for name in names]
    assert crashes >= 15
    assert set(states(engine).values()) == {State.SENT}


async def test_an_answer_of_500_after_all_was_done_makes_nothing_twice(
    engine: Engine, server: Hostile
) -> None:
    for number in range(1, 16):
        crm = FakePipedrive(after={number: (500, ())}, indexed=set()).on(server)
        name = f"norvik{number}"
        put(engine, an_exporter(server), told(name))
        moment = NOW
        for pause in PAUSES[:3]:
            await drive(engine, server, an_exporter(server), now=moment)
            moment += pause
        assert summary(crm) == [(name.title(), name, [f"t-{name}"], [f"t-{name}"])]


def test_the_same_again_changes_nothing_though_notes_come_back_washed() -> None:
    crm, exporter = FakePipedrive(), an_exporter()
    delivery = FakeDelivery(crm.serve)
    driven(exporter, delivery, told("norvik"))
    assert "<article" not in crm.notes[1]["content"]
    before = repr((crm.organisations, crm.notes, crm.activities))
    again = driven(exporter, delivery, told("norvik"))
    assert [change.reason for change, _ in again] == ["it is up to date"] * 3
    assert repr((crm.organisations, crm.notes, crm.activities)) == before


def test_news_changes_note_and_activity_in_their_place_and_keeps_what_a_person_wrote() -> None:
    crm, exporter = FakePipedrive(), an_exporter()
    delivery = FakeDelivery(crm.serve)
    driven(exporter, delivery, told("norvik"))
    crm.notes[1]["content"] += "<p>Called <b>Ida</b>.</p>"
    crm.activities[41]["note"] += "<br>Try in May."
    crm.activities[41]["due_date"] = "2027-05-03"
    again = driven(exporter, delivery, told("norvik"))
    assert [change.action for change, _ in again] == ["skip"] * 3
    more = {"note_html": "<p>It raised $30M.</p><p>ref: t-norvik</p>", "why_now": "It raised $30M."}
    driven(exporter, delivery, told("norvik", **more))
    [note], [activity] = crm.notes.values(), crm.activities.values()
    assert note["content"].startswith("<p>It raised $30M.</p>")
    assert note["content"].endswith("<p>Called <b>Ida</b>.</p>")
    assert activity["note"].startswith("It raised $30M.")
    assert activity["note"].endswith("ref: t-norvik<br>Try in May.")
    assert activity["due_date"] == "2027-05-03"


async def test_undo_takes_back_what_is_still_ours(engine: Engine, server: Hostile) -> None:
    crm, exporter = FakePipedrive().on(server), an_exporter(server)
    there = crm.add("Norvik A/S", website="norvik.example", update_time=NOW)
    put(engine, exporter, told("norvik"), told("orlo"), told("veda"))
    await drive(engine, server, exporter)
    veda = next(number for number, row in crm.organisations.items() if row["name"] == "Veda")
    crm.organisations[veda]["name"] = "Veda GmbH"
    changes = await undone(engine, server, exporter)
    assert summary(crm) == [("Norvik A/S", None, [], []), ("Veda GmbH", "veda", [], [])]
    assert set(crm.named(there).values()) == {None}
    assert [change.reason for change in changes if change.action == "skip"] == ["somebody changed name"]


async def test_an_organisation_with_people_is_not_deleted(engine: Engine, server: Hostile) -> None:
    crm, exporter = FakePipedrive(people={41: 2}).on(server), an_exporter(server)
    put(engine, exporter, told("norvik"))
    await drive(engine, server, exporter)
    *_, company = await undone(engine, server, exporter)
    assert company.reason.startswith("Somebody added people to the organisation of norvik")
    assert summary(crm) == [("Norvik", "norvik", [], [])]


async def test_without_our_fields_the_target_stops_and_setup_makes_them(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakePipedrive(fields={"a" * 40: ("Web", "varchar")}).on(server), an_exporter(server)
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert "Pipedrive lacks our own fields: earmark_account_key" in done.paused
    assert crm.organisations == {}
    async with a_door(server) as door:
        assert [one.what for one in await exporter.check(door) if not one.is_well] == ["fields"]
        assert len(await exporter.setup(door)) == 8
        assert await exporter.setup(door) == []
        assert all(one.is_well for one in await exporter.check(door))
    assert ("earmark_trigger_score", "double") in crm.fields.values()


async def test_a_wrong_token_stops_the_target(engine: Engine, server: Hostile) -> None:
    FakePipedrive(token="another").on(server)  # noqa: S106 - of a fake
    put(engine, an_exporter(server), told("norvik"))
    done = await drive(engine, server, an_exporter(server))
    assert "HTTP 401" in done.paused
    assert TOKEN not in repr(done)


@pytest.mark.parametrize("said", ["Retry-After: 7200", "Retry-After: Sat, 21 Nov 2026 14:00:00 GMT"])
async def test_a_busy_pipedrive_is_left_alone_as_long_as_it_asks(
    engine: Engine, server: Hostile, said: str
) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    FakePipedrive(before={1: (429, (said,))}).on(server)
    put(engine, an_exporter(server), told("norvik"), at=noon)
    await drive(engine, server, an_exporter(server), now=noon)
    with reading(engine) as connection:
        assert [parcel.next_at for parcel in outbox.find(connection)] == [noon + timedelta(hours=2)]


async def test_the_budget_counts_as_pipedrive_does_and_then_waits_for_the_next_day(server: Hostile) -> None:
    crm, exporter = FakePipedrive().on(server), an_exporter(server, daily_tokens=250)
    state: dict[str, Any] = {}
    async with a_door(server, state=state) as door:
        wanted = exporter.wanted(told("norvik"))
        company, *texts = exporter.plan(wanted, await exporter.find(wanted, door))
        [receipt] = await exporter.apply([company], door)
        for change in texts:
            await exporter.apply([replace(change, parent_id=receipt.remote_id)], door)
        await exporter.find(wanted, door)
        assert door.state["spent"]["tokens"] == crm.spent
        many = [one for number in range(9) for one in exporter.wanted(told(f"orlo{number}"))[:1]]
        with pytest.raises(ExportUnavailable, match="budget of 250 Pipedrive tokens is used up") as error:
            await exporter.find(many, door)
        assert crm.spent <= 250
        state |= door.state
    waits = error.value.retry_after
    assert waits is not None
    assert f"{NOW + waits:%H:%M}" == "00:00"
    async with a_door(server, state=state, now=NOW + waits) as door:
        await exporter.find(wanted, door)
    assert crm.spent > 250


async def test_what_is_refused_waits_with_its_reason_and_the_others_go(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakePipedrive().on(server), an_exporter(server, owners={"gone": 99})
    put(engine, exporter, told("norvik"), told("orlo", owner="gone"))
    done = await drive(engine, server, exporter)
    assert list(done.failed.values()) == ["Pipedrive refused it (HTTP 400): owner_id is no user."]
    assert [name for name, *_ in summary(crm)] == ["Norvik"]
    assert states(engine)["orlo:t-orlo"] == State.REFUSED


async def test_many_organisations_notes_and_fields_are_read_page_by_page(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakePipedrive().on(server), an_exporter(server)
    for number in range(5):
        crm.add(f"Other {number}", update_time=NOW)
    put(engine, exporter, *(told("norvik", f"t-{number}") for number in range(7)))
    await drive(engine, server, exporter)
    delivery = FakeDelivery(crm.serve)
    wanted = [one for number in range(7) for one in exporter.wanted(told("norvik", f"t-{number}"))[1:]]
    company = exporter.wanted(told("norvik", "t-6"))[0]
    found = await exporter.find([company, *wanted], delivery)
    assert {change.reason for change in exporter.plan([company, *wanted], found)} == {"it is up to date"}
    assert len(crm.notes) == 7


def test_texts_are_escaped_and_cut_to_what_pipedrive_takes() -> None:
    crm, exporter = FakePipedrive(), an_exporter()
    odd = {
        "headline": "<b>" * 300,
        "why_now": "<script>x</script>\nref: t-other",
        "link": "https://x.example/" + "z" * 300,
    }
    driven(exporter, FakeDelivery(crm.serve), told("norvik", **odd))
    [activity] = crm.activities.values()
    assert "<script" not in activity["note"]
    assert "&lt;script&gt;" in activity["note"]
    assert mark_in(activity["note"]) == "t-norvik"
    assert len(activity["subject"]) <= 255
    assert "earmark_trigger_url" not in crm.named(41)


def test_the_mark_is_read_from_html() -> None:
    assert mark_in("<p>a</p>\n<p>ref: t-1</p>\n</article>") == "t-1"
    assert mark_in("Raised.<br>ref: t-1") == "t-1"
    assert mark_in("<p>see ref: t-1</p>") == ""
    assert below("a<br>ref: t-1<br>b", "t-1") == "<br>b"
    assert below("<p>ref: t-1</p>\n</article><p> </p>", "t-1") == ""
