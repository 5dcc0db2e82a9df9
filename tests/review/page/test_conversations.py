"""Conversations on the page: what is said, how to answer, whose it is."""

import re
from dataclasses import replace

import pytest

from earmark.triggers import CONVERSATIONS
from earmark.types import Lexicon, Play, Problem
from monitors.teaching import unteach
from review.conversations import conversation, sketch_of, told_of
from review.etiquette import etiquette_of
from sources.registry import kinds
from storage import accounts, lessons, stories, triggers
from storage.engine import Engine, reading
from tests.builders import NOW, ago
from tests.review.page.served import Served


def first(page: Served) -> str:
    found = re.search(r'href="(/conversations/[0-9a-z]+)"', page.get("/conversations").text)
    assert found
    return found[1]


def test_what_waits_is_shown_best_first_with_its_words(page: Served) -> None:
    html = page.get("/conversations").text
    scores = [int(one) for one in re.findall(r'<span class="chip">(\d+)</span>', html)]
    assert len(scores) > 3
    assert scores == sorted(scores, reverse=True)
    assert "<mark>" in html


def test_one_problem_is_chosen_by_itself(page: Served) -> None:
    every = len(re.findall("<article", page.get("/conversations").text))
    of_problems = [
        len(re.findall("<article", page.get(f"/conversations?problem={id_}").text))
        for id_ in re.findall(r'<option value="([a-z-]+)">[^<]*\(\d', page.get("/conversations").text)
    ]
    assert sum(of_problems) == every
    assert all(of_problems)


def test_a_conversation_says_why_how_to_answer_and_what_is_expected_there(page: Served) -> None:
    html = page.get(first(page)).text
    assert "Why it is here" in html
    assert "An answer that helps" in html
    assert etiquette_of("feed").words.replace("'", "&#39;") in html
    assert "The rule at community.backoffice.example" in html
    assert 'rel="noopener noreferrer"' in html


def test_every_forum_kind_has_a_rule_of_its_own() -> None:
    forums = {
        "bluesky",
        "discourse",
        "github",
        "hackernews",
        "lobsters",
        "mastodon",
        "reddit",
        "stackexchange",
    }
    assert forums <= kinds().keys()
    assert len({etiquette_of(kind).words for kind in forums}) == len(forums)


@pytest.mark.parametrize(
    ("kind", "url", "place", "like", "says"),
    [
        (
            "feed",
            "https://www.reddit.com/r/Accounting/comments/x/y/",
            "r/Accounting",
            "reddit",
            "https://www.reddit.com/r/Accounting/about/rules",
        ),
        ("hnrss", "https://news.ycombinator.com/item?id=1", "Hacker News", "hackernews", "newsguidelines"),
        (
            "feed",
            "https://money.stackexchange.com/questions/1",
            "money.stackexchange.com",
            "stackexchange",
            "https://money.stackexchange.com/help/promotion",
        ),
        (
            "discourse",
            "https://forum.osk.example/t/1",
            "forum.osk.example",
            "discourse",
            "osk.example/guidelines",
        ),
        ("feed", "https://forum.osk.example/t/1", "forum.osk.example", "feed", None),
        ("reddit", None, "Reddit", "reddit", None),
        ("feed", "https://[broken", "the place", "feed", None),
        ("feed", "https://notreddit.com/r/x/", "notreddit.com", "feed", None),
    ],
)
def test_the_rule_is_that_of_the_place_whatever_kind_of_source_read_it(
    kind: str, url: str | None, place: str, like: str, says: str | None
) -> None:
    found = etiquette_of(kind, url)
    assert (found.place, found.words) == (place, etiquette_of(like).words)
    assert (found.url is None) if says is None else says in (found.url or "")


def test_the_other_posts_of_a_thread_are_listed_in_their_order(page: Served, engine: Engine) -> None:
    trigger = first(page).rpartition("/")[2]
    with reading(engine) as connection:
        shown = conversation(connection, trigger, NOW)
        assert shown is not None
        story = stories.get(connection, shown.trigger.story)
    assert story is not None
    later, sooner = (
        replace(
            story.matches[0],
            confidence=0.1,
            event=replace(
                story.matches[0].event,
                id=f"post-{hours}",
                author=f"reader {hours}",
                published_at=ago(hours / 24),
                occurred_at=None,
            ),
        )
        for hours in (1, 2)
    )
    told = told_of(shown.trigger, replace(story, matches=(*story.matches, later, sooner)), Lexicon(), {}, NOW)
    assert told.event == shown.event
    assert [post.event.author for post in told.posts] == ["reader 2", "reader 1"]
    assert shown.posts == ()


def test_a_sketch_names_no_tool_and_no_link_and_always_asks() -> None:
    problem = Problem(id="slow", name="Slow close", rivals=("Billhaus",))
    plays = [
        Play(
            id="mine",
            kind="*",
            talk=(
                "Most teams lose days on receipts.",
                "Unlike Billhaus we don't.",
                "See https://ours.example",
            ),
            opener="Hello {account}",
        )
    ]
    sketch = sketch_of("problem_described", problem, plays)
    assert sketch[0] == "Most teams lose days on receipts."
    assert not any(word in line for line in sketch for word in ("Billhaus", "http", "{"))
    assert sketch[-1].endswith("?")
    assert sum(line.endswith("?") for line in sketch_of("problem_described", None, ())) == 2


def test_a_sketch_is_about_what_was_asked() -> None:
    sketches = {kind: sketch_of(kind, None, ()) for kind in CONVERSATIONS}
    assert len({lines[:2] for lines in sketches.values()}) == len(sketches)


def test_a_conversation_is_linked_to_an_account_by_hand_and_that_is_taken_back(
    page: Served, engine: Engine
) -> None:
    where = first(page)
    with reading(engine) as connection:
        account = accounts.find(connection, "Elmcroft Dental")[0]
        before = len(triggers.of_account(connection, account.id))
    answer = page.post(f"{where}/link", {"account": "Elmcroft Dental Group"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/accounts/{account.id}"
    with reading(engine) as connection:
        assert len(triggers.of_account(connection, account.id)) == before + 1
        lesson = lessons.of(connection, account.id)[0]
    assert lesson.alone
    assert where not in page.get("/conversations").text
    unteach(engine, account.id, lesson, by="owner", now=NOW)
    assert where in page.get("/conversations").text


@pytest.mark.parametrize(
    ("typed", "said"), [("nobody at all", "No account on your list"), ("re", "Which of these")]
)
def test_who_is_meant_is_asked_when_it_is_not_plain(page: Served, typed: str, said: str) -> None:
    answer = page.post(f"{first(page)}/link", {"account": typed})
    assert answer.status_code == 422
    assert said in answer.text


def test_a_trigger_of_an_account_is_no_conversation(page: Served, engine: Engine) -> None:
    with reading(engine) as connection:
        known = next(one.id for one in triggers.every_open(connection) if one.account)
    assert page.get(f"/conversations/{known}").status_code == 404
    assert page.get("/conversations/nothing").status_code == 404
