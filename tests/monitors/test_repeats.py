"""News that comes again, over a real server: under another id or address, edited, gone and back, elsewhere.

Whatever a feed does to its entries, one story is one trigger, and nobody is told of it twice.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from monitors.monitor import Monitor
from storage import events, polls, triggers
from storage.engine import Engine, migrate, reading, writing
from storage.tables import outbox
from tests.builders import NOW
from tests.monitors.hostile import Handler, Hostile, Seen, a_fetcher, answer
from tests.monitors.line import prepared
from tests.monitors.pools import HereAndNow
from tests.storage.databases import opened

RAISED = "Norvik Labs raises $20 million in Series B"
EVERY = timedelta(hours=2)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    with opened(f"sqlite:///{tmp_path}/earmark.db") as engine:
        migrate(engine)
        yield prepared(engine, sources=())


def entry(
    title: str = RAISED,
    *,
    guid: str | None = "story-1",
    link: str = "https://wire.example/1",
    date: datetime = NOW,
    text: str = "",
) -> str:
    named = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    return (
        f"<item>{named}<title>{title}</title><link>{link.replace('&', '&amp;')}</link>"
        f"<description>{text}</description>"
        f"<pubDate>{date:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
    )


def rss(*entries: str) -> bytes:
    return f"<rss version='2.0'><channel><title>Wire</title>{''.join(entries)}</channel></rss>".encode()


def atom(title: str, link: str) -> bytes:
    return (
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>Wire</title><entry><id>tag:wire.example,1</id>"
        f"<title>{title}</title><link href='{link}'/><updated>{NOW:%Y-%m-%dT%H:%M:%SZ}</updated>"
        "</entry></feed>"
    ).encode()


OTHER = entry("Brightquay Systems opens an office", guid="other", link="https://wire.example/2")

CASES: dict[str, list[bytes]] = {
    "the same page, again and again": [rss(entry())] * 4,
    "another guid each time": [rss(entry(guid=f"{n}-{n * 7}")) for n in range(4)],
    "no guid, and another tracking parameter each time": [
        rss(entry(guid=None, link=f"https://wire.example/1?utm_source=rss&utm_campaign=c{n}"))
        for n in range(4)
    ],
    "guid and tracking parameter change": [
        rss(entry(guid=f"g{n}", link=f"https://wire.example/1?utm_id={n}&fbclid={n}")) for n in range(4)
    ],
    "a session in the address that serves as guid": [
        rss(entry(guid=None, link=f"https://wire.example/1?sid={n}")) for n in range(4)
    ],
    "gone and back": [rss(entry(), OTHER), rss(OTHER), rss(entry(), OTHER), rss(OTHER), rss(entry())],
    "an edited headline": [
        rss(entry()),
        rss(entry(title=f"{RAISED} round")),
        rss(entry(title=f"Update 1: {RAISED}")),
        rss(entry()),
    ],
    "an edited text": [rss(entry(text=f"The round was led by investor number {n}.")) for n in range(4)],
    "a date that is always now": [rss(entry(date=NOW + n * EVERY)) for n in range(4)],
    "the order is turned round": [rss(entry(), OTHER), rss(OTHER, entry()), rss(entry(), OTHER)],
    "one entry five times in a page": [rss(*[entry()] * 5), rss(*[entry()] * 5)],
    "five guids for one entry in a page": [rss(*[entry(guid=f"g{n}") for n in range(5)])],
    "RSS, then Atom, then RSS": [rss(entry()), atom(RAISED, "https://wire.example/1"), rss(entry())],
    "an empty page between": [rss(entry()), rss(), rss(entry())],
    "a page that is none between": [rss(entry()), b"<html><title>Log in</title></html>", rss(entry())],
}


def in_turn(pages: Sequence[bytes], *, etag: bool = False) -> Handler:
    """Answer with one page after the other, the last one again and again."""
    left = list(pages)

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> None:
        page = left.pop(0) if len(left) > 1 else left[0]
        await answer(page, *([f'ETag: "{len(left)}"'] if etag else []))(seen, writer)

    return handler


def watched(engine: Engine, pages: dict[str, Handler], rounds: int) -> None:
    """Let a monitor look that often at these feeds, two hours apart."""

    async def run() -> None:
        now = NOW
        async with (
            Hostile(pages) as server,
            a_fetcher(server, now=lambda: now) as fetcher,
            Monitor(engine, fetcher, HereAndNow(), clock=lambda: now) as monitor,
        ):
            with writing(engine) as conn:
                for path in pages:
                    options = {"url": server.url(path), "every": "PT1H"}
                    polls.add(conn, path.strip("/"), "feed", options, NOW)
            for number in range(rounds):
                now = NOW + number * EVERY
                await monitor.round()

    asyncio.run(run())


def told(engine: Engine) -> tuple[int, int]:
    """Return how many triggers the account has, and how often a target was to be told of it."""
    with reading(engine) as conn:
        found = triggers.of_account(conn, "norvik-labs")
        keys = conn.execute(select(outbox.c.key).where(outbox.c.topic == "account.promoted")).all()
    return len({one.id for one in found if one.state.value != "merged"}), len(keys)


@pytest.mark.parametrize("name", CASES)
def test_one_story_is_one_trigger_however_its_entry_comes_again(database: Engine, name: str) -> None:
    pages = [rss(OTHER), *CASES[name]]
    watched(database, {"/wire": in_turn(pages)}, len(pages))
    assert told(database) == (1, 1)


def test_rotating_ids_store_one_event(database: Engine) -> None:
    pages = [rss(OTHER), *CASES["guid and tracking parameter change"]]
    watched(database, {"/wire": in_turn(pages)}, len(pages))
    with reading(database) as conn:
        assert events.count(conn) == 2, "the other one and this one"


def test_three_wires_that_carry_one_text_make_one_trigger(database: Engine) -> None:
    def wire(number: int) -> Handler:
        own = entry(guid=f"{number}", link=f"https://wire-{number}.example/{number}00")
        return in_turn([rss(OTHER), rss(own, OTHER)])

    watched(database, {f"/wire-{number}": wire(number) for number in range(3)}, 2)
    assert told(database) == (1, 1)


def test_a_validator_for_every_visit_brings_nothing_new(database: Engine) -> None:
    watched(database, {"/wire": in_turn([rss(OTHER), rss(entry())], etag=True)}, 5)
    assert told(database) == (1, 1)
