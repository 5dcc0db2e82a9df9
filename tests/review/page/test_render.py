import gc
import re
import time
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

import review
from review.page.render import clean, safe_link, templates, warm

ROOM = Path(review.__file__).parent

ANYTHING = st.text(alphabet=st.characters(codec=None), max_size=200)


@given(ANYTHING)
def test_what_is_clean_neither_hides_nor_turns_anything(text: str) -> None:
    plain = clean(text)
    assert "Cs" not in {unicodedata.category(letter) for letter in plain}
    assert not {letter for letter in plain if unicodedata.category(letter) == "Cc"} - {"\t", "\n"}
    assert not set(plain) & set("\u200b\u200d\u202e\u2066\u2069\ufeff\u00ad\x00")
    assert plain.encode("utf-8").decode("utf-8") == plain
    assert clean(plain) == plain


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), max_size=300))
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert clean(text) == text


def test_a_text_of_ten_megabytes_is_cut_at_once() -> None:
    title = "Norvik \u202e" * 1_000_000
    begun = time.process_time()
    assert len(clean(title)) <= 2_000
    assert len(clean(title, 40)) <= 40
    assert clean(title, 40).endswith("…")
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "url",
    [
        "https://wire.example/a?b=c&d=e#f",
        "http://wire.example",
        " https://wire.example/a ",
        "HTTPS://WIRE.example/ä",
        "https://[2001:db8::1]:8443/",
    ],
)
def test_a_web_address_is_linked(url: str) -> None:
    assert safe_link(url) == url.strip()


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://wire.example/",
        "//wire.example/",
        "/accounts",
        "https://",
        "https:///path",
        "https://user:password@wire.example/",
        "https://user@wire.example/",
        "https://@wire.example/",
        "http://[",
        "https://wire.example/\u202egpj.exe",
        "https://wire.example/a b",
        "https://wire.example/\x00",
        "https://wire.example/" + "a" * 5_000,
    ],
)
def test_what_is_no_plain_web_address_is_not(url: str | None) -> None:
    assert safe_link(url) == ""


@given(ANYTHING | ANYTHING.map("https://{}".format))
def test_whatever_is_linked_leads_to_the_web(url: str) -> None:
    link = safe_link(url)
    assert not link or urlsplit(link).scheme in {"http", "https"}
    assert not link or urlsplit(link).hostname


class Tags(HTMLParser):
    """Counts the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, len(attrs)))


@given(ANYTHING)
def test_no_text_adds_a_tag_or_an_attribute(text: str) -> None:
    page = templates.from_string(
        '<p title="{{ it | clean }}">{{ it | clean }}</p><a href="{{ it | link }}">x</a>'
    )
    tags = Tags()
    tags.feed(page.render(it=text))
    tags.close()
    assert tags.seen == [("p", 1), ("a", 1)]


def test_a_template_that_misses_a_value_says_which() -> None:
    with pytest.raises(UndefinedError, match="headline"):
        templates.from_string("{{ headline }}").render()


@pytest.fixture
def warmed() -> Iterator[None]:
    warm()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("warmed")
def test_the_collector_does_not_go_through_what_stays() -> None:
    assert gc.get_freeze_count() > 50_000
    assert gc.get_freeze_count() > 10 * len(gc.get_objects())


@pytest.mark.usefixtures("warmed")
def test_a_page_whose_templates_are_warm_compiles_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(*_: object, **__: object) -> None:
        pytest.fail("a template was compiled for somebody who waits")

    monkeypatch.setattr(templates, "compile", compiled)
    for name in templates.list_templates():
        assert templates.get_template(name).name == name


def test_what_stands_on_every_screen_is_not_restyled_by_the_sheet_of_one() -> None:
    shared = "".join((ROOM / "templates" / name).read_text("utf-8") for name in ("base.html", "_sample.html"))
    common = {name for found in re.findall(r'class="([\w\s-]+)"', shared) for name in found.split()}
    assert {"sample", "top"} <= common
    for sheet in (ROOM / "static").glob("*.css"):
        selectors = re.findall(r"([^{}]+)\{", sheet.read_text("utf-8"))
        alone = {one.strip().removeprefix(".") for found in selectors for one in found.split(",")}
        assert sheet.name == "page.css" or not alone & common
