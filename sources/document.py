"""The bytes of a page as one XML document: decoded, without its prolog, repaired where it is broken."""

import codecs
import re
import sys
from html.entities import html5

from lxml import etree

from earmark.errors import SourceChanged
from sources.html import looks_like_html, title_of

__all__ = ["decoded", "document_of", "parsed", "repaired"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BARE_WIDE = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_SINGLE_BYTE = re.compile(
    r"(?:iso-?8859-?1|latin-?1|us-?ascii|ascii|windows-?1252|cp-?1252|utf-?8)$", re.IGNORECASE
)
_WIDE = re.compile(r"(?:utf|ucs)[-_]?(?:2|4|16|32)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)")
_HEAD = 16_384
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?(?:rss|feed|rdf|channel)(?=[\s>/])", re.IGNORECASE)
_ELEMENT = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS = bytes(code for code in range(32) if chr(code) not in "\t\n\r")
_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?\]\]>"
    rb"|&(?:#(?P<code>\d{1,7}|x[0-9a-fA-F]{1,6});|(?P<name>[A-Za-z][A-Za-z0-9]{1,31};))?",
    re.DOTALL,
)
_XML_NAMES = (b"amp;", b"lt;", b"gt;", b"quot;", b"apos;")
_MAGIC = ((b"\x1f\x8b", "compressed bytes"), (b"PK\x03\x04", "a ZIP file"), (b"%PDF", "a PDF file"))
_HINT = "Open it in a browser: it may ask for a log-in, block us, or have moved"


def decoded(body: bytes, content_type: str) -> str:
    """Return the text of a body: by its byte order mark, charset, declaration, or else what fits best."""
    for mark, encoding in _BOMS + _BARE_WIDE:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    named = [found.group(1) for found in [_CHARSET.search(content_type)] if found]
    named += [found.group(1).decode("ascii") for found in [_DECLARED.search(body[:_HEAD])] if found]
    # Servers say Latin-1 or UTF-8 by habit, so these two are told by the bytes, and the name is no proof; nor
    # is that of UTF-16 where no byte is zero: some libraries declare it whatever they write.
    if b"\0" not in body[:_HEAD]:
        named = [name for name in named if not _WIDE.match(name)]
    for encoding in [name for name in named if not _SINGLE_BYTE.match(name)] + ["utf-8"]:
        try:
            return body.decode(encoding)
        except (LookupError, ValueError):
            continue
    return _best_guess(body)


def _best_guess(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if sum(not char.isascii() for char in text) > 2 * broken:  # UTF-8 with a few bad bytes
        return text
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def document_of(text: str, body: bytes, shown: str) -> bytes:
    """Return the feed's document from its root element on, as UTF-8.

    The prolog goes: no DOCTYPE reaches a parser, so there are no entities to expand and nothing to load.
    SourceChanged says what the page ``shown`` looks like when it is no feed.
    """
    if looks_like_html(body) or looks_like_html(text[:_HEAD].encode("utf-8", "replace")):
        title = title_of(text[:_HEAD])
        named = f" titled “{title}”" if title else ""
        raise SourceChanged(f"{shown} answered with an HTML page{named}, not with a feed. {_HINT}.")
    root = _ROOT.search(text[:_HEAD])
    if root is None:
        raise SourceChanged(f"{shown} answered with {_likeness(text, body)}, not with a feed. {_HINT}.")
    document = text[root.start() :].encode("utf-8", "replace").translate(None, _CONTROLS)
    return document.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"")  # U+FFFE and U+FFFF


def _likeness(text: str, body: bytes) -> str:
    if not text.strip():
        return "nothing"
    for magic, name in _MAGIC:
        if body.startswith(magic):
            return name
    if len(_ILLEGAL.findall(text[:_HEAD])) > len(text[:_HEAD]) // 20:
        return "bytes that are no text"
    if text.lstrip()[:1] in ("{", "["):
        return "JSON that is no JSON Feed"
    element = _ELEMENT.search(text[:_HEAD])
    return f"markup that starts with <{element.group(1)}>" if element else "plain text"


def repaired(document: bytes) -> bytes:
    """Return a document with its bare ampersands, unknown entities and illegal references made text."""
    return _AMPERSAND.sub(_mended, document)


def _mended(found: re.Match[bytes]) -> bytes:
    whole, code, name = found.group(), found.group("code"), found.group("name")
    if code is not None:
        number = int(code[1:], 16) if code[:1] == b"x" else int(code)
        return whole if number < sys.maxunicode and not _ILLEGAL.match(chr(number)) else b""
    if name is not None and name not in _XML_NAMES:
        chars = html5.get(name.decode("ascii"), "")
        return "".join(f"&#{ord(char)};" for char in chars).encode() or b"&amp;" + name
    return b"&amp;" if whole == b"&" else whole


def parsed(document: bytes, *, recover: bool = False) -> etree._Element | None:
    """Return the tree of a document, or None when it is not well formed (or nothing can be recovered)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=recover)
    try:
        return etree.fromstring(document, parser)
    except etree.XMLSyntaxError:
        return None
