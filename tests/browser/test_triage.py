"""A morning at the list: many rows, two people, a session that ends, news that comes in."""

from collections.abc import Callable

import pytest

from storage import targets
from storage.engine import Engine, writing
from tests.browser.lists import deeds, fill, standing
from tests.browser.window import Window
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import a_team, entered

pytestmark = pytest.mark.slow

Windows = Callable[..., Window]
VISIBLE = """() => {
  const list = document.querySelector('.list').getBoundingClientRect();
  return [...document.querySelectorAll('[data-row]')].map(row => row.getBoundingClientRect())
    .filter(row => row.top >= list.top && row.bottom <= Math.min(list.bottom, innerHeight)).length;
}"""


def test_a_laptop_shows_fourteen_rows_beside_the_detail(window: Window) -> None:
    assert window.tab.evaluate(VISIBLE) >= 14
    detail = window.tab.locator("#detail").bounding_box()
    assert detail
    assert detail["width"] > 450
    assert "Evidence" in window.tab.locator("#detail").inner_text() or "EVIDENCE" in window.tab.inner_text(
        "#detail"
    )


def test_a_hundred_rows_are_triaged_by_keys_with_one_call_each(windows: Windows, engine: Engine) -> None:
    fill(engine, 100)
    window = windows(path="/?kind=funding_early")
    before = standing(engine)
    done = 0
    for number in range(100):
        keys = (("d", "8"), ("c", "2"), ("h", "2"))[number % 3]
        assert window.focused == window.rows[0]
        window.act(*keys)
        done += 1
        assert window.focused in window.rows or not window.rows
        if not window.rows:
            window.go("/?kind=funding_early")
    assert len(window.posts()) == done
    assert len(deeds(engine)) == done
    for _ in range(done):
        window.act("u")
    after = standing(engine)
    assert {name for name, held in after.items() if before.get(name) != held} == set()


def test_the_list_says_so_when_it_is_empty_and_the_next_thing_has_the_focus(windows: Windows) -> None:
    window = windows(path="/?q=castellan")
    for _ in range(5):
        if not window.rows:
            break
        window.act("d", "8")
    assert window.rows == []
    assert window.tab.evaluate("document.activeElement.id") == "empty"
    window.act("u")
    assert window.focused == window.rows[0]


def test_the_toast_offers_undo_and_goes_after_ten_seconds(windows: Windows, engine: Engine) -> None:
    window = windows()
    before = standing(engine)
    window.act("d", "2")
    with window.tab.expect_response("**/undo"):
        window.tab.locator("#toast [data-undo]").click()
    window.settle()
    assert standing(engine) == before
    window.tab.mouse.move(5, 5)
    window.tab.clock.install()
    window.act("d", "2")
    window.tab.clock.run_for(9_000)
    assert window.said
    window.tab.clock.run_for(1_100)
    assert window.said == ""


def test_the_second_of_two_people_is_told_what_the_first_did(
    windows: Windows, page: Served, engine: Engine
) -> None:
    a_team(engine)
    with entered(page, "ada") as ada, entered(page, "max") as max_:
        one, other = windows(client=ada), windows(client=max_)
        row = one.rows[3]
        for window in (one, other):
            window.press("j", "j", "j")
            window.see(row)
        one.act("d", "2")
        said = other.act("d", "3")
    assert "ada" in said.lower(), said
    assert [(action.by, action.value) for action in deeds(engine)] == [("ada", "off_topic")]
    assert other.focused
    assert row not in other.rows


def test_an_ended_session_loses_nothing(window: Window, engine: Engine) -> None:
    window.press("j")
    row = window.rows[1]
    window.see(row)
    window.press("n")
    window.tab.keyboard.type("ask for the budget")
    cookies = window.tab.context.cookies()
    key = next(each for each in cookies if each["name"].startswith("earmark_key"))
    window.tab.context.clear_cookies()
    window.act("Enter")
    assert "session has ended" in window.said
    assert deeds(engine) == []
    assert window.tab.locator("#for-row [name=text]").input_value() == "ask for the budget"
    window.tab.context.add_cookies([{"name": key["name"], "value": key["value"], "url": window.url}])
    with window.tab.expect_response("**/act"):
        window.tab.locator("#toast [data-retry]").click()
    window.settle()
    assert [action.text for action in deeds(engine)] == ["ask for the budget"]
    assert window.focused


def test_a_page_that_is_away_says_so_and_the_action_can_be_tried_again(
    window: Window, engine: Engine
) -> None:
    row = window.rows[0]
    window.tab.route("**/act", lambda route: route.abort())
    window.press("d", "2")
    window.tab.wait_for_function("() => document.getElementById('toast').innerText.includes('be reached')")
    assert window.focused == row
    assert deeds(engine) == []
    window.tab.unroute("**/act")
    with window.tab.expect_response("**/act"):
        window.tab.locator("#toast [data-retry]").click()
    window.settle()
    assert [action.trigger for action in deeds(engine)] == [row]


