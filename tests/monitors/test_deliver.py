"""The drive of the outbox towards a real server: what fails, what is repeated, what stands there after."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from earmark.contract import Change
from earmark.errors import ExportRejected, ExportUnavailable
from earmark.types import Outgoing, Suppression
from monitors.deliver import PAUSES, Done, again_at, deliver, plan
from monitors.door import Door
from monitors.undo import undo, undo_plan
from storage import accounts, deliveries, outbox, targets
from storage.engine import Engine, reading, writing
from storage.outbox import State
from tests.builders import NOW, an_account
from tests.exports.fakes.cabinet import Cabinet, CabinetExporter, an_outgoing
from tests.monitors.hostile import Hostile, a_fetcher, answer

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


class Crash(BaseException):
    """The process dies."""


class Mortal(Door):
    """A door behind which the process dies at one of the requests, before or after it was sent."""

    dies_at = 0
    sends = True
    asked = 0

    async def request(self, *arguments: Any, **named: Any) -> Any:
        self.asked += 1
        if self.asked != self.dies_at:
            return await super().request(*arguments, **named)
        if self.sends:
            await super().request(*arguments, **named)
        raise Crash


def put(engine: Engine, *outgoing: Outgoing) -> None:
    with writing(engine) as connection:
        if targets.get(connection, "crm") is None:
            targets.add(connection, "crm", "cabinet", {}, NOW)
        outbox.add(connection, outgoing or [an_outgoing()], NOW)


async def drive(
    engine: Engine, server: Hostile, now: datetime = NOW, kind: type[Door] = Door, **changes: Any
) -> Done:
    exporter = CabinetExporter.model_validate({"base_url": server.url("/")})
    async with a_fetcher(server, now=lambda: now) as fetcher:
        door = kind(fetcher, name="crm", per_second=1e6, clock=lambda: now)
        for name, value in changes.items():
            setattr(door, name, value)
        return await deliver(engine, "crm", exporter, door, worker="w")


def states(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        return {parcel.outgoing.key: parcel.state for parcel in outbox.find(connection)}


async def test_a_promotion_becomes_a_company_with_its_note(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    put(engine)
    done = await drive(engine, server)
    assert (len(done.sent), done.failed) == (1, {})
    assert cabinet.companies == {
        "companies-1": {"key": "norvik", "name": "Norvik", "stage": "outreach_ready"}
    }
    assert cabinet.notes["notes-1"]["company"] == "companies-1"
    assert states(engine) == {"norvik:t1": State.SENT}


async def test_a_company_that_is_there_is_found_by_domain_and_keeps_its_name(
    engine: Engine, server: Hostile
) -> None:
    cabinet = Cabinet(companies={"7": {"domain": "norvik.example", "name": "Norvik A/S"}}).on(server)
    put(engine)
    await drive(engine, server)
    assert cabinet.companies["7"]["name"] == "Norvik A/S"
    assert cabinet.companies["7"]["stage"] == "outreach_ready"
    assert [note["company"] for note in cabinet.notes.values()] == ["7"]


async def test_what_stands_there_unchanged_is_not_even_asked_for(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    put(engine)
    await drive(engine, server)
    requests, before = cabinet.requests, repr(cabinet)
    again = an_outgoing()
    put(
        engine,
        Outgoing(target="crm", topic=again.topic, key="once more", account="norvik", payload=again.payload),
    )
    done = await drive(engine, server)
    assert [change.reason for change in done.changes] == ["it was told already"] * 2
    assert cabinet.requests == requests
    assert repr(cabinet) == before
    assert states(engine)["once more"] == State.SENT


async def test_a_note_that_changed_is_updated_in_its_place(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    put(engine)
    await drive(engine, server)
    told = an_outgoing(note="Raised more. ref: t1")
    put(engine, Outgoing(target="crm", topic=told.topic, key="more", account="norvik", payload=told.payload))
    await drive(engine, server)
    assert [note["body"] for note in cabinet.notes.values()] == ["Raised more. ref: t1"]


@pytest.mark.parametrize("sends", [False, True])
async def test_a_crash_at_any_request_ends_in_the_same_crm(
    engine: Engine,
    server: Hostile,
    sends: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    for dies_at in range(1, 9):
        cabinet = Cabinet().on(server)
        wanted = [an_outgoing(f"{name}{dies_at}", f"{name}{dies_at}-1") for name in "abc"]
        put(engine, *wanted)
        try:
            await drive(engine, server, kind=Mortal, dies_at=dies_at, sends=sends)
        except Crash:
            await drive(engine, server, NOW + timedelta(minutes=11))  # when the lease has ended
        assert sorted(each["key"] for each in cabinet.companies.values()) == [
            f"{name}{dies_at}" for name in "abc"
        ]
        assert sorted(each["ref"] for each in cabinet.notes.values()) == [
            f"{name}{dies_at}-1" for name in "abc"
        ]
    assert set(states(engine).values()) == {State.SENT}


async def test_a_target_that_fails_after_it_did_what_was_asked_is_told_nothing_twice(
    engine: Engine, server: Hostile
) -> None:
    cabinet = Cabinet(after={2: ("500 Internal Server Error",), 4: ("502 Bad Gateway",)}).on(server)
    put(engine)
    moment = NOW
    for pause in PAUSES[:4]:
        await drive(engine, server, moment)
        moment += pause
    assert states(engine) == {"norvik:t1": State.SENT}
    assert (len(cabinet.companies), len(cabinet.notes)) == (1, 1)


async def test_the_one_of_several_that_is_refused_waits_for_a_person_with_its_reason(
    engine: Engine, server: Hostile
) -> None:
    cabinet = Cabinet(refused_key="t2").on(server)
    put(engine, an_outgoing("norvik", "t1"), an_outgoing("orlo", "t2"), an_outgoing("veda", "t3"))
    done = await drive(engine, server)
    assert list(done.failed.values()) == ["t2: the field body is too long"]
    assert states(engine) == {"norvik:t1": State.SENT, "orlo:t2": State.REFUSED, "veda:t3": State.SENT}
    assert sorted(note["ref"] for note in cabinet.notes.values()) == ["t1", "t3"]
    with writing(engine) as connection:
        assert outbox.retry(connection, NOW, target="crm") == 1
    cabinet.refused_key = ""
    await drive(engine, server)
    assert states(engine)["orlo:t2"] == State.SENT
    assert len(cabinet.companies) == 3


async def test_a_lump_that_is_refused_whole_is_tried_one_by_one(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    put(engine, an_outgoing("norvik", "t1"), an_outgoing("orlo", "t2", whole="no"))
    done = await drive(engine, server)
    assert list(done.failed.values()) == ["The cabinet said no: one of them is wrong"]
    assert [note["ref"] for note in cabinet.notes.values()] == ["t1"]


@pytest.mark.parametrize("path", ["/find", "/companies"])
async def test_an_answer_that_is_none_is_tried_again_and_pauses_nothing(
    engine: Engine, server: Hostile, path: str
) -> None:
    cabinet = Cabinet().on(server)
    server.pages[path] = answer(b"<html>Please log in to the network</html>")
    put(engine)
    done = await drive(engine, server)
    assert [done.paused, *("not with JSON" in text for text in done.failed.values())] == ["", True]
    cabinet.on(server)
    await drive(engine, server, NOW + PAUSES[0])
    assert (len(cabinet.companies), len(cabinet.notes)) == (1, 1)


async def test_a_target_that_refuses_the_token_is_paused_and_nothing_is_lost(
    engine: Engine, server: Hostile
) -> None:
    Cabinet(before={1: ("401 Unauthorized",)}).on(server)
    put(engine)
    done = await drive(engine, server)
    assert "refused crm (HTTP 401)" in done.paused
    with reading(engine) as connection:
        target = targets.get(connection, "crm")
        assert target is not None
        assert target.paused_reason == done.paused
        assert [parcel.attempts for parcel in outbox.pending(connection, NOW)] == [0]


@pytest.mark.parametrize("said", ["Retry-After: 3600", "Retry-After: Sat, 21 Nov 2026 13:00:00 GMT"])
async def test_a_busy_target_is_left_alone_as_long_as_it_asks(
    engine: Engine, server: Hostile, said: str
) -> None:
    Cabinet(before={1: ("429 Too Many Requests", said)}).on(server)
    moment = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
    put(engine)
    await drive(engine, server, max(NOW, moment) if "3600" in said else moment)
    with reading(engine) as connection:
        [parcel] = outbox.find(connection, state=State.WAITING)
    began = max(NOW, moment) if "3600" in said else moment
    assert parcel.next_at == began + timedelta(hours=1)


def test_a_delivery_is_tried_again_ever_later_then_waits_for_a_person() -> None:
    lost = ExportUnavailable("gone")
    waits = [again_at(NOW, attempts, lost) for attempts in range(len(PAUSES))]
    assert waits == [NOW + pause for pause in PAUSES]
    assert again_at(NOW, len(PAUSES), lost) is None
    assert again_at(NOW, 0, ExportRejected("no")) is None
    slow = ExportUnavailable("busy", retry_after=timedelta(hours=2))
    assert again_at(NOW, 0, slow) == NOW + timedelta(hours=2)


async def test_an_account_that_was_suppressed_meanwhile_is_skipped_and_told_why(
    engine: Engine, server: Hostile
) -> None:
    cabinet = Cabinet().on(server)
    customer = Suppression(reason="open_deal", by="ann", until=NOW + timedelta(days=1))
    with writing(engine) as connection:
        accounts.upsert(connection, [an_account("Norvik", id="norvik", suppression=customer)])
    put(engine, an_outgoing(), an_outgoing("orlo", "t2"))
    done = await drive(engine, server)
    assert list(done.skipped.values()) == ["suppressed until 2026-11-22: open deal"]
    assert [one["key"] for one in cabinet.companies.values()] == ["orlo"]
    assert states(engine) == {"norvik:t1": State.SKIPPED, "orlo:t2": State.SENT}
    with writing(engine) as connection:
        assert outbox.known(connection, "crm", ["norvik:t1", "orlo:t2"]) == {"orlo:t2"}
        outbox.wanted_again(connection, [an_outgoing(), an_outgoing("orlo", "t2")], NOW)
    await drive(engine, server, NOW + timedelta(days=2))
    assert states(engine) == {"norvik:t1": State.SENT, "orlo:t2": State.SENT}


async def test_what_was_taken_is_free_again_when_an_exporter_breaks_down(
    engine: Engine, server: Hostile
) -> None:
    put(engine)
    server.pages["/find"] = answer(b'{"companies": 7, "notes": {}}')
    with pytest.raises(AttributeError):
        await drive(engine, server)
    Cabinet().on(server)
    assert len((await drive(engine, server)).sent) == 1


async def test_a_dry_run_says_what_would_happen_and_does_nothing(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet(companies={"7": {"domain": "norvik.example"}}).on(server)
    put(engine)
    exporter = CabinetExporter.model_validate({"base_url": server.url("/")})
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="crm", per_second=1e6, clock=lambda: NOW)
        with reading(engine) as connection:
            waiting = outbox.pending(connection, NOW)
        changes = await plan(engine, "crm", exporter, door, waiting)
    assert [(each.action, each.object) for each in changes] == [("update", "company"), ("create", "note")]
    assert (cabinet.requests, cabinet.notes) == (1, {})


async def undone(engine: Engine, server: Hostile, *, dry: bool = False) -> list[Change]:
    exporter = CabinetExporter.model_validate({"base_url": server.url("/")})
    with reading(engine) as connection:
        [latest, *_] = deliveries.batches_of(connection, "crm")
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="crm", per_second=1e6, clock=lambda: NOW)
        if dry:
            return [back for _, back in await undo_plan(engine, exporter, door, latest.batch)]
        return await undo(engine, "crm", exporter, door, latest.batch)


async def test_undo_takes_back_all_that_a_run_did(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet(companies={"7": {"domain": "norvik.example", "name": "Norvik A/S"}}).on(server)
    before = {key: dict(value) for key, value in cabinet.companies.items()}
    put(engine)
    await drive(engine, server)
    planned = await undone(engine, server, dry=True)
    assert [(each.action, each.object) for each in planned] == [("delete", "note"), ("update", "company")]
    assert await undone(engine, server) == planned
    assert cabinet.notes == {}
    assert cabinet.companies["7"] == before["7"] | {"key": "norvik", "stage": None}
    assert await undone(engine, server) == []


async def test_undo_leaves_what_somebody_changed_since(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    put(engine)
    await drive(engine, server)
    cabinet.companies["companies-1"]["stage"] = "customer"
    cabinet.notes["notes-1"]["body"] += " Called Ida."
    assert {each.reason for each in await undone(engine, server)} == {
        "somebody changed body",
        "somebody changed stage",
    }
    assert cabinet.companies["companies-1"]["stage"] == "customer"
    assert len(cabinet.notes) == 1


async def test_what_was_taken_back_may_be_told_again(engine: Engine, server: Hostile) -> None:
    cabinet = Cabinet().on(server)
    put(engine)
    await drive(engine, server)
    await undone(engine, server)
    told = an_outgoing()
    put(engine, Outgoing(target="crm", topic=told.topic, key="again", account="norvik", payload=told.payload))
    await drive(engine, server)
    assert (len(cabinet.companies), len(cabinet.notes)) == (1, 1)


async def test_one_change_that_can_not_be_taken_back_keeps_none_of_the_others(
    engine: Engine, server: Hostile
) -> None:
    cabinet = Cabinet().on(server)
    put(engine, an_outgoing("norvik", "t1"), an_outgoing("orlo", "t2"))
    await drive(engine, server)
    cabinet.refused_key = "t2"
    back = await undone(engine, server)
    assert [each.reason for each in back if each.action == "skip"] == ["t2: the field body is too long"]
    assert [note["ref"] for note in cabinet.notes.values()] == ["t2"]
    cabinet.refused_key = ""
    assert [each.key for each in await undone(engine, server) if each.action == "delete"] == ["t2"]
    assert cabinet.notes == {}


async def test_an_undo_that_died_after_a_company_was_as_before_leaves_it_to_be_told_again(
    engine: Engine, server: Hostile
) -> None:
    cabinet = Cabinet(companies={"7": {"domain": "norvik.example", "name": "Norvik A/S"}}).on(server)
    exporter = CabinetExporter.model_validate({"base_url": server.url("/")})
    put(engine)
    await drive(engine, server)
    with reading(engine) as connection:
        [latest] = deliveries.batches_of(connection, "crm")
    async with a_fetcher(server) as fetcher:
        door = Mortal(fetcher, name="crm", per_second=1e6, clock=lambda: NOW)
        door.dies_at = 3  # found, the note deleted, the company written
        with pytest.raises(Crash):
            await undo(engine, "crm", exporter, door, latest.batch)
    assert (cabinet.notes, cabinet.companies["7"]["stage"]) == ({}, None)
    await undone(engine, server)
    told = an_outgoing()
    put(engine, Outgoing(target="crm", topic=told.topic, key="again", account="norvik", payload=told.payload))
    await drive(engine, server)
    assert (cabinet.companies["7"]["stage"], len(cabinet.notes)) == ("outreach_ready", 1)
