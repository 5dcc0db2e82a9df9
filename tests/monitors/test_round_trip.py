"""From the bytes of a feed to the lines for a warehouse: what a feed tells is what is stored and exported."""

import json
from pathlib import Path
from xml.sax.saxutils import escape

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.jsonl import row_of, write
from review.plain import plain
from sources.feed import parse_feed
from storage import events
from storage.engine import Engine, reading
from tests.builders import NOW, days
from tests.monitors.line import poll, prepared
from tests.storage.databases import emptied

# What stands for itself in a feed: no markup, and blanks as a page shows them.
WORDS = st.text(st.characters(categories=("L", "N", "P", "Sc", "Zs"), exclude_characters="<>&"), max_size=80)
LINES = WORDS.map(lambda text: " ".join(text.split())).filter(bool)
ENTRIES = st.lists(st.tuples(LINES, LINES, st.integers(0, 10**6)), min_size=1, max_size=6)


def rss(told: list[tuple[str, str, int]]) -> bytes:
    items = [
        f"<item><guid isPermaLink='false'>entry-{number}</guid><title>{escape(title)}</title>"
        f"<link>https://wire.example/{number}</link><description>{escape(text)}</description>"
        f"<pubDate>{NOW - days(seconds / 86_400):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for number, (title, text, seconds) in enumerate(told)
    ]
    return f"<rss version='2.0'><channel><title>Wire</title>{''.join(items)}</channel></rss>".encode()


def exported(engine: Engine, path: Path) -> list[dict[str, str]]:
    with reading(engine) as connection:
        write(path, (plain(row_of(event)) for event in events.stream(connection)))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=ENTRIES)
def test_what_a_feed_tells_is_what_is_stored_and_what_is_exported(
    sqlite_engine: Engine, tmp_path: Path, told: list[tuple[str, str, int]]
) -> None:
    engine = prepared(emptied(sqlite_engine))
    feed = parse_feed(rss(told), "application/rss+xml", "https://wire.example/feed")
    poll(engine, feed.events)
    rows = exported(engine, tmp_path / "events.jsonl")
    found = {row["external_id"]: (row["title"], row["text"], row["url"], row["published_at"]) for row in rows}
    assert found == {
        f"entry-{number}": (
            title,
            text,
            f"https://wire.example/{number}",
            f"{NOW - days(seconds / 86_400):%Y-%m-%dT%H:%M:%SZ}",
        )
        for number, (title, text, seconds) in enumerate(told)
    }
    poll(engine, feed.events[::-1])
    assert exported(engine, tmp_path / "again.jsonl") == rows, "the second time changes nothing"
