"""The feed that a page names, texts from the entries' own pages, and several feeds in one poll."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import HttpUrl

from earmark.contract import Unchanged
from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable
from earmark.testing import FakePoll, Recorded, events_from
from earmark.types import Event
from sources.feed import FeedSource
from sources.reader import Reader, rebased
from tests.builders import NOW

SITE = "https://norvik.example/news"
FEED = "https://norvik.example/news.xml"
PAGE = f"<!doctype html><title>News</title><link rel=alternate type=application/rss+xml href={FEED}>"
SENTENCE = "Norvik Labs has raised twenty million dollars to grow its team in Lisbon. "


def rss(*titles: str, text: str = "") -> str:
    entries = "".join(
        f"<item><title>{title}</title><link>https://norvik.example/{title}</link>"
        f"<description>{text}</description></item>"
        for title in titles
    )
    return f"<rss version='2.0'><channel><title>T</title>{entries}</channel></rss>"


def poll_of(pages: Mapping[str, Recorded], state: dict[str, Any] | None = None) -> FakePoll:
    return FakePoll(pages, now=NOW, state=state)


def feed(**options: Any) -> FeedSource:
    return FeedSource.model_validate({"url": SITE} | options)


def titles(source: Reader, poll: FakePoll) -> list[str]:
    return [event.title for event in events_from(source, poll)]


# The feed that a page names


def test_the_feed_of_a_page_is_found_and_remembered() -> None:
    state: dict[str, Any] = {}
    first = poll_of({SITE: PAGE, FEED: rss("One")}, state)
    assert titles(feed(), first) == ["One"]
    assert first.asked == [SITE, FEED]
    second = poll_of({SITE: PAGE, FEED: rss("Two")}, state)
    assert titles(feed(), second) == ["Two"]
    assert second.asked == [FEED]


def test_a_feed_that_moved_is_looked_for_again() -> None:
    there = "https://norvik.example/atom.xml"
    state: dict[str, Any] = {"feed": FEED}
    pages: dict[str, Recorded] = {
        FEED: SourceRefused("gone", status=410),
        SITE: PAGE.replace(FEED, there),
        there: rss("One"),
    }
    assert titles(feed(), poll_of(pages, state)) == ["One"]
    assert state["feed"] == there


def test_a_remembered_feed_that_became_a_page_is_looked_for_again() -> None:
    state: dict[str, Any] = {"feed": FEED}
    assert titles(feed(), poll_of({FEED: PAGE, SITE: rss("One")}, state)) == ["One"]
    assert "feed" not in state


def test_a_feed_that_is_only_down_stays_remembered() -> None:
    state: dict[str, Any] = {"feed": FEED}
    with pytest.raises(SourceUnavailable):
        titles(feed(), poll_of({FEED: SourceUnavailable("down"), SITE: PAGE}, state))
    assert state["feed"] == FEED


def test_a_page_without_a_feed_is_named_by_its_title() -> None:
    page = "<!doctype html><html><title>Just a moment &amp; more</title><p>Checking your browser"
    with pytest.raises(SourceChanged, match="an HTML page titled “Just a moment & more” that names no feed"):
        titles(feed(), poll_of({SITE: page}))


def test_a_page_that_names_a_page_as_its_feed_says_so() -> None:
    with pytest.raises(SourceChanged, match=r"names norvik\.example/news\.xml as its feed, but"):
        titles(feed(), poll_of({SITE: PAGE, FEED: PAGE}))


def test_a_remembered_feed_that_is_rubbish_in_the_state_does_no_harm() -> None:
    assert titles(feed(), poll_of({SITE: rss("One")}, {"feed": 7})) == ["One"]


# The texts of pages


def article(text: str) -> str:
    return f"<!doctype html><nav>Menu</nav><article><p>{text}</p></article>"


def with_pages(source: FeedSource, poll: FakePoll) -> dict[str, Event]:
    return {event.title: event for event in events_from(source, poll)}


def test_a_new_entry_gets_the_text_of_its_page_once() -> None:
    state: dict[str, Any] = {}
    pages = {SITE: rss("One"), "https://norvik.example/One": article(SENTENCE * 4)}
    told = with_pages(feed(full_text=True), poll_of(pages, state))
    assert told["One"].text == (SENTENCE * 4).strip()
    again = poll_of(
        pages | {SITE: rss("Two", "One"), "https://norvik.example/Two": article(SENTENCE * 5)}, state
    )
    assert with_pages(feed(full_text=True), again).keys() == {"Two"}
    assert again.asked == [SITE, "https://norvik.example/Two"]


def test_an_edited_entry_is_read_again() -> None:
    state: dict[str, Any] = {}
    page = {"https://norvik.example/One": article(SENTENCE * 4)}
    with_pages(feed(full_text=True), poll_of({SITE: rss("One", text="short")} | page, state))
    told = with_pages(feed(full_text=True), poll_of({SITE: rss("One", text="shorter")} | page, state))
    assert told.keys() == {"One"}


@pytest.mark.parametrize("page", [SourceUnavailable("down"), article("short"), b"%PDF-1.7", "{}", ""])
def test_where_the_page_says_less_the_text_of_the_feed_stays(page: Recorded) -> None:
    pages = {SITE: rss("One", text="The feed's own words."), "https://norvik.example/One": page}
    told = with_pages(feed(full_text=True), poll_of(pages))
    assert told["One"].text == "The feed's own words."


def test_a_poll_reads_twenty_pages_at_most_and_tells_all_entries() -> None:
    names = [f"N{number}" for number in range(30)]
    pages = {f"https://norvik.example/{name}": article(SENTENCE * 4) for name in names}
    poll = poll_of({SITE: rss(*names)} | pages)
    told = with_pages(feed(full_text=True), poll)
    assert list(told) == names
    assert len(poll.asked) == 21
    assert [bool(event.text) for event in told.values()] == [True] * 20 + [False] * 10


def test_the_state_stays_small_however_many_entries_pass() -> None:
    state: dict[str, Any] = {"told": {f"{number:016x}": "x" * 16 for number in range(9_000)}}
    with_pages(feed(full_text=True), poll_of({SITE: rss("One")}, state))
    assert len(state["told"]) == 3_000
    assert len(str(state)) < 200_000


# Several feeds


class Two(Reader):
    """Two feeds."""

    kind: ClassVar[str] = "two"

    @property
    def addresses(self) -> tuple[str, ...]:
        return ("https://a.example/", "https://b.example/")


def test_an_entry_of_two_feeds_is_told_once() -> None:
    assert titles(
        Two(), poll_of({"https://a.example/": rss("One"), "https://b.example/": rss("One", "Two")})
    ) == [
        "One",
        "Two",
    ]


def test_one_unchanged_feed_does_not_hide_the_other() -> None:
    assert titles(Two(), poll_of({"https://a.example/": Unchanged(), "https://b.example/": rss("Two")})) == [
        "Two"
    ]


def test_only_when_no_feed_changed_the_poll_ends_with_unchanged() -> None:
    with pytest.raises(Unchanged):
        titles(Two(), poll_of({"https://a.example/": Unchanged(), "https://b.example/": Unchanged()}))


def test_a_failing_feed_is_told_after_the_other_was_read() -> None:
    poll = poll_of({"https://a.example/": SourceUnavailable("a is down"), "https://b.example/": rss("Two")})
    told: list[str] = []

    async def read() -> None:
        async for event in Two().poll(poll):
            told.append(event.title)  # noqa: PERF401 - the loop ends with an error

    with pytest.raises(SourceUnavailable, match="a is down"):
        asyncio.run(read())
    assert told == ["Two"]


@pytest.mark.parametrize(
    ("url", "base", "rebased_url"),
    [
        ("https://a.example/x?y=1", None, "https://a.example/x?y=1"),
        ("https://a.example/x?y=1", "http://127.0.0.1:8000", "http://127.0.0.1:8000/x?y=1"),
        ("https://a.example", "http://127.0.0.1:8000/sub/", "http://127.0.0.1:8000/sub/"),
    ],
)
def test_another_host_keeps_path_and_query(url: str, base: str | None, rebased_url: str) -> None:
    assert rebased(url, HttpUrl(base) if base else None) == rebased_url


# Discussions


@pytest.mark.parametrize(
    ("link", "comments", "thread"),
    [
        ("https://ledger.example/a", "https://forum.example/item?id=1", "https://forum.example/item?id=1"),
        (
            "https://forum.example/item?id=2",
            "https://forum.example/item?id=2",
            "https://forum.example/item?id=2",
        ),
        ("https://ledger.example/a", "https://ledger.example/a#comments", None),
        ("https://www.ledger.example/a", "https://talk.ledger.example/a", None),
        ("https://ledger.example/a", "javascript:alert(1)", None),
        ("https://ledger.example/a", "", None),
    ],
)
def test_an_entry_of_a_forum_knows_its_discussion_and_an_article_has_none(
    link: str, comments: str, thread: str | None
) -> None:
    body = (
        f"<rss><channel><item><title>T</title><link>{link}</link><comments>{comments}</comments></item>"
        "</channel></rss>"
    )
    (event,) = events_from(feed(), poll_of({SITE: body}))
    assert event.thread_url == thread
