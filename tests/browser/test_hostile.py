"""Texts from outside that mean harm: none runs, none hides another, none breaks the page."""

from collections.abc import Callable

import pytest

from storage.engine import Engine
from tests.browser.lists import fill
from tests.browser.window import Window

pytestmark = pytest.mark.slow

HOSTILE = {
    0: "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'> raises $10 million",
    1: "</textarea></table></main>\"'><svg onload=window.hit=1> raises $11 million",
    2: "javascript:window.hit=1 {{ 7 * 7 }} {% raise %} raises $12 million",
    3: "Safe \u202egnp.exe\u202c and \u2066hidden\u2069 raises $13 million",
    4: "Zero\u200bwidth\u200d\ufeff\u00ad raises $14 million",
    5: "x" * 10_000_000,
    6: "Emoji 🚀👩‍👩‍👧‍👦 \U000e0041 raises $16 million",
    7: "Combining " + "a\u0301\u0302\u0303\u0304\u0305" * 2_000,
    8: "NUL \x00 and escape \x1b[31m raises $18 million",
}


def test_no_text_runs_hides_or_breaks_anything(windows: Callable[..., Window], engine: Engine) -> None:
    fill(engine, len(HOSTILE), HOSTILE)
    window = windows(path="/?kind=funding_early&q=quillmere")
    assert len(window.rows) == len(HOSTILE)
    for number, row in enumerate(window.rows):
        window.see(row)
        assert window.tab.evaluate("window.hit") is None, number
        assert window.tab.evaluate("document.documentElement.scrollWidth") <= 1366, number
        box = window.tab.locator(f'[data-row="{row}"]').bounding_box()
        assert box
        assert box["height"] <= 44, number
        window.press("j")
    text = window.tab.locator("body").inner_text()
    assert not set(text) & set("\u202e\u2066\u200b\ufeff\x00\x1b")
    assert "49" not in window.tab.locator(".list").inner_text()
    assert window.tab.locator("[data-row] script, [data-row] img, #detail img, #detail svg").count() == 0
    assert len(window.tab.content()) < 200_000


def test_a_reason_with_a_hostile_title_is_triaged_like_any_other(
    windows: Callable[..., Window], engine: Engine
) -> None:
    fill(engine, len(HOSTILE), HOSTILE)
    window = windows(path="/?kind=funding_early&q=quillmere")
    while window.rows:
        window.act("d", "8")
    assert window.tab.evaluate("window.hit") is None
