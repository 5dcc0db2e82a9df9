import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.html import article_of, feeds_of, looks_like_html, text_of, title_of


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("line one\nline two", "line one\nline two"),
        ("<b>Norvik</b> &amp; Co&#39;s", "Norvik & Co's"),
        ("AT&amp;T", "AT&T"),
        ("AT&T, R&D and Q&A;", "AT&T, R&D and Q&A;"),
        ("5 &lt; 6 and &amp;lt; stays", "5 < 6 and &lt; stays"),
        ("a < b > c", "a < b > c"),
        ("Norvik <3 feeds", "Norvik <3 feeds"),
        ("<p>One\n sentence\tonly.</p><p>Next<br>line</p>after", "One sentence only.\nNext\nline\nafter"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("<table><tr><td>a<td>b</tr><tr><th>c</table>", "a b\nc"),
        ("a<script>if (x < 1) track('b')</script>c<style>p{}</style>d<!-- e -->f<?php g ?>h", "acdfh"),
        ("<p>twenty&nbsp;million&nbsp;&euro;</p>", "twenty million €"),
        ("un<b>bro</b>ken", "unbroken"),
        ("<p>unclosed <a href='x", "unclosed"),
        ("x\0y\x1bz\ud800", "xyz"),
        ("<p>x&#0;y&#xD800;z", "x\ufffdy\ufffdz"),
    ],
)
def test_a_reader_sees_this_text(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize("depth", [300, 5_000, 100_000])
@pytest.mark.parametrize("tag", ["div", "b", "table", "ul"])
def test_no_depth_loses_the_text(tag: str, depth: int) -> None:
    html = f"before <{tag}>" + f"<{tag}>" * depth + "deep" + f"</{tag}>" * depth + "after<script>no</script>"
    words = text_of(html).split()
    assert words[0] == "before"
    assert "".join(words[1:]) == "deepafter"
    assert "no" not in words


@given(st.text(max_size=300) | st.text(alphabet="<>/&;#x0 abdivp!-'\"=\n", max_size=300))
def test_any_string_gives_clean_text(html: str) -> None:
    text = text_of(html)
    text.encode("utf-8")
    assert text == text.strip()
    assert "\0" not in text
    assert "  " not in text
    assert "\n\n" not in text


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><p>",
        b"\xef\xbb\xbf\n <!-- x --><HTML lang=en>",
        b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x"><html>',
        b"<body>",
    ],
)
def test_a_page_is_known_by_its_start(body: bytes) -> None:
    assert looks_like_html(body)


@pytest.mark.parametrize(
    "body", [b"", b"<rss>", b"<header>", b"text <html>", b'<?xml version="1.0"?><feed>', b"{}"]
)
def test_what_is_no_page_is_not_taken_for_one(body: bytes) -> None:
    assert not looks_like_html(body)


# Whole pages

SENTENCE = "Norvik Labs has raised twenty million dollars to grow its team in Lisbon. "


def page(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head><title>Norvik</title>{head}</head><body>{body}</body></html>"


def test_the_marked_article_wins_over_menus_and_footers() -> None:
    html = page(
        f"<header>Sign in</header><nav><a href='/'>Pricing</a></nav><main><p>{'Other. ' * 90}</p>"
        f"<article><header><h1>Round</h1></header><p>{SENTENCE * 4}</p><aside>More</aside></article></main>"
        f"<footer><p>{'All rights reserved. ' * 60}</p></footer>"
    )
    assert article_of(html) == f"Round\n{(SENTENCE * 4).strip()}"


def test_without_a_mark_the_block_with_the_most_text_is_the_article() -> None:
    html = page(
        f"<div id=menu><p>Home</p><p>Jobs</p></div><div><p>{SENTENCE}</p><p>{SENTENCE * 2}</p></div>"
        "<div><p>We use cookies to make this page work better.</p></div>"
    )
    assert article_of(html) == f"{SENTENCE.strip()}\n{(SENTENCE * 2).strip()}"


@pytest.mark.parametrize("html", ["", "<p>short</p>", "not a page", page("<script>x</script>")])
def test_a_page_without_an_article_has_no_text(html: str) -> None:
    assert article_of(html) == ""


def test_a_page_names_its_feeds_and_comments_come_last() -> None:
    head = (
        "<link rel='alternate' type='application/rss+xml' title='Comments' href='/comments/feed/'>"
        "<link rel=ALTERNATE type='application/atom+xml; charset=utf-8' href='../news.atom'>"
        "<link rel='alternate' hreflang='de' href='/de/'><link rel='stylesheet' href='/a.css'>"
        "<link rel='alternate' type='application/feed+json' href='javascript:alert(1)'>"
        "<link rel='alternate' type='application/rss+xml' href='http://[::1'>"
    )
    assert feeds_of(page("", head), "https://norvik.example/blog/x/") == (
        "https://norvik.example/blog/news.atom",
        "https://norvik.example/comments/feed/",
    )


def test_the_title_of_a_page_is_one_plain_line() -> None:
    assert title_of("<html><TITLE lang=en>Sign in\n &amp; go </title>") == "Sign in & go"
    assert title_of("<html><title>never closed") == ""
    assert len(title_of(f"<title>{'long ' * 100}</title>")) <= 120


@given(st.text(max_size=300) | st.text(alphabet="<>/&;#x0 abdivplinkrehf!-'\"=\n", max_size=300))
def test_any_page_can_be_read(html: str) -> None:
    assert "\0" not in article_of(html) + title_of(html)
    assert all(link.startswith("http") for link in feeds_of(html, "https://a.example/"))
