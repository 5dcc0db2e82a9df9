"""The feed parser beyond its golden pages, and the source kind ``feed``."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sources.feed
from earmark.contract import Unchanged
from earmark.errors import SourceChanged, SourceError
from earmark.testing import FakePoll, SourceContract, events_from
from earmark.types import Hint, HintKind
from sources.feed import FeedSource, parse_feed
from tests.builders import NOW

PAGES = Path(__file__).parent / "data" / "feed"
URL = "https://wire.example/feed.xml"


def rss(*items: str, head: str = "") -> bytes:
    return f"<rss version='2.0'><channel><title>T</title>{head}{''.join(items)}</channel></rss>".encode()


def item(title: str = "Norvik raises", link: str = "https://wire.example/1", more: str = "") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def titles(body: bytes, content_type: str = "") -> list[str]:
    return [event.title for event in parse_feed(body, content_type, URL).events]


# Nothing is opened


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def test_a_body_that_is_an_address_is_never_fetched(listener: socket.socket) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/feed".encode()
    with pytest.raises(SourceChanged, match="plain text"):
        parse_feed(address, "application/rss+xml", URL)
    for tier in (sources.feed._fast, sources.feed._thorough):
        try:
            found = tier(address)
        except ValueError:
            found = []
        assert found == []
    with pytest.raises(BlockingIOError):  # nobody knocked
        listener.accept()


def test_a_body_that_is_a_path_is_never_opened(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_bytes(rss(item()))
    body = str(feed).encode()
    with pytest.raises(SourceChanged, match="plain text"):
        parse_feed(body, "", URL)
    for tier in (sources.feed._fast, sources.feed._thorough):
        try:
            found = tier(body)
        except ValueError:
            found = []
        assert found == []


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    body = f"<!DOCTYPE rss [<!ENTITY x SYSTEM '{secret.as_uri()}'>]>".encode() + rss(item("Hear &x;"))
    assert "hunter2" not in str(parse_feed(body, "", URL))


# Tiers


def test_the_second_tier_reads_what_the_first_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    body = rss(item("One"), item("Two", "https://wire.example/2"))
    expected = parse_feed(body, "", URL)

    def refuse(*_: object, **__: object) -> Any:
        raise ValueError("no")

    monkeypatch.setattr("fastfeedparser.parse", refuse)
    second = parse_feed(body, "", URL)
    assert (expected.parser, second.parser) == ("fast", "thorough")
    assert second.events == expected.events


def test_a_first_tier_that_misses_entries_gives_way_to_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = vars(sources.feed)["fastfeedparser"].parse

    def forgetful(body: bytes, **options: Any) -> Any:
        found = complete(body, **options)
        found["entries"].pop()
        return found

    monkeypatch.setattr("fastfeedparser.parse", forgetful)
    assert titles(rss(item("One"), item("Two", "https://wire.example/2"))) == ["One", "Two"]


def test_when_both_tiers_fail_the_page_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("fastfeedparser.parse", refuse)
    monkeypatch.setattr("feedparser.parse", refuse)
    with pytest.raises(SourceChanged, match=r"wire\.example/feed\.xml .*can't be read \(ZeroDivisionError\)"):
        parse_feed(rss(item()), "", URL)


# Encodings


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", "text/xml; charset=iso-8859-1"),  # the server's habit, contradicted by the bytes
        ("iso-8859-1", "text/xml; charset=iso-8859-1"),
        ("iso-8859-1", "text/xml"),
        ("utf-8-sig", "text/xml; charset=windows-1252"),
        ("utf-8", "text/xml; charset=utf-16"),
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("utf-16-be", ""),
    ],
)
def test_the_bytes_decide_the_encoding(encoding: str, content_type: str) -> None:
    assert titles(rss(item("Möwe & Söhne")).decode().encode(encoding), content_type) == ["Möwe & Söhne"]


@pytest.mark.parametrize(
    ("encoding", "title"), [("koi8-r", "Норвик"), ("shift_jis", "ノルビク"), ("gb18030", "诺维克")]
)
def test_a_named_charset_is_believed(encoding: str, title: str) -> None:
    assert titles(rss(item(title)).decode().encode(encoding), f"text/xml; charset={encoding}") == [title]


def test_a_feed_that_declares_utf_16_and_is_not_is_read() -> None:
    declared = b'<?xml version="1.0" encoding="utf-16"?>'
    assert titles(declared + rss(item("Möwe & Söhne"))) == ["Möwe & Söhne"]


def test_a_charset_that_is_none_does_no_harm() -> None:
    assert titles(rss(item("Möwe")), "text/xml; charset=zlib_codec") == ["Möwe"]


def test_one_bad_byte_does_not_spoil_a_utf8_feed() -> None:
    body = rss(item("Möwe, Süd, Größe, Öl")).replace(
        "Öl".encode(), "Öl\N{LATIN SMALL LETTER A}".encode() + b"\xff"
    )
    assert titles(body)[0].startswith("Möwe, Süd, Größe, Öla")


# Texts, dates, rhythm


def test_a_long_text_is_cut_at_a_space() -> None:
    words = "amount " * 5_000
    (event,) = parse_feed(rss(item(more=f"<description>{words}</description>")), "", URL).events
    assert len(event.text) <= 20_000
    assert event.text.endswith("amount")


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        ("<ttl>60</ttl>", 3600),
        ("<ttl>0</ttl>", None),
        ("<ttl>999999</ttl>", 86_400),
        ("<ttl>soon</ttl>", None),
        ("<ttl>99999999999999999999</ttl>", None),
        ("<ttl>30</ttl><updatePeriod>hourly</updatePeriod>", 3600),
        ("<updatePeriod>daily</updatePeriod><updateFrequency>4</updateFrequency>", 21_600),
        ("<updatePeriod>daily</updatePeriod><updateFrequency>0</updateFrequency>", 86_400),
    ],
)
def test_a_feed_tells_its_least_pause(head: str, seconds: int | None) -> None:
    every = parse_feed(rss(item(), head=head), "", URL).every
    assert (every.total_seconds() if every else None) == seconds


def test_the_publisher_of_a_relayed_entry_is_its_source() -> None:
    more = "<source url='https://ledger.example/feed'>Ledger &amp; Quay</source>"
    (event,) = parse_feed(rss(item(more=more)), "", URL).events
    assert event.publisher == "Ledger & Quay"


def test_errors_never_show_the_query_of_an_address() -> None:
    with pytest.raises(SourceChanged) as caught:
        parse_feed(b"", "", "https://user:pass@wire.example/feed?token=hunter2#x")
    assert str(caught.value).startswith("wire.example/feed answered with nothing")
    assert "hunter2" not in str(caught.value)
    assert "pass" not in str(caught.value)


# Whatever the bytes


@given(st.binary(max_size=400))
def test_whatever_the_bytes_only_source_errors_escape(body: bytes) -> None:
    try:
        told = parse_feed(body, "", URL).parser
    except SourceError as error:
        told = str(error)
    assert told


PIECES = (
    *("<rss>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "</link>", "<feed>"),
    *("<entry>", "<![CDATA[", "]]>", "<!--", "-->", "&amp;", "&", "&#xD800;", "&#0;", "<?xml?>", "http://["),
    *("\ud800", "\0", "<guid>", "</guid>", "x", " ", "<a:b xmlns:a='u'>", "<content src='//'/>", "]]", "<"),
    *("<link href='x'/>", "<ttl>9</ttl>", "<pubDate>Fri, 31 Feb 2026</pubDate>", "{", "}", "<html>"),
    *('"items":[', "<!DOCTYPE a>", "<author>", "</author>", "a@b.example (A)"),
)
MARKUP = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@given(MARKUP)
def test_whatever_the_markup_only_source_errors_escape_and_texts_are_clean(markup: str) -> None:
    try:
        feed = parse_feed(f"<rss>{markup}".encode("utf-8", "surrogatepass"), "", URL)
    except SourceError:
        return
    ids = [event.external_id for event in feed.events]
    assert len(set(ids)) == len(ids)
    for event in feed.events:
        for text in (event.external_id, event.title, event.text, event.url or ""):
            assert text.encode("utf-8").find(b"\0") == -1
        assert event.title.strip() == event.title != ""


@given(
    st.dictionaries(
        st.sampled_from(["items", "title", "version", "next_url", "authors", "language"]), st.none()
    )
)
def test_a_json_feed_may_hold_nulls_everywhere(data: dict[str, Any]) -> None:
    body = repr(data).replace("None", "null").replace("'", '"').encode()
    with pytest.raises(SourceChanged):
        parse_feed(body, "", URL)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["id", "url", "title", "content_html", "authors", "language"]), JSON)
    )
)
def test_a_json_feed_with_wrong_types_gives_what_is_right(items: list[dict[str, Any]]) -> None:
    feed = parse_feed(json.dumps({"title": "T", "items": items}).encode(), "", URL)
    assert len(feed.events) <= len(items)


# The source


def from_feed(body: bytes, **options: Any) -> list[Any]:
    source = FeedSource.model_validate({"url": URL} | options)
    return events_from(source, FakePoll({URL: body}, now=NOW))


def test_a_date_of_the_future_is_no_date() -> None:
    tomorrow, soon = "Mon, 23 Nov 2026 12:00:00 GMT", "Sun, 22 Nov 2026 08:00:00 GMT"
    body = rss(
        item("One", "https://a.example/1", f"<pubDate>{tomorrow}</pubDate>"),
        item("Two", "https://a.example/2", f"<pubDate>{soon}</pubDate>"),
    )
    assert [event.published_at is None for event in from_feed(body)] == [True, False]


@pytest.mark.parametrize(
    ("company", "hint"),
    [
        ("Norvik Labs", Hint(kind=HintKind.NAME, value="Norvik Labs", strength=1.0)),
        ("norvik.example", Hint(kind=HintKind.DOMAIN, value="norvik.example", strength=1.0)),
        ("Yelp Inc.", Hint(kind=HintKind.NAME, value="Yelp Inc.", strength=1.0)),
    ],
)
def test_a_feed_about_one_company_says_so_with_every_entry(company: str, hint: Hint) -> None:
    assert [event.hints for event in from_feed(rss(item()), company=company)] == [(hint,)]


def test_words_choose_the_entries() -> None:
    body = rss(
        *(item(title, f"https://a.example/{title}") for title in ("Norvik raises", "Norvik sport", "Weather"))
    )
    kept = from_feed(body, include=["NORVIK", "tide"], exclude=["sport"])
    assert [event.title for event in kept] == ["Norvik raises"]


def test_the_language_of_the_options_fills_the_gap_only() -> None:
    assert from_feed(rss(item()), language="de")[0].language == "de"
    assert from_feed(rss(item(), head="<language>en</language>"), language="de")[0].language == "en"


def test_an_unchanged_page_ends_the_poll_with_unchanged() -> None:
    source = FeedSource.model_validate({"url": URL})

    async def poll() -> None:
        async for _ in source.poll(FakePoll({URL: Unchanged()})):
            pass

    with pytest.raises(Unchanged):
        asyncio.run(poll())


class TestFeedSource(SourceContract):
    source = FeedSource.model_validate({"url": URL, "company": "Norvik Labs", "exclude": ("weather",)})
    pages = {URL: (PAGES / "rss2.xml").read_bytes()}  # noqa: RUF012 - a test's own page
    now = NOW


class TestFeedSourceOfAtom(SourceContract):
    source = FeedSource.model_validate({"url": URL})
    pages = {URL: (PAGES / "google-alert.xml").read_bytes()}  # noqa: RUF012 - a test's own page
    now = NOW


class TestFeedSourceOfJson(SourceContract):
    source = FeedSource.model_validate({"url": URL})
    pages = {URL: (PAGES / "jsonfeed.json").read_bytes()}  # noqa: RUF012 - a test's own page
    now = NOW


class TestFeedSourceWithArticles(SourceContract):
    source = FeedSource.model_validate({"url": URL, "full_text": True})
    pages = {URL: rss(item())}  # noqa: RUF012 - a test's own page
    now = NOW


# What the corpora of other parsers taught


@pytest.mark.parametrize(
    ("entry", "title", "text"),
    [
        ("<title>Norvik <b>raises</b></title>", "Norvik raises", ""),
        ("<title><i>Norvik</i> raises</title>", "Norvik raises", ""),
        ("<description><p>Norvik raises</p></description>", "Norvik raises", "Norvik raises"),
        ("<description>5 &lt;! 6</description>", "5 <! 6", "5 <! 6"),
        ("<body xmlns='http://www.w3.org/1999/xhtml'><p>Whole text</p></body>", "Whole text", "Whole text"),
        ("<subtitle xmlns='urn:podcast'>Only this</subtitle>", "Only this", "Only this"),
    ],
)
def test_no_way_to_write_an_entry_loses_it(entry: str, title: str, text: str) -> None:
    body = f"<rss version='2.0'><channel><item>{entry}</item></channel></rss>".encode()
    (event,) = parse_feed(body, "", URL).events
    assert (event.title, event.text) == (title, text)


@pytest.mark.parametrize("prolog", ["<!DOCTYPE html>", "<?xml version='1.0'?>\n<!doctype html>\n"])
def test_a_feed_that_calls_itself_html_is_a_feed(prolog: str) -> None:
    assert titles(prolog.encode() + rss(item("One"))) == ["One"]


def test_a_channel_without_its_root_is_a_feed() -> None:
    assert titles(b"<CHANNEL><ITEM HREF='https://a.example/'><TITLE>Old format</TITLE></ITEM></CHANNEL>") == [
        "Old format"
    ]


def test_the_answer_of_an_api_is_no_feed() -> None:
    body = {"total_count": 1, "items": [{"id": 1, "url": "https://api.example/1", "title": "An issue"}]}
    with pytest.raises(SourceChanged, match="JSON that is no JSON Feed"):
        parse_feed(json.dumps(body).encode(), "application/json", URL)
    told = {"version": "https://jsonfeed.org/version/1.1"} | body
    assert titles(json.dumps(told).encode()) == ["An issue"]
