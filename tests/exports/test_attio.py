"""Attio: companies by domain, notes and tasks once, what may not be touched, and what it tells back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ExportRejected, ExportUnavailable
from earmark.testing import ExporterContract, FakeDelivery, Served, a_promotion, driven
from exports.attio import MOST_IN_A_TASK, AttioExporter
from exports.company import KEY, ref_in
from exports.registry import build
from storage.engine import Engine, reading
from storage.outbox import State, find
from tests.builders import NOW
from tests.exports.drives import Crash, a_door, drive, put, states, undone, would
from tests.exports.fakes.attio import OPTIONS, TOKEN, FakeAttio, a_workspace, an_exporter, an_id, set_up, told
from tests.monitors.hostile import Hostile

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTIO_TOKEN", TOKEN)


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


def summary(attio: FakeAttio) -> list[tuple[str, str, list[str]]]:
    """Return each company with its key and the marks of all that hangs on it."""
    hung = [("note", row["parent_record_id"], row) for row in attio.notes.values()]
    hung += [("task", row["linked_records"][0]["target_record_id"], row) for row in attio.tasks.values()]
    return sorted(
        (
            held.get("name") or "",
            held.get(KEY) or "",
            sorted(
                f"{what} {ref_in(row['content_plaintext'])}" for what, above, row in hung if above == number
            ),
        )
        for number, held in attio.companies.items()
    )


async def test_a_promotion_becomes_a_company_with_its_note_and_task(engine: Engine, server: Hostile) -> None:
    attio = await set_up(server)
    put(engine, an_exporter(server), told("norvik", domains=["norvik.example", "norvik.test"]))
    done = await drive(engine, server, an_exporter(server))
    assert (len(done.sent), done.failed, done.paused) == (1, {}, "")
    assert summary(attio) == [("Norvik", "norvik", ["note t-norvik", "task t-norvik"])]
    [company] = attio.companies.values()
    assert company["domains"] == ["norvik.example"]
    assert company["earmark_trigger_score"] == 81.5
    [task] = attio.tasks.values()
    assert task["assignees"] == [{"referenced_actor_id": an_id(1)}]
    assert task["deadline_at"] == "2026-11-20T08:00:00.000000000Z"


def test_it_works_without_any_setup_and_leaves_our_attributes_out() -> None:
    attio = a_workspace(fields=False)
    driven(an_exporter(), FakeDelivery(attio.serve), told("norvik"))
    assert list(attio.companies.values()) == [{"domains": ["norvik.example"], "name": "Norvik"}]
    assert summary(attio) == [("Norvik", "", ["note t-norvik", "task t-norvik"])]


@pytest.mark.parametrize(
    ("there", "payload"),
    [
        ({"domains": ["old.example"]}, {"crm_ids": {"attio": an_id(1008)}}),
        ({"domains": ["parent.example", "norvik.test"]}, {"domains": ["norvik.example", "norvik.test"]}),
        ({"name": "Norvik"}, {}),
        ({"name": "Norvik Labs", "domains": ["any.example"]}, {"aliases": ["Norvik Labs"], "domains": []}),
    ],
    ids=["id", "second domain", "name", "alias"],
)
async def test_a_company_is_found_by_id_any_domain_name_and_alias_and_keeps_what_it_has(
    engine: Engine, server: Hostile, there: dict[str, Any], payload: dict[str, Any]
) -> None:
    attio = await set_up(server)
    attio.last = 1007
    number = attio.add(**there)
    put(engine, an_exporter(server), told("norvik", **payload))
    done = await drive(engine, server, an_exporter(server))
    assert not done.failed
    assert list(attio.companies) == [number]
    held = attio.companies[number]
    assert held[KEY] == "norvik"
    assert {name: held[name] for name in there} == there


async def test_an_account_without_a_domain_makes_no_company(engine: Engine, server: Hostile) -> None:
    attio = await set_up(server)
    put(engine, an_exporter(server), told("norvik", domains=[], domain=None))
    done = await drive(engine, server, an_exporter(server))
    assert {each.reason for each in done.changes} == {
        "it is not in Attio, and has no domain to be found again by"
    }
    assert (attio.companies, attio.notes) == ({}, {})


@pytest.mark.parametrize(
    ("stages", "reason"),
    [
        (["Lost", "Won 🎉"], "it is a customer in Attio"),
        (["Lost", "In Progress"], "it has an open deal in Attio"),
        (["Lost"], ""),
    ],
)
async def test_customers_and_open_deals_are_left_alone_when_deals_are_looked_at(
    engine: Engine, server: Hostile, stages: list[str], reason: str
) -> None:
    attio = await set_up(server)
    number = attio.add(domains=["norvik.example"])
    for stage in stages:
        attio.deal(number, stage, "2026-11-01T09:00:00.000000000Z")
    put(engine, an_exporter(server), told("norvik"))
    done = await drive(engine, server, an_exporter(server, deals=True))
    assert {each.reason for each in done.changes} == {reason}
    assert bool(attio.notes) is not bool(reason)


@pytest.mark.parametrize("sends", [False, True])
async def test_a_crash_at_any_request_ends_in_the_same_crm(
    engine: Engine,
    server: Hostile,
    sends: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    attio = await set_up(server)
    exporter = an_exporter(server)
    crashes = 0
    for dies_at in range(1, 14):
        attio.add(name=f"ash{dies_at}", domains=[f"ash{dies_at}.example"])
        put(engine, exporter, *(told(f"{name}{dies_at}") for name in ("ash", "birch")))
        try:
            await drive(engine, server, exporter, dies_at=dies_at, sends=sends)
        except Crash:
            await drive(engine, server, exporter, now=NOW + timedelta(minutes=11))
            crashes += 1
    assert crashes >= 10
    names = [f"{name}{dies_at}" for name in ("ash", "birch") for dies_at in range(1, 14)]
    held = sorted((key, marks) for _, key, marks in summary(attio))
    assert held == sorted((name, [f"note t-{name}", f"task t-{name}"]) for name in names)
    assert set(states(engine).values()) == {State.SENT}


async def test_an_error_after_all_was_done_makes_nothing_twice(engine: Engine, server: Hostile) -> None:
    attio = await set_up(server)
    attio.forgetful = True
    attio.add(domains=["orlo.example"])
    put(engine, an_exporter(server), told("norvik"), told("orlo"))
    for day in range(5):
        await drive(engine, server, an_exporter(server), now=NOW + timedelta(days=day))
    assert set(states(engine).values()) == {State.SENT}
    assert [(key, marks) for _, key, marks in sorted(summary(attio), key=lambda one: one[1])] == [
        ("norvik", ["note t-norvik", "task t-norvik"]),
        ("orlo", ["note t-orlo", "task t-orlo"]),
    ]


async def test_a_busy_attio_is_left_alone_until_its_date(engine: Engine, server: Hostile) -> None:
    attio = await set_up(server)
    attio.bad[1] = ("before", "429 Too Many Requests", "Retry-After: Sat, 21 Nov 2026 13:00:00 GMT")
    now = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
    put(engine, an_exporter(server), told("norvik"), at=now)
    await drive(engine, server, an_exporter(server), now=now)
    with reading(engine) as connection:
        [parcel] = find(connection, state=State.WAITING)
    assert parcel.next_at == now + timedelta(hours=1)


async def test_a_token_that_is_refused_pauses_the_target_and_shows_nowhere(
    engine: Engine, server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeAttio().on(server)
    monkeypatch.setenv("ATTIO_TOKEN", "at-old")
    put(engine, an_exporter(server), told("norvik"))
    done = await drive(engine, server, an_exporter(server))
    assert "HTTP 401" in done.paused
    assert "at-old" not in done.paused


async def test_a_refusal_says_attios_words(server: Hostile) -> None:
    attio = await set_up(server)
    del attio.attributes["earmark_trigger_url"]
    exporter = an_exporter(server)
    async with a_door(server) as door:
        wanted = [one for name in ("norvik", "orlo") for one in exporter.wanted(told(name))]
        found = dict(await exporter.find(wanted, door)) | {
            ("field", "earmark_trigger_url"): next(iter((await exporter.find(wanted, door)).values()))
        }
        change = exporter.plan(wanted, found)[0]
        with pytest.raises(ExportRejected, match=r"Cannot find attribute earmark_trigger_url \(value_not"):
            await exporter.apply([change], door)


def test_a_merge_under_way_is_waited_for() -> None:
    def busy(*_: Any) -> tuple[int, Any]:
        return 400, {"code": "merge_in_progress", "message": "merging"}

    with pytest.raises(ExportUnavailable, match="merge_in_progress"):
        driven(an_exporter(), FakeDelivery(busy), told("norvik"))


async def test_a_dry_run_shows_the_exact_values_and_changes_nothing(engine: Engine, server: Hostile) -> None:
    attio = await set_up(server)
    attio.add(domains=["norvik.example"], name="Norvik A/S")
    before = repr(attio.companies)
    put(engine, an_exporter(server), told("norvik"))
    company, note, task = await would(engine, server, an_exporter(server))
    assert (company.action, note.action, task.action) == ("update", "create", "create")
    assert "name" not in company.after
    assert "domains" not in company.after
    assert (repr(attio.companies), attio.notes) == (before, {})


async def test_undo_takes_back_what_is_still_ours(engine: Engine, server: Hostile) -> None:
    attio = await set_up(server)
    number = attio.add(domains=["norvik.example"], name="Norvik A/S")
    put(engine, an_exporter(server), told("norvik"), told("orlo"))
    await drive(engine, server, an_exporter(server))
    attio.companies[number]["earmark_stage"] = "hot"
    await undone(engine, server, an_exporter(server))
    held = {name: value for name, value in attio.companies[number].items() if value is not None}
    assert held == {"domains": ["norvik.example"], "name": "Norvik A/S", "earmark_stage": "hot"}
    assert list(attio.companies) == [number]
    assert (attio.notes, attio.tasks) == ({}, {})


def test_undo_leaves_a_company_to_which_somebody_added_something() -> None:
    attio = a_workspace()
    delivery = FakeDelivery(attio.serve)
    [(company, _), (note, made), _] = driven(an_exporter(), delivery, told("norvik"))
    [number] = attio.companies
    back = replace(company, action="delete", remote_id=number)
    [receipt] = asyncio.run(an_exporter().apply([back], delivery))
    assert receipt.error == "Attio's company norvik has tasks and notes now, so it stays."
    assert made is not None
    asyncio.run(an_exporter().apply([replace(note, action="delete", remote_id=made.remote_id)], delivery))
    attio.tasks.clear()
    assert not asyncio.run(an_exporter().apply([back], delivery))[0].error
    assert (attio.companies, attio.notes) == ({}, {})


async def test_undo_leaves_a_task_that_somebody_did(engine: Engine, server: Hostile) -> None:
    attio = await set_up(server)
    attio.add(domains=["norvik.example"])
    put(engine, an_exporter(server), told("norvik"))
    await drive(engine, server, an_exporter(server))
    [task] = attio.tasks.values()
    task["is_completed"] = True
    changes = await undone(engine, server, an_exporter(server))
    assert [each.reason for each in changes if each.object == "task"] == ["somebody changed is_completed"]
    assert (attio.notes, list(attio.tasks.values())) == ({}, [task])


def test_news_of_a_trigger_changes_the_company_and_not_the_texts_that_attio_does_not_change() -> None:
    attio = a_workspace()
    delivery = FakeDelivery(attio.serve)
    driven(an_exporter(), delivery, told("norvik"))
    news = told("norvik", why_now="It raised more.", note_markdown="**More**\n\nref: t-norvik", score=90)
    done = driven(an_exporter(), delivery, news)
    assert [(change.action, change.reason) for change, _ in done] == [
        ("update", ""),
        ("skip", "Attio does not let a note be reworded"),
        ("skip", "Attio does not let a task be reworded"),
    ]
    [company] = attio.companies.values()
    assert company["earmark_trigger_score"] == 90
    assert summary(attio) == [("Norvik", "norvik", ["note t-norvik", "task t-norvik"])]


def test_somebody_who_is_no_member_is_no_assignee() -> None:
    attio = a_workspace()
    driven(an_exporter(), FakeDelivery(attio.serve), told("norvik", owner="Kim Ode"))
    assert [task["assignees"] for task in attio.tasks.values()] == [[]]
    attio.members[an_id(2)] = "Kim@seller.example"
    attio.members = {number: email.lower() for number, email in attio.members.items()}
    driven(an_exporter(), FakeDelivery(attio.serve), told("orlo", owner="Kim Ode"))
    assert list(attio.tasks.values())[1]["assignees"] == [{"referenced_actor_id": an_id(2)}]


def test_an_account_that_went_cold_makes_no_company() -> None:
    attio = a_workspace()
    cold = replace(told("norvik", stage="cold"), topic="account.stage_changed")
    [(change, _)] = driven(an_exporter(), FakeDelivery(attio.serve), cold)
    assert change.reason == "it is not in Attio, and not ready for outreach"
    assert attio.companies == {}


@given(st.text(max_size=300), st.sampled_from([1, 40]), st.text("abc-_019", min_size=1, max_size=40))
def test_a_task_stays_within_its_length_and_carries_its_mark(text: str, times: int, ref: str) -> None:
    wanted = an_exporter().wanted(a_promotion(trigger=ref, why_now=text * times, name=f"A {text * times}"))
    task = next(one for one in wanted if one.object == "task")
    assert len(task.fields["content"]) <= MOST_IN_A_TASK
    assert ref_in(task.fields["content"]) == ref


def test_it_is_a_kind_of_target() -> None:
    assert build("attio", OPTIONS) == an_exporter()


class TestAttio(ExporterContract):
    exporter = AttioExporter.model_validate(OPTIONS)
    secrets = (TOKEN,)

    def target(self) -> Served:
        return a_workspace().serve
