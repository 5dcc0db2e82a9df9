"""Lists of feeds, as readers export and import them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError
from sources.opml import Subscription, read_opml, write_opml

LIST = """<?xml version="1.0" encoding="utf-8"?>
<opml version="1.0"><head><title>Mine</title></head><body>
<outline text="News"><outline title="Fjord &amp; Sons" type="rss" xmlUrl="https://fjord.example/feed" htmlUrl="https://fjord.example"/>
<outline text="Deep"><outline text="Wire" xmlurl=" https://wire.example/rss "/></outline></outline>
<outline text="A folder"/><outline text="No web" xmlUrl="file:///etc/passwd"/><outline xmlUrl="http://[bad"/>
<outline text="Again" xmlUrl="https://fjord.example/feed"/></body></opml>"""


def test_feeds_are_read_with_titles_and_folders_each_once() -> None:
    assert read_opml(LIST.encode(), "mine.opml") == [
        Subscription(url="https://fjord.example/feed", title="Fjord & Sons", folder="News"),
        Subscription(url="https://wire.example/rss", title="Wire", folder="News / Deep"),
    ]


@pytest.mark.parametrize(
    "body", [b"", b"feeds", b"<html/>", b"<rss><channel/></rss>", b"\0\1\2", b"{}", b"<!-- x -->"]
)
def test_what_is_no_opml_is_told_in_a_sentence(body: bytes) -> None:
    with pytest.raises(ConfigError, match=r"mine\.opml is no OPML file\. Export"):
        read_opml(body, "mine.opml")


def test_a_list_that_is_cut_off_gives_what_is_there() -> None:
    assert [one.title for one in read_opml(LIST.encode()[:300], "x")] == ["Fjord & Sons"]


def test_entities_of_the_outside_are_not_read() -> None:
    bomb = b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/hostname">]><opml><body><outline text="&x;" xmlUrl="https://a.example/f"/></body></opml>'
    assert [one.title for one in read_opml(bomb, "x")] in ([""], [])


@given(
    st.lists(
        st.builds(
            Subscription,
            url=st.integers(0, 99).map("https://a.example/{}?x=1&y=2".format),
            title=st.text(),
            company=st.sampled_from([None, "norvik.example", "Fjord & Söhne <AG>"]),
        ),
        unique_by=lambda one: one.url,
    )
)
def test_what_is_written_is_read_back(feeds: list[Subscription]) -> None:
    again = read_opml(write_opml(feeds, "earmark"), "x")
    assert [(one.url, one.company) for one in again] == [(one.url, one.company) for one in feeds]
