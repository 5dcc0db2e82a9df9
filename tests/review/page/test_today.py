"""The list as it is asked for by its address."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from earmark.types import Changes
from storage import accounts, history
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.page.served import Served, served

ROW = re.compile(r'data-row="([0-9a-f]+)"')


def rows_of(page: Served, path: str = "/") -> list[str]:
    """Return the triggers of the rows of a page, in their order."""
    answer = page.get(path)
    assert answer.status_code == 200, answer.text
    return ROW.findall(answer.text)


def _next(page: Served, path: str) -> str:
    found = re.search(r'after=([^"&]+)', page.get(path).text)
    return found[1] if found else ""


def test_hot_rows_stand_first_and_each_account_once(page: Served, engine: Engine) -> None:
    found = rows_of(page)
    assert len(found) == len(set(found)) > 10
    with reading(engine) as conn:
        hot = [account.id for account in accounts.each_account(conn) if account.stage == "hot"]
    first = page.get(f"/triggers/{found[0]}").text
    assert any(name in first for name in hot) or "Tamarind" in first


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("/?q=norvik", "Norvik Labs"),
        ("/?q=NORV", "Norvik Labs"),
        ("/?kind=exec_hire", "executive"),
        ("/?stage=hot", "Tamarind Health"),
        ("/?sort=newest&kind=funding_early&kind=funding_growth", "raised money"),
        ("/?state=everything", "Norvik Labs"),
        ("/?score=80", "Norvik Labs"),
        ("/?utm_source=mail", "Norvik Labs"),
    ],
)
def test_an_address_narrows_the_list(page: Served, path: str, holds: str) -> None:
    assert holds in page.get(path).text
    assert 0 < len(rows_of(page, path)) <= 50


@pytest.mark.parametrize(
    "path",
    [
        "/?state=dismissed",
        "/?q=zzzz",
        "/?owner=nobody-of-this-name",
        "/?score=100",
        "/?since=2026-11-22",
    ],
)
def test_what_holds_nothing_is_an_empty_list_and_no_error(page: Served, path: str) -> None:
    assert rows_of(page, path) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/?state=asleep", "no state"),
        ("/?sort=colour", "no sort"),
        ("/?stage=lukewarm", "no stage"),
        ("/?score=high", "from 0 to 100"),
        ("/?score=nan", "from 0 to 100"),
        ("/?since=yesterdayish", "There is no day"),
        ("/?mark=blue", "no mark"),
    ],
)
def test_a_wrong_value_says_what_to_write(page: Served, path: str, said: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize("after", ["rest~1e999~x", "rest~nan~x", "cold~1~x", "~~"])
def test_a_place_that_no_page_named_is_the_beginning(page: Served, after: str) -> None:
    assert rows_of(page, f"/?after={after}") == rows_of(page)


def test_hostile_words_of_a_search_are_only_words(page: Served) -> None:
    for words in (
        "'; DROP TABLE triggers; --",
        '" OR 1=1',
        "<script>alert(1)</script>",
        "\u202e",
        "🎉" * 500,
    ):
        answer = page.get("/", params={"q": words})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_the_part_holds_the_rows_and_no_page_around_them(page: Served) -> None:
    part = page.get("/part?stage=hot")
    assert "<html" not in part.text
    assert ROW.findall(part.text) == rows_of(page, "/?stage=hot")


def test_the_row_that_was_picked_is_opened_and_else_the_first(page: Served) -> None:
    first, second, *_ = rows_of(page)
    assert f'value="{second}"' in page.get(f"/part?pick={second}").text.split('id="act"', 1)[-1][:1_500]
    for pick in ("", "gone", "' OR 1=1"):
        opened = page.get("/part", params={"pick": pick}).text.split('id="act"', 1)[-1][:1_500]
        assert f'value="{first}"' in opened


def test_the_day_holds_as_many_rows_as_touches_are_left(
    page: Served, workspace: Path, engine: Engine
) -> None:
    settings = workspace / "earmark.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text + "\n[team]\ntouches_a_day = 5\n", encoding="utf-8")
    with served(workspace, engine) as small:
        shown = rows_of(small)
        rest, after = list[str](), _next(small, "/")
        assert len(shown) == 5
        assert after
        rest = rows_of(small, f"/?after={after}")
    assert shown + rest == rows_of(page)


def test_a_snoozed_account_leaves_the_list_and_is_told_of(page: Served, engine: Engine) -> None:
    with writing(engine) as conn:
        [account, *_] = accounts.find(conn, "Norvik Labs")
        asleep = replace(account, snoozed_until=NOW + timedelta(days=2))
        history.save(conn, Changes(accounts=(asleep,)), NOW)
    [row] = rows_of(page, "/?state=snoozed")
    assert row not in rows_of(page)
    assert "snoozed until 2026-11-23" in page.get("/").text
