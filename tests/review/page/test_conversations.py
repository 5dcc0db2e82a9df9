"""Conversations on the page: what is said, how to answer, whose it is."""

import re

import pytest

from earmark.types import Play, Problem
from monitors.teaching import unteach
from review.conversations import sketch_of
from review.etiquette import etiquette_of
from sources.registry import kinds
from storage import accounts, lessons, triggers
from storage.engine import Engine, reading
from tests.builders import NOW
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
    assert etiquette_of("feed").replace("'", "&#39;") in html
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
    assert len({etiquette_of(kind) for kind in forums}) == len(forums)


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
    assert all(line.endswith("?") for line in sketch_of("problem_described", None, ()))


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
