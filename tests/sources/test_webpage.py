"""Watched pages: what counts as a change, and what is no observation at all."""

import dataclasses
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from earmark.contract import Page, Unchanged
from earmark.errors import ConfigError, SourceChanged
from earmark.testing import FakePoll, SourceContract, events_from
from earmark.types import Event, HintKind
from sources.page_text import difference
from sources.registry import build
from sources.selectors import xpath_of
from sources.webpage import Webpage
from tests.builders import NOW

PAGES = Path(__file__).parent / "data" / "webpage"
CASES = sorted(path.name.removesuffix(".events.json") for path in PAGES.glob("*.events.json"))
URL = "https://www.cobaltine.example/pricing"
OPTIONS: dict[str, dict[str, Any]] = {
    "customers": {"page": "customers", "company": "Tallow Metrics"},
    "leadership": {"page": "leadership", "select": ["table tr > td"], "language": "de"},
    "pricing": {"page": "pricing"},
    "subprocessors": {"page": "sub-processors", "ignore_lines": ["^Updated "]},
}


def a_source(**options: Any) -> Webpage:
    return Webpage.model_validate({"url": URL} | options)


def html(*lines: str, title: str = "Pricing", more: str = "") -> str:
    body = "".join(f"<p>{line}</p>" for line in lines)
    return f"<!doctype html><html><head><title>{title}</title></head><body>{body}{more}</body></html>"


def visit(
    source: Webpage, answer: Page | str | bytes | Exception, state: dict[str, Any], day: float = 0
) -> list[Event]:
    return events_from(source, FakePoll({URL: answer}, now=NOW + timedelta(days=day), state=state))


def state_after(answer: str | bytes, **options: Any) -> dict[str, Any]:
    state: dict[str, Any] = {}
    assert visit(a_source(**options), answer, state, day=-1) == []
    return state


def as_json(event: Event) -> dict[str, Any]:
    told = dataclasses.asdict(event)
    return {
        key: value.isoformat()
        if isinstance(value, datetime)
        else list(value)
        if isinstance(value, tuple)
        else value
        for key, value in told.items()
        if value not in (None, "", ())
    }


def golden(case: str) -> Any:
    options = OPTIONS.get(case, {})
    state = state_after((PAGES / f"{case}.before.html").read_bytes(), **options)
    try:
        return [
            as_json(one) for one in visit(a_source(**options), (PAGES / f"{case}.html").read_bytes(), state)
        ]
    except SourceChanged as error:
        return {"error": str(error)}


@pytest.mark.parametrize("case", CASES)
def test_two_visits_make_the_events_beside_them(case: str) -> None:
    assert golden(case) == json.loads((PAGES / f"{case}.events.json").read_text("utf-8"))


def test_every_pair_of_pages_has_its_events() -> None:
    assert sorted(path.name.removesuffix(".before.html") for path in PAGES.glob("*.before.html")) == CASES
    assert len(CASES) >= 6


class TestWebpageContract(SourceContract):
    source = a_source(page="pricing", company="Cobaltine CRM")
    pages: ClassVar = {URL: (PAGES / "pricing.html").read_bytes()}
    now = NOW

    def events(self) -> list[Event]:
        """What a second visit yields: the first one only remembers."""
        state = state_after((PAGES / "pricing.before.html").read_bytes())
        return visit(a_source(page="pricing", company="Cobaltine CRM"), self.pages[URL], state)


def test_the_first_visit_only_remembers_and_the_same_text_is_no_event() -> None:
    state = state_after(html("From 60 euros a seat", "Up to 50 seats"))
    assert visit(a_source(), html("From 60 euros a seat", "Up to 50 seats", title="Other"), state) == []
    assert visit(a_source(), html("Up to 50 seats", "From 60 euros a seat"), state) == []


