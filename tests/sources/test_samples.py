"""Every format sample beside the checkout, read over a local HTTP server by the real fetcher and pool.

The samples lie in ``../shared/samples``; without them these tests are skipped. Our own golden pages, which
are part of the project, cover the same kinds.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import pytest

from monitors.http import Fetcher
from monitors.parse import ParsePool
from monitors.poll import Outcome, poll_source
from sources.registry import build
from storage.polls import Configured
from tests.builders import NOW

SAMPLES: Final = Path(__file__).resolve().parents[3] / "shared" / "samples"
FILES: Final = (
    {str(path.relative_to(SAMPLES)): path for path in sorted(SAMPLES.rglob("*")) if path.is_file()}
    if SAMPLES.is_dir()
    else {}
)
pytestmark = pytest.mark.skipif(not FILES, reason="there is no ../shared/samples beside this checkout")

NO_FEEDS: Final = ("edgar/primary_doc", "README", "google-alerts/empty")
FEEDS: Final = [
    name
    for name in FILES
    if name.endswith((".xml", ".rss", ".atom", ".rdf")) or name.startswith("jsonfeed/")
    if not name.startswith(NO_FEEDS)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample read by the kind that it is made for; ``least`` events come out."""

    kind: str
    file: str
    options: Mapping[str, Any] = field(default_factory=dict)
    least: int = 1


MADE_FOR: Final = (
    Sample(kind="bing_news", file="bing-news/search.xml", options={"query": "Quillmarsh"}),
    Sample(kind="discourse", file="discourse/posts.json", options={"site": "https://forum.example"}),
    Sample(kind="edgar", file="edgar/getcurrent-formd.atom", options={"forms": ["D"]}),
    Sample(
        kind="github_releases",
        file="github/releases.atom",
        options={"repositories": ["fennelworks/fennel-sync"]},
    ),
    Sample(
        kind="globenewswire", file="globenewswire/subject-feed.xml", options={"feeds": ["country/X"]}, least=2
    ),
    Sample(
        kind="google_alerts",
        file="google-alerts/feed.atom",
        options={"url": "https://www.google.com/x"},
        least=3,
    ),
    Sample(
        kind="google_alerts",
        file="google-alerts/empty.atom",
        options={"url": "https://www.google.com/x"},
        least=0,
    ),
    Sample(
        kind="google_news",
        file="google-news/search.xml",
        options={"query": "Tallowick", "accept_terms": True},
        least=2,
    ),
    Sample(
        kind="hackernews", file="hackernews/algolia-search_by_date.json", options={"queries": ["zephyrdesk"]}
    ),
    Sample(kind="hnrss", file="hackernews/hnrss-newest.xml", options={"query": "zephyrdesk"}, least=2),
    *(
        Sample(
            kind="jobs",
            file=f"jobs/{file}.json",
            options={"board": file.partition("-")[0], "token": "fennelworks"},
        )
        for file in (
            *("greenhouse-jobs", "lever-postings", "ashby-job-board", "workable-widget"),
            *("smartrecruiters-postings", "recruitee-offers"),
        )
    ),
    Sample(kind="lobsters", file="lobsters/newest.json"),
    Sample(
        kind="mastodon",
        file="mastodon/tag-timeline.json",
        options={"instance": "https://mastodon.example", "tags": ["crm"]},
    ),
    Sample(kind="prnewswire", file="prnewswire/personnel.rss", options={"topics": ["personnel"]}, least=2),
    Sample(kind="producthunt", file="producthunt/feed.atom"),
    Sample(kind="reddit", file="reddit/subreddit-new.rss", options={"subreddits": ["sales"], "mode": "rss"}),
    Sample(
        kind="statuspage",
        file="statuspage/history.atom",
        options={"url": "https://status.zephyrdesk.example", "company": "Zephyrdesk"},
    ),
    Sample(kind="weworkremotely", file="jobs/weworkremotely.rss"),
    Sample(kind="youtube", file="youtube/channel.xml", options={"channel_id": "UCsynthetic00000000000-0"}),
)


class _Server(BaseHTTPRequestHandler):
    """Serves the sample that the first two parts of a path name, whatever follows."""

    def do_GET(self) -> None:
        name = "/".join(unquote(self.path.partition("?")[0]).split("/")[1:3])
        if self.path.endswith("/primary_doc.xml"):
            name = "edgar/primary_doc.xml"
        body = FILES[name].read_bytes() if name in FILES else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is the library's
        del format, args


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def outcomes(port: int) -> dict[str, Outcome]:
    """What each poll brought: every file as a feed under its name, and each sample by its own kind."""
    root = f"http://127.0.0.1:{port}/"
    asked = {name: ("feed", {"url": root + quote(name)}) for name in FILES}
    for sample in MADE_FOR:
        options = {**sample.options, "base_url": root + quote(sample.file), "backfill": "all"}
        asked[f"{sample.kind} {sample.file}"] = (sample.kind, options)

    async def poll_all() -> dict[str, Outcome]:
        allow = (f"127.0.0.1:{port}",)
        async with (
            Fetcher(contact="ops@norvik.example", version="1", allow=allow, spacing=timedelta(0)) as fetcher,
            ParsePool() as pool,
        ):
            return {
                name: await one(name, kind, options, fetcher, pool) for name, (kind, options) in asked.items()
            }

    return asyncio.run(poll_all())


async def one(name: str, kind: str, options: Mapping[str, Any], fetcher: Fetcher, pool: ParsePool) -> Outcome:
    configured = Configured(id=name, kind=kind, options=options, next_poll_at=NOW)
    return await poll_source(configured, build(kind, options), fetcher, pool, NOW)


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_gives_its_entries(name: str, outcomes: dict[str, Outcome]) -> None:
    assert outcomes[name].error is None
    assert outcomes[name].events


@pytest.mark.parametrize("name", sorted(FILES.keys() - set(FEEDS)))
def test_what_is_no_feed_is_told_in_a_sentence(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    assert "failed inside" not in (outcome.error or "")
    if not name.startswith("google-alerts/empty"):
        assert outcome.result == "changed"
        assert "answered with" in (outcome.error or "")


@pytest.mark.parametrize("sample", MADE_FOR, ids=lambda sample: f"{sample.kind} {sample.file}")
def test_a_sample_is_read_by_its_own_kind(sample: Sample, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[f"{sample.kind} {sample.file}"]
    assert outcome.error is None
    assert len(outcome.events) >= sample.least
