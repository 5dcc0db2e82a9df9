"""Webhooks hear once of what begins and what ends: of sources, of deliveries, of targets."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as some

from earmark.config import Settings
from earmark.contract import Receipt, Wanted
from earmark.errors import ConfigError, ExportRefused, ExportRejected
from earmark.types import Outgoing
from exports import registry
from exports.webhook import WebhookExporter
from monitors import notices
from monitors.deliver import deliver
from monitors.door import Door
from monitors.targets import Targets
from storage import outbox, polls, targets
from storage.engine import Engine, reading, writing
from storage.outbox import State
from storage.polls import Finished
from storage.troubles import Trouble
from tests.builders import NOW
from tests.exports.fakes.cabinet import CabinetExporter, an_outgoing
from tests.monitors.hostile import Hostile, a_fetcher

HOOK = {"url": "https://hooks.example/in", "secret": "env:HOOK_KEY"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


@pytest.fixture
def hooked(engine: Engine) -> Engine:
    with writing(engine) as connection:
        targets.add(connection, "hook", "webhook", HOOK, NOW)
        targets.add(connection, "by-hand", "webhook", {**HOOK, "automatic": False}, NOW)
        targets.add(connection, "crm", "cabinet", {}, NOW)
        polls.add(connection, "wire", "feed", {"url": "https://wire.example/feed"}, NOW)
    return engine


def poll(hours: float, **changes: Any) -> Finished:
    at = NOW + timedelta(hours=hours)
    fields: dict[str, Any] = {
        "source": "wire",
        "started_at": at,
        "finished_at": at + timedelta(seconds=1),
        "outcome": "unchanged",
        "next_poll_at": at + timedelta(hours=1),
    }
    return Finished(**(fields | changes))


def failing(hours: float, failures: int = 1, **changes: Any) -> Finished:
    return poll(hours, outcome="unavailable", error="It timed out.", failures=failures, **changes)


def told(engine: Engine, topic: str = "source.failing") -> list[tuple[str, str]]:
    """Return what was told, oldest first: to whom, and which state."""
    with reading(engine) as connection:
        found = outbox.find(connection, limit=10_000)
    return [
        (one.outgoing.target, one.outgoing.payload["state"])
        for one in reversed(found)
        if one.outgoing.topic == topic
    ]


def finish(engine: Engine, *over: Finished) -> None:
    for one in over:
        with writing(engine) as connection:
            notices.finish(connection, [one], one.finished_at)


def test_a_failing_source_is_told_once_and_once_that_it_works_again(hooked: Engine) -> None:
    finish(hooked, poll(0), failing(1), failing(2, 2), failing(3, 3), poll(4), poll(5))
    assert told(hooked) == [("hook", "failing"), ("hook", "works")]


def test_a_silent_source_is_told_once_and_once_that_it_speaks_again(hooked: Engine) -> None:
    since = NOW + timedelta(hours=1)
    quiet = [poll(hours, silent_since=since) for hours in (1, 2, 3)]
    finish(hooked, poll(0), *quiet, poll(4, outcome="new", new=1))
    assert told(hooked) == [("hook", "silent"), ("hook", "speaks")]


def test_a_poll_that_had_to_wait_says_nothing_of_the_source(hooked: Engine) -> None:
    finish(hooked, failing(1), poll(2, outcome="waiting", error="The host is busy.", failures=1))
    assert told(hooked) == [("hook", "failing")]


def test_the_message_says_what_failed_and_what_to_do(hooked: Engine) -> None:
    finish(hooked, failing(1, paused_reason="It is gone."))
    with reading(hooked) as connection:
        payload = outbox.find(connection)[0].outgoing.payload
    assert payload["source"] == "wire"
    assert payload["error"] == "It timed out."
    assert payload["is_stopped"] is True
    assert "sources test wire" in payload["remedy"]


def test_the_same_poll_written_twice_is_told_once(hooked: Engine) -> None:
    finish(hooked, failing(1))
    with writing(hooked) as connection:
        connection.exec_driver_sql("UPDATE sources SET failures = 0")
    finish(hooked, failing(1))
    assert told(hooked) == [("hook", "failing")]


def test_without_a_webhook_nothing_is_put_anywhere(engine: Engine) -> None:
    with writing(engine) as connection:
        polls.add(connection, "wire", "feed", {"url": "https://wire.example/feed"}, NOW)
        targets.add(connection, "crm", "cabinet", {}, NOW)
    finish(engine, failing(1), poll(2))
    assert not told(engine)


@given(some.lists(some.sampled_from(["good", "bad", "silent", "waiting"]), max_size=12))
def test_nothing_is_told_twice_in_a_row_and_the_last_word_is_how_it_is(steps: list[str]) -> None:
    failures, silent, said = 0, False, list[str]()
    for step in steps:
        one = {
            "good": poll(1),
            "bad": failing(1, failures + 1),
            "silent": poll(1, silent_since=NOW),
            "waiting": poll(1, outcome="waiting", failures=failures),
        }[step]
        before = Trouble(source="wire", failures=failures, silent_since=NOW if silent else None)
        state = notices._turned(one, before if failures or silent else None)
        said += [state] if state else []
        if step != "waiting":
            failures, silent = (failures + 1, silent) if step == "bad" else (0, step == "silent")
    is_well = not said or said[-1] in {"works", "speaks"}
    assert is_well == (not failures and not silent)
    assert all(one != other for one, other in pairwise(said))


class Refusing(CabinetExporter):
    kind: ClassVar[str] = "refusing"
    error: ClassVar[Exception] = ExportRejected("The field name is too long.")

    def wanted(self, outgoing: Outgoing) -> list[Wanted]:
        return [Wanted(object="message", key=outgoing.key, fields=outgoing.payload)]

    async def find(self, wanted: Any, delivery: Any) -> Any:
        del wanted, delivery
        return {}

    async def apply(self, changes: Any, delivery: Any) -> list[Receipt]:
        del changes, delivery
        raise self.error


class Locked(Refusing):
    kind: ClassVar[str] = "locked"
    error: ClassVar[Exception] = ExportRefused("The token was taken back.")


async def drive(engine: Engine, server: Hostile, target: str, exporter: Any) -> None:
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name=target, per_second=1e6, clock=lambda: NOW)
        await deliver(engine, target, exporter, door, worker="here:1")


@pytest.mark.anyio
async def test_a_delivery_that_is_refused_for_good_is_told_to_the_webhooks(
    hooked: Engine, server: Hostile
) -> None:
    with writing(hooked) as connection:
        outbox.add(connection, [replace(an_outgoing(), target="crm")], NOW)
    await drive(hooked, server, "crm", Refusing())
    assert told(hooked, "export.failed") == [("hook", "refused")]


@pytest.mark.anyio
async def test_a_target_that_stops_is_told_and_its_delivery_is_not(hooked: Engine, server: Hostile) -> None:
    with writing(hooked) as connection:
        outbox.add(connection, [replace(an_outgoing(), target="crm")], NOW)
    await drive(hooked, server, "crm", Locked())
    assert told(hooked, "export.failed") == [("hook", "stopped")]


@pytest.mark.anyio
async def test_a_notice_that_is_refused_is_told_to_nobody(hooked: Engine, server: Hostile) -> None:
    with writing(hooked) as connection:
        targets.add(connection, "other", "webhook", HOOK, NOW)
        notices.target_stopped(connection, "crm", "The token was taken back.", NOW)
    await drive(hooked, server, "hook", Refusing())
    with reading(hooked) as connection:
        states = {one.outgoing.target: one.state for one in outbox.find(connection)}
    assert states == {"hook": State.REFUSED, "other": State.WAITING}


@pytest.mark.anyio
async def test_a_target_whose_options_no_longer_do_is_told(
    hooked: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ConfigError("The option url is missing.")

    monkeypatch.setattr("monitors.targets.build", broken)
    await Targets(Settings(http={"contact": "ops@norvik.example"}), hooked, now=lambda: NOW).drive("crm")
    assert told(hooked, "export.failed") == [("hook", "stopped")]


@pytest.mark.anyio
async def test_a_webhook_takes_every_notice_as_a_message(
    hooked: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY")
    with writing(hooked) as connection:
        notices.finish(connection, [failing(1)], NOW)
        notices.target_stopped(connection, "crm", "Gone.", NOW)
        notices.digest_ready(connection, "ada", {"period": NOW.isoformat(), "reasons": 3}, NOW)
        parcels = outbox.find(connection, target="hook")
    exporter = registry.build("webhook", HOOK)
    assert isinstance(exporter, WebhookExporter)
    wanted = [one for parcel in parcels for one in exporter.wanted(parcel.outgoing)]
    assert {one.fields["type"] for one in wanted} == notices.TOPICS
    assert all(one.account is None for one in wanted)