def test_a_change_names_the_company_by_the_domain_of_the_page_unless_told() -> None:
    state = state_after(html("From 60 euros a seat"))
    (event,) = visit(a_source(), html("From 90 euros a seat"), dict(state))
    assert [(hint.kind, hint.value, hint.strength) for hint in event.hints] == [
        (HintKind.DOMAIN, "cobaltine.example", 1.0)
    ]
    (named,) = visit(a_source(company="Cobaltine CRM"), html("From 90 euros a seat"), dict(state))
    assert [(hint.kind, hint.value) for hint in named.hints] == [(HintKind.NAME, "Cobaltine CRM")]
    assert "From 90 euros a seat" in event.title


def test_a_change_is_dated_only_when_the_visits_lie_close_together() -> None:
    state = state_after(html("From 60 euros a seat"))
    (soon,) = visit(a_source(), html("From 90 euros a seat"), dict(state))
    (late,) = visit(a_source(), html("From 90 euros a seat"), dict(state), day=30)
    assert soon.published_at == NOW
    assert late.published_at is None
    assert "Changed between 20 Nov 2026" in late.text


def test_a_page_that_swings_to_and_fro_is_told_once_each_way() -> None:
    one, other = html("From 60 euros a seat"), html("From 90 euros a seat")
    state = state_after(one)
    told = [
        visit(a_source(), page, state, day=n)[0].external_id
        for n, page in enumerate([other, one, other, one])
    ]
    assert told[0] == told[2] != told[1] == told[3]


def test_a_tiny_change_waits_until_it_has_grown() -> None:
    state = state_after(html("Seats: 1", "Stable words of the page"))
    source = a_source(min_change=40)
    assert visit(source, html("Seats: 2", "Stable words of the page"), state) == []
    (event,) = visit(source, html("Seats: 2", "Other words of the whole page now"), state)
    assert event.text.endswith("Removed:\nSeats: 1\nand 1 more.")


def test_a_removed_sentence_is_not_quoted_for_it_would_be_read_as_news() -> None:
    news = "Cobaltine CRM raised $20 million in a Series B round."
    state = state_after(html(news, "Ole Hansen, Chief of Staff", "€60 per seat / month", "About us"))
    (event,) = visit(a_source(), html("About us"), state)
    assert "raised" not in event.title + event.text
    assert event.text.endswith("Removed:\nOle Hansen, Chief of Staff\n€60 per seat / month\nand 1 more.")
    assert "Ole Hansen" in event.title


NO_OBSERVATION = {
    "captcha": html("Please solve the captcha to go on."),
    "block": html("Request blocked.", title="Forbidden"),
    "cloud shield": html("x" * 2_000, title="Just a moment..."),
    "log-in": html("Welcome back", more="<form><input type='password'></form>"),
    "script only": "<!doctype html><html><body><div id=root></div><script>go()</script></body></html>",
    "needs script": html("You need to enable JavaScript to run this app."),
    "empty": "",
    "not found with 200": html("We looked everywhere.", title="404 – Page not found"),
    "json": '{"error": "rate limit"}',
    "plain": "Service unavailable",
    "menu only": html(more="<nav><p>Home</p></nav><footer>© 2026</footer>"),
    "huge": html(*["word " * 1_000] * 40),
}


@pytest.mark.parametrize("page", NO_OBSERVATION.values(), ids=NO_OBSERVATION)
def test_what_is_no_observation_changes_nothing(page: str) -> None:
    state = state_after(html("From 60 euros a seat", "Up to 50 seats"))
    before = json.dumps(state)
    with pytest.raises(SourceChanged, match=r"cobaltine\.example/pricing.*\. .+"):
        visit(a_source(), page, state)
    assert json.dumps(state) == before


@pytest.mark.parametrize(
    "end", ["https://www.cobaltine.example/login?next=/pricing", "https://www.cobaltine.example/"]
)
def test_a_redirect_to_a_log_in_or_the_front_page_is_no_observation(end: str) -> None:
    state = state_after(html("From 60 euros a seat"))
    page = Page(url=end, status=200, headers={}, body=html("Other words entirely here").encode())
    with pytest.raises(SourceChanged, match="Nothing was compared"):
        visit(a_source(), page, state)


