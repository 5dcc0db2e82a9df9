"""Discovery: what is told of an account did answer, and hosts are asked politely."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from earmark.contract import Page
from earmark.errors import SourceUnavailable
from earmark.types import Account
from monitors.discover import Discovered, Found, Scout
from monitors.discoveries import FRESH, known, remember
from monitors.http import Fetcher
from monitors.parse import ParsePool
from sources.registry import build
from tests.builders import NOW, ago, an_account

T = TypeVar("T")
NORVIK = an_account("Norvik Labs", domains=("norvik.example",))


def feed(*titles: str, day: float = 2, title: str = "Norvik") -> str:
    items = "".join(
        f"<item><title>{name}</title><link>https://norvik.example/{name}</link>"
        f"<pubDate>{ago(day):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for name in titles
    )
    return f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>"


HOME = """<!doctype html><html><head>
<link rel="alternate" type="application/rss+xml" href="/blog/feed.xml">
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed"></head><body>
<a href="/newsroom">Newsroom</a><a href="/careers">Careers</a><a href="https://status.norvik.example/">Status</a>
<a href="https://github.com/norvik/sdk">Code</a></body></html>"""
SITE = {
    "https://norvik.example/": HOME,
    "https://norvik.example/blog/feed.xml": feed("one", "two"),
    "https://norvik.example/comments/feed": feed("a", title="Comments for Norvik"),
    "https://norvik.example/newsroom": "<html><head><link rel='alternate' type='application/atom+xml'"
    " href='https://press.example/norvik.atom'></head><body></body></html>",
    "https://press.example/norvik.atom": feed("three"),
    "https://norvik.example/careers": "<html><body><a href='https://jobs.lever.co/norvik'>Jobs</a></body></html>",
    "https://api.lever.co/v0/postings/norvik?mode=json&limit=1": '[{"id": "1"}]',
    "https://status.norvik.example/history.atom": feed("Outage"),
    "https://api.github.com/orgs/norvik/repos?sort=pushed&per_page=30": '[{"name": "sdk"}, {"name": "docs"}]',
    "https://github.com/norvik/sdk/releases.atom": feed("v1.2"),
}


class Web:
    """Recorded pages; anything else is not found."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    async def ask(self, url: str) -> Page:
        self.asked.append(url)
        if url not in self.pages:
            raise SourceUnavailable(f"{url} was not found.", status=404)
        return Page(url=url, status=200, headers={}, body=self.pages[url].encode())


async def run(function: Callable[..., T], *args: Any) -> T:
    return function(*args)


def look(pages: Mapping[str, str], account: Account = NORVIK) -> tuple[Discovered, list[str]]:
    web = Web(pages)
    return asyncio.run(Scout(web.ask, run, NOW).explore(account)), web.asked


def test_an_account_is_found_in_all_its_places_and_each_says_why() -> None:
    looked, _ = look(SITE)
    assert {one.id: (one.kind, one.key) for one in looked.found} == {
        "norvik-labs-blog": ("feed", "norvik.example/blog/feed.xml"),
        "norvik-labs-press": ("feed", "press.example/norvik.atom"),
        "norvik-labs-lever": ("jobs", "lever:norvik"),
        "norvik-labs-status": ("feed", "status.norvik.example/history.atom"),
        "norvik-labs-github-sdk": ("feed", "github.com/norvik/sdk/releases.atom"),
    }
    assert looked.notes == ()
    for one in looked.found:
        assert build(one.kind, one.options)
        assert one.reason.endswith(".")
        assert one.requests > 0
        assert one.shows
    assert "2 entries, the newest of 19 Nov 2026" in looked.found[0].reason


def test_looking_twice_gives_the_same() -> None:
    assert look(SITE) == look(SITE)


def test_only_what_answers_is_told() -> None:
    looked, _ = look(
        {
            "https://norvik.example/": HOME,
            "https://norvik.example/careers": SITE["https://norvik.example/careers"],
        }
    )
    assert [(one.id, one.kind) for one in looked.found] == [("norvik-labs-careers-page", "webpage")]
    assert "The site points at lever board norvik: it does not answer." in looked.notes


def test_a_feed_that_the_site_does_not_name_is_found_at_its_usual_place() -> None:
    looked, asked = look(
        {
            "https://norvik.example/": "<html><body>Hi</body></html>",
            "https://norvik.example/rss.xml": feed("x"),
        }
    )
    assert [one.options["url"] for one in looked.found] == ["https://norvik.example/rss.xml"]
    assert "https://norvik.example/atom.xml" not in asked


def test_dead_empty_and_doubled_feeds_are_left_out() -> None:
    links = "".join(f"<link rel='alternate' type='application/rss+xml' href='/{name}'>" for name in "abcd")
    looked, _ = look(
        {
            "https://norvik.example/": f"<html><head>{links}</head><body></body></html>",
            "https://norvik.example/a": feed("old", day=900),
            "https://norvik.example/b": feed(),
            "https://norvik.example/c": feed("x", "y"),
            "https://norvik.example/d": feed("x", "y"),
        }
    )
    assert [one.options["url"] for one in looked.found] == ["https://norvik.example/c"]
    assert [note for note in looked.notes if "no entry since" in note]


