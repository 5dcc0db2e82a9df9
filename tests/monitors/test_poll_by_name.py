"""Polls of places by their real names: the connection is mocked, all above it is real."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import httpx
import respx

from monitors.parse import ParsePool
from monitors.poll import Outcome, poll_source
from sources.feed import FeedSource
from storage.polls import Configured
from tests.builders import NOW
from tests.monitors.hostile import a_fetcher

FEED = (
    "<rss version='2.0'><channel><title>Wire</title><item><guid>1</guid><title>Norvik Labs hires</title>"
    "<link>https://wire.example/1</link></item></channel></rss>"
)
SOURCE = FeedSource(url="https://wire.example/feed?topic=funding")


def polls_of(before: Configured, times: int, between: Callable[[], None] = lambda: None) -> list[Outcome]:
    async def run() -> list[Outcome]:
        outcomes, known = [], before
        async with a_fetcher() as fetcher, ParsePool() as pool:
            for _ in range(times):
                outcome = await poll_source(known, SOURCE, fetcher, pool, NOW)
                outcomes.append(outcome)
                known = replace(known, pages=outcome.pages)
                between()
        return outcomes

    return asyncio.run(run())


CONFIGURED = Configured(id="wire", kind="feed", options={}, next_poll_at=NOW)


@respx.mock(using="httpcore")
def test_a_place_is_asked_politely_and_by_its_name(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get("https://wire.example/feed", params={"topic": "funding"})
    route.side_effect = [httpx.Response(200, text=FEED, headers={"ETag": '"7"'}), httpx.Response(304)]
    first, second = polls_of(CONFIGURED, 2)
    assert [event.title for event in first.events] == ["Norvik Labs hires"]
    assert (second.result, second.events) == ("unchanged", ())
    asked = [call.request.headers for call in route.calls]
    assert asked[0]["user-agent"] == "earmark/1.2.3 (+ops@norvik.example)"
    assert "if-none-match" not in asked[0]
    assert asked[1]["if-none-match"] == '"7"'


@respx.mock(using="httpcore")
def test_a_host_that_asks_for_a_pause_is_left_alone(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get("https://wire.example/feed")
    route.respond(429, headers={"Retry-After": "600"})
    first, second = polls_of(CONFIGURED, 2)
    assert (first.result, second.result) == ("unavailable", "waiting"), "the second was not asked at all"
    assert first.retry_after is not None
    assert first.retry_after.total_seconds() == 600
    assert route.call_count == 1
