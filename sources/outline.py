"""The outline of an XML feed: what it says of itself, and of each entry what the fast parser leaves out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from lxml import etree

from earmark.types import Hint, HintKind

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
_DUBLIN_CORE = ("{http://purl.org/dc/", "{http://dublincore.org/")
_HINTING = {"contributor", "category"}
_MOST_HINTS = 20
_LONGEST_HINT = 200
_US_EXCHANGES = ("nasdaq", "nyse", "amex", "otc")
_LONGEST_PAUSE = timedelta(days=1)  # a feed that asks for more is mistaken or asleep


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOutline:
    """Of one entry: what the parsers leave out, as written.

    ``title`` is set where it holds bare mark-up, which the fast parser cuts off; ``link`` and ``html`` are
    the fall-back where an entry has none; ``comments`` is the page of its discussion; ``hints`` are the
    companies that its elements name (issuer, tickers).
    """

    date: str | None = None
    publisher: str | None = None
    language: str | None = None
    base: str | None = None
    link: str | None = None
    title: str = ""
    html: str = ""
    comments: str | None = None
    hints: tuple[Hint, ...] = ()


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
        publisher=_publisher(children),
        language=_text(children.get("language")) or entry.get(_XML_LANG),
        base=entry.base,
        link=content.get("src") if content is not None else None,
        title=_marked_up(children.get("title")),
        html=_fall_back(children),
        comments=_text(children.get("comments")) or None,
        hints=tuple(_hints(entry))[:_MOST_HINTS] if _HINTING & children.keys() else (),
    )


_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def _marked_up(title: etree._Element | None) -> str:
    return "" if title is None or not len(title) else escape("".join(map(str, title.itertext())))


def _fall_back(children: Mapping[str, etree._Element]) -> str:
    group = children.get("group")  # Media RSS
    described = _text(_child(group, "description")) if group is not None else ""
    return described or _text(children.get("subtitle"))  # that of a podcast


def _publisher(children: Mapping[str, etree._Element]) -> str | None:
    source = children.get("source", children.get("Source"))
    if source is not None and (name := _text(_child(source, "title")) or _text(source)):
        return name
    return _text(children.get("publisher")) or None


def _hints(entry: etree._Element) -> Iterator[Hint]:
    """Yield the issuer and the tickers of a release; they decide nothing until a wire vouches for them.

    A ticker is a hint where it is unique: on the exchanges of the United States.
    """
    for child in (child for child in entry if isinstance(child.tag, str)):
        words = " ".join(_text(child).split())[:_LONGEST_HINT]
        if child.tag.startswith(_DUBLIN_CORE) and _name(child) == "contributor" and words:
            yield Hint(kind=HintKind.NAME, value=words)
        elif _name(child) == "category" and (child.get("domain") or "").rstrip("/").endswith("/stock"):
            exchange, _, ticker = words.partition(":")
            if ticker.strip() and exchange.lower().startswith(_US_EXCHANGES):
                yield Hint(kind=HintKind.TICKER, value=ticker.strip().upper())


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
