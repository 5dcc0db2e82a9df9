"""Every kind of forum through the real door: real fetcher, real pool of readers, a local server."""

import asyncio
import shlex
from pathlib import Path
from typing import Any

import pytest

from earmark.testing import FakePoll, events_from
from monitors.parse import ParsePool
from monitors.poll import Outcome, poll_source
from review.options import told_options
from sources.registry import build, kinds
from storage.polls import Configured
from tests.builders import NOW
from tests.monitors.hostile import Hostile, a_fetcher, answer
from tests.sources.golden_posts import ByPart, page_of

ROOT = Path(__file__).parents[2]
SESSION = b'{"accessJwt": "synthetic", "active": true}'
GRANTED = b'{"access_token": "synthetic", "token_type": "bearer"}'
VISITS: dict[str, tuple[dict[str, Any], dict[str, bytes]]] = {
    "bluesky": (
        {"identifier": "watch.example", "app_password": "env:FORUM_TEST_SECRET", "queries": ["cobaltine"]},
        {
            "/xrpc/com.atproto.server.createSession": SESSION,
            "/xrpc/app.bsky.feed.searchPosts": page_of("bluesky", "posts.json"),
        },
    ),
    "discourse": (
        {"site": "https://forum.harrowtech.example", "queries": ["cobaltine"], "tags": ["crm"]},
        {
            "/search.json": page_of("discourse", "search.json"),
            "/tag/crm.rss": page_of("discourse", "rss-latest.xml"),
        },
    ),
    "github": (
        {"queries": ["cobaltine"], "token": "env:FORUM_TEST_SECRET"},
        {"/search/issues": page_of("github", "issues.json")},
    ),
    "hackernews": (
        {"queries": ["zephyrdesk"]},
        {"/api/v1/search_by_date": page_of("hackernews", "search.json")},
    ),
    "lobsters": ({}, {"/newest.json": page_of("lobsters", "newest.json")}),
    "mastodon": (
        {"instance": "https://harrow.example", "tags": ["crm"]},
        {"/api/v1/timelines/tag/crm": page_of("mastodon", "timeline.json")},
    ),
    "reddit": (
        {
            "subreddits": ["opsleads", "crm"],
            "mode": "oauth",
            "client_id": "app-1",
            "client_secret": "env:FORUM_TEST_SECRET",
        },
        {"/api/v1/access_token": GRANTED, "/r/opsleads+crm/new": page_of("reddit", "oauth-new.json")},
    ),
    "stackexchange": (
        {"query": "cobaltine", "key": "env:FORUM_TEST_SECRET"},
        {"/2.3/search/advanced": page_of("stackexchange", "questions.json")},
    ),
}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORUM_TEST_SECRET", "n0t-a-real-secret")


def visited(bodies: dict[str, dict[str, bytes]]) -> tuple[dict[str, Outcome], Hostile]:
    """Poll each kind once, each at a port of its own path set of one server."""

    async def run() -> tuple[dict[str, Outcome], Hostile]:
        outcomes: dict[str, Outcome] = {}
        server = Hostile({path: answer(body) for pages in bodies.values() for path, body in pages.items()})
        async with server, a_fetcher(server) as fetcher, ParsePool(workers=2) as pool:
            for kind in bodies:
                source = build(kind, VISITS[kind][0] | {"base_url": server.url("/")})
                configured = Configured(id=kind, kind=kind, options={}, next_poll_at=NOW)
                outcomes[kind] = await poll_source(configured, source, fetcher, pool, NOW)
        return outcomes, server

    return asyncio.run(run())


def test_every_kind_tells_through_the_real_door_what_it_tells_in_its_tests() -> None:
    outcomes, server = visited({kind: pages for kind, (_, pages) in VISITS.items()})
    assert {kind: outcome.error for kind, outcome in outcomes.items()} == dict.fromkeys(VISITS)
    for kind, (options, pages) in VISITS.items():
        alone = events_from(build(kind, options), FakePoll(ByPart(pages), now=NOW))
        assert list(outcomes[kind].events) == alone != [], kind
    bearers = [seen for seen in server.seen if "authorization" in seen.headers]
    assert len(bearers) == 4  # Bluesky's search, GitHub, Reddit's log-in and Reddit's listing
    kept = [(outcome.events, outcome.state) for outcome in outcomes.values()]
    assert "n0t-a-real-secret" not in str(kept)


def test_a_wrong_body_is_one_clear_sentence_for_every_kind() -> None:
    block = b"<!DOCTYPE html><html><body>Log in to go on.</body></html>"
    outcomes, _ = visited({kind: dict.fromkeys(pages, block) for kind, (_, pages) in VISITS.items()})
    for kind, outcome in outcomes.items():
        assert outcome.result == "changed", kind
        assert outcome.error, kind
        assert outcome.error.endswith("."), kind
        assert "n0t-a-real-secret" not in outcome.error
        assert "failed inside" not in outcome.error, kind


@pytest.mark.parametrize("kind", VISITS)
def test_the_examples_of_its_page_are_options_that_work(kind: str) -> None:
    page = (ROOT / "docs" / "sources" / f"{kind}.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if line.startswith("earmark sources add ")]
    assert lines
    for line in lines:
        _, _, _, named, *options = shlex.split(line)
        assert build(named, told_options(kinds()[named], options)).kind == named == kind
