"""Who can't see well, or needs larger letters, can work with every screen."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types

from tests.browser.window import Window

pytestmark = pytest.mark.slow

Windows = Callable[..., Window]
SERIOUS = {"serious", "critical"}
MOST = 6  # screens that begin alike
LINKS = "() => [...document.querySelectorAll('a[href^=\"/\"]')].map(link => link.getAttribute('href'))"


def screens(window: Window) -> Iterator[str]:
    """Yield each screen that links lead to: all of the navigation, and some of each kind below them."""
    seen: set[str] = set()
    alike: Counter[str] = Counter()
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0).partition("#")[0]
        begin = path.partition("?")[0].split("/")[1]
        if path.partition("?")[0] in seen or alike[begin] >= MOST:
            continue
        seen.add(path.partition("?")[0])
        kind = window.tab.request.get(window.url + path).headers.get("content-type", "")
        if "html" not in kind:
            continue
        alike[begin] += 1
        window.go(path)
        yield path
        waiting += window.tab.evaluate(LINKS)


def findings(window: Window) -> list[str]:
    """Return what is seriously wrong with a screen, and where."""
    response: dict[str, Any] = Axe().run(window.tab).response
    return [
        f"{window.tab.url.removeprefix(window.url)} {found['id']}: {found['nodes'][0]['html'][:160]}"
        for found in response["violations"]
        if found["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_has_a_serious_finding(windows: Windows, scheme: str) -> None:
    window = windows(color_scheme=scheme)
    found = {path: findings(window) for path in screens(window)}
    assert {"/", "/accounts", "/sources", "/rules"} <= set(found)
    serious = [each for several in found.values() for each in several]
    assert not serious, "\n".join(serious)


@pytest.mark.parametrize("keys", [("d",), ("f",), ("?",), ("Control+k",), ("x",)])
def test_what_opens_over_the_list_has_none_either(window: Window, keys: tuple[str, ...]) -> None:
    window.press(*keys)
    assert not findings(window)


def test_letters_twice_as_large_lose_nothing(windows: Windows) -> None:
    window = windows(width=683, height=384, device_scale_factor=2)  # a laptop at 200 %
    assert window.tab.evaluate("document.documentElement.scrollWidth") <= 683
    window.tab.locator("[data-row] [data-open]").first.click()
    window.tab.wait_for_url("**pick=**")
    assert window.tab.locator("#for-row [data-key=d]").is_visible()
    assert window.tab.evaluate("document.documentElement.scrollWidth") <= 683


def test_the_row_with_the_focus_is_the_only_one_in_the_way_of_the_tab_key(window: Window) -> None:
    window.press("j")
    stops = window.tab.evaluate("() => document.querySelectorAll('[data-open][tabindex=\"0\"]').length")
    assert stops == 1
    assert window.tab.evaluate("document.activeElement.tabIndex") == 0


def test_the_theme_is_what_was_chosen_not_what_the_system_says(windows: Windows) -> None:
    window = windows(color_scheme="dark")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = window.tab.evaluate(ground)
    window.tab.evaluate("document.documentElement.dataset.theme = 'light'")
    assert window.tab.evaluate(ground) != dark
