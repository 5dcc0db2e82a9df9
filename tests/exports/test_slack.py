"""Slack: inside every limit whatever the texts, hot at once, the rest once a day."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError, ExportRefused, ExportRejected
from earmark.testing import ExporterContract, Served
from exports.registry import build
from exports.slack import MOST_BLOCKS, MOST_IN_ALL, SlackExporter, messages
from monitors.door import Door
from tests.builders import NOW
from tests.exports.fakes.cabinet import an_outgoing
from tests.monitors.hostile import Hostile, a_fetcher, answer

pytestmark = pytest.mark.anyio

TEXTS = st.text(max_size=60) | st.text("&<>*_~`@! |", min_size=400, max_size=900)
TOLD = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "headline": TEXTS,
        "why_now": TEXTS,
        "quote": TEXTS,
        "next": TEXTS,
        "owner": st.sampled_from(["ida", "<!channel>", ""]),
        "link": st.sampled_from(
            ["https://wire.example/1?a=1&b=2", "javascript:1", "https://x|y>", "http://[", None]
        )
        | st.text(max_size=30),
        "score": st.floats(0, 100),
    }
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        hostile.pages["/hook"] = answer(b"ok")
        yield hostile


@given(st.lists(TOLD, max_size=70), st.booleans())
def test_no_text_breaks_a_limit_or_calls_the_whole_channel(told: list[dict[str, Any]], hot: bool) -> None:  # noqa: FBT001 - drawn
    posts = list(
        messages(told, {"ida": "U123", "<!channel>": "!channel"}, "https://earmark.example", hot=hot)
    )
    assert sum(len(post["blocks"]) - 1 for post in posts) == len(told)
    for post in posts:
        assert len(post["blocks"]) <= MOST_BLOCKS
        texts = [block["text"]["text"] for block in post["blocks"]]
        assert sum(map(len, texts)) <= MOST_IN_ALL
        assert len(texts[0]) <= 150
        for text in texts[1:]:
            assert 0 < len(text) <= 3000
            assert text.count("\n") <= 5
            assert "<!" not in text
            for piece in text.split("<")[1:]:
                assert piece.startswith(("@U123>", "https://", "http://"))
                assert ">" in piece


def an_exporter(**options: Any) -> SlackExporter:
    return SlackExporter.model_validate({"url": "env:SLACK_HOOK", "members": {"ida": "U123"}} | options)


async def send(server: Hostile, monkeypatch: pytest.MonkeyPatch, *stages: str) -> Sequence[dict[str, Any]]:
    monkeypatch.setenv("SLACK_HOOK", server.url("/hook"))
    exporter = an_exporter()
    wanted = [
        one
        for number, stage in enumerate(stages)
        for one in exporter.wanted(an_outgoing(f"norvik{number}", f"t{number}", stage=stage, owner="ida"))
    ]
    async with a_fetcher(server) as fetcher:
        door = Door(fetcher, name="chat", per_second=1e6, clock=lambda: NOW)
        for name in ("hot", "digest"):
            if changes := [each for each in exporter.plan(wanted, {}) if each.object == name]:
                await exporter.apply(changes, door)
    return [json.loads(seen.body) for seen in server.seen]


async def test_what_is_hot_names_its_owner_and_the_rest_is_one_message(
    server: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    hot, digest = await send(server, monkeypatch, "hot", "outreach_ready", "outreach_ready")
    assert "<@U123>" in hot["blocks"][1]["text"]["text"]
    assert digest["text"] == "2 accounts to call"
    assert len(digest["blocks"]) == 3
    assert "<@" not in json.dumps(digest)


@pytest.mark.parametrize(
    ("said", "status", "error"),
    [
        (b"invalid_blocks", "400 Bad Request", ExportRejected),
        (b"no_service", "404 Not Found", ExportRefused),
        (b"channel_is_archived", "410 Gone", ExportRefused),
        (b"<html>", "200 OK", ExportRejected),
    ],
)
async def test_what_slack_says_decides_what_follows(
    server: Hostile, monkeypatch: pytest.MonkeyPatch, said: bytes, status: str, error: type[Exception]
) -> None:
    server.pages["/hook"] = answer(said, status=status)
    with pytest.raises(error) as caught:
        await send(server, monkeypatch, "hot")
    assert "/hook" not in str(caught.value)


def test_the_digest_waits_for_its_hour_in_its_zone_and_what_is_hot_does_not() -> None:
    exporter = an_exporter(digest_at=time(8, 30), zone="Europe/Berlin")
    cold, hot = an_outgoing(), an_outgoing(stage="hot")
    for since, until in (
        ("2026-10-24T07:00:00+00:00", "2026-10-25T07:30:00+00:00"),  # the clocks go back in that night
        ("2026-11-21T07:00:00+00:00", "2026-11-21T07:30:00+00:00"),
        ("2026-11-21T07:30:00+00:00", "2026-11-21T07:30:00+00:00"),
        ("2026-11-21T07:31:00+00:00", "2026-11-22T07:30:00+00:00"),
    ):
        moment = datetime.fromisoformat(since)
        assert exporter.waits_until(cold, moment) == datetime.fromisoformat(until)
        assert exporter.waits_until(hot, moment) == moment


def test_other_changes_of_stage_are_no_news_for_a_channel() -> None:
    told = an_outgoing()
    assert (
        an_exporter().wanted(
            type(told)(target="chat", topic="account.stage_changed", key="k", account="norvik", payload={})
        )
        == ()
    )


def test_what_nobody_took_in_time_is_told_to_the_next_at_once() -> None:
    exporter = an_exporter(digest_at=time(8, 30))
    told = an_outgoing(stage="warm", owner="ida", offered_from="bo")
    handed = type(told)(
        target="chat", topic="account.handed_over", key="k", account="norvik", payload=told.payload
    )
    assert exporter.waits_until(handed, NOW) == NOW
    assert exporter.waits_until(told, NOW) > NOW
    (wanted,) = exporter.wanted(handed)
    (post,) = messages([wanted.fields], {"ida": "U123"}, None, hot=wanted.object == "hot")
    assert "<@U123>" in json.dumps(post)


def test_a_zone_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="no time zone"):
        build("slack", {"url": "env:SLACK_HOOK", "zone": "Europe/Berln"})


class TestSlack(ExporterContract):
    exporter = SlackExporter.model_validate({"url": "env:SLACK_HOOK"})
    secrets = ("/services/T0/B0/sEcReT",)

    @pytest.fixture(autouse=True)
    def _address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SLACK_HOOK", "https://chat.example/services/T0/B0/sEcReT")

    def target(self) -> Served:
        return lambda *_: (200, "ok")
