"""The page without a script: every action is a form, every move a link."""

from collections.abc import Callable

import pytest

from storage.engine import Engine
from tests.browser.lists import deeds, last_deed, standing
from tests.browser.window import Window

pytestmark = pytest.mark.slow

Windows = Callable[..., Window]
BUTTONS = """() => [...document.querySelectorAll('#for-row button[name=verb]')].map(one => one.value)"""


@pytest.fixture
def bare(windows: Windows) -> Window:
    """A window in which no script runs."""
    return windows(java_script_enabled=False)


def open_menus(window: Window, place: str, verb: str) -> None:
    """Open the menu that holds a button, as a person does."""
    menu = window.tab.locator(f'{place} details:has(button[value="{verb}"]) summary')
    if menu.count():
        menu.click()


def press(window: Window, verb: str, place: str = "#for-row") -> None:
    open_menus(window, place, verb)
    window.tab.locator(f'{place} button[value="{verb}"]').click()


def said(window: Window) -> str:
    return window.tab.locator("p.said").inner_text()


def test_every_button_of_a_row_works_and_is_undone(bare: Window, engine: Engine) -> None:
    link = bare.tab.locator("[data-row]:not([data-conversation]) [data-open]").nth(1)
    path = link.get_attribute("href") or ""
    buttons = bare.tab.locator("#for-row button[name=verb]").evaluate_all("all => all.map(one => one.value)")
    assert len(buttons) >= 30
    before = standing(engine)
    for verb in buttons:
        if verb in {"remark", "unsuppress", "export"}:
            continue
        bare.go(path)
        press(bare, verb)
        assert said(bare), verb
        assert last_deed(engine)[0] == verb.partition(" ")[0]
        bare.tab.locator("#undo button").click()
        assert said(bare).startswith("Took back"), verb
        assert standing(engine) == before, verb


def test_a_note_and_an_export_are_forms_too(bare: Window, engine: Engine) -> None:
    bare.tab.locator("#for-row [name=text]").fill("ask for the budget")
    press(bare, "remark")
    assert last_deed(engine) == ("remark", "", "ask for the budget")
    press(bare, "export")
    assert "target" in said(bare)


def test_enter_in_a_field_presses_nothing_by_accident(bare: Window, engine: Engine) -> None:
    bare.tab.locator("#for-row [name=text]").fill("just words")
    bare.tab.locator("#for-row [name=text]").press("Enter")
    bare.tab.wait_for_timeout(300)
    assert deeds(engine) == []


def test_checked_rows_are_dismissed_together(bare: Window, engine: Engine) -> None:
    assert not bare.tab.locator("#for-selected").is_visible()
    for place in (0, 1):
        bare.tab.locator("[data-row] [type=checkbox]").nth(place).check()
    assert bare.tab.locator("#for-selected").is_visible()
    press(bare, "dismiss off_topic", "#for-selected")
    assert [action.verb for action in deeds(engine)] == ["dismiss", "dismiss"]


def test_a_row_is_opened_by_its_link(bare: Window) -> None:
    link = bare.tab.locator("[data-row] [data-open]").nth(2)
    name = link.inner_text()
    link.click()
    assert bare.tab.locator("#detail h2").inner_text() == name
    assert "pick=" in bare.tab.url


def test_search_filters_and_views_are_addresses(bare: Window) -> None:
    bare.tab.locator("[type=search]").fill("norvik")
    bare.tab.locator(".search button").click()
    assert "q=norvik" in bare.tab.url
    assert "Norvik" in bare.tab.locator(".list").inner_text()
    bare.go()
    bare.tab.locator(".filters > summary").click()
    bare.tab.locator('.filters [name=kind][value="raised_money"], .filters [name=tier]').first.check()
    bare.tab.locator(".filters button.main").click()
    assert bare.tab.url.count("=") >= 1
    assert bare.tab.locator("[data-row]").count() > 0
    bare.tab.locator(".views a", has_text="Snoozed").click()
    assert bare.tab.url.endswith("state=snoozed")
    assert bare.tab.locator("#empty").is_visible()


def test_a_view_is_saved_under_a_name(bare: Window) -> None:
    bare.go("/?tier=A")
    bare.tab.locator(".keep > summary").click()
    bare.tab.locator(".keep [name=name]").fill("Only the best")
    bare.tab.locator(".keep button.main").click()
    bare.tab.locator(".views a", has_text="Only the best").click()
    assert "tier=A" in bare.tab.url


def test_a_phone_shows_the_list_and_then_the_reason_as_a_page(windows: Windows) -> None:
    phone = windows(width=390, height=844, has_touch=True, is_mobile=True)
    assert not phone.tab.locator("#detail").is_visible()
    link = phone.tab.locator("[data-row] [data-open]").nth(1)
    name = link.inner_text()
    link.tap()
    phone.tab.wait_for_url("**pick=**")
    assert phone.tab.locator("#detail h2").inner_text() == name
    assert not phone.tab.locator(".list").is_visible()
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390
    with phone.tab.expect_response("**/act"):
        phone.tab.locator('#for-row button[value="accept"]').tap()
    phone.go()
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("menu", [".filters", ".keep"])
def test_what_opens_above_the_list_of_a_phone_stands_on_its_screen(windows: Windows, menu: str) -> None:
    phone = windows(width=390, height=844, has_touch=True, is_mobile=True)
    phone.tab.locator(f"{menu} > summary").tap()
    box = phone.tab.locator(f"{menu} > .choices").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert phone.tab.evaluate("document.documentElement.scrollWidth") <= 390
