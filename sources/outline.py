"""The outline of an XML feed: what it says of itself, and of each entry what the fast parser leaves out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from lxml import etree

__all__ = ["EntryOutline", "Outline", "outline_of"]

_ENTRIES = ("{*}item", "{*}entry")
_DATES = ("pubDate", "published", "issued", "date", "created", "updated", "modified")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_LONGEST_PAUSE = timedelta(days=1)  # a feed that asks for more is mistaken or asleep


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOutline:
    """Of one entry: its raw date, publisher and language, its base address and its fall-back link."""

    date: str | None = None
    publisher: str | None = None
    language: str | None = None
    base: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Of a feed: texts and addresses as written; ``every`` is the least pause that it asks for."""

    title: str = ""
    language: str | None = None
    author: str | None = None
    base: str | None = None
    next_link: str | None = None
    every: timedelta | None = None
    entries: tuple[EntryOutline, ...] = ()


def outline_of(root: etree._Element) -> Outline:
    """Return the outline of a feed's tree; any namespace will do."""
    entries = list(root.iter(*_ENTRIES))
    channel = _child(root, "channel")
    head = root if channel is None else channel
    return Outline(
        title=_text(_child(head, "title")),
        language=_language(head) or _language(root),
        author=_author(head),
        base=root.base,
        next_link=_next_link(head),
        every=_every(head),
        entries=tuple(_entry(entry) for entry in entries),
    )


def _entry(entry: etree._Element) -> EntryOutline:
    children: dict[str, etree._Element] = {}
    for child in entry:
        if isinstance(child.tag, str):
            children.setdefault(_name(child), child)
    content = children.get("content")
    return EntryOutline(
        date=next((text for name in _DATES if (text := _text(children.get(name)))), None),
        publisher=_publisher(children.get("source")),
        language=_text(children.get("language")) or entry.get(_XML_LANG),
        base=entry.base,
        link=content.get("src") if content is not None else None,
    )


_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def _publisher(source: etree._Element | None) -> str | None:
    if source is None:
        return None
    return _text(_child(source, "title")) or _text(source) or None


def _author(head: etree._Element) -> str | None:
    author = _child(head, "author")
    name = _child(author, "name") if author is not None else None
    for element in (name, author, _child(head, "managingEditor"), _child(head, "creator")):
        if _text(element):
            return _text(element)
    return None


def _language(head: etree._Element) -> str | None:
    return _text(_child(head, "language")) or head.get(_XML_LANG) or None


def _next_link(head: etree._Element) -> str | None:
    return next((link.get("href") for link in _children(head, "link") if link.get("rel") == "next"), None)


def _every(head: etree._Element) -> timedelta | None:
    pauses: list[timedelta] = []
    minutes = _text(_child(head, "ttl"))
    if minutes.isdecimal() and len(minutes) < 7:  # noqa: PLR2004 - more digits are no pause
        pauses.append(timedelta(minutes=int(minutes)))
    period = _PERIODS.get(_text(_child(head, "updatePeriod")).lower())
    if period is not None:
        times = _text(_child(head, "updateFrequency"))
        pauses.append(period / int(times) if times.isdecimal() and int(times[:6]) > 0 else period)
    longest = max(pauses, default=timedelta())
    return min(longest, _LONGEST_PAUSE) or None


def _children(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in parent if isinstance(child.tag, str) and _name(child) == name)


def _child(parent: etree._Element, name: str) -> etree._Element | None:
    return next(_children(parent, name), None)


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
