"""The drive of the outbox step by step, towards a target in memory: what is asked, in which order, once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr

from earmark.contract import Change, Delivery, Exporter, Found, Receipt, Wanted
from earmark.errors import ConfigError, ExportError, ExportRejected, ExportUnavailable, SourceChanged
from earmark.types import Outgoing
from monitors.deliver import BATCH, Done, again_at, deliver, plan
from monitors.door import Door
from storage import deliveries, outbox, targets
from storage.engine import Engine, reading, writing
from storage.outbox import Parcel, State
from tests.builders import NOW, days
from tests.monitors.hostile import a_fetcher

MINUTE = timedelta(minutes=1)
Step = tuple[str, str, list[str]]


class Ledger(Exporter):
    """Keeps what it is told, two at a time; ids come with what it makes and not with what it changes."""

    kind: ClassVar[str] = "ledger"
    batch: ClassVar[int] = 2

    opens: datetime | None = None
    lonely: bool = False
    _held: dict[tuple[str, str], dict[str, Any]] = PrivateAttr(default_factory=dict)
    _steps: list[Step] = PrivateAttr(default_factory=list)
    _asked: list[list[str]] = PrivateAttr(default_factory=list)
    _parents: dict[str, str | None] = PrivateAttr(default_factory=dict)
    _faults: dict[str, ExportError | ConfigError | SourceChanged] = PrivateAttr(default_factory=dict)
    _away: ExportError | SourceChanged | None = PrivateAttr(default=None)
    _refused: dict[str, str] = PrivateAttr(default_factory=dict)
    _before: Callable[[Sequence[Change]], None] = PrivateAttr(default_factory=lambda: lambda _: None)

    def waits_until(self, outgoing: Outgoing, since: datetime) -> datetime:
        """Return when it opens."""
        return since if self.opens is None or outgoing.payload.get("urgent") else self.opens

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        """Return a company and its note; the note alone if it is a lonely one."""
        told = outgoing.payload
        account = str(outgoing.account)
        company = Wanted(object="company", key=account, account=account, fields={"stage": told["stage"]})
        note = Wanted(
            object="note",
            key=told["trigger"],
            account=account,
            parent=account,
            fields={"text": told["text"], **told.get("more", {})},
        )
        return (note,) if self.lonely else (company, note)

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        """Return what it keeps."""
        del delivery
        if self._away is not None:
            raise self._away
        self._asked.append([one.key for one in wanted])
        keys = [(one.object, one.key) for one in wanted]
        return {
            key: Found(remote_id=f"id-{key[1]}", fields=self._held[key]) for key in keys if key in self._held
        }

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        """Keep it."""
        delivery.state["calls"] = delivery.state.get("calls", 0) + 1
        self._before(changes)
        for change in changes:
            if change.key in self._faults:
                raise self._faults[change.key]
        self._steps.append((changes[0].action, changes[0].object, [change.key for change in changes]))
        for change in changes:
            self._held.setdefault((change.object, change.key), {}).update(change.after)
            self._parents[change.key] = change.parent_id
        return [
            Receipt(
                key=change.key,
                remote_id=f"id-{change.key}" if change.action == "create" else None,
                error=self._refused.get(change.key, ""),
            )
            for change in changes
        ]


def told(account: str, text: str = "Raised.", /, **payload: Any) -> Outgoing:
    return Outgoing(
        target="crm",
        topic="account.promoted",
        key=f"{account}:{text}",
        account=account,
        payload={"stage": "hot", "trigger": f"t-{account}", "text": text} | payload,
    )


def put(engine: Engine, *outgoing: Outgoing) -> None:
    with writing(engine) as connection:
        if targets.get(connection, "crm") is None:
            targets.add(connection, "crm", "ledger", {}, NOW)
        outbox.add(connection, outgoing, NOW)


def drive(engine: Engine, ledger: Ledger, now: Callable[[], datetime] = lambda: NOW) -> Done:
    async def driven() -> Done:
        async with a_fetcher() as fetcher:
            door = Door(fetcher, name="crm", per_second=1e6, clock=now)
            return await deliver(engine, "crm", ledger, door, worker="w")

    return asyncio.run(driven())


def later(pause: timedelta) -> Callable[[], datetime]:
    return lambda: NOW + pause


def parcels(engine: Engine) -> list[Parcel]:
    with reading(engine) as connection:
        return outbox.find(connection)[::-1]


def states(engine: Engine) -> dict[str | None, str]:
    return {each.outgoing.account: each.state for each in parcels(engine)}


def test_companies_go_before_notes_and_each_step_is_of_one_object_and_action(engine: Engine) -> None:
    ledger = Ledger()
    ledger._held[("company", "b")] = {"stage": "cold"}
    put(engine, *(told(account) for account in "abcd"))
    done = drive(engine, ledger)
    assert ledger._steps == [
        ("create", "company", ["a", "c"]),
        ("create", "company", ["d"]),
        ("update", "company", ["b"]),
        ("create", "note", ["t-a", "t-b"]),
        ("create", "note", ["t-c", "t-d"]),
    ]
    assert {key: ledger._parents[key] for key in ledger._parents if key.startswith("t-")} == {
        f"t-{account}": f"id-{account}" for account in "abcd"
    }
    assert (done.target, done.sent, done.failed, done.skipped, done.paused) == (
        "crm",
        (1, 2, 3, 4),
        {},
        {},
        "",
    )
    assert len(done.changes) == 8


def test_a_note_hangs_on_a_company_that_is_up_to_date_though_its_plan_does_not_say_where(
    engine: Engine,
) -> None:
    class Terse(Ledger):
        def plan(self, wanted: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> Sequence[Change]:
            return [replace(change, parent_id=None) for change in super().plan(wanted, found)]

    ledger = Terse()
    ledger._held[("company", "a")] = {"stage": "hot"}
    put(engine, told("a"))
    assert drive(engine, ledger).failed == {}
    assert ledger._parents == {"t-a": "id-a"}


def test_a_delivery_keeps_what_became_of_each_of_its_objects(engine: Engine) -> None:
    ledger = Ledger()
    ledger._held[("company", "a")] = {"stage": "cold"}
    put(engine, told("a"))
    drive(engine, ledger)
    put(engine, told("a", "Again.", text="Raised."))
    drive(engine, ledger, later(MINUTE))
    first, second = parcels(engine)
    assert first.receipt == {
        "changes": [
            {"action": "update", "object": "company", "remote_id": "id-a"},
            {"action": "create", "object": "note", "remote_id": "id-t-a"},
        ]
    }
    assert second.receipt == {
        "changes": [
            {"action": "skip", "object": "company", "remote_id": None, "reason": "it was told already"},
            {"action": "skip", "object": "note", "remote_id": None, "reason": "it was told already"},
        ]
    }
    with reading(engine) as connection:
        assert [each.batch for each in deliveries.batches_of(connection)] == ["crm:20261121T090000:1"]
        target = targets.get(connection, "crm")
    assert target is not None
    assert target.state == {"calls": 2}


def test_what_stands_there_is_recognised_in_every_release(engine: Engine) -> None:
    put(engine, told("a"))
    drive(engine, Ledger())
    with reading(engine) as connection:
        [note] = deliveries.known(connection, "crm", [("note", "t-a")]).values()
    assert note.hash == "272852cf903215249f3c5708"


def test_the_order_of_fields_is_no_change(engine: Engine) -> None:
    ledger = Ledger()
    put(engine, told("a", more={"one": 1, "two": 2}))
    drive(engine, ledger)
    put(engine, told("a", "Again.", text="Raised.", more={"two": 2, "one": 1}))
    assert {change.reason for change in drive(engine, ledger).changes} == {"it was told already"}


def test_what_waits_for_another_target_is_left_to_it(engine: Engine) -> None:
    put(engine, told("a"), replace(told("b"), target="chat"))
    assert drive(engine, Ledger()).sent == (1,)
    with reading(engine) as connection:
        assert [each.outgoing.target for each in outbox.pending(connection, NOW)] == ["chat"]


def test_only_what_changed_is_asked_for_and_a_company_with_its_note(engine: Engine) -> None:
    ledger = Ledger()
    put(engine, told("a"), told("b"))
    drive(engine, ledger)
    ledger._asked.clear()
    put(engine, told("a", "More."), told("b", "Again.", text="Raised.", stage="warm"))
    drive(engine, ledger)
    assert ledger._asked == [["a", "t-a", "b"]]
    assert ledger._steps[-2:] == [("update", "company", ["b"]), ("update", "note", ["t-a"])]


def test_what_several_want_of_one_object_is_told_once_as_the_latest_wants_it(engine: Engine) -> None:
    ledger = Ledger()
    put(engine, told("a", "First."), told("a", "Last.", stage="warm"))
    assert drive(engine, ledger).sent == (1, 2)
    assert ledger._steps == [("create", "company", ["a"]), ("create", "note", ["t-a"])]
    assert ledger._held == {("company", "a"): {"stage": "warm"}, ("note", "t-a"): {"text": "Last."}}


def test_a_hundred_are_taken_at_a_time(engine: Engine) -> None:
    put(engine, *(told("a", f"{number}") for number in range(BATCH + 1)))
    assert (len(drive(engine, Ledger()).sent), len(drive(engine, Ledger()).sent)) == (100, 1)


def test_the_others_go_out_when_one_company_could_not_be_written(engine: Engine) -> None:
    ledger = Ledger()
    ledger._faults["a"] = ExportUnavailable("The ledger is away.")
    put(engine, *(told(account) for account in "abc"))
    done = drive(engine, ledger)
    assert (done.sent, done.failed) == ((3,), {1: "The ledger is away.", 2: "The ledger is away."})
    assert ledger._steps == [("create", "company", ["c"]), ("create", "note", ["t-c"])]
    assert [(each.attempts, each.next_at) for each in parcels(engine)[:2]] == [
        (1, NOW + timedelta(seconds=5)),
        (1, NOW + timedelta(seconds=5)),
    ]
    ledger._faults.clear()
    assert drive(engine, ledger, later(timedelta(seconds=5))).sent == (1, 2)
    assert ledger._steps[2:] == [("create", "company", ["a", "b"]), ("create", "note", ["t-a", "t-b"])]


def test_a_note_whose_company_is_not_there_waits_for_it(engine: Engine) -> None:
    ledger = Ledger(lonely=True)
    put(engine, told("a"))
    done = drive(engine, ledger)
    assert done.failed == {1: "The company that it belongs to could not be written. It is tried again later."}
    assert (ledger._steps, states(engine)) == ([], {"a": State.WAITING})


def test_the_one_of_a_refused_lump_that_is_wrong_is_found(engine: Engine) -> None:
    ledger = Ledger()
    ledger._faults["b"] = ExportRejected("b: no such stage.")
    put(engine, *(told(account) for account in "abc"))
    done = drive(engine, ledger)
    assert (done.sent, done.failed) == ((1, 3), {2: "b: no such stage."})
    assert states(engine) == {"a": State.SENT, "b": State.REFUSED, "c": State.SENT}
    assert ("create", "company", ["a"]) in ledger._steps


def test_what_a_target_says_against_one_of_several_is_of_that_one(engine: Engine) -> None:
    ledger = Ledger()
    ledger._refused["t-b"] = "t-b: too long"
    put(engine, *(told(account) for account in "ab"))
    assert drive(engine, ledger).failed == {2: "t-b: too long"}
    with reading(engine) as connection:
        known = deliveries.known(connection, "crm", [("note", "t-a"), ("note", "t-b")])
    assert known.keys() == {("note", "t-a")}


@pytest.mark.parametrize("fault", [ExportUnavailable("Away."), SourceChanged("Away.")])
def test_a_target_that_can_not_be_searched_is_tried_again_with_all(
    engine: Engine, fault: ExportError | SourceChanged
) -> None:
    ledger = Ledger()
    ledger._away = fault
    put(engine, told("a"), told("b"))
    assert drive(engine, ledger).failed == {1: "Away.", 2: "Away."}
    assert states(engine) == {"a": State.WAITING, "b": State.WAITING}


def test_a_target_that_must_be_configured_is_paused_and_what_was_taken_is_free(engine: Engine) -> None:
    ledger = Ledger()
    ledger._faults["t-a"] = ConfigError("CRM_TOKEN is not set.")
    put(engine, told("a"))
    with writing(engine) as connection:
        targets.add(connection, "chat", "webhook", {}, NOW)
    done = drive(engine, ledger)
    assert (done.sent, done.failed, done.paused) == ((), {}, "CRM_TOKEN is not set.")
    assert [(each.action, each.key) for each in done.changes] == [("create", "a"), ("create", "t-a")]
    with reading(engine) as connection:
        waiting = [(each.outgoing.topic, each.attempts) for each in outbox.pending(connection, NOW)]
        assert waiting == [("account.promoted", 0), ("export.failed", 0)], "the other target hears of it"
        assert outbox.holders(connection) == frozenset()
        target = targets.get(connection, "crm")
        # What was made before is on record: it is found, and not made again.
        assert deliveries.known(connection, "crm", [("company", "a")]).keys() == {("company", "a")}
    assert target is not None
    assert target.paused_reason == "CRM_TOKEN is not set."


def test_what_is_taken_is_held_for_ten_minutes_from_the_last_step(engine: Engine) -> None:
    ledger, free = Ledger(), list[list[int]]()
    moment = NOW

    def look(_: Sequence[Change]) -> None:
        nonlocal moment
        with reading(engine) as connection:
            free.extend(
                [each.number for each in outbox.pending(connection, moment + pause)]
                for pause in (10 * MINUTE - timedelta(seconds=1), 10 * MINUTE)
            )
        moment += 5 * MINUTE

    ledger._before = look
    put(engine, told("a"))
    drive(engine, ledger, lambda: moment)
    # The company is written at 9:00, the note at 9:05: by then the lease was renewed.
    assert free == [[], [1], [], [1]]


def test_what_is_to_wait_goes_back_until_then_and_the_rest_goes_out(engine: Engine) -> None:
    ledger = Ledger(opens=NOW + days(1))
    put(engine, told("a"), told("b", urgent=True))
    assert drive(engine, ledger).sent == (2,)
    waiting = parcels(engine)[0]
    assert (waiting.state, waiting.attempts, waiting.next_at) == (State.WAITING, 0, NOW + days(1))
    assert drive(engine, ledger, later(days(1))).sent == (1,)


def test_a_plan_asks_and_changes_nothing(engine: Engine) -> None:
    ledger = Ledger()
    put(engine, told("a"))

    async def planned() -> list[Change]:
        async with a_fetcher() as fetcher:
            door = Door(fetcher, name="crm", per_second=1e6, clock=lambda: NOW)
            return await plan(engine, "crm", ledger, door, parcels(engine))

    assert [(each.action, each.key) for each in asyncio.run(planned())] == [
        ("create", "a"),
        ("create", "t-a"),
    ]
    assert (ledger._asked, ledger._steps) == ([["a", "t-a"]], [])


def test_the_pauses_are_those_that_the_page_of_the_exports_names() -> None:
    lost = ExportUnavailable("gone", retry_after=MINUTE)
    moments = [again_at(NOW, attempts, lost) for attempts in range(11)]
    pauses = [None if each is None else (each - NOW).total_seconds() for each in moments]
    hours = [hour * 3600.0 for hour in (2, 5, 10, 14, 20, 24)]
    assert pauses == [60.0, 60.0, 300.0, 1800.0, *hours, None], "the first is what the target asked for"
    assert again_at(NOW, 0, ExportUnavailable("gone")) == NOW + timedelta(seconds=5)
