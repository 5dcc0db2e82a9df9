"""RSS, Atom, RDF and JSON Feed: the parser in its tiers, and the source kind ``feed``."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import fastfeedparser
import feedparser
from pydantic import Field, HttpUrl

from earmark.contract import Feed, Poll
from earmark.errors import SourceChanged, SourceError
from earmark.triggers import CATALOGUE
from earmark.types import Event
from sources.articles import with_articles
from sources.document import decoded, document_of, parsed, repaired
from sources.entries import Entry, address, events_of, line, shown
from sources.html import text_of
from sources.jsonfeed import read_json_feed
from sources.outline import EntryOutline, Outline, outline_of
from sources.reader import Reader, found_page, rebased

__all__ = ["FeedSource", "parse_feed"]

_Tier = Callable[[bytes], list[Entry]]


def parse_feed(body: bytes, content_type: str, url: str) -> Feed:
    """Return the feed in a body; ``url`` resolves its links and names it in errors, and is never opened.

    Raises SourceChanged, saying what the body looks like, when it is no feed. A feed without entries is one.
    """
    try:
        text = decoded(body, content_type)
        if text.lstrip("\ufeff \t\r\n")[:1] == "{":
            return read_json_feed(text.lstrip("\ufeff"), url)
        return _read_xml(document_of(text, body, shown(url)), url)
    except (SourceError, MemoryError):
        raise
    except Exception as error:  # a parser's own fault on hostile bytes: the poll becomes an outcome
        raise SourceChanged(
            f"{shown(url)} answered with a feed that can't be read ({type(error).__name__}). "
            "If a browser shows it, report it with a copy of the page."
        ) from error


def _read_xml(document: bytes, url: str) -> Feed:
    root = parsed(document)
    if root is None:
        document = repaired(document)
        root = parsed(document, recover=True)
    outline = Outline() if root is None else outline_of(root)
    parser, entries = _entries(document, len(outline.entries))
    return Feed(
        title=line(text_of(outline.title)),
        language=outline.language,
        events=events_of(_framed(entries, outline, url)),
        every=outline.every,
        next_url=address(outline.next_link, outline.base, url),
        parser=parser,
    )


def _entries(document: bytes, expected: int) -> tuple[str, list[Entry]]:
    """Return the first tier that reads all entries that the outline counts, or else the fuller one."""
    tiers: tuple[tuple[str, _Tier], ...] = (("fast", _fast), ("thorough", _thorough))
    best: tuple[str, list[Entry]] = ("outline", [])
    most = (-1, -1)
    fault: Exception | None = None
    for name, tier in tiers:
        try:
            entries = tier(document)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a parser raises, the next tier gets its turn
            fault = error
            continue
        found = (sum(_speaks(entry) for entry in entries), len(entries))
        if found > most:
            best, most = (name, entries), found
        if found == (expected, expected) != (0, 0):
            break
    if best[0] == "outline" and fault is not None:
        raise fault
    return best


def _speaks(entry: Entry) -> bool:
    # The fast tier reads no mark-up that stands bare in a title or text: there they are empty.
    return bool(entry.title or entry.html.strip())


def _fast(document: bytes) -> list[Entry]:
    # Bytes only: a string that is an address would be fetched.
    found = fastfeedparser.parse(
        bytes(document), include_tags=False, include_media=False, include_enclosures=False
    )
    return [_fast_entry(entry) for entry in found["entries"]]


def _fast_entry(entry: Any) -> Entry:
    contents: Any = entry.get("content") or ({},)
    return Entry(
        id=_string(entry.get("id")),
        title=_string(entry.get("title")) or "",
        link=_string(entry.get("link")),
        html=_string(contents[0].get("value")) or _string(entry.get("description")) or "",
        author=_string(entry.get("author")),
    )


def _thorough(document: bytes) -> list[Entry]:
    # A stream only: bytes or a string that are a path or an address would be opened.
    found = feedparser.parse(io.BytesIO(document), sanitize_html=False, resolve_relative_uris=False)
    return [_thorough_entry(entry) for entry in found.entries]


def _thorough_entry(entry: Any) -> Entry:
    contents: Any = entry.get("content") or ({},)
    source: Any = entry.get("source") or {}
    id_, link = _string(entry.get("id")), _string(entry.get("link"))
    return Entry(
        id=id_,
        title=_string(entry.get("title")) or "",
        link=link if link != id_ or _is_web(link) else None,  # it makes a link of any id
        html=_string(contents[0].get("value")) or _string(entry.get("summary")) or "",
        author=_string(entry.get("author")),
        publisher=_string(source.get("title")),
        date=_string(entry.get("published")) or _string(entry.get("updated")),
    )


def _framed(entries: Sequence[Entry], outline: Outline, url: str) -> list[Entry]:
    """Return the entries with what the outline knows of each and of the feed; links made absolute."""
    same = len(outline.entries) == len(entries)
    frames = outline.entries if same else (EntryOutline(base=outline.base),) * len(entries)
    return [_in_frame(entry, frame, outline, url) for entry, frame in zip(entries, frames, strict=True)]


def _in_frame(entry: Entry, frame: EntryOutline, outline: Outline, url: str) -> Entry:
    return replace(
        entry,
        id=None if entry.id == entry.link else entry.id,
        title=frame.title or entry.title,
        link=address(entry.link, frame.base, url) or address(frame.link, frame.base, url),
        html=entry.html if entry.html.strip() else frame.html,
        author=entry.author or outline.author,
        publisher=frame.publisher or entry.publisher,
        language=frame.language or outline.language,
        date=frame.date or entry.date,
        comments=address(frame.comments, frame.base, url),
        hints=frame.hints,
    )


def _is_web(link: str | None) -> bool:
    return link is not None and link.lower().startswith(("http://", "https://"))


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


class FeedSource(Reader):
    """Entries of an RSS, Atom or JSON feed, or of the feed that a page names."""

    kind: ClassVar[str] = "feed"
    shows: ClassVar[tuple[str, ...]] = tuple(CATALOGUE)

    url: HttpUrl = Field(description="Address of the feed, or of a page that names its feed.")
    full_text: bool = Field(
        default=False, description="Read the page of each new entry too, up to 20 a poll, for its whole text."
    )

    @property
    def addresses(self) -> tuple[str, ...]:
        """The feed, or the page that names it."""
        return (rebased(str(self.url), self.base_url),)

    @property
    def requests(self) -> int:
        """One for the feed, and as a rule one for a new entry."""
        return 2 if self.full_text else 1

    async def read(self, poll: Poll, address: str) -> Sequence[Event]:
        """Return the feed's entries, each new one with the text of its page where that is wanted."""
        feed = await poll.feed(await found_page(poll, address))
        return await with_articles(feed.events, poll) if self.full_text else feed.events
