"""The source kind ``stackexchange``: questions, back-off and quota."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from earmark.contract import Source, Unchanged
from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable
from earmark.testing import FakePoll, SourceContract, events_from
from sources.stackexchange import StackExchangeSource
from tests.builders import NOW
from tests.sources.golden_posts import ByPart, cases, expected, page_of, told

URL = (
    "https://api.stackexchange.com/2.3/search/advanced?site=stackoverflow&sort=creation&order=desc"
    "&pagesize=100&filter=withbody&page=1&q=cobaltine&fromdate=1792627200"
)


def asking(**options: Any) -> StackExchangeSource:
    return StackExchangeSource.model_validate({"query": "cobaltine"} | options)


class TestContract(SourceContract):
    source: ClassVar[Source] = asking()
    pages: ClassVar = {URL: page_of("stackexchange", "questions.json")}
    now: ClassVar = NOW


def golden(page: Path) -> Any:
    return told(asking(), ByPart({"": page.read_bytes()}))


@pytest.mark.parametrize("page", cases("stackexchange"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert golden(page) == expected(page)


def answer(*ids: int, **head: Any) -> bytes:
    row = {"title": "Question", "creation_date": 1_795_000_000}
    return json.dumps({"items": [row | {"question_id": number} for number in ids]} | head).encode()


def test_a_back_off_ends_the_poll_and_holds_until_it_is_over() -> None:
    state: dict[str, Any] = {}
    pages = ByPart({"": page_of("stackexchange", "questions.json")})  # says has_more, and backoff 10
    first = FakePoll(pages, now=NOW, state=state)
    assert len(events_from(asking(), first)) == 2
    assert len(first.asked) == 1
    early = FakePoll(pages, now=NOW + timedelta(seconds=9), state=state)
    with pytest.raises(Unchanged):
        events_from(asking(), early)
    assert early.asked == []
    late = FakePoll(pages, now=NOW + timedelta(seconds=11), state=state)
    assert events_from(asking(), late)


def test_a_used_quota_rests_until_midnight() -> None:
    state: dict[str, Any] = {}
    told(asking(), ByPart({"": answer(1, quota_remaining=0)}), state)
    assert state["rest_until"] == "2026-11-22T00:00:00+00:00"


def test_further_pages_are_read_while_there_are_more_and_a_loop_is_left() -> None:
    pages = ByPart({"page=1": answer(3, 2, has_more=True), "page=2": answer(2, 1)})
    poll = FakePoll(pages, now=NOW)
    assert [event.external_id for event in events_from(asking(), poll)] == ["3", "2", "1"]
    looping = FakePoll(ByPart({"": answer(3, has_more=True)}), now=NOW)
    assert len(events_from(asking(), looping)) == 1
    assert len(looping.asked) == 2


def test_the_next_poll_asks_from_the_day_before_the_newest_question() -> None:
    state: dict[str, Any] = {}
    told(asking(), ByPart({"": answer(1)}), state)
    poll = FakePoll(ByPart({"": answer()}), now=NOW, state=state)
    events_from(asking(), poll)
    assert poll.asked[0].endswith("fromdate=1794873600")
    assert state["newest"] == "2026-11-18T11:06:40+00:00"


def test_all_of_the_past_is_asked_for_on_wish() -> None:
    poll = FakePoll(ByPart({"": answer()}), now=NOW)
    events_from(asking(backfill="all", tags=["crm", "data-sync"]), poll)
    assert "fromdate" not in poll.asked[0]
    assert "tagged=crm%3Bdata-sync" in poll.asked[0]


def test_a_throttle_says_how_long_to_wait() -> None:
    pages = ByPart({"": page_of("stackexchange", "throttled.json")})
    with pytest.raises(SourceUnavailable) as caught:
        events_from(asking(), FakePoll(pages, now=NOW))
    assert caught.value.retry_after == timedelta(seconds=81_234)


def test_http_400_is_told_with_its_likely_causes() -> None:
    pages = ByPart({"": SourceChanged("api.stackexchange.com answered with HTTP 400.")})
    with pytest.raises(SourceChanged, match="requests are used up"):
        events_from(asking(), FakePoll(pages, now=NOW))


def test_the_key_stands_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_TEST_KEY", "k3y-of-test")
    source = asking(key="env:STACK_TEST_KEY")
    assert "k3y-of-test" not in source.model_dump_json() + repr(source)
    poll = FakePoll(ByPart({"": b"<html>"}), now=NOW)
    with pytest.raises(SourceChanged) as caught:
        events_from(source, poll)
    assert "key=k3y-of-test" in poll.asked[0]
    assert "k3y-of-test" not in str(caught.value)


def test_a_refused_key_is_a_refusal() -> None:
    with pytest.raises(SourceRefused, match="Check the option 'key'"):
        events_from(asking(), FakePoll(ByPart({"": page_of("stackexchange", "bad-key.json")}), now=NOW))


def test_without_words_and_tags_the_options_are_refused() -> None:
    with pytest.raises(ValueError, match="'query' or 'tags'"):
        StackExchangeSource()
