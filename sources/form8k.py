"""Form 8-K of the SEC: its items, where its document lies, and what the document says under an item."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from earmark.contract import Page
from earmark.errors import SourceChanged
from sources.document import decoded
from sources.html import text_of

__all__ = ["items_of", "main_document", "said_under", "subject_of"]

_ITEM = re.compile(r"\s*item\s+(\d\.\d\d)\b[\s.:–—-]*", re.IGNORECASE)
_END = re.compile(r"\s*signatures?\s*[.:]?\s*$", re.IGNORECASE)
_FILE = re.compile(r"[\w-][\w.-]{0,120}\.(?:htm|html|txt)", re.IGNORECASE)
_SUBJECTS = {
    "1.01": "a material agreement",
    "1.02": "the end of a material agreement",
    "1.03": "bankruptcy or receivership",
    "1.05": "a cybersecurity incident",
    "2.01": "an acquisition or a disposal",
    "2.05": "costs of an exit or disposal",
    "5.02": "a change of directors or officers",
}
_LONGEST_DOCUMENT = 4_000_000
_LONGEST_ITEM = 4_000


def items_of(summary: str) -> dict[str, str]:
    """Return the items that a listing's summary names: number and heading, in their order."""
    found = ((_ITEM.match(part), part) for part in summary.splitlines())
    return {match[1]: part[match.end() :].strip() for match, part in found if match}


def subject_of(item: str, heading: str) -> str:
    """Return in a few words what an item is about; its heading is a lawyers' list of all that it may be."""
    return _SUBJECTS.get(item) or heading.partition(";")[0] or f"item {item}"


def main_document(body: bytes, accession: str, url: str) -> tuple[str | None, tuple[str, ...]]:
    """Return a filing's main document by name, and the company's tickers, from its submissions as JSON.

    The name is None while the filing is not in the list yet. Raises SourceChanged for anything else.
    """
    told: Any = Page(url=url, status=200, headers={}, body=body).json()
    try:
        recent = told["filings"]["recent"]
        place = dict(zip(recent["accessionNumber"], recent["primaryDocument"], strict=False))
        name = place.get(accession)
        tickers = told["tickers"] if isinstance(told.get("tickers"), list) else []
    except (TypeError, KeyError, AttributeError) as error:
        raise SourceChanged(
            f"{url} answered, but not with a company's submissions. Check the option 'data_url'."
        ) from error
    usable = isinstance(name, str) and _FILE.fullmatch(name)
    return (name if usable else None), tuple(t for t in tickers[:5] if isinstance(t, str))


def said_under(body: bytes, content_type: str, items: Collection[str]) -> str:
    """Return the text of a document under some items, each from its heading to the next; may be empty."""
    text = text_of(decoded(body, content_type)[:_LONGEST_DOCUMENT])
    return "\n".join(_parts(text, items))


def _parts(text: str, items: Collection[str]) -> Iterator[str]:
    kept: list[str] = []
    wanted = False
    for part in text.splitlines():
        item = _ITEM.match(part)
        if item or _END.match(part):
            yield from _cut(kept)
            kept, wanted = [], item is not None and item[1] in items
        if wanted:
            kept.append(part)
    yield from _cut(kept)


def _cut(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines)
    if len(text) > _LONGEST_ITEM:
        text = text[: _LONGEST_ITEM + 1].rpartition(" ")[0]
    if text:
        yield text