@pytest.mark.parametrize(
    "line",
    ["Log in to your bank from our app", "Blocked drains cleared", "Sign in to all your tools with us"],
)
def test_words_of_a_block_page_on_a_long_page_are_words(line: str) -> None:
    long = ["We clear pipes in the whole county, by day and by night."] * 40
    state = state_after(html(*long, title="Blocked drains and more"))
    (event,) = visit(a_source(), html(*long, line, title="Blocked drains and more"), state)
    assert line in event.title


def test_a_page_that_lost_nearly_all_its_text_is_believed_at_second_sight() -> None:
    full = html(*(f"Customer number {number}" for number in range(20)))
    bare = html("Customer number 3", "An overview of our work")
    state = state_after(full)
    assert visit(a_source(), bare, state) == []
    assert visit(a_source(), full, dict(state)) == []
    (event,) = visit(a_source(), bare, state, day=1)
    assert "Removed: 19 lines." in event.text
    assert "doubt" not in state


def test_the_second_sight_asks_for_the_page_itself_not_whether_it_changed() -> None:
    class Conditional(FakePoll):
        async def get(self, url: str, *, headers: Any = None, conditional: bool = True) -> Page:
            if conditional:
                raise Unchanged
            return await super().get(url, headers=headers)

    full = html(*(f"Customer number {number}" for number in range(20)))
    state = state_after(full)
    bare = html("Customer number 3", "An overview of our work")
    visit(a_source(), bare, state)
    assert len(events_from(a_source(), Conditional({URL: bare}, now=NOW, state=state))) == 1


def test_a_selection_that_finds_nothing_says_so() -> None:
    with pytest.raises(SourceChanged, match=r"Nothing on .* is selected by #plans or \.price"):
        visit(a_source(select=["#plans", ".price"]), html("From 60 euros a seat"), {})


@pytest.mark.parametrize(
    "selector", ["p:first-child", "", "div >", "a,,b", "[x", "p + p", "x" * 501, "a[b='c]"]
)
def test_a_selector_that_can_not_be_read_is_told_when_the_source_is_added(selector: str) -> None:
    with pytest.raises(ConfigError, match=r"'select' of source kind 'webpage' can't be used: .*selector"):
        build("webpage", {"url": URL, "select": [selector]})


def test_a_pattern_that_can_not_be_read_is_told_when_the_source_is_added() -> None:
    with pytest.raises(ConfigError, match="is no regular expression"):
        build("webpage", {"url": URL, "ignore_lines": ["(["]})


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("p", "1 2 3 4"),
        ("#b", "2"),
        ("P.x", "1 4"),
        (".x.y", "4"),
        ("div p", "3 4"),
        ("body > p, #c", "1 2 3"),
        ("p[data-k]", "1 3"),
        ("[data-k=one]", "1"),
        ("[data-k^='o']", "1"),
        ('[data-k$="o"]', "3"),
        ("[data-k*=n]", "1"),
        ("[class~=y]", "4"),
        ("[data-k*='']", ""),
        ("div > *", "3 4"),
    ],
)
def test_selectors_find_what_they_find_in_a_browser(selector: str, found: str) -> None:
    root = etree.fromstring(
        "<html><body><p id='a' class='x' data-k='one'>1</p><p id='b' class='xx'>2</p>"
        "<div><p id='c' data-k='two'>3</p><p class='x  y'>4</p></div></body></html>"
    )
    elements: Any = root.xpath(xpath_of(selector))
    assert " ".join(element.text for element in elements) == found


@given(st.text(max_size=40))
def test_any_text_is_a_selector_or_a_sentence(text: str) -> None:
    root = etree.fromstring("<html><body/></html>")
    try:
        path = xpath_of(text)
    except ValueError as error:
        assert "selector" in str(error)  # noqa: PT017 - most texts are none, some are
    else:
        root.xpath(path)


LINES = st.lists(st.sampled_from("abcdef"), max_size=12)


@given(LINES, LINES)
def test_a_difference_leads_from_one_page_to_the_other(before: list[str], after: list[str]) -> None:
    changed = difference(before, after)
    left = list(before)
    for line in changed.removed:
        left.remove(line)
    assert sorted([*left, *changed.added]) == sorted(after)
    assert not set(changed.added) & set(changed.removed)
