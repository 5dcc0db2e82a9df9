"""The list as it is asked for by its address."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from earmark.types import Changes
from review.deeds import CHANNELS
from storage import accounts, history, outbox, polls, targets, triggers
from storage.engine import Engine, reading, writing
from tests.browser.lists import fill
from tests.builders import NOW
from tests.fleet.servers import until
from tests.review.page.served import Served, served
from tests.review.page.team import a_team, entered

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


def _account_of(page: Served, engine: Engine, place: int = 1) -> tuple[str, str]:
    """Return trigger and account of a row of the list."""
    found = rows_of(page)[place]
    with reading(engine) as conn:
        trigger = triggers.get(conn, found)
    assert trigger is not None
    assert trigger.account is not None
    return found, trigger.account


def _row(html: str, trigger: str) -> str:
    """Return one row of a page, without its tags."""
    found = html.partition(f'<tr data-row="{trigger}"')[2].partition("<tr")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", found.partition("<td>")[2]).split())


def test_a_hot_row_says_how_long_it_waits_and_for_whom(page: Served, engine: Engine) -> None:
    name, _ = _account_of(page, engine)
    with writing(engine) as conn:
        trigger = triggers.get(conn, name)
        assert trigger is not None
        waits = replace(trigger, offered_to="Rosa Delgado", offered_at=NOW - timedelta(minutes=4, seconds=5))
        triggers.save(conn, [waits])
    html = page.get("/").text
    assert "4:05 Rosa Delgado" in _row(html, name)
    assert name in rows_of(page)[:2], "what waits for an answer is hot"
    assert 'class="timer"' in html
    with writing(engine) as conn:
        triggers.save(conn, [replace(waits, offered_at=NOW - timedelta(minutes=5, seconds=1))])
    assert 'class="timer late" data-waited="301"' in page.get("/").text


def test_a_row_says_how_many_reasons_its_account_has_besides(page: Served, engine: Engine) -> None:
    html = page.get("/").text
    with reading(engine) as conn:
        [norvik, *_] = accounts.find(conn, "Norvik Labs")
        best, *more = [one for one in triggers.of_account(conn, norvik.id) if one.state == "open"]
    [row] = [name for name in rows_of(page) if name in {one.id for one in (best, *more)}]
    assert f"raised money +{len(more)} reasons" in _row(html, row)


def test_a_row_says_how_many_report_its_story(page: Served, engine: Engine) -> None:
    with reading(engine) as conn:
        [norvik, *_] = accounts.find(conn, "Norvik Labs")
        told = {one.id for one in triggers.of_account(conn, norvik.id)}
    html = page.get("/").text
    [row] = [name for name in rows_of(page) if name in told]
    assert "</time> <i>5 reports</i>" in html.partition(f'data-row="{row}"')[2].partition("<tr")[0]


def test_a_row_is_marked_until_somebody_looked_at_it(page: Served) -> None:
    first, *_ = rows_of(page)
    for marked in (True, False):
        row = page.get("/").text.partition(f'data-row="{first}"')[2].partition("<td")[0]
        assert (" data-new" in row) is marked
        page.post("/opened", {"trigger": first})


def test_who_is_not_on_the_list_can_be_opened_from_there(page: Served) -> None:
    told = page.get("/").text.partition('class="left-out"')[2].partition("</details>")[0]
    names = re.findall(r'<li>\d+ <a href="(/triggers/[0-9a-f]+)">([^<]+)</a>', told)
    assert names
    for path, name in names:
        assert unescape(name) in unescape(page.get(path).text)


def test_a_row_says_what_became_of_it(page: Served, engine: Engine) -> None:
    first, account = _account_of(page, engine, 1)
    second, _ = _account_of(page, engine, 2)
    assert first != second
    page.post("/act", {"verb": "contacted call", "trigger": first})
    page.post("/act", {"verb": "snooze", "until": "2d", "trigger": second})
    until(lambda: first in rows_of(page, "/?state=contacted"))
    done = _row(page.get("/?state=contacted").text, first)
    assert done.startswith("– "), "what is done with has no score any more"
    assert "contacted" in done
    assert "until 23 Nov" in _row(page.get("/?state=snoozed").text, second)
    opened = page.get(f"/?state=snoozed&pick={second}").text
    assert "snoozed until Mon 23 Nov 2026" in opened
    page.post("/act", {"verb": "snooze", "until": "trigger", "trigger": second})
    assert "until news" in _row(page.get("/?state=snoozed").text, second)
    assert '<span class="chip">contacted</span>' in page.get(f"/triggers/{first}").text
    page.post("/act", {"verb": "suppress legal", "account": account})
    assert "never contact" in _row(page.get("/?state=everything").text, first)
    assert "never contact: legal" in page.get(f"/triggers/{first}").text


def test_an_account_of_which_nothing_is_known_is_no_conversation(page: Served, engine: Engine) -> None:
    fill(engine, 1)
    [row] = rows_of(page, "/?q=quillmere")
    told = _row(page.get("/?q=quillmere").text, row)
    assert "conversation" not in told
    assert "outreach ready" in told


def test_who_acts_on_a_further_page_of_the_list_stays_on_it(page: Served, engine: Engine) -> None:
    fill(engine, 60)
    path = f"/?after={_next(page, '/')}"
    shown = rows_of(page, path)
    back = re.search(r'name="back" value="([^"]*)"', page.get(path).text)
    assert back
    assert unescape(back[1]) == path
    answer = page.post(
        "/act", {"verb": "accept", "trigger": shown[1], "back": path}, headers={"x-earmark": "part"}
    )
    assert set(ROW.findall(answer.text)) == set(shown)
    link = re.search(rf'href="([^"]*pick={shown[2]})"', answer.text)
    assert link
    assert rows_of(page, unescape(link[1])) == ROW.findall(answer.text), (
        "a row is opened beside its own page of the list"
    )
    assert "from the first" in answer.text


def test_a_page_of_the_list_that_is_done_with_gives_way_to_the_first(page: Served, engine: Engine) -> None:
    fill(engine, 60)
    path = f"/?kind=funding_early&after={_next(page, '/?kind=funding_early')}"
    beyond = rows_of(page, path)
    assert 0 < len(beyond) < 30
    page.post("/act", {"verb": "dismiss good", "trigger": beyond})
    assert rows_of(page, path) == rows_of(page, "/?kind=funding_early")


def test_each_value_can_be_filtered_by_also_those_that_are_not_shown_first(
    page: Served, engine: Engine
) -> None:
    with reading(engine) as conn:
        sources = {source.id for source in polls.every(conn)}
    assert len(sources) > 7
    html = page.get("/").text.partition('<form class="choices"')[2].partition("</form>")[0]
    boxes = set(re.findall(r'name="source" value="([^"]+)"', html))
    _, _, rest = html.partition('<select name="source"')
    chosen = set(re.findall(r'<option value="([^"]+)"', rest.partition("</select>")[0]))
    assert boxes | chosen == sources
    assert not boxes & chosen
    last = max(chosen)
    again = page.get(f"/?source={last}&kind=&score=").text
    assert f'name="source" value="{last}" checked' in again


def test_what_the_list_is_narrowed_to_stands_above_it_with_the_way_back(page: Served) -> None:
    line = page.get("/?q=norvik&tier=A&tier=B&score=20&owner=nobody").text.partition('class="capacity"')[2]
    told = " ".join(re.sub(r"<[^>]*>", "", unescape(line.partition("</p>")[0])).split())
    assert told.endswith("“norvik” · owner: nobody · tier: A or B · score from 20 · Clear")
    view = page.get("/?state=snoozed").text.partition('class="capacity"')[2].partition("</p>")[0]
    assert "Clear" not in view, "a view has its name above already"


def test_the_line_above_an_empty_list_counts_and_offers_nothing_that_is_not_there(page: Served) -> None:
    html = page.get("/?q=zzzz").text
    assert "Select all" not in html
    assert "Search among all reasons" in html


def test_fifty_rows_are_a_small_page(page: Served, engine: Engine) -> None:
    fill(engine, 60)
    answer = page.get("/?sort=newest")
    assert len(ROW.findall(answer.text)) == 50
    assert len(answer.content) <= 60_000


def test_who_may_only_look_is_offered_nothing_to_do(page: Served, engine: Engine) -> None:
    a_team(engine)
    with entered(page, "ron") as client:
        html = client.get("/").text
    assert 'name="verb"' not in html
    assert 'action="/undo"' not in html
    assert "Copy note" in html


def test_every_channel_of_contact_is_offered_for_one_row_and_for_many(page: Served) -> None:
    html = page.get("/").text
    for channel, words in CHANNELS:
        assert len(re.findall(rf'value="contacted {channel}" data-key="\d"[^>]*>{words}<', html)) == 2


def test_many_rows_are_exported_at_once(page: Served, engine: Engine) -> None:
    with writing(engine) as conn:
        targets.add(conn, "hook", "webhook", {"url": "https://hook.example/in"}, NOW)
    bulk = page.get("/").text.partition('id="for-selected"')[2].partition("</form>")[0]
    assert 'formaction="/export"' in bulk
    chosen = [_account_of(page, engine, place)[0] for place in (0, 1)]
    page.post("/export", {"trigger": chosen, "verb": "export"})
    with reading(engine) as conn:
        assert len(outbox.find(conn, target="hook")) == 2