def test_what_is_refused_is_said_and_the_focus_stays(windows: Windows, engine: Engine) -> None:
    window = windows()
    place = next(
        number
        for number, row in enumerate(window.rows)
        if window.tab.locator(f'[data-row="{row}"][data-conversation]').count()
    )
    window.press("Shift+J", *["j"] * (place - 1))
    window.press("Escape", "x")
    before = standing(engine)
    said = window.act("h", "2")  # a conversation has no account to snooze
    assert "conversation" in said.lower()
    assert window.focused == window.rows[place]
    assert standing(engine) == before


def test_a_detail_that_was_looked_at_is_told_once(window: Window) -> None:
    with window.tab.expect_request("**/opened") as sent:
        pass
    sent.value.response()
    window.tab.wait_for_selector(f'[data-row="{window.rows[0]}"]:not([data-new])')
    assert window.tab.locator("[data-row][data-new]").count() == len(window.rows) - 1
    window.press("j", "k")
    window.see(window.rows[0])
    window.tab.wait_for_timeout(1_300)
    assert window.calls.count(("POST", "/opened")) == 1


def test_news_is_offered_and_the_list_does_not_jump(window: Window, engine: Engine) -> None:
    window.tab.clock.install()
    window.press("j", "j", "j")
    rows, focused = window.rows, window.focused
    fill(engine, 3)
    _wait(window, "() => !document.getElementById('news').hidden")
    assert window.tab.locator("#news").inner_text() == "3 new: show"
    assert (window.rows, window.focused) == (rows, focused)
    top = window.tab.locator(f'[data-row="{focused}"]').bounding_box()
    window.tab.locator("#news").click()
    assert len(window.rows) == len(rows) + 3
    assert window.tab.locator('[data-row][aria-current="true"]').get_attribute("data-row") == focused
    after = window.tab.locator(f'[data-row="{focused}"]').bounding_box()
    assert top
    assert after
    assert (
        abs(after["y"] - top["y"]) < 2
        or window.tab.evaluate("document.querySelector('.list').scrollTop") == 0
    )


def test_nothing_is_swapped_while_rows_are_selected_or_words_typed(window: Window, engine: Engine) -> None:
    window.tab.clock.install()
    window.press("x")
    asked = len([call for call in window.calls if call[1] == "/part"])
    fill(engine, 2)
    window.tab.wait_for_timeout(1_500)
    window.tab.clock.run_for(60_000)
    assert len([call for call in window.calls if call[1] == "/part"]) == asked
    assert window.selected() == window.rows[:1]
    window.press("Escape", "/")
    window.tab.keyboard.type("norv")
    window.tab.clock.run_for(60_000)
    assert window.tab.locator("[type=search]").input_value() == "norv"
    assert len([call for call in window.calls if call[1] == "/part"]) == asked


def test_a_further_page_of_the_list_stays_while_its_rows_are_worked(windows: Windows, engine: Engine) -> None:
    fill(engine, 60)
    window = windows()
    window.tab.locator("a[rel=next]").click()
    window.tab.wait_for_url("**after=**")
    rows = window.rows
    window.press("j")
    window.see(rows[1])
    window.act("d", "8")
    assert deeds(engine)[-1].trigger == rows[1]
    assert window.focused == rows[2]
    assert set(window.rows) <= set(rows), "it is the same page of the list"
    window.act("u")
    assert window.focused == rows[1]


def test_the_opener_is_copied_as_it_was_changed(window: Window) -> None:
    window.press("j")
    window.see(window.rows[1])
    window.tab.locator("#detail textarea").first.fill("Hello Ida, about Friday.")
    window.tab.locator("[data-copy-from]").first.click()
    window.tab.wait_for_function("() => document.getElementById('toast').innerText.includes('Opener copied')")
    assert window.tab.evaluate("navigator.clipboard.readText()") == "Hello Ida, about Friday."


def test_what_is_filtered_makes_a_short_address(window: Window) -> None:
    window.press("f")
    window.tab.locator(".filters [name=tier]").first.check()
    window.tab.locator(".filters button.main").click()
    window.tab.wait_for_url(lambda url: url.endswith("/?tier=A"))
    assert "tier: A" in window.tab.locator(".capacity").inner_text()


def test_e_exports_what_is_selected(window: Window, engine: Engine) -> None:
    with writing(engine) as conn:
        targets.add(conn, "hook", "webhook", {"url": "https://hook.example/in"}, NOW)
    window.press("x", "Shift+J")
    said = window.act("e")
    assert said.count("goes to hook with the next delivery") == 2
    assert window.selected() == []


def _wait(window: Window, expression: str) -> None:
    """Let the clock of the page run until something holds; the stream of changes takes its own time."""
    for _ in range(40):
        window.tab.clock.run_for(1_000)
        if window.tab.evaluate(expression):
            return
        window.tab.wait_for_timeout(200)
    raise AssertionError(expression)
