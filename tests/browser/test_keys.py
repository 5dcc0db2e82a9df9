"""Every key of the page, pressed for real."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from storage.engine import Engine
from tests.browser.lists import deeds, last_deed, standing
from tests.browser.window import Window

pytestmark = pytest.mark.slow

DEEDS = {
    ("+",): ("accept", ""),
    ("d", "1"): ("dismiss", "wrong_account"),
    ("d", "2"): ("dismiss", "off_topic"),
    ("d", "3"): ("dismiss", "too_old"),
    ("d", "4"): ("dismiss", "duplicate"),
    ("d", "5"): ("dismiss", "customer_or_open_deal"),
    ("d", "6"): ("dismiss", "not_now"),
    ("d", "8"): ("dismiss", "good"),
    ("c", "1"): ("contacted", "call"),
    ("c", "2"): ("contacted", "mail"),
    ("c", "3"): ("contacted", "social"),
    ("c", "4"): ("contacted", "meeting"),
    ("h", "1"): ("snooze", ""),
    ("h", "2"): ("snooze", ""),
    ("h", "3"): ("snooze", ""),
    ("h", "4"): ("snooze", ""),
    ("a", "n"): ("assign", ""),
    ("t", "1"): ("outcome", "no_answer"),
    ("t", "2"): ("outcome", "reply"),
    ("t", "3"): ("outcome", "meeting"),
    ("t", "4"): ("outcome", "opportunity"),
    ("t", "5"): ("outcome", "won"),
    ("t", "6"): ("outcome", "lost"),
    ("!", "1"): ("suppress", "customer"),
    ("!", "5"): ("suppress", "legal"),
}

DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

STAYS = {"no_answer", "lost"}  # outcomes that are kept and move nothing


def test_each_key_does_what_it_says_goes_on_to_the_next_row_and_is_undone(
    window: Window, engine: Engine
) -> None:
    window.press("j")  # an account with an owner, below the hot one
    row, after = window.rows[1], window.rows[2]
    window.see(row)
    before = standing(engine)
    for keys, (verb, value) in DEEDS.items():
        assert window.act(*keys), keys
        assert last_deed(engine)[:2] == (verb, value), keys
        assert window.focused == after, keys
        assert standing(engine) != before or value in STAYS, keys
        window.act("u")
        assert window.focused == row, keys
        assert standing(engine) == before, keys


def test_a_dismissal_for_another_reason_asks_for_words_and_takes_them(window: Window, engine: Engine) -> None:
    window.press("j", "d", "7")
    window.tab.keyboard.type("they sit in another region")
    window.act("Enter")
    assert last_deed(engine) == ("dismiss", "other", "they sit in another region")
    assert window.focused


def test_a_note_is_written_and_kept(window: Window, engine: Engine) -> None:
    window.press("j", "n")
    window.tab.keyboard.type("call d 2 on Friday")  # letters in a field are no keys
    window.act("Enter")
    assert last_deed(engine) == ("remark", "", "call d 2 on Friday")


def test_the_focus_moves_by_letters_and_arrows_and_stays_at_the_ends(window: Window) -> None:
    rows = window.rows
    assert window.focused == rows[0]
    for key, place in (("k", 0), ("j", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("j", 2), ("k", 1)):
        window.press(key)
        assert window.focused == rows[place], key
    window.press(*["j"] * len(rows))
    assert window.focused == rows[-1]


def test_the_detail_follows_the_focus(window: Window) -> None:
    window.press("j", "j")
    row = window.rows[2]
    window.see(row)
    name = window.tab.locator(f'[data-row="{row}"] [data-open]').inner_text()
    assert window.tab.locator("#detail h2").inner_text() == name


def test_rows_are_selected_one_by_one_in_a_stretch_and_all(window: Window) -> None:
    rows = window.rows
    window.press("x")
    assert window.selected() == rows[:1]
    window.press("x")
    assert window.selected() == []
    window.press("Shift+J", "Shift+J")
    assert window.selected() == rows[:3]
    window.press("Shift+K", "Escape")
    assert window.selected() == []
    window.press("*", "a")
    assert window.selected() == rows
    assert window.tab.locator("#selected").inner_text() == f"{len(rows)} selected"
    assert window.focused in rows


def test_what_is_done_to_a_selection_is_done_to_each_and_asked_before_it_is_much(
    window: Window, engine: Engine
) -> None:
    before, rows = standing(engine), window.rows
    window.press("x", "Shift+J")
    window.act("d", "2")
    assert not {rows[0], rows[1]} & set(window.rows) or len(window.rows) < len(rows)
    assert window.focused in window.rows
    window.act("u")
    window.act("u")
    assert standing(engine) == before
    window.press("*", "a", "d", "2")
    assert f"changes {len(rows)} rows" in window.tab.locator("#sure").inner_text()
    window.press("Escape")
    window.settle()
    assert standing(engine) == before
    window.press("d", "2")
    window.act("Enter")
    assert standing(engine) != before


@pytest.mark.parametrize(
    ("letter", "query"),
    [
        ("n", ""),
        ("m", "owner=me"),
        ("h", "stage=hot"),
        ("s", "state=snoozed"),
        ("c", "state=contacted"),
        ("d", "state=dismissed"),
    ],
)
def test_g_and_a_letter_opens_a_view(window: Window, letter: str, query: str) -> None:
    window.go("/?state=expired")
    window.press("g", letter)
    window.tab.wait_for_url(lambda url: url.partition("?")[2] == query)


def test_brackets_go_to_the_views_beside(window: Window) -> None:
    window.press("]")
    window.tab.wait_for_url("**/?owner=me")
    window.press("]")
    window.tab.wait_for_url("**/?stage=hot")
    window.press("[")
    window.tab.wait_for_url("**/?owner=me")


def test_slash_searches(window: Window) -> None:
    window.press("/")
    window.tab.keyboard.type("lumenforge")
    window.press("Enter")
    window.tab.wait_for_url("**/?*q=lumenforge*")
    assert "Lumenforge" in window.tab.locator(".list").inner_text()
    assert window.focused


def test_f_opens_the_filters_and_escape_leaves_them(window: Window) -> None:
    window.press("f")
    assert window.tab.evaluate("document.activeElement.name") == "state"
    window.press("Escape")
    assert not window.tab.locator(".filters").get_attribute("open")
    assert window.focused == window.rows[0]


def test_who_is_not_on_the_list_is_told_and_escape_leaves_it(window: Window) -> None:
    told = window.tab.locator(".left-out ul")
    window.tab.locator(".left-out > summary").click()
    assert "under the threshold" in told.inner_text()
    window.press("Escape")
    assert not told.is_visible()
    assert window.focused == window.rows[0]
    window.tab.locator(".left-out > summary").click()
    window.tab.locator("#detail h2").click(position={"x": 300, "y": 5})
    assert not told.is_visible()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1024, 768), (683, 384), (390, 844)])
def test_no_menu_is_cut_off(windows: Callable[..., Window], width: int, height: int) -> None:
    window = windows(width=width, height=height)
    if width < 900:
        window.tab.locator("[data-open]").first.click()
        window.tab.wait_for_selector("#for-row")
    for menu in window.tab.locator("#for-row summary").all():
        menu.click()
        window.tab.evaluate(DRAWN)
        box = menu.locator("xpath=../div").bounding_box()
        assert box
        assert box["x"] >= 0, menu.inner_text()
        assert box["x"] + box["width"] <= width, menu.inner_text()
        menu.click()


def test_the_palette_finds_what_can_be_done_and_gone_to(window: Window, engine: Engine) -> None:
    window.press("j", "Control+k")
    window.tab.keyboard.type("dismiss off")
    window.act("Enter")
    assert last_deed(engine)[:2] == ("dismiss", "off_topic")
    window.press("Control+k")
    window.tab.keyboard.type("accounts")
    window.press("Enter")
    window.tab.wait_for_url("**/accounts")


def test_the_palette_closes_and_gives_the_focus_back(window: Window) -> None:
    window.press("j", "Control+k", "ArrowDown", "Escape")
    assert window.focused == window.rows[1]


def test_a_question_mark_shows_the_keys_and_each_of_them_has_something_to_click(window: Window) -> None:
    window.press("?")
    assert window.tab.locator("#help").is_visible()
    told = " ".join(window.tab.locator("#help th").all_inner_texts())
    window.press("Escape")
    carried = window.tab.evaluate(
        "() => [...document.querySelectorAll('#for-row [data-key], .tools [data-key], .line [data-key], .head"
        " [data-key]')].map(one => [one.dataset.key, one.getAttribute('aria-keyshortcuts')])"
    )
    assert all(shortcut for _, shortcut in carried)
    keys = {key for key, _ in carried}
    assert {
        "+",
        "d",
        "c",
        "h",
        "a",
        "t",
        "!",
        "n",
        "e",
        "v",
        "y",
        "u",
        "* a",
        "/",
        "f",
        "[",
        "]",
        "?",
    } <= keys
    assert {"o", "Control+k", "m", "1", "8", *(f"g {each}" for each in "nmhscd")} <= keys
    for key in ("j", "v", "y", "+", "d 1", "c 1", "h 1", "a m", "t 1", "n", "e", "u", "x", "* a", "/", "f"):
        assert key in told


@pytest.mark.parametrize("key", ["o", "Enter"])
def test_the_page_of_the_account_opens(window: Window, key: str) -> None:
    window.press("j")
    window.see(window.rows[1])
    window.press(key)
    window.tab.wait_for_url("**/accounts/*")


def test_v_opens_the_source_in_a_tab_that_knows_nothing_of_us(window: Window) -> None:
    link = window.tab.locator('#for-row [data-key="v"]')
    assert link.get_attribute("rel") == "noopener noreferrer"
    window.tab.context.route("**/*.example/**", lambda route: route.fulfill(body="the source"))
    with window.tab.context.expect_page() as opened:
        window.press("v")
    assert opened.value.url == link.get_attribute("href")
    assert opened.value.evaluate("window.opener") is None
    assert opened.value.evaluate("document.referrer") == ""


@pytest.mark.parametrize(("key", "beginning"), [("y", "WHY NOW"), ("Shift+Y", "**"), ("Shift+H", "<article")])
def test_the_note_is_copied(window: Window, key: str, beginning: str) -> None:
    window.press(key)
    window.tab.wait_for_function("() => document.getElementById('toast').innerText.includes('Note copied')")
    copied = window.tab.evaluate(
        """async () => {
          const [item] = await navigator.clipboard.read();
          const type = item.types.includes("text/html") ? "text/html" : "text/plain";
          return (await item.getType(type)).text();
        }"""
    )
    assert beginning in copied
    assert window.focused == window.rows[0]


def test_keys_do_nothing_with_a_modifier_or_in_a_field(window: Window, engine: Engine) -> None:
    before = standing(engine)
    window.press("Alt+d", "Control+d", "Meta+e")
    assert not window.tab.locator("details.menu[open]").count()
    window.press("/")
    window.tab.keyboard.type("d2u+jx")
    window.press("Escape")
    assert standing(engine) == before
    assert window.posts() == []
    assert window.focused == window.rows[0]


def test_single_keys_can_be_switched_off_and_arrows_stay(window: Window, engine: Engine) -> None:
    before = standing(engine)
    window.tab.evaluate("document.body.dataset.keys = 'off'")
    window.press("j", "d", "2", "x", "u")
    assert window.focused == window.rows[0]
    assert standing(engine) == before
    assert window.posts() == []
    window.press("ArrowDown")
    assert window.focused == window.rows[1]


def test_keys_typed_while_a_call_is_under_way_wait_for_it(window: Window, engine: Engine) -> None:
    first, second = window.rows[:2]
    name = window.tab.locator(f'[data-row="{second}"] [data-open]').inner_text()
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    window.tab.route("**/act", hold)
    window.press("d", "2")
    window.tab.wait_for_function("() => document.getElementById('part').ariaBusy === 'true'")
    window.press("c", "1")
    held[0].continue_()
    window.tab.wait_for_function("() => document.getElementById('toast').innerText.includes('Contacted')")
    done = deeds(engine)
    assert [(done[0].verb, done[0].trigger), done[1].verb] == [("dismiss", first), "contacted"]
    assert window.said.startswith(name)
    assert len(window.posts()) == 2


def test_keys_act_on_the_row_with_the_focus_before_its_detail_is_there(
    window: Window, engine: Engine
) -> None:
    rows = window.rows
    window.act("j", "j", "d", "2")
    assert deeds(engine)[-1].trigger == rows[2]
    assert window.focused == rows[3]
