"""An entry as a feed writes it, and the event that it makes."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from earmark.types import Event, Hint
from sources.dates import read_date
from sources.html import text_of

__all__ = ["Entry", "address", "events_of", "line", "shown"]

_LONGEST_HTML = 200_000
_LONGEST_TEXT = 20_000
_LONGEST_TITLE = 500
_LONGEST_URL = 4_000
_HEADLINE = 140
_UNPRINTED = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
_MAILED = re.compile(r"\S+@\S+\s*\((.+)\)|(.+?)\s*<?\S+@\S+>?")
_TRACKING = re.compile(r"(?<=[?&])utm_[^&#]*&?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, raw: ``title`` and ``html`` may hold mark-up, ``text`` does not; ``date`` is as written."""

    id: str | None = None
    title: str = ""
    link: str | None = None
    html: str = ""
    text: str = ""
    author: str | None = None
    publisher: str | None = None
    language: str | None = None
    date: str | None = None
    comments: str | None = None
    hints: tuple[Hint, ...] = ()


def events_of(entries: Iterable[Entry]) -> tuple[Event, ...]:
    """Return an event for each entry that says anything, with ids that are unique among them.

    An entry listed twice under one id and address is one event, in its latest wording. One id on
    several addresses is a mistake of the feed: there the address becomes part of the id.
    """
    return _unique([event for entry in entries if (event := _event(entry)) is not None])


def _event(entry: Entry) -> Event | None:
    plain = line(entry.text, keep_breaks=True) if entry.text else text_of(entry.html[:_LONGEST_HTML])
    text = _cut(plain, _LONGEST_TEXT)
    title = _cut(line(text_of(entry.title[:_LONGEST_HTML])), _LONGEST_TITLE)
    headline = title or _cut(text.partition("\n")[0], _HEADLINE)
    if not headline:
        return None
    return Event(
        external_id=_identity(entry, headline),
        title=headline,
        url=entry.link,
        text=text,
        author=_person(entry.author),
        publisher=line(text_of(entry.publisher or "")) or None,
        published_at=read_date(entry.date),
        language=(entry.language or "").strip()[:20].lower() or None,
        thread_url=_thread(entry),
        hints=entry.hints,
    )


def _thread(entry: Entry) -> str | None:
    """Return the page where people discuss an entry, if the entry comes from there: from a forum.

    News sites name a page of comments too, their own; that does not make an article a discussion.
    """
    comments = entry.comments
    if not comments or "#" in comments:
        return None
    is_forum = comments in (entry.link, entry.id) or _site(comments) != _site(entry.link or "")
    return comments if is_forum else None


def _site(url: str) -> str:
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


def _identity(entry: Entry, headline: str) -> str:
    known = line(entry.id or "") or entry.link
    if known and len(known) <= _LONGEST_URL:
        return known
    return "sha256:" + hashlib.sha256((known or f"{headline}\n{entry.date or ''}").encode()).hexdigest()[:32]


def _unique(events: Sequence[Event]) -> tuple[Event, ...]:
    latest: dict[tuple[str, str], Event] = {}
    for event in events:
        place = (event.external_id, _TRACKING.sub("", event.url or "").rstrip("?&"))
        known = latest.get(place)
        if known is None or _is_newer(event, known):
            latest[place] = event
    ids = [identity for identity, _ in latest]
    shared = {identity for identity in ids if ids.count(identity) > 1} if len(set(ids)) < len(ids) else set()
    return tuple(
        replace(event, external_id=f"{identity} {where}") if identity in shared else event
        for (identity, where), event in latest.items()
    )


def _is_newer(event: Event, known: Event) -> bool:
    if event.published_at and known.published_at:
        return event.published_at >= known.published_at
    return True


def _person(author: str | None) -> str | None:
    name = line(text_of(author or ""))
    mailed = _MAILED.fullmatch(name)
    if mailed:
        name = (mailed.group(1) or mailed.group(2)).strip()
    return name[:_LONGEST_TITLE] or None


def _cut(text: str, longest: int) -> str:
    # At a space: half a word may be another name, half a number is another amount.
    if len(text) <= longest:
        return text
    return text[: longest + 1].rpartition(" ")[0].rstrip() or text[:longest]


def line(text: str, *, keep_breaks: bool = False) -> str:
    """Return text without control characters and lone surrogates, its white space collapsed."""
    clean = text if text.isprintable() else _UNPRINTED.sub("", text)
    if not keep_breaks:
        return " ".join(clean.split())
    lines = (" ".join(part.split()) for part in clean.splitlines())
    return "\n".join(part for part in lines if part)


def address(link: str | None, *bases: str | None) -> str | None:
    """Return a link as an absolute http(s) address, resolved against the nearest base, or None."""
    try:
        whole = line(link or "").replace(" ", "%20")
        for base in bases if whole and not whole.startswith(("http://", "https://")) else ():
            whole = urljoin(base or "", whole)
        parts = urlsplit(whole)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and len(whole) <= _LONGEST_URL
    except ValueError:  # such as half an IPv6 address
        return None
    return whole if usable else None


def shown(url: str) -> str:
    """Return host and path of an address: what an error may show of it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "The page"
    return f"{parts.hostname or ''}{parts.path}" or "The page"