def test_what_robots_txt_forbids_is_not_asked_and_said() -> None:
    looked, asked = look(
        SITE | {"https://norvik.example/robots.txt": "User-agent: *\nDisallow: /blog\nDisallow: /newsroom\n"}
    )
    assert "https://norvik.example/blog/feed.xml" not in asked
    assert "https://norvik.example/newsroom" not in asked
    assert len([note for note in looked.notes if "The robots.txt of norvik.example does not" in note]) == 1
    assert "norvik-labs-lever" in {one.id for one in looked.found}


def test_no_host_is_asked_without_end() -> None:
    links = "".join(f"<link rel='alternate' type='application/rss+xml' href='/f{n}'>" for n in range(500))
    anchors = "".join(f"<a href='/news/{n}'>x</a>" for n in range(500))
    looked, asked = look(
        {"https://norvik.example/": f"<html><head>{links}</head><body>{anchors}</body></html>"}
    )
    hosts = Counter(url.split("/")[2] for url in asked)
    assert hosts["norvik.example"] <= 15  # 14 and robots.txt
    assert looked.asked <= 40
    assert any("More was named" in note for note in looked.notes)
    assert len(looked.notes) < 20


def test_an_account_without_a_domain_or_an_answer_is_told_in_a_sentence() -> None:
    assert "no domain" in look(SITE, an_account("Osk Ltd", domains=()))[0].notes[0]
    looked, asked = look({})
    assert (looked.found, looked.reached) == ((), False)
    assert any("was not found" in note for note in looked.notes)
    assert "https://www.norvik.example/" in asked


def test_every_account_gets_its_answer() -> None:
    async def all_of() -> list[Discovered]:
        accounts = [replace(NORVIK, id=f"a{n}") for n in range(30)]
        return [one async for one in Scout(Web(SITE).ask, run, NOW).every(accounts)]

    looked = asyncio.run(all_of())
    assert {one.account for one in looked} == {f"a{n}" for n in range(30)}
    assert all(len(one.found) == 5 for one in looked)


# What is remembered

LOOK = Discovered(
    account="norvik-labs",
    domain="norvik.example",
    at=NOW,
    found=(
        Found(
            id="x",
            kind="feed",
            options={"url": "https://norvik.example/f"},
            key="k",
            reason="R.",
            requests=48,
            shows=("ipo",),
        ),
    ),
    notes=("A note.",),
    asked=3,
)


def test_a_look_is_remembered_until_it_is_old_or_the_domain_changes(tmp_path: Path) -> None:
    file = tmp_path / "discovery.jsonl"
    assert known(file, [NORVIK], NOW) == {}
    remember(file, LOOK)
    later = replace(LOOK, at=NOW + timedelta(days=1), notes=())
    remember(file, later)
    assert known(file, [NORVIK], NOW) == {"norvik-labs": later}
    assert known(file, [NORVIK], later.at + FRESH) == {}
    assert known(file, [replace(NORVIK, domains=("other.example",))], NOW) == {}
    assert known(file, [], NOW) == {}


def test_a_line_that_was_cut_off_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "discovery.jsonl"
    other = replace(LOOK, account="osk-ltd", domain="")
    remember(file, LOOK)
    file.write_bytes(file.read_bytes() + b'{"account": "osk-l')
    remember(file, other)
    file.write_text(
        file.read_text("utf-8") + json.dumps({"account": "norvik-labs"}) + "\nnull\n[1]\n", "utf-8"
    )
    assert known(file, [NORVIK, an_account("Osk Ltd", domains=())], NOW) == {
        "norvik-labs": LOOK,
        "osk-ltd": other,
    }


# The real fetcher, the real parsers


def test_a_site_is_explored_over_http_by_the_real_fetcher() -> None:
    pages = {
        url.partition("://")[2]: body
        for url, body in (
            SITE | {"https://norvik.example/robots.txt": "User-agent: *\nDisallow: /newsroom"}
        ).items()
    }

    class Sites(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.removeprefix("/"))
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, *_: object) -> None:
            pass

    async def explore(port: int) -> Discovered:
        root = f"http://127.0.0.1:{port}/"
        async with (
            Fetcher(
                contact="a@b.example", version="1", allow=[f"127.0.0.1:{port}"], spacing=timedelta()
            ) as fetcher,
            ParsePool(workers=1) as pool,
        ):

            async def ask(url: str) -> Page:
                answer = await fetcher.fetch("GET", root + url.partition("://")[2])
                return Page(url=url, status=answer.status, headers=answer.headers, body=answer.body)

            return await Scout(ask, pool.run, NOW).explore(NORVIK)

    with ThreadingHTTPServer(("127.0.0.1", 0), Sites) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        looked = asyncio.run(explore(server.server_port))
        server.shutdown()
    assert [one.kind for one in looked.found] == ["feed", "jobs", "feed", "feed"]
    assert len(looked.notes) == 1
    assert "robots.txt" in looked.notes[0]
