import re
from collections.abc import Mapping
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.charts import Bar, bars, columns

WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=80)
VALUES = st.floats(0, 1e9)


class Tags(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, Mapping[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(markup: str) -> list[tuple[str, Mapping[str, str | None]]]:
    reader = Tags()
    reader.feed(markup)
    reader.close()
    assert not reader.open, "what was opened is closed"
    return reader.seen


def widths(markup: str, cls: str) -> list[float]:
    found = [attrs for tag, attrs in tags(markup) if tag == "rect" and attrs.get("class") == cls]
    return [float(str(attrs["width"]).rstrip("%")) for attrs in found]


@given(
    WORDS,
    st.lists(st.builds(Bar, label=WORDS, value=VALUES, words=WORDS, low=VALUES, high=VALUES), max_size=8),
)
def test_bars_are_sound_markup_without_style_or_script_whatever_the_words(
    title: str, rows: list[Bar]
) -> None:
    markup = bars(title, title, rows)
    for tag, attrs in tags(markup):
        assert tag in {"svg", "title", "desc", "text", "rect", "line"}
        assert not {name for name in attrs if name == "style" or name.startswith("on")}
    assert all(0 <= width <= 100 for width in widths(markup, "s0"))


@given(st.integers(0, 40), st.dictionaries(WORDS, st.integers(0, 1000), max_size=9))
def test_columns_are_sound_markup_and_stay_inside(size: int, series: dict[str, int]) -> None:
    markup = columns(
        "Kinds", "told", [str(day) for day in range(size)], {k: [v] * size for k, v in series.items()}
    )
    for _, attrs in tags(markup):
        assert "style" not in attrs
        for x, y in re.findall(r"M(\d+) ([\d.e-]+)h", attrs.get("d") or ""):
            assert 0 <= int(x) < size
            assert 0 <= float(y) <= 100


def test_a_chart_says_what_it_is_to_who_can_not_see_it() -> None:
    markup = bars("Acted on", "Each bar is a rate.", [Bar(label="a", value=1, words="1")])
    named = dict(tags(markup))["svg"]
    assert named["role"] == "img"
    ids = {attrs["id"] for tag, attrs in tags(markup) if tag in {"title", "desc"}}
    assert ids == set(str(named["aria-labelledby"]).split())
    assert ">Acted on</title>" in markup
    assert ">Each bar is a rate.</desc>" in markup


def test_a_bar_is_as_long_as_its_value() -> None:
    rows = [Bar(label="a", value=50, words=""), Bar(label="b", value=25, words="")]
    assert widths(bars("t", "d", rows), "s0") == [100, 50]
    assert widths(bars("t", "d", rows, most=100), "s0") == [50, 25]


def test_a_bar_shows_its_interval() -> None:
    markup = bars("t", "d", [Bar(label="a", value=0.5, words="", low=0.25, high=0.75)], most=1)
    lines = [attrs for tag, attrs in tags(markup) if tag == "line"]
    assert (lines[0]["x1"], lines[0]["x2"]) == ("25%", "75%")


def test_series_stand_on_one_another() -> None:
    markup = columns("t", "d", ["mon", "tue"], {"a": [1, 0], "b": [3, 2]})
    paths = [str(attrs["d"]) for tag, attrs in tags(markup) if tag == "path"]
    assert paths == ["M0 100h.8V75h-.8z", "M0 75h.8V0h-.8zM1 100h.8V50h-.8z"]
    assert ">4</text>" in markup


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "b"], ["a", "b", "c"]])
def test_a_chart_of_few_days_names_each_label_once(labels: list[str]) -> None:
    markup = columns("t", "d", labels, {"x": [1] * len(labels)} if labels else {})
    for label in labels:
        assert markup.count(f">{label}</text>") == 1
