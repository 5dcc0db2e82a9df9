"""Lists of feeds as OPML, in and out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from earmark.errors import ConfigError

__all__ = ["Subscription", "read_opml", "write_opml"]

_COMPANY: Final = "{https://earmark.example/opml}company"
_MOST_BYTES: Final = 20_000_000
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed in a list: its address, its title, the folders it lies in, and the company it is about."""

    url: str
    title: str = ""
    folder: str = ""
    company: str | None = None


def read_opml(body: bytes, name: str) -> list[Subscription]:
    """Return the feeds of an OPML file in its order, each address once; ``name`` stands in errors.

    Raises ConfigError when the file is no OPML. Entries without a web address are left out.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )
    try:
        root = etree.fromstring(body.lstrip()[:_MOST_BYTES], parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None or not isinstance(root.tag, str) or etree.QName(root).localname.lower() != "opml":
        raise ConfigError(
            f"{name} is no OPML file. Export your feeds from the reader as OPML, and give that file."
        )
    found: dict[str, Subscription] = {}
    for outline in root.iter("{*}outline", "{*}Outline"):
        one = _subscription(outline)
        if one is not None:
            found.setdefault(one.url, one)
    return list(found.values())


def write_opml(feeds: Iterable[Subscription], title: str) -> bytes:
    """Return an OPML 2.0 file that feed readers import; earmark reads the companies back from it."""
    root = etree.Element("opml", version="2.0", nsmap={"earmark": etree.QName(_COMPANY).namespace})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _clean(title)
    body = etree.SubElement(root, "body")
    for feed in feeds:
        name = _clean(feed.title or feed.url)
        outline = etree.SubElement(
            body, "outline", type="rss", text=name, title=name, xmlUrl=_clean(feed.url)
        )
        if feed.company:
            outline.set(_COMPANY, _clean(feed.company))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _subscription(outline: etree._Element) -> Subscription | None:
    known = {str(key).lower(): str(value) for key, value in outline.attrib.items()}
    url = known.get("xmlurl", "").strip()
    if not _is_web(url):
        return None
    folders = [
        parent.get("text") or parent.get("title") or "" for parent in outline.iterancestors("{*}outline")
    ]
    return Subscription(
        url=url,
        title=" ".join((known.get("title") or known.get("text") or "").split()),
        folder=" / ".join(folder for folder in reversed(folders) if folder),
        company=outline.get(_COMPANY) or None,
    )


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
