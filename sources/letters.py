"""One e-mail, split into what it tells: alerts, digests and newsletters; pure."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

from earmark.errors import SourceChanged
from earmark.types import Event
from sources.cards import MOST_CARDS, Card, cards_of, plain_cards_of, tree_of, unwrapped, words_of
from sources.dates import read_date
from sources.document import decoded
from sources.entries import Entry, events_of, line
from sources.html import text_of
from sources.senders import Sender, is_bulk, sender_of, why_not

if TYPE_CHECKING:
    from email.message import Message  # generic for the type checker only

__all__ = ["Told", "read_letter"]

_LONGEST = 400_000
_MOST_PARTS = 50
_CLOCK_SKEW = timedelta(days=1)
_HEADER = re.compile(rb"\A(?:[!-9;-~]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n)+", re.ASCII)
_F5 = re.compile(r"(?P<where>[A-Z][\w ]{2,30}(?: \([^()]{1,60}\))?): (?P<title>.+)")
_LONGEST_LINE = 1_000
_THREAD = re.compile(r"(https?://[^/]*reddit\.com/r/\w+/comments/\w+/(?:[^/]+/)?)")
_ALERTS = "googlealerts-noreply@google.com"
_OF_GOOGLE = re.compile(r"https?://(?:www\.)?google\.[a-z.]+/(?:alerts|preferences|support|intl)\b")


@dataclass(frozen=True, slots=True)
class Told:
    """What a letter gave: its events, or the reason why it does not count."""

    events: tuple[Event, ...] = ()
    refused: str = ""
    sender: str = ""


def read_letter(raw: bytes, authserv: str | None, listed: Sequence[str], now: datetime) -> Told:
    """Return the entries of one letter, each an event of its own, when its sender is proven or listed.

    A letter to one person, that is to no list of readers, counts only from a listed sender. Entries are
    dated as the letter is. Raises SourceChanged when the bytes are no letter.
    """
    if _HEADER.match(raw.lstrip(b"\r\n")) is None:
        raise SourceChanged(
            "It is no e-mail: it has no header lines. Save the letter as .eml, with its source."
        )
    try:
        return _told(_parsed(raw.lstrip(b"\r\n")), raw, authserv, listed, now)
    except RecursionError as error:
        raise SourceChanged("It holds letters within letters, too deeply to be read.") from error


def _told(
    message: "Message[str, str]", raw: bytes, authserv: str | None, listed: Sequence[str], now: datetime
) -> Told:
    sender = sender_of(message)
    if sender is None:
        return Told(refused="it names no single sender")
    refused = why_not(message, sender, authserv=authserv, listed=listed)
    if not refused and not is_bulk(message) and why_not(message, sender, authserv=None, listed=listed):
        refused = "it is a personal letter" if not _is_service(sender) else ""
    if refused:
        return Told(refused=refused, sender=sender.address)
    return Told(events=_events(message, sender, raw, now), sender=sender.address)


def _is_service(sender: Sender) -> bool:
    return sender.within(_ALERTS, "f5bot.com", "crunchbase.com", "linkedin.com")


def _parsed(raw: bytes) -> "Message[str, str]":
    # Not the default policy: its headers raise on some malformed lines.
    return BytesParser(policy=policy.compat32).parsebytes(raw)


def _events(message: "Message[str, str]", sender: Sender, raw: bytes, now: datetime) -> tuple[Event, ...]:
    html, plain = _bodies(message)
    found = _cards(sender, html, plain)[:MOST_CARDS]
    subject = _header(message, "Subject")
    if not found:  # nothing to split: the letter itself is what it tells
        found = [Card(subject, None, plain or text_of(html))]
    name = _header(message, "Message-ID").strip("<> ") or hashlib.sha256(raw).hexdigest()[:32]
    date = read_date(re.sub(r"\s*\([^)]*\)\s*$", "", _header(message, "Date")))
    publisher = _words(sender.name) or sender.domain
    entries = [_entry(card, name, publisher) for card in found]
    dated = date if date is not None and date <= now + _CLOCK_SKEW else None
    return tuple(
        replace(event, published_at=dated, thread_url=_thread(event.url)) for event in events_of(entries)
    )


def _entry(card: Card, name: str, publisher: str) -> Entry:
    return Entry(
        id=f"{name} {card.link}" if card.link else name,
        title=_escaped(card.title),
        link=card.link,
        text=card.text,
        publisher=_escaped(card.publisher or publisher),
    )


def _escaped(text: str) -> str:
    # An entry's title may hold mark-up; these words are read from it already.
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _cards(sender: Sender, html: str, plain: str) -> list[Card]:
    if sender.address == _ALERTS:
        return list(_google(html)) or [card for card in plain_cards_of(plain) if not _of_google(card.link)]
    if sender.within("f5bot.com"):
        return list(_f5bot(plain or text_of(html))) or plain_cards_of(plain)
    return cards_of(html) if html else plain_cards_of(plain)


def _google(html: str) -> Iterator[Card]:
    """Yield the rows of an alert, then what only its inbox markup names."""
    root: Any = tree_of(html)  # xpath is typed as anything that XPath can return
    if root is None:
        return
    seen: set[str] = set()
    for row in root.xpath("//*[contains(@itemtype, 'schema.org/Article')]"):
        card = _row(row)
        if card is not None and card.link not in seen:
            seen.add(str(card.link))
            yield card
    for script in root.xpath("//script[@data-scope='inboxmarkup']"):
        for card in _markup(script.text or ""):
            if card.link not in seen:
                seen.add(str(card.link))
                yield card


def _row(row: Any) -> Card | None:
    links = row.xpath(".//a[@itemprop='url']/@href") or row.xpath(".//a/@href")
    link = unwrapped(str(links[0])) if links else None
    title = _property(row, ".//a[@itemprop='url']//*[@itemprop='name']") or _property(
        row, ".//a[@itemprop='url']"
    )
    if link is None or not title or _of_google(link):
        return None
    publisher = _property(row, ".//*[@itemprop='publisher']")
    return Card(title, link, _property(row, ".//*[@itemprop='description']"), publisher or None)


def _property(row: Any, path: str) -> str:
    found = row.xpath(path)
    return words_of(found[0]) if found else ""


def _markup(text: str) -> Iterator[Card]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    for card in _list(data, "cards"):
        for widget in _list(card, "widgets"):
            if not isinstance(widget, dict) or widget.get("type") != "LINK":
                continue
            title, link = widget.get("title"), widget.get("url")
            target = unwrapped(link) if isinstance(link, str) else None
            if isinstance(title, str) and target and not _of_google(target):
                headline, _, publisher = title.rpartition(" - ")
                about = widget.get("description")
                text = line(about) if isinstance(about, str) else ""
                yield Card(line(headline or title), target, text, (headline and line(publisher)) or None)


def _list(data: Any, name: str) -> list[Any]:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, list) else []


def _of_google(link: str | None) -> bool:
    return link is not None and _OF_GOOGLE.match(link) is not None


def _f5bot(text: str) -> Iterator[Card]:
    """Yield what F5Bot found; a line says where, with the title, and the next one holds the address."""
    lines = [line(each[:_LONGEST_LINE]) for each in text.split("\n")]
    keyword = ""
    for said, following in zip(lines, [*lines[1:], ""], strict=True):
        if said.startswith("Keyword:"):
            keyword = said
        found = _F5.fullmatch(said)
        link = (
            unwrapped(following.strip("<>")) if found and following.lstrip("<").startswith("http") else None
        )
        if found and link:
            yield Card(
                found["title"], link, "\n".join(filter(None, (keyword, found["where"]))), found["where"]
            )


def _thread(link: str | None) -> str | None:
    found = _THREAD.match(link or "")
    return found[1] if found else None


def _bodies(message: "Message[str, str]") -> tuple[str, str]:
    """Return the HTML and the plain text of a letter; attachments are left out."""
    bodies = {"text/html": "", "text/plain": ""}
    for number, part in enumerate(message.walk()):
        kind = part.get_content_type()
        if number >= _MOST_PARTS:
            break
        if kind in bodies and not bodies[kind] and part.get_content_disposition() != "attachment":
            payload = part.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
            bodies[kind] = decoded(content[:_LONGEST], f"charset={_charset(part)}")
    return bodies["text/html"], bodies["text/plain"].replace("\r\n", "\n")


def _charset(part: Any) -> str:
    try:
        return str(part.get_content_charset() or "")
    except (LookupError, ValueError):
        return ""


def _header(message: "Message[str, str]", name: str) -> str:
    value = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return _words(" ".join(value.split()))


def _words(value: str) -> str:
    """Return a header's text with its encoded words read."""
    value = value[:_LONGEST_LINE]
    try:
        parts = policy.default.header_factory("Subject", value)
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):
        return line(value)
    return line(str(parts))
