"""Odd and hostile feeds, over a real server and through the real parsing pool, and what comes of each.

Each is read, or is a sentence about its source; none of them keeps the others from being read.
"""

import asyncio
import gzip
import json
from collections.abc import Iterator

import pytest

from monitors.monitor import Monitor
from monitors.parse import ParsePool
from storage import events, polls
from storage.engine import Engine, migrate, reading, writing
from tests.builders import NOW
from tests.monitors.hostile import Hostile, a_fetcher, answer
from tests.storage.databases import opened

pytestmark = pytest.mark.slow

ITEM = "<item><guid>1</guid><title>Norvik Labs hires</title><link>https://wire.example/1</link></item>"


def rss(inside: str = ITEM, *, before: str = "") -> str:
    return f"{before}<rss version='2.0'><channel><title>Wire</title>{inside}</channel></rss>"


def laughs() -> str:
    entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    return rss("<item><title>&e11;</title></item>", before=f"<!DOCTYPE rss [<!ENTITY e0 'ha'>{entities}]>")


def quadratic() -> str:
    return rss(
        f"<item><title>{'&a;' * 20_000}</title></item>",
        before=f"<!DOCTYPE rss [<!ENTITY a '{'ha' * 20_000}'>]>",
    )


def external(canary: str) -> str:
    outside = (
        f"<!DOCTYPE rss SYSTEM '{canary}' [<!ENTITY x SYSTEM '{canary}'><!ENTITY % y SYSTEM '{canary}'> %y;]>"
    )
    return rss(ITEM.replace("hires", "hires &x;"), before=outside)


def json_feed(**changes: object) -> str:
    item = {"id": "1", "url": "https://wire.example/1", "title": "Norvik Labs hires", "content_text": "x"}
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": [item]}
    return json.dumps(feed | changes)


READ: dict[str, bytes] = {
    "a surrogate in a title": rss(ITEM.replace("hires", "hires &#xD800; more")).encode(),
    "NUL bytes": rss(ITEM.replace("hires", "hi\0res")).encode(),
    "control characters": rss(ITEM.replace("hires", "hires \x08\x1b[31m")).encode(),
    "a bare ampersand and an unknown entity": rss(ITEM.replace("hires", "hires R&D &nbsp; &bogus;")).encode(),
    "never closed": rss()[: -len("</channel></rss>")].encode(),
    "blank lines before the declaration": b"\n\n \n<?xml version='1.0'?>" + rss().encode(),
    "two documents": (rss() + rss()).encode(),
    "a false charset": rss(before="<?xml version='1.0' encoding='utf-16'?>").encode(),
    "UTF-16": rss().encode("utf-16"),
    "a byte that is no UTF-8": rss().encode().replace(b"hires", b"hi\xffres"),
    "an external entity": external("{canary}").encode(),
    "a JSON feed": json_feed().encode(),
    "1,000 entries": rss("".join(ITEM.replace("1<", f"{n}<") for n in range(1_000))).encode(),
    "a title of a megabyte": rss(ITEM.replace("hires", "hires " * 170_000)).encode(),
}
TOLD: dict[str, bytes] = {
    "a log-in page": b"<!doctype html><title>Log in</title><form></form>",
    "a captcha": b"<html><head><title>Just a moment...</title></head><body></body></html>",
    "nothing": b"",
    "blanks": b" \n" * 500,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
    "an archive": b"PK\x03\x04" + bytes(200),
    "gzip without saying so": gzip.compress(rss().encode()),
    "plain text": b"Service temporarily unavailable",
    "an address": b"http://127.0.0.1:1/feed",
    "a path": b"/etc/passwd",
    "the answer of an API": b'{"error": {"code": 17, "message": "no key"}}',
    "JSON that breaks off": json_feed().encode()[:-20],
    "JSON of 100,000 brackets": b"[" * 100_000,
    "a sitemap": b"<urlset><url><loc>https://wire.example/</loc></url></urlset>",
}
EITHER: dict[str, bytes] = {
    "a billion laughs": laughs().encode(),
    "quadratic entities": quadratic().encode(),
    "100,000 elements deep": rss(ITEM + "<a>" * 100_000).encode(),
    "20,000 namespaces": rss(ITEM + "".join(f"<x:y xmlns:x='u{n}'>" for n in range(20_000))).encode(),
    "80,000 attributes": rss(ITEM + "<item " + " ".join(f"a{n}='1'" for n in range(80_000)) + "/>").encode(),
    "100,000 entries": rss("<item><title>x</title></item>" * 100_000).encode(),
    "a token of 9 MB": rss(ITEM + "<!--" + "a" * 9_000_000).encode(),
}
"""What may be read or given up, as long as it ends."""


def path_of(name: str) -> str:
    return "/" + name.replace(" ", "-").replace(",", "")


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Hostile]]:
    """Poll all of them in one round."""
    server = Hostile()

    async def run(engine: Engine) -> None:
        async with asyncio.timeout(150), server:
            for name, page in (READ | TOLD | EITHER).items():
                body = page.replace(b"{canary}", server.url("/canary").encode())
                server.pages[path_of(name)] = answer(body, "Content-Type: text/xml")
            with writing(engine) as conn:
                for path in server.pages:
                    polls.add(conn, path.strip("/"), "feed", {"url": server.url(path)}, NOW)
            async with (
                a_fetcher(server, per_host=30) as fetcher,
                ParsePool() as pool,
                Monitor(engine, fetcher, pool, clock=lambda: NOW, parallel=30) as monitor,
            ):
                await monitor.round()

    path = tmp_path_factory.mktemp("odd") / "earmark.db"
    with opened(f"sqlite:///{path}") as engine:
        migrate(engine)
        asyncio.run(run(engine))
        yield engine, server


def outcome(engine: Engine, name: str) -> tuple[str | None, int]:
    """Return what is said of a source, and how many events it brought."""
    source = path_of(name).strip("/")
    with reading(engine) as conn:
        found = polls.get(conn, source)
        number = len(events.find(conn, source=source, limit=10_000))
    assert found is not None
    assert (found.failures > 0) == bool(found.last_error) == (found.last_ok_at is None)
    return found.last_error, number


@pytest.mark.parametrize("name", READ)
def test_an_odd_feed_is_read(polled: tuple[Engine, Hostile], name: str) -> None:
    said, number = outcome(polled[0], name)
    assert said is None
    assert number == (1_000 if name == "1,000 entries" else 1)


@pytest.mark.parametrize("name", TOLD)
def test_what_is_no_feed_is_a_sentence_about_its_source(polled: tuple[Engine, Hostile], name: str) -> None:
    said, number = outcome(polled[0], name)
    assert said is not None
    assert said.endswith(".")
    assert "\n" not in said
    assert number == 0


@pytest.mark.parametrize("name", EITHER)
def test_a_hostile_feed_is_read_or_given_up(polled: tuple[Engine, Hostile], name: str) -> None:
    said, number = outcome(polled[0], name)
    assert (said is None) == (number > 0)


def test_no_document_opens_another(polled: tuple[Engine, Hostile]) -> None:
    assert [seen.target for seen in polled[1].seen if "canary" in seen.target] == []
