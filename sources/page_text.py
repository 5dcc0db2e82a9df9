"""The text of a web page by lines, and whether the page is what it seems to be."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from earmark.errors import SourceChanged
from sources.document import decoded
from sources.html import looks_like_html, text_of
from sources.selectors import xpath_of

__all__ = ["Difference", "difference", "lines_of_page"]

_CHROME: Final = ("nav", "footer", "aside", "form", "[role=navigation]", "[id*=cookie]", "[class*=cookie]")
_MOST_TEXT: Final = 150_000  # characters: what a source remembers must fit its state
_SHORT: Final = 800  # characters: a page that only turns a reader away says little
_TURNED_AWAY: Final = re.compile(
    r"captcha|are you (?:a )?(?:human|robot)|verify (?:that )?you(?:'re| are)(?: a)? human|access denied"
    r"|request (?:was |has been )?blocked|checking your browser|just a moment|attention required"
    r"|(?:enable|requires?|turn on) javascript|unusual traffic|(?:log|sign) ?in to|session (?:has )?expired"
    r"|please (?:log|sign) ?in|page (?:was )?not found|under maintenance|(?:temporarily|service) unavailable"
    r"|too many requests|something went wrong",
    re.IGNORECASE,
)
_TURNING_TITLE: Final = re.compile(
    r"(?:just a moment|attention required|access denied|are you (?:a )?(?:human|robot)|robot check|blocked"
    r"|security check|(?:error )?40[34]|forbidden|page not found|not found|log ?in|sign ?in|maintenance"
    r"|under maintenance|service unavailable|too many requests|50[0234])\b[.!…]*\s*(?:$|[|:·—–-])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines that came and lines that went, each in the order of its page."""

    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many characters stand in these lines."""
        return sum(map(len, self.added)) + sum(map(len, self.removed))


def difference(before: Sequence[str], after: Sequence[str]) -> Difference:
    """Return what changed between two pages, line by line; lines that only moved have not changed."""
    return Difference(_missing(after, before), _missing(before, after))


def lines_of_page(
    body: bytes,
    content_type: str,
    where: str,
    select: Sequence[str],
    ignore: Sequence[str],
    drop: Sequence[str],
) -> list[str]:
    """Return the lines that a reader sees in the selected parts of a page, without the ignored ones.

    ``drop`` are patterns of lines to leave out. Without ``select`` it is the main part, without menus,
    footers and notices. Raises SourceChanged, for no observation can be made, when the page is no HTML,
    is empty, asks for a log-in or a proof of being human, is an error page, or has no selected part.
    """
    text = decoded(body, content_type)
    if not looks_like_html(text[:10_000].lstrip("\ufeff").encode("utf-8", "replace")):
        raise SourceChanged(f"{where} answered with no web page. {_LOOK}")
    root = _tree(text)
    if root is None:
        raise SourceChanged(f"{where} answered with an empty page. {_LOOK}")
    title = " ".join((root.findtext(".//title") or "").split())
    has_password = bool(root.xpath('.//input[@type="password"]'))
    lines = _lines(root, select, ignore, drop)
    if lines is None:
        raise SourceChanged(
            f"Nothing on {where} is selected by {' or '.join(select)}. The page may have been rebuilt: "
            "open it in a browser and correct the option 'select'."
        )
    _refuse_stand_in(where, title, lines, has_password=has_password)
    return lines


_LOOK: Final = "Nothing was compared. Open it in a browser: it may block programs or ask for a log-in."


def _refuse_stand_in(where: str, title: str, lines: Sequence[str], *, has_password: bool) -> None:
    """Raise SourceChanged for a page that stands in the place of the one that was asked for."""
    size = sum(map(len, lines))
    if not size:
        raise SourceChanged(f"{where} answered with a page without text. {_LOOK}")
    if size > _MOST_TEXT:
        raise SourceChanged(
            f"{where} has {size:,} characters of text; {_MOST_TEXT:,} can be compared. "
            "Choose the part that matters with the option 'select'."
        )
    turned = _TURNING_TITLE.match(title)
    if not turned and size <= _SHORT:
        turned = _TURNED_AWAY.search(" ".join((title, *lines)))
    if turned:
        raise SourceChanged(
            f"{where} answered with a page that turns us away (“{turned[0].strip()}”). {_LOOK}"
        )
    if has_password and size <= _SHORT:
        raise SourceChanged(f"{where} answered with a log-in page. {_LOOK}")


def _tree(text: str) -> etree._Element | None:
    clean = text.replace("\0", "").encode("utf-8", "ignore")
    try:
        root: etree._Element | None = etree.fromstring(
            clean, etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
        )
    except etree.XMLSyntaxError:
        return None
    return root


def _lines(
    root: etree._Element, select: Sequence[str], ignore: Sequence[str], drop: Sequence[str]
) -> list[str] | None:
    """Return the lines of the selected parts, or None when there is no such part."""
    if select:
        parts = _outermost(root, select)
        if not parts:
            return None
        unwanted = tuple(ignore)
    else:
        parts = _outermost(root, ("main", "[role=main]")) or [root]
        unwanted = (*_CHROME, *ignore)
    for selector in unwanted:
        for element in _found(root, selector):
            _cut(element)
    patterns = [re.compile(pattern) for pattern in drop]
    return [
        line
        for part in parts
        for line in text_of(etree.tostring(part, encoding="unicode", method="html", with_tail=False)).split(
            "\n"
        )
        if line and not any(pattern.search(line) for pattern in patterns)
    ]


def _found(root: etree._Element, selector: str) -> list[etree._Element]:
    found: list[etree._Element] = root.xpath(xpath_of(selector))  # type: ignore[assignment]  # all elements
    return found


def _outermost(root: etree._Element, selectors: Sequence[str]) -> list[etree._Element]:
    """Return the elements of any selector in the order of the page, none inside another."""
    chosen = {element for selector in selectors for element in _found(root, selector)}
    return [
        element
        for element in root.iter(etree.Element)
        if element in chosen and not any(parent in chosen for parent in element.iterancestors())
    ]


def _cut(element: etree._Element) -> None:
    """Empty an element and keep the text behind it."""
    tail = element.tail
    element.clear()
    element.tail = tail


def _missing(lines: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    left = Counter(known)
    missing = []
    for line in lines:
        if left[line] > 0:
            left[line] -= 1
        else:
            missing.append(line)
    return tuple(missing)
