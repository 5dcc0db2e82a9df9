"""HTML to plain text; of whole pages the article, the title and the feeds that they name."""

import re
from html import unescape
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from lxml import etree

__all__ = ["article_of", "feeds_of", "looks_like_html", "text_of", "title_of"]

_BLOCKS = (
    *("address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "div", "dl"),
    *("dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody"),
    *("tfoot", "thead", "tr", "ul"),
)
_CELLS = ("td", "th")
_UNSEEN = (
    *("button", "head", "iframe", "math", "noscript", "object", "script"),
    *("select", "style", "svg", "template", "textarea", "title"),
)
_TAGS = re.compile(rb"<[^<>]*>")
_BARE = re.compile(rb"<!(?!--|\[|doctype)", re.IGNORECASE)
_CODE = re.compile(rb"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_CONTROLS = bytes(code for code in (*range(32), 127) if chr(code) not in "\t\n\r")
_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")  # in HTML the end of a line is a space
_HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:html|head|body"
    rb"|!doctype\s+html(?![^<>]*>\s*<(?:\w+:)?(?:rss|feed|rdf)\b))\b",  # some feeds call themselves so
    re.IGNORECASE | re.DOTALL,
)
_SNIFFED = 4096
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_LONGEST_TITLE = 120
_LONGEST_PAGE = 2_000_000
_ASIDE = (
    "nav, aside, footer, form, header, dialog, menu, figure, [hidden], [aria-hidden=true], [role=navigation]"
)
_ARTICLES = ("[itemprop=articleBody]", "article", "main", "[role=main]")
_LEAST_ARTICLE = 200
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_COMMENTS = re.compile(r"\bcomments?\b|/comments/", re.IGNORECASE)


def looks_like_html(body: bytes) -> bool:
    """Tell whether a body starts as an HTML page does."""
    return _HTML_START.match(body[:_SNIFFED].removeprefix(b"\xef\xbb\xbf")) is not None


def text_of(html: str) -> str:
    """Return the text a reader sees: a line per block, entities resolved once, white space collapsed.

    Any string will do: it never raises, and lone surrogates and control characters are dropped.
    """
    clean = html.encode("utf-8", "ignore").translate(None, _CONTROLS)
    if b"<" in clean:
        clean = _rendered(_BARE.sub(b"&lt;!", clean.translate(_ON_ONE_LINE)))
    elif b"&" in clean:
        clean = unescape(clean.decode()).encode()
    lines = (" ".join(line.split()) for line in clean.translate(None, _CONTROLS).decode().split("\n"))
    return "\n".join(line for line in lines if line)


def _rendered(html: bytes) -> bytes:
    # Straight lxml: a soup of the same page takes some twenty times longer and recurses.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(b"<body>" + html, parser)
    except etree.XMLSyntaxError:  # no element survives
        return _stripped(html)
    if root is None or parser.error_log.filter_from_fatals():  # too deep: libxml2 cut the rest off
        return _stripped(html)
    etree.strip_elements(root, *_UNSEEN, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    for block in root.iter(*_BLOCKS):
        block.text = f"\n{block.text or ''}"
        block.tail = f"\n{block.tail or ''}"
    for cell in root.iter(*_CELLS):
        cell.text = f" {cell.text or ''}"
    return etree.tostring(root, method="text", encoding="utf-8")


def _stripped(html: bytes) -> bytes:
    return unescape(_TAGS.sub(b" ", _CODE.sub(b" ", html)).decode()).encode()


def title_of(html: str) -> str:
    """Return the title that a page gives itself, on one line and not longer than 120 characters, or ""."""
    found = _TITLE.search(html)
    return " ".join(text_of(found.group(1)).split())[:_LONGEST_TITLE] if found else ""


def feeds_of(html: str, url: str) -> tuple[str, ...]:
    """Return the addresses of the feeds that a page names (``link rel=alternate``), in its order.

    Feeds of comments come last: a page that names two feeds means the other one.
    """
    links = _soup(html).find_all("link", href=True)
    named = [link for link in links if "alternate" in _words(link, "rel") and _type(link) in _FEED_TYPES]
    named.sort(key=lambda link: bool(_COMMENTS.search(f"{link.get('title', '')} {link['href']}")))
    found = (_joined(url, str(link["href"])) for link in named)
    return tuple(dict.fromkeys(address for address in found if address))


def article_of(html: str) -> str:
    """Return the plain text of a page's article, without menus, forms and footers; "" when it has none.

    What the page marks as its article wins; else the block whose own paragraphs hold most of the text.
    """
    soup = _soup(html)
    for aside in soup.select(_ASIDE):
        if not aside.decomposed and not (aside.name == "header" and aside.find_parent("article")):
            aside.decompose()
    for marked in _ARTICLES:
        texts = [text_of(str(block)) for block in soup.select(marked)]
        longest = max(texts, key=len, default="")
        if len(longest) >= _LEAST_ARTICLE:
            return longest
    return text_of(str(_richest(soup) or ""))


def _richest(soup: BeautifulSoup) -> Tag | None:
    """Return the block whose own paragraphs hold the most text, each at least a sentence long."""
    weights: dict[int, int] = {}
    blocks: dict[int, Tag] = {}
    for paragraph in soup.find_all("p"):
        words = len(" ".join(paragraph.get_text(" ").split()))
        block = paragraph.parent
        if block is not None and words > 40:  # noqa: PLR2004 - shorter ones are captions and menus
            blocks[id(block)] = block
            weights[id(block)] = weights.get(id(block), 0) + words
    return blocks[max(weights, key=lambda key: weights[key])] if weights else None


def _soup(html: str) -> BeautifulSoup:
    clean = html[:_LONGEST_PAGE].encode("utf-8", "ignore").translate(None, _CONTROLS)
    return BeautifulSoup(clean, "lxml", from_encoding="utf-8")


def _words(tag: Tag, name: str) -> list[str]:
    value = tag.get(name) or ()
    return [word.lower() for word in (value.split() if isinstance(value, str) else value)]


def _type(tag: Tag) -> str:
    return str(tag.get("type", "")).partition(";")[0].strip().lower()


def _joined(url: str, link: str) -> str | None:
    try:
        whole = urljoin(url, link.strip())
    except ValueError:  # such as half an IPv6 address
        return None
    return whole if whole.startswith(("http://", "https://")) else None
