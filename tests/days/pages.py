"""Pages as publishers write them: RSS 2.0, Atom and JSON Feed, with entries of fixed dates."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from monitors.recorded import RecordedPage

__all__ = ["Entry", "again", "atom", "json_feed", "rss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; ``at`` is ISO 8601 in UTC, or empty for one without a date.

    ``comments`` is where people answer: boards give it, newspapers do not.
    """

    title: str
    link: str
    text: str = ""
    at: str = ""
    author: str = ""
    comments: str = ""

    @property
    def moment(self) -> datetime | None:
        return datetime.fromisoformat(self.at).replace(tzinfo=UTC) if self.at else None


def rss(title: str, entries: Iterable[Entry]) -> RecordedPage:
    """Return an RSS 2.0 feed: the link is the id, the text is plain."""
    items = "".join(_item(entry) for entry in entries)
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>https://feeds.example/</link>"
        f"<description>{escape(title)}</description><language>en</language>\n"
        f"{items}</channel></rss>\n"
    )
    return RecordedPage(body=body.encode(), content_type="application/rss+xml; charset=utf-8")


def atom(title: str, entries: Iterable[Entry]) -> RecordedPage:
    """Return an Atom feed: ids are tags, the content is escaped HTML."""
    body = (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
        f"<title>{escape(title)}</title><id>urn:feed:{escape(title)}</id>\n"
        f"{''.join(_entry(entry) for entry in entries)}</feed>\n"
    )
    return RecordedPage(body=body.encode(), content_type="application/atom+xml; charset=utf-8")


def json_feed(title: str, entries: Iterable[Entry]) -> RecordedPage:
    """Return a JSON Feed 1.1."""
    items = [
        {"id": entry.link, "url": entry.link, "title": entry.title, "content_text": entry.text}
        | ({"date_published": f"{entry.at}Z"} if entry.at else {})
        | ({"authors": [{"name": entry.author}]} if entry.author else {})
        for entry in entries
    ]
    whole = {"version": "https://jsonfeed.org/version/1.1", "title": title, "items": items}
    return RecordedPage(
        body=json.dumps(whole, indent=1).encode(), content_type="application/feed+json; charset=utf-8"
    )


def again(page: RecordedPage) -> RecordedPage:
    """Return the page with other bytes that say the same, so that no validator hides it."""
    return RecordedPage(body=page.body + b"\n", content_type=page.content_type)


def _item(entry: Entry) -> str:
    dated = f"<pubDate>{format_datetime(entry.moment)}</pubDate>" if entry.moment else ""
    author = f"<author>{escape(entry.author)}</author>" if entry.author else ""
    comments = f"<comments>{escape(entry.comments)}</comments>" if entry.comments else ""
    return (
        f"<item><title>{escape(entry.title)}</title><link>{escape(entry.link)}</link>"
        f"<description>{escape(entry.text)}</description>{author}{comments}"
        f'<guid isPermaLink="true">{escape(entry.link)}</guid>{dated}</item>\n'
    )


def _entry(entry: Entry) -> str:
    dated = f"<published>{entry.at}Z</published><updated>{entry.at}Z</updated>" if entry.at else ""
    author = f"<author><name>{escape(entry.author)}</name></author>" if entry.author else ""
    html = escape(escape(entry.text))
    host, _, path = entry.link.removeprefix("https://").partition("/")
    return (
        f"<entry><title>{escape(entry.title)}</title><id>tag:{host},2026:{escape(path)}</id>"
        f'<link href="{escape(entry.link)}"/>{dated}{author}<content type="html">&lt;p&gt;{html}'
        "&lt;/p&gt;</content></entry>\n"
    )
