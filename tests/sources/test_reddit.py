"""The source kind ``reddit``: three ways in, the block page, removed posts and the quota."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from earmark.contract import Page, Source, Unchanged
from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable
from earmark.testing import FakePoll, SourceContract, events_from
from sources.reddit import RedditSource
from tests.builders import NOW
from tests.sources.golden_posts import ByPart, cases, expected, page_of, told

SITE = "https://www.reddit.com"
API = "https://oauth.reddit.com"
TOKEN = f"{SITE}/api/v1/access_token"
GRANTED = b'{"access_token": "synthetic", "token_type": "bearer", "expires_in": 86400, "scope": "*"}'
BY_APP = {"mode": "oauth", "client_id": "app-1", "client_secret": "env:REDDIT_TEST_SECRET"}
BY_TOKEN = {"mode": "feed_token", "feed_user": "ferry_clerk", "feed_token": "f00dcafe"}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDIT_TEST_SECRET", "not-a-real-secret")


def reading(*names: str, **options: Any) -> RedditSource:
    return RedditSource.model_validate({"subreddits": names or ("opsleads",)} | options)


class TestRss(SourceContract):
    source: ClassVar[Source] = reading()
    pages: ClassVar = {f"{SITE}/r/opsleads/new/.rss?limit=100": page_of("reddit", "rss-new.xml")}
    now: ClassVar = NOW


class TestFeedToken(SourceContract):
    source: ClassVar[Source] = reading(**BY_TOKEN)
    pages: ClassVar = {
        f"{SITE}/r/opsleads/new/.rss?limit=100&feed=f00dcafe&user=ferry_clerk": page_of(
            "reddit", "rss-new.xml"
        )
    }
    now: ClassVar = NOW


class TestApp(SourceContract):
    source: ClassVar[Source] = reading("opsleads", "crm", comments=True, **BY_APP)
    pages: ClassVar = {
        TOKEN: GRANTED,
        f"{API}/r/opsleads+crm/new?limit=100&raw_json=1": page_of("reddit", "oauth-new.json"),
        f"{API}/r/opsleads+crm/comments?limit=100&raw_json=1": page_of("reddit", "oauth-comments.json"),
    }
    now: ClassVar = NOW


def golden(page: Path) -> Any:
    if page.stem.startswith("rss"):
        return told(reading(), ByPart({".rss": page.read_bytes()}))
    return told(reading(**BY_APP), ByPart({"access_token": GRANTED, "": page.read_bytes()}))


@pytest.mark.parametrize("page", cases("reddit"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert golden(page) == expected(page)


def test_rss_and_app_tell_the_same_post_under_one_id_and_thread() -> None:
    by_feed = golden_events("rss-new.xml")
    by_app = golden_events("oauth-new.json")
    for name in ("external_id", "title", "thread_url", "author", "publisher", "published_at"):
        assert by_feed[0][name] == by_app[0][name], name


def golden_events(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = golden(Path(__file__).parent / "data" / "reddit" / name)
    return found


def listing(*times: float, after: str | None = None) -> bytes:
    children = [
        {"kind": "t3", "data": {"name": f"t3_{at:.0f}", "title": f"Post {at:.0f}", "created_utc": at}}
        for at in times
    ]
    return json.dumps({"kind": "Listing", "data": {"after": after, "children": children}}).encode()


def test_the_app_reads_back_to_the_last_post_that_it_knows() -> None:
    state: dict[str, Any] = {"newest_posts": 1_795_000_000.0}
    pages = ByPart(
        {
            "access_token": GRANTED,
            "after=t3_b": listing(1_794_999_000.0, after="t3_c"),
            "": listing(1_795_000_900.0, after="t3_b"),
        }
    )
    poll = FakePoll(pages, now=NOW, state=state)
    assert len(events_from(reading(**BY_APP), poll)) == 2
    assert len(poll.asked) == 3
    assert state["newest_posts"] == 1_795_000_900.0


def test_a_first_poll_reads_one_page_and_a_looping_cursor_is_left() -> None:
    pages = ByPart({"access_token": GRANTED, "": listing(1_795_000_900.0, after="t3_b")})
    first = FakePoll(pages, now=NOW)
    events_from(reading(**BY_APP), first)
    assert len(first.asked) == 2
    looping = FakePoll(pages, now=NOW, state={"newest_posts": 1.0})
    assert len(events_from(reading(**BY_APP), looping)) == 1
    assert len(looping.asked) == 3


def test_a_nearly_used_quota_lets_reddit_rest_until_it_is_fresh() -> None:
    headers = {"x-ratelimit-remaining": "1.0", "x-ratelimit-reset": "240"}
    answer = Page(url=API, status=200, headers=headers, body=listing(1_795_000_900.0))
    state: dict[str, Any] = {}
    pages = ByPart({"access_token": GRANTED, "": answer})
    assert told(reading(**BY_APP), pages, state)
    resting = FakePoll(pages, now=NOW + timedelta(seconds=200), state=state)
    with pytest.raises(Unchanged):
        events_from(reading(**BY_APP), resting)
    assert resting.asked == []
    rested = FakePoll(pages, now=NOW + timedelta(seconds=300), state=state)
    assert events_from(reading(**BY_APP), rested)


@pytest.mark.parametrize(
    "body", [b'{"error": "invalid_grant"}', b'{"message": "Unauthorized", "error": 401}']
)
def test_a_refused_app_is_told_without_its_secret(body: bytes) -> None:
    with pytest.raises(SourceRefused, match="client_id and client_secret") as caught:
        events_from(reading(**BY_APP), FakePoll({TOKEN: body}, now=NOW))
    assert "not-a-real-secret" not in str(caught.value)


def test_a_secret_that_is_not_set_pauses_this_source_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDDIT_TEST_SECRET")
    with pytest.raises(SourceRefused, match="REDDIT_TEST_SECRET is not set"):
        events_from(reading(**BY_APP), FakePoll({}, now=NOW))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("You've been blocked by network security.", SourceRefused),
        ("whoa there, pardner!", SourceUnavailable),
        ("Log in", SourceChanged),
    ],
)
def test_a_block_page_is_told_for_what_it_is(words: str, error: type[Exception]) -> None:
    body = f"<!doctype html><html><body>{words}</body></html>".encode()
    with pytest.raises(error, match="Reddit"):
        events_from(reading(), FakePoll(ByPart({".rss": body}), now=NOW))


def test_the_feed_token_is_masked() -> None:
    source = reading(**BY_TOKEN)
    assert "f00dcafe" not in repr(source)
    assert "f00dcafe" not in source.model_dump_json()
    with pytest.raises(SourceChanged) as caught:
        events_from(source, FakePoll(ByPart({"": b"<rss"}), now=NOW))
    assert "f00dcafe" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"subreddits": ["a b"]}, "no name of a subreddit"),
        ({"subreddits": ["../../user/x"]}, "no name of a subreddit"),
        ({"subreddits": []}, "at least 1"),
        ({"subreddits": ["crm"], "mode": "oauth"}, "needs client_id"),
        ({"subreddits": ["crm"], "mode": "feed_token", "feed_user": "x"}, "needs feed_user and feed_token"),
        ({"subreddits": ["crm"], "every": 60}, "every 15 minutes at most"),
        ({"subreddits": ["crm"], "every": 300} | BY_TOKEN, "every 10 minutes at most"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        RedditSource.model_validate(options)


def test_names_may_be_written_as_people_write_them() -> None:
    assert reading("r/crm", "/r/sales/", "ops_leads").subreddits == ("crm", "sales", "ops_leads")


def test_a_search_and_comments_are_further_addresses() -> None:
    poll = FakePoll(ByPart({".rss": page_of("reddit", "rss-new.xml")}), now=NOW)
    events_from(reading("crm", "sales", query="cobaltine alternative", comments=True), poll)
    assert poll.asked == [
        f"{SITE}/r/crm+sales/search.rss?q=cobaltine+alternative&restrict_sr=on&sort=new&limit=100",
        f"{SITE}/r/crm+sales/comments/.rss?limit=100",
    ]
