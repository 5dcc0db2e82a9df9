"""The source kind ``hackernews``: its search by a cursor, and the thread "Who is hiring?"."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.contract import Source
from earmark.errors import SourceChanged
from earmark.testing import FakePoll, SourceContract, events_from
from sources.hackernews import HackerNewsSource
from sources.hiring import Opening, opening_of
from tests.builders import NOW, ago
from tests.sources.golden_posts import ByPart, cases, expected, page_of, told

HOST = "https://hn.algolia.com/api/v1/search_by_date"
START = int(ago(30).timestamp()) // 3600 * 3600
SEARCH = (
    f"{HOST}?query=zephyrdesk&tags=(story,comment)&numericFilters=created_at_i%3E{START}"
    "&advancedSyntax=true&hitsPerPage=1000"
)
THREADS = f"{HOST}?query=&tags=story,author_whoishiring&hitsPerPage=1000"
COMMENTS = f"{HOST}?query=&tags=comment,story_98900001&hitsPerPage=1000"
THREAD_PAGE = json.dumps(
    {
        "hits": [
            {"objectID": "98900003", "title": "Ask HN: Who wants to be hired? (November 2026)"},
            {"objectID": "98900001", "title": "Ask HN: Who is hiring? (November 2026)"},
            {"objectID": "98800001", "title": "Ask HN: Who is hiring? (October 2026)"},
        ]
    }
).encode()


def searching(*queries: str, **options: Any) -> HackerNewsSource:
    return HackerNewsSource.model_validate({"queries": queries} | options)


class TestSearch(SourceContract):
    source: ClassVar[Source] = searching("zephyrdesk")
    pages: ClassVar = {SEARCH: page_of("hackernews", "search.json")}
    now: ClassVar = NOW


class TestHiring(SourceContract):
    source: ClassVar[Source] = HackerNewsSource(hiring=True)
    pages: ClassVar = {THREADS: THREAD_PAGE, COMMENTS: page_of("hackernews", "hiring.json")}
    now: ClassVar = NOW


def golden(page: Path) -> Any:
    if page.stem.startswith("hiring"):
        pages = ByPart({"author_whoishiring": THREAD_PAGE, "comment,story_": page.read_bytes()})
        return told(HackerNewsSource(hiring=True), pages)
    return told(searching("zephyrdesk"), ByPart({"": page.read_bytes()}))


@pytest.mark.parametrize("page", cases("hackernews"), ids=lambda page: page.stem)
def test_a_page_makes_the_events_beside_it(page: Path) -> None:
    assert golden(page) == expected(page)


def hit(number: int, at: float, text: str = "We use Zephyrdesk") -> dict[str, Any]:
    return {"objectID": str(number), "created_at_i": int(at), "comment_text": text, "story_id": 1}


def page(*hits: dict[str, Any], total: int | None = None) -> bytes:
    return json.dumps({"hits": hits, "nbHits": len(hits) if total is None else total}).encode()


def asked_from(state: dict[str, Any], query: str = "zephyrdesk") -> int:
    poll = FakePoll(ByPart({"": page()}), now=NOW, state=state)
    events_from(searching(query), poll)
    return int(poll.asked[0].partition("created_at_i%3E")[2].partition("&")[0])


def test_the_cursor_follows_the_newest_hit_with_an_overlap() -> None:
    state: dict[str, Any] = {}
    newest = ago(0.5).timestamp()
    told(searching("zephyrdesk"), ByPart({"": page(hit(2, newest), hit(1, newest - 50))}), state)
    assert state == {"cursors": {"zephyrdesk": int(newest)}}
    start = asked_from(state)
    assert newest - 7200 <= start <= newest - 3600


def test_a_quiet_poll_keeps_the_cursor_and_a_new_query_starts_from_the_backfill() -> None:
    state = {"cursors": {"zephyrdesk": int(ago(1).timestamp())}}
    before = asked_from(state)
    assert asked_from(state) == before
    assert asked_from(state, "cobaltine") == START
    assert state["cursors"].keys() == {"cobaltine"}


def test_a_date_of_the_future_does_not_carry_the_cursor_away() -> None:
    state: dict[str, Any] = {}
    told(searching("zephyrdesk"), ByPart({"": page(hit(1, NOW.timestamp() + 10**7))}), state)
    assert state["cursors"]["zephyrdesk"] <= NOW.timestamp()


@pytest.mark.parametrize("state", [{"cursors": 7}, {"cursors": {"zephyrdesk": "soon"}}, {"other": None}])
def test_a_state_that_is_none_starts_anew(state: dict[str, Any]) -> None:
    assert asked_from(state) == START


def test_more_hits_than_one_answer_holds_are_read_slice_by_slice() -> None:
    newer, older = hit(2, 1_795_000_000), hit(1, 1_794_000_000)
    pages = ByPart({"created_at_i%3C1795000001": page(newer, older), "": page(newer, total=2)})
    poll = FakePoll(pages, now=NOW)
    assert [event.external_id for event in events_from(searching("zephyrdesk"), poll)] == ["2", "1"]
    assert len(poll.asked) == 2


def test_a_server_that_answers_every_slice_alike_is_left() -> None:
    poll = FakePoll(ByPart({"": page(hit(2, 1_795_000_000), total=10**9)}), now=NOW)
    assert len(events_from(searching("zephyrdesk"), poll)) == 1
    assert len(poll.asked) == 2


@pytest.mark.parametrize(
    ("query", "text", "is_kept"),
    [
        ("zephyrdesk", "We dropped Zephyrdesk.", True),
        ("zephyrdesk", "We dropped zephyrdisk.", False),  # the search forgives spelling
        ('"help desk"', "Which help  desk?", True),
        ('"help desk"', "No desk can help.", False),
        ("zephyrdesk -hiring", "Zephyrdesk is hiring", False),
    ],
)
def test_a_hit_must_hold_the_words(query: str, text: str, *, is_kept: bool) -> None:
    found = told(searching(query), ByPart({"": page(hit(1, 1_795_000_000, text))}))
    assert bool(found) is is_kept


def test_one_post_found_by_two_searches_comes_once() -> None:
    pages = ByPart({"": page(hit(1, 1_795_000_000, "Zephyrdesk or Cobaltine?"))})
    assert len(told(searching("zephyrdesk", "cobaltine"), pages)) == 1


def test_stories_below_the_points_are_left_out_and_comments_stay() -> None:
    story = {"objectID": "9", "title": "Zephyrdesk", "points": 1, "created_at_i": 1_795_000_000}
    found = told(searching("zephyrdesk", min_points=5), ByPart({"": page(story, hit(1, 1_795_000_000))}))
    assert [event["external_id"] for event in found] == ["1"]


def test_without_anything_to_ask_for_the_options_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one of 'queries'"):
        HackerNewsSource()


def test_a_missing_hiring_thread_is_told() -> None:
    poll = FakePoll({THREADS: page({"objectID": "1", "title": "Ask HN: Freelancer?"})}, now=NOW)
    with pytest.raises(SourceChanged, match="no thread"):
        events_from(HackerNewsSource(hiring=True), poll)


def test_a_job_posting_is_no_conversation() -> None:
    pages = {THREADS: THREAD_PAGE, COMMENTS: page_of("hackernews", "hiring.json")}
    found = events_from(HackerNewsSource(hiring=True), FakePoll(pages, now=NOW))
    assert all(event.thread_url is None for event in found)


@pytest.mark.parametrize(
    ("first", "company", "roles", "places", "domain"),
    [
        (
            "Norvik (https://norvik.example) | Senior Engineer | Riga, LV | ONSITE | Full-time | $90k",
            *("Norvik", ("Senior Engineer",), ("Riga, LV", "ONSITE"), "norvik.example"),
        ),
        ("Osk (YC S21) | Remote (EU) | Backend, SRE", "Osk", ("Backend, SRE",), ("Remote (EU)",), None),
        ("Tallow | Data wizard | Oslo", "Tallow", ("Data wizard",), ("Oslo",), None),
        ("Fennel Works|Sales Ops|REMOTE", "Fennel Works", ("Sales Ops",), ("REMOTE",), None),
        ("Quay | Account Executive, full-time | Leeds, UK", "Quay", ("Account Executive, full-time",),
         ("Leeds, UK",), None),
    ],
)  # fmt: skip
def test_a_first_line_is_split_into_company_roles_and_places(
    first: str, company: str, roles: tuple[str, ...], places: tuple[str, ...], domain: str | None
) -> None:
    assert opening_of(first) == Opening(company=company, roles=roles, places=places, domain=domain)


@pytest.mark.parametrize(
    "first", ["We are looking for people", "", "|", " | engineer", "Norvik |", "x" * 999]
)
def test_a_line_without_its_parts_is_not_split(first: str) -> None:
    assert opening_of(first) is None


@given(st.text(alphabet="ab |(),-–:/https", max_size=80))
def test_every_part_of_an_opening_stands_in_the_line(first: str) -> None:
    opening = opening_of(first)
    if opening is not None:
        assert opening.company
        assert all(part in first for part in (*opening.roles, *opening.places))
