"""Webhooks as their receiver sees them: verified with the library of the standard."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from earmark.contract import Change
from earmark.errors import ConfigError, ExportError, ExportRefused, ExportRejected, ExportUnavailable
from earmark.testing import ExporterContract, Served
from exports.webhook import MOST_BYTES, WebhookExporter
from monitors.door import Door
from storage.engine import Engine
from tests.builders import NOW
from tests.exports.drives import drive, put, undone
from tests.exports.fakes.cabinet import an_outgoing
from tests.monitors.hostile import Hostile, a_fetcher, answer

pytestmark = pytest.mark.anyio
OLD, NEW = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        hostile.pages["/hook"] = answer(status="204 No Content")
        yield hostile


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_OLD", OLD)
    monkeypatch.setenv("HOOK_NEW", NEW)
    monkeypatch.setattr(Webhook, "_Webhook__verify_timestamp", lambda *_: NOW.replace(microsecond=0))


async def post(server: Hostile, path: str = "/hook", later: float = 0, **options: Any) -> None:
    fields = {"url": server.url(path), "secret": "env:HOOK_OLD"} | options
    exporter = WebhookExporter.model_validate(fields)
    told = an_outgoing(note="Raised." + "x" * int(options.pop("long", 0)))
    moment = NOW + timedelta(seconds=later)
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="hook", per_second=1e6, clock=lambda: moment)
        changes = exporter.plan(exporter.wanted(told), {})
        await exporter.apply(changes, door)


async def test_the_receiver_can_tell_that_it_is_ours(server: Hostile) -> None:
    await post(server, later=0.6)
    [seen] = server.seen
    told = Webhook(OLD).verify(seen.body, dict(seen.headers))
    assert told["type"] == "account.promoted"
    assert told["data"]["account"] == "norvik"
    assert told["timestamp"] == "2026-11-21T09:00:00.600000+00:00"
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(seen.body, dict(seen.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(seen.body + b" ", dict(seen.headers))


async def test_while_the_secret_is_changed_both_sides_may_be_first(server: Hostile) -> None:
    await post(server, next_secret="env:HOOK_NEW")  # noqa: S106 - the name of a variable
    [seen] = server.seen
    assert Webhook(OLD).verify(seen.body, dict(seen.headers)) == Webhook(NEW).verify(
        seen.body, dict(seen.headers)
    )


async def test_a_delivery_that_is_tried_again_has_the_same_id_and_a_new_time(server: Hostile) -> None:
    await post(server)
    await post(server, later=5)
    first, again = server.seen
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert int(again.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 5


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        ("300 Multiple Choices", ExportRejected, "127.0.0.1 redirects .HTTP 300"),
        ("301 Moved Permanently", ExportRejected, "redirects"),
        ("399 Odd", ExportRejected, "redirects"),
        ("410 Gone", ExportRefused, "127.0.0.1 is gone"),
        ("400 Bad Request", ExportRejected, "127.0.0.1 refused .* .HTTP 400"),
        ("401 Unauthorized", ExportRefused, "HTTP 401"),
        ("429 Too Many Requests", ExportUnavailable, "HTTP 429"),
        ("500 Internal Server Error", ExportUnavailable, "HTTP 500"),
    ],
)
async def test_what_the_receiver_answers_decides_what_follows(
    server: Hostile, status: str, error: type[ExportError], told: str
) -> None:
    server.pages["/hook"] = answer(b"", "Location: /elsewhere", status=status)
    with pytest.raises(error, match=told):
        await post(server)
    assert [seen.target for seen in server.seen] == ["/hook"]


async def test_a_private_address_that_is_not_allowed_gets_nothing(server: Hostile) -> None:
    with pytest.raises(ExportRefused):
        await post(server, url="http://127.0.0.2:9/hook")
    assert server.seen == []


async def test_a_body_stays_under_20_kb_and_keeps_who_and_what(server: Hostile) -> None:
    exporter = WebhookExporter.model_validate({"url": server.url("/hook"), "secret": "env:HOOK_OLD"})
    told = an_outgoing(note_html="<p>" + "ä" * 30_000, note_text="ä" * 30_000, headline="Norvik raises")
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="hook", per_second=1e6, clock=lambda: NOW)
        await exporter.apply(exporter.plan(exporter.wanted(told), {}), door)
    [seen] = server.seen
    assert len(seen.body) < MOST_BYTES
    assert json.loads(seen.body)["data"]["headline"] == "Norvik raises"


@pytest.mark.parametrize(
    "name",
    ["note_html", "note_markdown", "note_text", "quote", "why_now", "opener", "who", "next", "headline"],
)
async def test_each_long_text_of_a_note_is_cut_when_it_must_be(server: Hostile, name: str) -> None:
    exporter = WebhookExporter.model_validate({"url": server.url("/hook"), "secret": "env:HOOK_OLD"})
    told = an_outgoing(**{"note_html": "short"} | {name: "ä" * 11_000}, amount=Decimal("20.5"), odd="\ud800")
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="hook", per_second=1e6, clock=lambda: NOW)
        await exporter.apply(exporter.plan(exporter.wanted(told), {}), door)
    [seen] = server.seen
    data = json.loads(seen.body)["data"]
    assert data[name] == "ä" * 500
    assert (data["amount"], data["odd"], data["trigger"]) == ("20.5", "?", "t1")
    assert b'"amount":"20.5",' in seen.body, "no blank is spent"


async def test_a_message_that_can_not_be_cut_is_refused_by_the_name_of_its_account(server: Hostile) -> None:
    exporter = WebhookExporter.model_validate({"url": server.url("/hook"), "secret": "env:HOOK_OLD"})
    told = an_outgoing(aliases=["x" * 20_000])
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="hook", per_second=1e6, clock=lambda: NOW)
        with pytest.raises(ExportRejected, match="about norvik is longer"):
            await exporter.apply(exporter.plan(exporter.wanted(told), {}), door)
    assert server.seen == []


async def test_a_message_has_the_id_of_its_delivery_in_every_release(server: Hostile) -> None:
    exporter = WebhookExporter.model_validate({"url": server.url("/hook"), "secret": "env:HOOK_OLD"})
    [wanted] = exporter.wanted(an_outgoing())
    assert (wanted.object, wanted.key, wanted.account) == ("message", "norvik:t1", "norvik")
    await post(server)
    [seen] = server.seen
    assert seen.headers["webhook-id"] == "msg_4ca2ebe36b7284b9b7952ab17caa93dd"
    assert seen.headers["content-type"] == "application/json"


async def test_a_check_posts_a_ping_of_its_own(server: Hostile) -> None:
    exporter = WebhookExporter.model_validate({"url": server.url("/hook"), "secret": "env:HOOK_OLD"})
    moments = iter([NOW, NOW, NOW, *[NOW + timedelta(seconds=1)] * 3])
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="hook", per_second=1e6, clock=lambda: next(moments))
        [finding] = [*await exporter.check(door), *await exporter.check(door)][1:]
    assert (finding.what, finding.is_well) == ("post", True)
    assert "127.0.0.1" in finding.text
    first, second = server.seen
    assert json.loads(first.body) == {"type": "earmark.ping", "timestamp": NOW.isoformat(), "data": {}}
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "299 Odd"])
async def test_any_answer_of_success_is_one(server: Hostile, status: str) -> None:
    server.pages["/hook"] = answer(b"", status=status)
    await post(server)


async def test_a_secret_that_is_none_is_named_and_not_shown(
    server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_OLD", "whsec_x")
    with pytest.raises(ConfigError, match="env:HOOK_OLD") as caught:
        await post(server)
    assert "whsec_x" not in str(caught.value)


async def test_a_message_can_not_be_taken_back(server: Hostile) -> None:
    exporter = WebhookExporter.model_validate({"url": server.url("/hook"), "secret": "env:HOOK_OLD"})
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="hook", per_second=1e6, clock=lambda: NOW)
        with pytest.raises(ExportRejected, match="taken back"):
            await exporter.apply([Change(action="delete", object="message", key="k")], door)


async def test_undo_says_of_each_message_that_it_can_not_be_taken_back(
    engine: Engine, server: Hostile
) -> None:
    exporter = WebhookExporter.model_validate({"url": server.url("/hook"), "secret": "env:HOOK_OLD"})
    put(engine, exporter, an_outgoing())
    await drive(engine, server, exporter)
    for _ in range(2):
        assert [each.reason for each in await undone(engine, server, exporter)] == [
            "a message that was sent can't be taken back"
        ]
    assert len(server.seen) == 1


class TestWebhook(ExporterContract):
    exporter = WebhookExporter.model_validate(
        {"url": "https://hooks.example/in", "secret": "env:HOOK_OLD", "next_secret": "env:HOOK_NEW"}
    )
    secrets = (OLD, NEW)

    def target(self) -> Served:
        return lambda *_: (204, b"")
