"""HTML to plain text."""

import re
from html import unescape

from lxml import etree

__all__ = ["looks_like_html", "text_of"]

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
_CODE = re.compile(rb"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_CONTROLS = bytes(code for code in (*range(32), 127) if chr(code) not in "\t\n\r")
_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")  # in HTML the end of a line is a space
_HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_SNIFFED = 4096


def looks_like_html(body: bytes) -> bool:
    """Tell whether a body starts as an HTML page does."""
    return _HTML_START.match(body[:_SNIFFED].removeprefix(b"\xef\xbb\xbf")) is not None


def text_of(html: str) -> str:
    """Return the text a reader sees: a line per block, entities resolved once, white space collapsed.

    Any string will do: it never raises, and lone surrogates and control characters are dropped.
    """
    clean = html.encode("utf-8", "ignore").translate(None, _CONTROLS)
    if b"<" in clean:
        clean = _rendered(clean.translate(_ON_ONE_LINE))
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
