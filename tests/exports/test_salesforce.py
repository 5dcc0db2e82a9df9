"""Salesforce: its rules, what it may not touch, what is unknown, and what it tells back."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.contract import Change, Told
from earmark.errors import ConfigError
from earmark.testing import ExporterContract, FakeDelivery, Served, a_promotion, driven
from earmark.types import Outgoing
from exports.registry import build
from exports.salesforce import MOST_IN_A_SUBJECT, MOST_IN_A_TASK, SalesforceExporter
from exports.salesforce_hits import below, host_of, mark_in
from exports.soql import any_of, holding, lumps, quoted, select
from monitors.deliver import PAUSES
from storage import outbox, targets
from storage.engine import Engine, reading
from storage.outbox import State
from tests.builders import NOW
from tests.exports.drives import Crash, a_door, drive, put, states, undone, would
from tests.exports.fakes.salesforce import APP, KEY, OWN_FIELDS, REP, FakeSalesforce, Question
from tests.monitors.hostile import Hostile

pytestmark = pytest.mark.anyio
HOST = "https://larkspur.my.salesforce.example"
SECRET = "demo-secret"  # noqa: S105 - of a fake


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_ID", "demo-id")
    monkeypatch.setenv("SF_SECRET", SECRET)


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


def an_exporter(host: str = HOST, **options: Any) -> SalesforceExporter:
    fields = {"base_url": host, "client_id": "env:SF_ID", "client_secret": "env:SF_SECRET"}
    exporter = build("salesforce", fields | options)
    assert isinstance(exporter, SalesforceExporter)
    return exporter


def told(account: str, trigger: str = "", **payload: Any) -> Outgoing:
    domain = f"{account}.example"
    payload = {"name": account.title(), "domain": domain, "domains": [domain]} | payload
    return a_promotion(account, trigger or f"t-{account}", **payload)


def summary(crm: FakeSalesforce) -> list[tuple[str, str | None, list[str | None]]]:
    """Return each account with its key and the marks of its tasks."""
    return sorted(
        (
            row["Name"],
            row.get(KEY),
            [mark_in(task["Description"]) for task in crm.every("Task") if task["WhatId"] == row["Id"]],
        )
        for row in crm.every("Account")
    )


class TestContract(ExporterContract):
    exporter = an_exporter()
    secrets = (SECRET, "00Dsecret-token")

    def target(self) -> Served:
        return FakeSalesforce().serve


async def test_a_promotion_becomes_an_account_with_its_task(engine: Engine, server: Hostile) -> None:
    crm, exporter = (
        FakeSalesforce().on(server),
        an_exporter(server.url("/"), owners={"rep@seller.example": REP}),
    )
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert (len(done.sent), done.failed, done.paused) == (1, {}, "")
    assert summary(crm) == [("Norvik", "norvik", ["t-norvik"])]
    [account], [task] = crm.every("Account"), crm.every("Task")
    assert account["Website"] == "https://norvik.example"
    assert account["OwnerId"] == REP
    assert account["Earmark_Trigger_Score__c"] == 81.5
    assert account["Earmark_Last_Trigger_At__c"] == "2026-11-19T08:00:00Z"
    assert task["Subject"] == "Call Norvik: Larkspur Foundry raised money"
    assert (task["Status"], task["Priority"], task["ActivityDate"]) == ("Not Started", "High", "2026-11-20")
    assert task["Description"].endswith("\nref: t-norvik")


@pytest.mark.parametrize(
    "website", ["norvik.example", "https://www.Norvik.example/about?x=1", "http://norvik.example"]
)
async def test_an_account_is_found_by_its_website_and_keeps_its_name(
    engine: Engine, server: Hostile, website: str
) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    crm.add("Account", Name="Not Norvik", Website="https://not-norvik.example")
    crm.add("Account", Name="Elsewhere", Website="https://other.example/norvik.example")
    number = crm.add("Account", Name="Norvik A/S", Website=website, OwnerId=REP)
    put(engine, exporter, told("norvik"))
    await drive(engine, server, exporter)
    assert len(crm.every("Account")) == 3
    account = crm.records["Account"][number]
    assert (account["Name"], account["Website"], account["OwnerId"]) == ("Norvik A/S", website, REP)
    assert (account[KEY], account["Earmark_Stage__c"]) == ("norvik", "outreach_ready")
    [task] = crm.every("Task")
    assert (task["WhatId"], task["OwnerId"]) == (number, REP)


async def test_an_account_is_found_by_its_id_and_by_a_name_that_no_website_contradicts(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    first = crm.add("Account", Name="N. Holding")
    second = crm.add("Account", Name="ORLO")
    crm.add("Account", Name="Veda", Website="veda.test")
    put(engine, exporter, told("norvik", crm_ids={"salesforce": first[:15]}), told("orlo"), told("veda"))
    await drive(engine, server, exporter)
    assert crm.records["Account"][first][KEY] == "norvik"
    assert crm.records["Account"][second][KEY] == "orlo"
    assert crm.records["Account"][second]["Website"] == "https://orlo.example"
    assert [row.get(KEY) for row in crm.every("Account")] == ["norvik", "orlo", None, "veda"]


def test_the_same_again_changes_nothing_and_news_changes_the_task_in_its_place() -> None:
    crm, exporter = FakeSalesforce(), an_exporter()
    delivery = FakeDelivery(crm.serve)
    driven(exporter, delivery, told("norvik"))
    before = repr(crm.records)
    done = driven(exporter, delivery, told("norvik"))
    assert [change.reason for change, _ in done] == ["it is up to date"] * 2
    assert repr(crm.records) == before
    crm.change("Task", crm.every("Task")[0]["Id"], Status="Completed", Priority="Low")
    driven(exporter, delivery, told("norvik", why_now="It raised $30M."))
    [task] = crm.every("Task")
    assert task["Description"].startswith("It raised $30M.")
    assert (task["Status"], task["Priority"]) == ("Completed", "Low")


def test_what_a_person_wrote_below_our_text_stays() -> None:
    crm, exporter = FakeSalesforce(), an_exporter()
    delivery = FakeDelivery(crm.serve)
    driven(exporter, delivery, told("norvik"))
    [task] = crm.every("Task")
    crm.change("Task", task["Id"], Description=f"{task['Description']}\nCalled Ida. Try in May.")
    again = driven(exporter, delivery, told("norvik"))
    assert [change.action for change, _ in again] == ["skip", "skip"]
    driven(exporter, delivery, told("norvik", why_now="It raised $30M."))
    [task] = crm.every("Task")
    assert task["Description"].startswith("It raised $30M.")
    assert task["Description"].endswith("ref: t-norvik\nCalled Ida. Try in May.")


@pytest.mark.parametrize(
    ("account", "opportunity", "reason"),
    [
        ({"Type": "Customer - Direct"}, None, "it is a customer in Salesforce"),
        ({}, {"IsClosed": False, "IsWon": False}, "it has an open opportunity in Salesforce"),
        ({}, {"IsClosed": True, "IsWon": True}, "it has a won opportunity in Salesforce"),
        ({"OwnerId": REP}, None, "it belongs to Ines Rep in Salesforce"),
        ({KEY: "somebody"}, None, "the CRM has it as the company of the account somebody"),
    ],
)
async def test_customers_open_deals_and_the_accounts_of_others_are_left_alone(
    engine: Engine, server: Hostile, account: dict[str, Any], opportunity: dict[str, Any] | None, reason: str
) -> None:
    crm = FakeSalesforce().on(server)
    exporter = an_exporter(server.url("/"), owners={"rep@seller.example": "005000000000003AAA"})
    number = crm.add("Account", Name="Norvik A/S", Website="norvik.example", **account)
    if opportunity:
        crm.add("Opportunity", AccountId=number, **opportunity)
    before = repr(crm.records)
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert {change.reason for change in done.changes} == {reason}
    assert repr(crm.records) == before


async def test_a_lost_opportunity_bars_nothing(engine: Engine, server: Hostile) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    number = crm.add("Account", Name="Norvik A/S", Website="norvik.example")
    crm.add("Opportunity", AccountId=number, IsClosed=True, IsWon=False)
    put(engine, exporter, told("norvik"))
    await drive(engine, server, exporter)
    assert summary(crm) == [("Norvik A/S", "norvik", ["t-norvik"])]


async def test_a_change_of_stage_makes_no_account(engine: Engine, server: Hostile) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    cold = told("norvik", stage="cold")
    moved = Outgoing(
        target="crm", topic="account.stage_changed", key="m", account="norvik", payload=cold.payload
    )
    put(engine, exporter, moved)
    done = await drive(engine, server, exporter)
    assert [change.reason for change in done.changes] == [
        "it is not in Salesforce, and not ready for outreach"
    ]
    assert crm.every("Account") == []


async def test_a_dry_run_names_what_it_would_write_and_writes_nothing(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    crm.add("Account", Name="Norvik A/S", Website="norvik.example")
    put(engine, exporter, told("norvik"), told("orlo"))
    before = repr(crm.records)
    changes = await would(engine, server, exporter)
    assert [(change.action, change.object) for change in changes] == [
        ("update", "company"),
        ("create", "task"),
        ("create", "company"),
        ("create", "task"),
    ]
    assert changes[2].after["Name"] == "Orlo"
    assert repr(crm.records) == before
    assert {asked.method for asked in crm.log if "token" not in asked.path} == {"GET"}


@pytest.mark.parametrize("sends", [False, True])
async def test_a_crash_at_any_request_ends_in_the_same_salesforce(
    engine: Engine,
    server: Hostile,
    sends: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    exporter = an_exporter(server.url("/"))
    crashes = 0
    for dies_at in range(1, 14):
        crm = FakeSalesforce().on(server)
        crm.add("Account", Name=f"There{dies_at}", Website=f"there{dies_at}.example")
        names = [f"{name}{dies_at}" for name in ("a", "b", "there")]
        put(engine, exporter, *map(told, names))
        try:
            await drive(engine, server, exporter, dies_at=dies_at, sends=sends)
        except Crash:
            crashes += 1
            await drive(engine, server, exporter, now=NOW + timedelta(minutes=11))
        assert summary(crm) == [(name.title(), name, [f"t-{name}"]) for name in names]
    assert crashes >= 8
    assert set(states(engine).values()) == {State.SENT}


async def test_an_answer_of_500_after_all_was_done_makes_nothing_twice(
    engine: Engine, server: Hostile
) -> None:
    for number in range(1, 12):
        crm = FakeSalesforce(after={number: (500, ())}).on(server)
        exporter, name = an_exporter(server.url("/")), f"norvik{number}"
        put(engine, exporter, told(name))
        moment = NOW
        for pause in PAUSES[:3]:
            await drive(engine, server, exporter, now=moment)
            moment += pause
        assert summary(crm) == [(name.title(), name, [f"t-{name}"])]


@pytest.mark.parametrize("status", [401, 400])
async def test_a_token_that_ran_out_is_replaced_once(server: Hostile, status: int) -> None:
    crm, exporter = FakeSalesforce(expires_as=status).on(server), an_exporter(server.url("/"))
    memory: dict[str, Any] = {}
    for name in ("norvik", "orlo"):
        async with a_door(server, memory=memory) as door:
            crm.expired = name == "orlo"
            wanted = exporter.wanted(told(name))
            changes = exporter.plan(wanted, await exporter.find(wanted, door))
            await exporter.apply(changes[:1], door)
    assert crm.tokens == 2
    assert [row[KEY] for row in crm.every("Account")] == ["norvik", "orlo"]


async def test_a_wrong_secret_stops_the_target_and_is_told_nowhere(
    engine: Engine, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeSalesforce().on(server)
    monkeypatch.setenv("SF_SECRET", "wrong-secret")
    exporter = an_exporter(server.url("/"))
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert "gave no token (invalid_client_id)" in done.paused
    assert "wrong-secret" not in repr(done)
    with reading(engine) as connection:
        target = targets.get(connection, "crm")
        assert target is not None
        assert target.paused_reason == done.paused
        assert [parcel.attempts for parcel in outbox.pending(connection, NOW)] == [0]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_user_without_rights_is_asked_once_more_and_then_stops_the_target(
    engine: Engine, server: Hostile, status: int
) -> None:
    crm = FakeSalesforce(before=dict.fromkeys(range(2, 50), (status, ()))).on(server)
    exporter = an_exporter(server.url("/"))
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert f"HTTP {status}" in done.paused
    assert crm.requests <= 4


async def test_a_quota_that_is_used_up_is_waited_for(engine: Engine, server: Hostile) -> None:
    crm, exporter = FakeSalesforce(is_used_up=True).on(server), an_exporter(server.url("/"))
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert done.paused == ""
    with reading(engine) as connection:
        assert [parcel.next_at for parcel in outbox.find(connection)] == [NOW + timedelta(hours=1)]
    crm.is_used_up = False
    await drive(engine, server, exporter, now=NOW + timedelta(hours=1))
    assert summary(crm) == [("Norvik", "norvik", ["t-norvik"])]


async def test_a_field_that_is_missing_stops_the_target_with_its_name(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakeSalesforce(fields=OWN_FIELDS[:-1]).on(server), an_exporter(server.url("/"))
    put(engine, exporter, told("norvik"))
    done = await drive(engine, server, exporter)
    assert "No such column 'Earmark_Last_Trigger_At__c'" in done.paused
    async with a_door(server) as door:
        findings = {one.what: one.is_well for one in await exporter.check(door)}
        lines = await exporter.setup(door)
    assert [name for name, is_well in findings.items() if not is_well] == ["Earmark_Last_Trigger_At__c"]
    assert lines == [
        "Make the field Earmark_Last_Trigger_At__c on Account, as docs/exports/salesforce.md says."
    ]
    bare = an_exporter(server.url("/"), own_fields=False)
    async with a_door(server) as door:
        assert all(one.is_well for one in await bare.check(door))
        wanted = bare.wanted(told("norvik"))
        changes = bare.plan(wanted, await bare.find(wanted, door))
        await bare.apply(changes[:1], door)
    assert crm.every("Account")[0][KEY] == "norvik"
    assert "Earmark_Stage__c" not in crm.every("Account")[0]


async def test_check_tells_quota_and_rights(server: Hostile) -> None:
    crm = FakeSalesforce(usage="api-usage=14900/15000", kinds=("Account", "Contact", "Task")).on(server)
    async with a_door(server) as door:
        findings = {one.what: one for one in await an_exporter(server.url("/")).check(door)}
    assert findings["token"].is_well
    assert findings["quota"].text == "The organisation used 14,900 of 15,000 requests in 24 hours."
    assert not findings["quota"].is_well
    assert "sObject type 'Opportunity' is not supported" in findings["Opportunity"].text
    assert crm.tokens == 1


async def test_the_record_that_is_refused_waits_with_its_reason_and_the_others_go(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakeSalesforce(refused_name="Orlo").on(server), an_exporter(server.url("/"))
    put(engine, exporter, told("norvik"), told("orlo"), told("veda"))
    done = await drive(engine, server, exporter)
    [reason] = done.failed.values()
    assert reason.startswith("Salesforce refused the company of orlo: Name: Names need a legal form (FIELD_")
    assert [name for name, _, _ in summary(crm)] == ["Norvik", "Veda"]
    assert states(engine)["orlo:t-orlo"] == State.REFUSED


@pytest.mark.parametrize(("times", "sent"), [(1, 2), (9, 0)])
async def test_a_record_that_is_busy_is_tried_again(
    engine: Engine, server: Hostile, times: int, sent: int
) -> None:
    crm, exporter = FakeSalesforce(locked={"Orlo": times}).on(server), an_exporter(server.url("/"))
    put(engine, exporter, told("norvik"), told("orlo"))
    done = await drive(engine, server, exporter)
    assert len(done.sent) == sent
    crm.locked.clear()
    await drive(engine, server, exporter, now=NOW + timedelta(minutes=1))
    assert summary(crm) == [("Norvik", "norvik", ["t-norvik"]), ("Orlo", "orlo", ["t-orlo"])]
    assert set(states(engine).values()) == {State.SENT}


async def test_250_accounts_go_in_collections_of_at_most_200(server: Hostile) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    wanted = [one for number in range(250) for one in exporter.wanted(told(f"norvik{number}"))[:1]]
    async with a_door(server) as door:
        changes = list(exporter.plan(wanted, await exporter.find(wanted, door)))
        for start in range(0, len(changes), exporter.batch):
            await exporter.apply(changes[start : start + exporter.batch], door)
        again = exporter.plan(wanted, await exporter.find(wanted, door))
    assert len(crm.every("Account")) == 250
    assert {change.reason for change in again} == {"it is up to date"}
    assert len([asked for asked in crm.log if asked.method == "PATCH"]) == 2


async def test_undo_takes_back_what_is_still_ours(engine: Engine, server: Hostile) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    there = crm.add("Account", Name="Norvik A/S", Website="norvik.example")
    before = {name: crm.records["Account"][there].get(name) for name in (*OWN_FIELDS, "Name", "Website")}
    put(engine, exporter, told("norvik"), told("orlo"), told("veda"))
    await drive(engine, server, exporter)
    veda = next(row for row in crm.every("Account") if row["Name"] == "Veda")
    crm.change("Account", veda["Id"], Name="Veda GmbH")
    changes = await undone(engine, server, exporter)
    assert [row["Name"] for row in crm.every("Account")] == ["Norvik A/S", "Veda GmbH"]
    assert crm.every("Task") == []
    assert {name: crm.records["Account"][there].get(name) for name in before} == before
    assert [change.reason for change in changes if change.action == "skip"] == ["somebody changed Name"]


@pytest.mark.parametrize("kind", ["Contact", "Opportunity", "Task"])
async def test_an_account_that_somebody_works_with_is_not_deleted(
    engine: Engine, server: Hostile, kind: str
) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    put(engine, exporter, told("norvik"))
    await drive(engine, server, exporter)
    above = "WhatId" if kind == "Task" else "AccountId"
    crm.add(kind, **{above: crm.every("Account")[0]["Id"], "IsClosed": False, "IsWon": False})
    async with a_door(server) as door:
        gone = Change(
            action="delete", object="company", key="norvik", remote_id=crm.every("Account")[0]["Id"]
        )
        task = Change(action="delete", object="task", key="t-norvik", remote_id=crm.every("Task")[0]["Id"])
        await exporter.apply([task], door)
        [receipt] = await exporter.apply([gone], door)
    assert f"somebody added a {kind.lower()} to it" in receipt.error
    assert len(crm.every("Account")) == 1
    assert len(crm.every(kind)) == 1


def test_long_texts_are_cut_to_what_salesforce_takes() -> None:
    exporter = an_exporter()
    long = told("norvik", headline="x" * 400, why_now="y" * 40_000, link=f"https://wire.example/{'z' * 300}")
    company, task = exporter.wanted(long)
    assert len(task.fields["Subject"]) == MOST_IN_A_SUBJECT
    assert len(task.fields["Description"]) <= MOST_IN_A_TASK
    assert task.fields["Description"].endswith("\nref: t-norvik")
    assert "Earmark_Trigger_URL__c" not in company.fields


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_no_value_gets_out_of_its_quotes(values: list[str]) -> None:
    crm = FakeSalesforce()
    for value in values:
        crm.add("Account", Name=value, Website=value)
    crm.add("Account", Name="bystander", Website="elsewhere")
    asked = f"{select('Account', ('Id', 'Name'))} WHERE {any_of('Name', values)}"
    same = {value.lower() for value in values}
    assert {row["Name"].lower() for row in rows_of(crm, asked)} == same
    for value in values:
        found = rows_of(crm, f"{select('Account', ('Id', 'Website'))} WHERE {holding('Website', [value])}")
        assert value.lower() in {row["Website"].lower() for row in found}


def rows_of(crm: FakeSalesforce, soql: str) -> list[dict[str, Any]]:
    rows = Question(crm, soql).rows()
    return [{name: str(value).replace("\r\n", "\n") for name, value in row.items()} for row in rows]


def test_a_wildcard_in_a_domain_is_a_sign_like_others() -> None:
    assert holding("Website", ["a_b%c"]) == r"Website LIKE '%a\_b\%c%'"
    assert quoted("x' OR Name != '\\") == r"'x\' OR Name != \'\\'"


@given(st.lists(st.text(max_size=60), max_size=60))
def test_lumps_hold_every_value_once_and_fit_into_an_address(values: list[str]) -> None:
    cut = list(lumps(values, longest=500))
    assert [value for lump in cut for value in lump] == values
    assert all(len(lump) == 1 or sum(3 * len(value.encode()) + 40 for value in lump) <= 500 for lump in cut)


@pytest.mark.parametrize(
    ("website", "host"),
    [
        ("norvik.example", "norvik.example"),
        ("HTTPS://WWW.Norvik.example:443/x", "norvik.example"),
        ("http://[broken", ""),
        (None, ""),
    ],
)
def test_the_host_of_a_website_as_people_type_it(website: str | None, host: str) -> None:
    assert host_of(website) == host


def test_a_mark_is_read_with_what_a_person_wrote_below() -> None:
    text = "Raised.\r\nref: t-1  \r\n\r\nCalled."
    assert mark_in(text) == "t-1"
    assert below(text, "t-1").strip() == "Called."
    assert mark_in("see ref: t-1 there") is None


async def read(
    server: Hostile, exporter: SalesforceExporter, state: dict[str, Any], now: Any = NOW
) -> list[Told]:
    async with a_door(server, now=now, state=state) as door:
        told = [one async for one in exporter.read(door)]
        state |= door.state
        return told


async def test_the_first_reading_tells_customers_open_deals_and_owners(server: Hostile) -> None:
    crm = FakeSalesforce().on(server)
    exporter = an_exporter(server.url("/"), owners={"ines": REP})
    customer = crm.add(
        "Account", Name="A", Website="https://a.example", Type="Customer - Channel", OwnerId=REP
    )
    deal = crm.add("Account", Name="B", Website="b.example")
    crm.add("Opportunity", AccountId=deal, IsClosed=False, IsWon=False, CloseDate="2027-01-01")
    won = crm.add("Account", Name="C", **{KEY: "acc-c"})
    crm.add("Opportunity", AccountId=won, IsClosed=True, IsWon=True, CloseDate="2020-01-01")
    crm.add("Account", Name="D", Website="d.example")
    ours = crm.add("Account", Name="F", Website="f.example", **{KEY: "acc-f"})
    crm.add("Account", Name="E")
    told = {one.remote_id: one for one in await read(server, exporter, {}, NOW + timedelta(days=1))}
    assert {number: one.suppression for number, one in told.items()} == {
        customer: "customer",
        deal: "open_deal",
        won: "customer",
        ours: "",
    }
    assert (told[customer].domain, told[customer].owner) == ("a.example", "ines")
    assert (told[won].key, told[won].owner) == ("acc-c", None)
    assert {one.outcome for one in told.values()} == {None}


async def test_later_readings_tell_tasks_that_are_done_and_what_was_won_or_lost(
    engine: Engine, server: Hostile
) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"))
    put(engine, exporter, told("norvik"))
    await drive(engine, server, exporter)
    [account], [task] = crm.every("Account"), crm.every("Task")
    crm.add("Task", WhatId=account["Id"], Description="Not ours", IsClosed=True)
    state: dict[str, Any] = {}
    await read(server, exporter, state, crm.now)
    crm.now += timedelta(hours=1)
    done_at = crm.now
    crm.change(
        "Task",
        task["Id"],
        IsClosed=True,
        CompletedDateTime=done_at,
        Description=f"{task['Description']}\nCalled.",
    )
    deal = crm.add(
        "Opportunity", AccountId=account["Id"], IsClosed=False, IsWon=False, CloseDate="2026-11-30"
    )
    made_at = crm.now
    second = await read(server, exporter, state, crm.now)
    assert [(one.contacted_at, one.ref) for one in second if one.contacted_at] == [(done_at, "t-norvik")]
    [outcome] = [one for one in second if one.outcome]
    assert (outcome.outcome, outcome.at, outcome.suppression) == ("opportunity", made_at, "open_deal")
    assert (outcome.key, outcome.domain) == ("norvik", "norvik.example")
    crm.now += timedelta(hours=1)
    crm.change("Opportunity", deal, IsClosed=True, IsWon=False)
    [lost] = [one for one in await read(server, exporter, state, crm.now) if one.outcome]
    assert (lost.outcome, f"{lost.at:%Y-%m-%d}", lost.suppression) == ("lost", "2026-11-30", "")
    crm.now += timedelta(hours=1)
    crm.change("Opportunity", deal, IsWon=True)
    third = await read(server, exporter, state, crm.now)
    [won] = [one for one in third if one.outcome]
    assert (won.outcome, won.suppression) == ("won", "customer")
    crm.now += timedelta(hours=1)
    assert set(await read(server, exporter, state, crm.now)) <= set(third)


async def test_a_reading_that_broke_off_begins_again_where_it_was(server: Hostile) -> None:
    crm, exporter = FakeSalesforce().on(server), an_exporter(server.url("/"), opportunities=False)
    for number in range(8):
        crm.now += timedelta(hours=1)
        crm.add("Account", Name=f"N{number}", Website=f"n{number}.example")
    state: dict[str, Any] = {"read": {"Account": NOW.isoformat()}}
    async with a_door(server, state=state) as door:
        reading_ = exporter.read(door)
        first = [(await anext(reading_)).domain for _ in range(5)]
        state |= door.state
        assert isinstance(reading_, AsyncGenerator)
        await reading_.aclose()
    rest = [one.domain for one in await read(server, exporter, state)]
    assert {*first, *rest} == {f"n{number}.example" for number in range(8)}
    assert "n0.example" not in rest


def test_options_that_could_reach_into_a_question_are_refused() -> None:
    for name in ("Key__c FROM User", "Name", "Key'__c"):
        with pytest.raises(ConfigError, match="key_field"):
            an_exporter(key_field=name)


def test_the_user_of_the_app_is_nobody() -> None:
    crm = FakeSalesforce()
    crm.add("Account", Name="Norvik", Website="norvik.example", OwnerId=APP)
    exporter = an_exporter(owners={"rep@seller.example": REP})
    done = driven(exporter, FakeDelivery(crm.serve), told("norvik"))
    assert [change.action for change, _ in done] == ["update", "create"]
