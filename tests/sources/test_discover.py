"""What a company's own site points at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.discover import (
    Board,
    address_key,
    api_of,
    common_feeds,
    count_of_jobs,
    homes_of,
    links_of,
    name_of,
    repositories_of,
)

HOME = "https://norvik.example/"


def links(html: str) -> Any:
    return links_of(f"<html><head></head><body>{html}</body></html>", HOME, "norvik.example")


@pytest.mark.parametrize(
    ("html", "board"),
    [
        ('<a href="https://boards.greenhouse.io/norviklabs">Jobs</a>', Board("greenhouse", "norviklabs")),
        ('<a href="https://job-boards.eu.greenhouse.io/norvik/jobs/12">x</a>', Board("greenhouse", "norvik")),
        (
            '<script src="https://boards.greenhouse.io/embed/job_board/js?for=norvik"></script>',
            Board("greenhouse", "norvik"),
        ),
        (
            '<iframe src="https://boards.greenhouse.io/embed/job_board?b=1&amp;for=norvik"></iframe>',
            Board("greenhouse", "norvik"),
        ),
        ("<a href='//jobs.lever.co/norvik/abc-1'>x</a>", Board("lever", "norvik")),
        ("<script>open('https://jobs.ashbyhq.com/Norvik%20Labs')</script>", Board("ashby", "Norvik Labs")),
        ('<a href="https://apply.workable.com/norvik-labs/j/ABC/">x</a>', Board("workable", "norvik-labs")),
        (
            '<a href="https://careers.smartrecruiters.com/NorvikLabs">x</a>',
            Board("smartrecruiters", "NorvikLabs"),
        ),
        ('<a href="https://norvik.recruitee.com/o/sdr">x</a>', Board("recruitee", "norvik")),
    ],
)
def test_a_job_board_is_known_by_its_address(html: str, board: Board) -> None:
    assert links(html).boards == (board,)
    assert api_of(board).startswith("https://")


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://www.recruitee.com/">x</a>',
        '<a href="https://apply.workable.com/api/v1/x">x</a>',
        '<a href="https://boards.greenhouse.io/embed/job_board">x</a>',
        '<a href="https://greenhouse.io/about">x</a>',
        "We use Lever and Greenhouse.",
    ],
)
def test_a_vendor_is_no_board(html: str) -> None:
    assert links(html).boards == ()


def test_own_pages_that_may_name_more_are_found_and_foreign_ones_are_not() -> None:
    found = links(
        '<a href="/blog">Blog</a><a href="/about">About</a><a href="https://news.norvik.example/">News</a>'
        '<a href="/company/careers/">Careers</a><a href="https://other.example/blog">Friends</a>'
        '<a href="https://notnorvik.example/news">No</a><a href="javascript:void(0)">x</a><a href="http://[x">y</a>'
        '<a href="/blog#top">Again</a><a href="/newsletter-terms">No</a>'
    )
    assert set(found.sections) == {
        "https://norvik.example/blog",
        "https://news.norvik.example/",
        "https://norvik.example/company/careers/",
    }
    assert found.careers == ("https://norvik.example/company/careers/",)


def test_a_status_page_and_a_github_organisation_are_found_once() -> None:
    found = links(
        '<a href="https://status.norvik.example/">Status</a><a href="https://norvik.statuspage.io/incidents/1">x</a>'
        '<a href="https://github.com/norvik/norvik-sdk">SDK</a><a href="https://github.com/norvik">x</a>'
        '<a href="https://github.com/features">x</a><a href="https://status.vendor.example/">x</a>'
    )
    assert found.status == ("https://status.norvik.example/", "https://norvik.statuspage.io/")
    assert found.owners == ("norvik",)


def test_feeds_that_a_page_names_are_absolute() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    page = f"<html><head>{link}</head><body></body></html>"
    assert links_of(page, HOME, "norvik.example").feeds == ("https://norvik.example/feed.xml",)


@pytest.mark.parametrize(
    ("board", "answer", "count"),
    [
        ("greenhouse", {"jobs": [{}, {}]}, 2),
        ("greenhouse", {"jobs": []}, 0),
        ("lever", [], 0),
        ("lever", {"ok": False}, None),
        ("ashby", {"jobs": [{}]}, 1),
        ("workable", {"name": None, "jobs": []}, None),
        ("smartrecruiters", {"totalFound": 0, "content": []}, None),
        ("smartrecruiters", {"totalFound": 3, "content": [{}]}, 1),
        ("recruitee", {"offers": [{}]}, 1),
        ("recruitee", {"error": "no"}, None),
        ("greenhouse", "jobs", None),
        ("greenhouse", {"jobs": "many"}, None),
        ("greenhouse", None, None),
    ],
)
def test_a_board_is_believed_only_when_it_answers_as_one(board: str, answer: Any, count: int | None) -> None:
    assert count_of_jobs(Board(board, "norvik"), answer) == count


def test_the_best_known_repositories_of_its_own_are_taken() -> None:
    answer = [
        {"name": "fork", "fork": True, "stargazers_count": 99},
        {"name": "old", "archived": True, "stargazers_count": 98},
        {"name": "sdk", "stargazers_count": 5},
        {"name": "core", "stargazers_count": 50},
        {"name": "../evil", "stargazers_count": 70},
        {"name": "odd", "stargazers_count": "many"},
        None,
        {"stargazers_count": 1},
    ]
    assert repositories_of(answer, 2) == ("core", "sdk")
    assert repositories_of({"message": "Not Found"}, 2) == ()


def test_names_and_keys_do_not_depend_on_how_an_address_is_written() -> None:
    assert name_of("https://www.norvik.example/blog/feed.xml", "norvik.example") == "blog"
    assert name_of("https://norvik.example/feed", "norvik.example") == "feed"
    assert name_of("https://blog.norvik.example/rss", "norvik.example") == "blog"
    assert address_key("http://WWW.norvik.example/feed/") == address_key("https://norvik.example/feed")
    assert address_key("https://norvik.example/feed?a=1") != address_key("https://norvik.example/feed")
    assert homes_of("www.Norvik.example")[0] == HOME
    assert "https://norvik.example/feed" in common_feeds(HOME)


@given(st.text(max_size=300))
def test_any_text_is_a_page(text: str) -> None:
    found = links(text)
    assert all(
        link.startswith(("http://", "https://")) for link in (*found.feeds, *found.sections, *found.status)
    )
