"""A view as a feed, for readers and for programs that poll one: Atom and JSON Feed, texts as text."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, SubElement, tostring

from earmark.types import Trigger
from matcher.layout import as_html, as_text
from review.listing import asked_of, rows
from review.page.render import clean
from review.page.viewer import Viewer
from review.today import kind_words
from storage import newest
from storage.engine import Connection

__all__ = ["MOST", "Entry", "Feed", "as_atom", "as_json", "feed_of", "tag_of"]

MOST: Final = 50
"""Entries of a feed, the newest."""
_ATOM: Final = "http://www.w3.org/2005/Atom"
_NEWEST: Final = ("sort", "newest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: a trigger with its note, under an id that never changes."""

    id: str
    title: str
    url: str
    source: str | None
    published_at: datetime
    text: str
    html: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The newest of a view; ``page`` is where it stands on our page."""

    title: str
    page: str
    id: str
    updated_at: datetime
    entries: tuple[Entry, ...]


def feed_of(
    connection: Connection,
    viewer: Viewer,
    query: str,
    name: str,
    page: str,
    feed_id: str,
    *,
    now: datetime,
    zone: tzinfo,
) -> Feed:
    """Return the newest of a view as its owner may see it; ConfigError for a query that can't be."""
    asked = asked_of([*parse_qsl(query), _NEWEST], viewer.names, now, zone)
    shown = rows(connection, asked, now, scope=viewer.scope, limit=MOST).rows
    made = {one.id: one for one in newest.some(connection, [row.trigger for row in shown])}
    entries = tuple(
        _entry(made[row.trigger], row.name, row.url, page) for row in shown if row.trigger in made
    )
    updated = max((entry.published_at for entry in entries), default=datetime(2000, 1, 1, tzinfo=UTC))
    return Feed(
        title=f"{clean(name, 80)} · earmark",
        page=f"{page}/?{query}" if query else f"{page}/",
        id=feed_id,
        updated_at=updated,
        entries=entries,
    )


def as_atom(feed: Feed) -> bytes:
    """Return the feed as Atom (RFC 4287)."""
    root = Element("feed", {"xmlns": _ATOM})
    SubElement(root, "id").text = f"urn:earmark:feed:{feed.id}"
    SubElement(root, "title").text = feed.title
    SubElement(root, "updated").text = feed.updated_at.isoformat()
    SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": feed.page})
    SubElement(SubElement(root, "author"), "name").text = "earmark"
    for one in feed.entries:
        entry = SubElement(root, "entry")
        SubElement(entry, "id").text = f"urn:earmark:trigger:{one.id}"
        SubElement(entry, "title", {"type": "text"}).text = one.title
        SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": one.url})
        if one.source:
            SubElement(entry, "link", {"rel": "related", "href": one.source})
        SubElement(entry, "published").text = one.published_at.isoformat()
        SubElement(entry, "updated").text = one.published_at.isoformat()
        SubElement(entry, "category", {"term": one.kind})
        SubElement(entry, "summary", {"type": "text"}).text = one.text
        SubElement(entry, "content", {"type": "html"}).text = one.html
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def as_json(feed: Feed) -> bytes:
    """Return the feed as JSON Feed 1.1."""
    items: list[dict[str, Any]] = [
        {
            "id": one.id,
            "url": one.url,
            **({"external_url": one.source} if one.source else {}),
            "title": one.title,
            "content_text": one.text,
            "content_html": one.html,
            "date_published": one.published_at.isoformat(),
            "tags": [one.kind],
        }
        for one in feed.entries
    ]
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page,
        "authors": [{"name": "earmark"}],
        "items": items,
    }
    return json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace")


def tag_of(body: bytes) -> str:
    """Return the ETag of a feed: another one for other bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _entry(one: Trigger, name: str, source: str | None, page: str) -> Entry:
    words = kind_words(one.kind)
    headline = one.note.headline if one.note else f"{name}: {words}"
    return Entry(
        id=one.id,
        title=_plain(headline, 300),
        url=f"{page}/triggers/{one.id}",
        source=_plain(source, 2_000) if source and source.startswith(("https://", "http://")) else None,
        published_at=one.created_at,
        text=_lines(as_text(one.note, one.score)) if one.note else words,
        html=_lines(as_html(one.note, one.score)) if one.note else words,
        kind=words,
    )


def _plain(text: str, longest: int) -> str:
    """Return text on one line that XML can hold."""
    whole = text.encode("utf-8", "replace").decode()
    return "".join(sign for sign in " ".join(clean(whole, longest).split()) if sign not in "\ufffe\uffff")


def _lines(text: str) -> str:
    return "\n".join(_plain(line, 20_000) for line in text.splitlines())
