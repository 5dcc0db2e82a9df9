"""The entries of an HTML letter: each link that says something, with the words around it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from lxml import etree

from sources.entries import address, line
from sources.html import text_of

__all__ = ["Card", "cards_of", "plain_cards_of", "tree_of", "unwrapped", "words_of"]

MOST_CARDS = 100
_MOST_LINKS = 2_000
_LONGEST_BLOCK = 2_000
_MOST_LOOKS = 3  # at links to one address: picture, headline and button
_FEWEST_LETTERS = 12
_CLIMB = 6
_TARGETS = ("url", "u", "q", "target", "redirect", "redirect_url", "dest", "destination", "link", "to")
_LONGEST_BUTTON = 8  # words: a longer link text is a headline, whatever words are in it
_OWN_BUSINESS = re.compile(
    r"unsubscribe|abmelden|abbestell|désabonn|\bopt.?out\b|\bpreferences\b|\bimpressum\b|datenschutz"
    r"|(?:manage|edit|update|change) (?:this |your |my )?(?:alerts?|settings|e-?mails?|subscription|profile)"
    r"|privacy (?:policy|notice)|terms of (?:use|service)|im browser|why (?:am i|you)|forward (?:this|to a)"
    r"|(?:in|on) (?:your |a |the )?(?:browser|web)$|share (?:on|this|via)|flag as irrelevant"
    r"|receive this alert|(?:get|download|install) (?:the|our) app|help cent(?:er|re)|contact us"
    r"|^(?:log|sign) ?in$",
    re.IGNORECASE,
)
_CALL = re.compile(
    r"(?:>+\s*)?(?:(?:read|learn|see|view|find out|show|open|visit|go to|continue|click|details|mehr|weiter"
    r"|lire)(?:\s+(?:more|all|full|the|this|it|here|profile|account|lead|job|post|page|results?|story|article|details"
    r"|reading|lesen|la|suite|in|on|sales|navigator|linkedin|crunchbase|website|site|company))*"
    r"|(?:congratulate|say congrats|message|connect|save|follow|apply)(?:\s+\w+){0,2})\W*",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s<>\"]+")
_PRIVATE_QUERY = re.compile(r"(?:^|\.)linkedin\.com$", re.IGNORECASE)
_TRACKING = re.compile(r"utm_|mc_|_hs|ck_subscriber|fbclid|gclid", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Card:
    """One entry of a letter: its headline, where it leads, and what stands beside it."""

    title: str
    link: str | None
    text: str = ""
    publisher: str | None = None


def unwrapped(link: str) -> str | None:
    """Return where a link leads: out of click trackers that name their target, without what names the reader.

    A tracker that hides its target is kept as it is. None when it is no web address.
    """
    whole = address(link)
    for _ in range(3):
        inner = whole and _target(whole)
        if not inner:
            break
        whole = inner
    if whole is None:
        return None
    parts = urlsplit(whole)
    if _PRIVATE_QUERY.search(parts.hostname or ""):
        return urlunsplit(parts._replace(query="", fragment=""))
    kept = "&".join(part for part in parts.query.split("&") if not _TRACKING.match(part))
    return urlunsplit(parts._replace(query=kept))


def _target(link: str) -> str | None:
    values = dict(parse_qsl(urlsplit(link).query, max_num_fields=None))
    for name in _TARGETS:
        if values.get(name, "").startswith(("http://", "https://")):
            return address(values[name])
    return None


def tree_of(html: str) -> "etree._Element | None":
    """Return the tree of an HTML text, or None when there is none; nothing is loaded."""
    clean = line(html, keep_breaks=True).encode("utf-8", "ignore")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(b"<body>" + clean, parser)
    except etree.XMLSyntaxError:
        return None


def words_of(element: "etree._Element") -> str:
    """Return the text of an element on one line."""
    return line(" ".join(str(piece) for piece in element.itertext()))


def cards_of(html: str) -> list[Card]:
    """Return the entries of an HTML letter in order, one per address; its own business is left out."""
    root = tree_of(html)
    if root is None:
        return []
    etree.strip_elements(root, "script", "style", "head", "title", with_tail=False)
    best: dict[str, Card] = {}
    looks: Counter[str] = Counter()
    for anchor in _links(root):
        looks[anchor.get("href") or ""] += 1
        if looks[anchor.get("href") or ""] > _MOST_LOOKS:
            continue
        card = _card(anchor)
        if card is None or card.link is None:
            continue
        known = best.get(card.link)
        if known is None or len(known.title) < len(card.title):  # a picture's caption, then the headline
            best[card.link] = card
        if len(best) >= MOST_CARDS:
            break
    return list(best.values())


def _links(root: "etree._Element") -> Iterator["etree._Element"]:
    for number, anchor in enumerate(root.iter("a")):
        if number >= _MOST_LINKS:
            return
        yield anchor


def _card(anchor: "etree._Element") -> Card | None:
    link = unwrapped(anchor.get("href") or "")
    words = words_of(anchor)
    if link is None or _is_own_business(words) or "unsubscribe" in link.lower():
        return None
    title = "" if _is_call(words) or len(words) < _FEWEST_LETTERS else words
    block = _block(anchor, link)
    beside = _beside(block) if block is not None else []
    if not title:  # "Read more", or a picture: the headline stands above it
        first = _first_words(block) if block is not None else ""
        title = "" if first == words or _is_own_business(first) else first
    if len(title) < _FEWEST_LETTERS:
        return None
    return Card(title, link, "\n".join(each for each in beside if each != title)[:_LONGEST_BLOCK])


def _is_own_business(words: str) -> bool:
    return len(words.split()) <= _LONGEST_BUTTON and _OWN_BUSINESS.search(words) is not None


def _is_call(words: str) -> bool:
    return _CALL.fullmatch(words) is not None


def _block(anchor: "etree._Element", link: str) -> "etree._Element | None":
    """Return the widest element around a link that holds no other one."""
    block: etree._Element | None = None
    element = anchor.getparent()
    for _ in range(_CLIMB):
        if element is None or element.tag in ("body", "html"):
            break
        others = (unwrapped(each.get("href") or "") for each in element.iter("a"))
        if any(other not in (None, link) for other in others):
            break
        block, element = element, element.getparent()
    return block


def _beside(block: "etree._Element") -> list[str]:
    """Return the lines of a block, without its buttons."""
    lines = text_of(etree.tostring(block, encoding="unicode", with_tail=False)).split("\n")
    return [each for each in lines if any(map(str.isalnum, each)) and not _is_call(each)]


def _first_words(block: "etree._Element") -> str:
    for piece in block.itertext():
        words = line(str(piece))
        if len(words) >= _FEWEST_LETTERS and not _is_call(words):
            return words_of(_paragraph(block, words))
    return ""


def _paragraph(block: "etree._Element", words: str) -> "etree._Element":
    """Return the smallest paragraph or cell of a block that holds these words."""
    holders = [
        element
        for element in block.iter("p", "td", "li", "div", "h1", "h2", "h3", "h4", "span")
        if words in words_of(element)
    ]
    return min(holders, key=lambda element: len(words_of(element)), default=block)


def plain_cards_of(text: str) -> list[Card]:
    """Return the entries of a plain letter: each paragraph with an address, headed by its first line."""
    found: dict[str, Card] = {}
    for paragraph in re.split(r"\n\s*\n", text):
        match = _URL.search(paragraph)
        link = unwrapped(match.group().rstrip(".,;:!?)>]")) if match else None
        lines = [line(_URL.sub("", each)).strip("<>[]() -–*") for each in paragraph.splitlines()]
        said = [each for each in lines if any(map(str.isalnum, each))]
        if link is None or not said or _is_own_business(said[0]) or len(said[0]) < _FEWEST_LETTERS:
            continue
        if link not in found and len(found) < MOST_CARDS:
            found[link] = Card(said[0], link, " ".join(said[1:])[:_LONGEST_BLOCK])
    return list(found.values())
