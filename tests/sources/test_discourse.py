"""The source kind ``discourse``: posts, searches, categories and tags."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from earmark.contract import Source, Unchanged
from earmark.errors import SourceRefused
from earmark.testing import FakePoll, SourceContract, events_from
from sources.discourse import DiscourseSource
from tests.builders import NOW
from tests.sources.golden_posts import ByPart, cases, expected, page_of, told

SITE = "https://forum.harrowtech.example"


def reading(**options: Any) -> DiscourseSource:
    return DiscourseSource.model_validate({"site": SITE} | options)


class TestPosts(SourceContract):
    source: ClassVar[Source] = reading()
    pages: ClassVar = {f"{SITE}/posts.json": page_of("discourse", "posts.json")}
    now: ClassVar = NOW


class TestSearch(SourceContract):
    source: ClassVar[Source] = reading(queries=["cobaltine"])
    pages: ClassVar = {
        f"{SITE}/search.json?q=cobaltine+order%3Alatest+after%3A2026-10-22": page_of(
            "discourse", "search.json"
        )
    }
    now: ClassVar = NOW


class TestCategory(SourceContract):
    source: ClassVar[Source] = reading(categories=["tools/7"])
    pages: ClassVar = {f"{SITE}/c/tools/7.rss?order=created": page_of("discourse", "rss-latest.xml")}
    now: ClassVar = NOW


def golden(page: Path) -> Any:
    options: dict[str, Any] = {}
    if page.stem.startswith("rss"):
        options = {"tags": ["crm"]}
    elif page.stem.startswith("search"):
        options = {"queries": ["cobaltine"]}
    return told(reading(**options), ByPart({"": page.read_bytes()}))


@pytest.mark.parametrize("page", cases("discourse"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert golden(page) == expected(page)


def posts(*ids: int) -> bytes:
    row = {"cooked": "<p>Hello</p>", "post_number": 2, "topic_id": 9, "topic_slug": "x"}
    return json.dumps({"latest_posts": [row | {"id": number} for number in ids]}).encode()


def test_posts_are_read_back_to_the_last_one_that_is_known() -> None:
    state: dict[str, Any] = {"last_post": 10}
    pages = ByPart({"before=14": posts(13, 12, 11), "before=17": posts(16, 15, 14), "": posts(19, 18, 17)})
    poll = FakePoll(pages, now=NOW, state=state)
    assert len(events_from(reading(), poll)) == 9
    assert poll.asked[1:] == [f"{SITE}/posts.json?before=17", f"{SITE}/posts.json?before=14"]
    assert state["last_post"] == 19


def test_a_first_poll_reads_one_page_and_a_loop_is_left() -> None:
    first = FakePoll(ByPart({"": posts(19, 18)}), now=NOW)
    events_from(reading(), first)
    assert len(first.asked) == 1
    looping = FakePoll(ByPart({"": posts(19, 18)}), now=NOW, state={"last_post": 1})
    assert len(events_from(reading(), looping)) == 2
    assert len(looping.asked) == 2


def test_a_post_found_twice_comes_once_and_has_the_id_of_the_posts_page() -> None:
    search = page_of("discourse", "search.json")
    found = told(reading(queries=["cobaltine", "slow"]), ByPart({"": search}))
    (post,) = told(reading(), ByPart({"": page_of("discourse", "posts.json")}))
    assert [event["external_id"] for event in found] == [post["external_id"]]
    assert found[0]["thread_url"] == post["thread_url"]


def test_a_search_goes_on_from_the_day_before_its_newest_post() -> None:
    state: dict[str, Any] = {}
    pages = ByPart({"": page_of("discourse", "search.json")})
    told(reading(queries=["cobaltine"]), pages, state)
    assert state["found"] == {"cobaltine": "2026-11-20T11:02:00+00:00"}
    poll = FakePoll(pages, now=NOW, state=state)
    events_from(reading(queries=["cobaltine"]), poll)
    assert poll.asked[0].endswith("after%3A2026-11-19")


def test_one_unchanged_page_does_not_stop_the_others() -> None:
    pages = ByPart({"tag/crm": Unchanged(), "tag/pricing": page_of("discourse", "rss-latest.xml")})
    assert len(told(reading(tags=["crm", "pricing"]), pages)) == 2


def test_a_closed_forum_is_told_to_need_a_key() -> None:
    refusal = SourceRefused("forum.harrowtech.example/posts.json refused (HTTP 403).", status=403)
    with pytest.raises(SourceRefused, match="needs api_key") as caught:
        events_from(reading(), FakePoll(ByPart({"": refusal}), now=NOW))
    assert caught.value.status == 403


def test_links_lead_to_the_forum_even_when_another_host_answers() -> None:
    pages = ByPart({"http://127.0.0.1:8080/posts.json": page_of("discourse", "posts.json")})
    (post,) = told(reading(base_url="http://127.0.0.1:8080"), pages)
    assert post["url"] == f"{SITE}/t/crm-for-a-12-person-team/5021/14"
    assert post["publisher"] == "forum.harrowtech.example"


def test_the_number_of_requests_is_known() -> None:
    assert reading().requests == 1
    assert reading(queries=["a", "b"], tags=["c"]).requests == 3
