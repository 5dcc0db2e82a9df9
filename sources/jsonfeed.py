"""JSON Feed 1.0 and 1.1."""

import json
from collections.abc import Mapping
from typing import Any

from earmark.contract import Feed
from earmark.errors import SourceChanged
from sources.entries import Entry, address, events_of, line, shown

__all__ = ["read_json_feed"]

_KEYS = {
    *("version", "title", "home_page_url", "feed_url", "description", "user_comment", "next_url", "icon"),
    *("favicon", "author", "authors", "language", "expired", "hubs", "items"),
}


def read_json_feed(text: str, url: str) -> Feed:
    """Return the feed in a text that is a JSON Feed; raise SourceChanged when it is none."""
    page = shown(url)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceChanged(
            f"{page} answered with something that starts like JSON but can't be read as such. "
            "It may be cut off; if it stays so, open it in a browser."
        ) from error
    if not _is_feed(data):
        raise SourceChanged(
            f"{page} answered with JSON that is no JSON Feed (it has no list of items, or is the answer of "
            "an API). Give the address of the feed itself."
        )
    language = _string(data, "language")
    author = _author(data)
    return Feed(
        title=line(_string(data, "title") or ""),
        language=language,
        events=events_of(
            _entry(item, url, language, author) for item in data["items"] if isinstance(item, dict)
        ),
        next_url=address(_string(data, "next_url"), url),
        parser="json",
    )


def _is_feed(data: object) -> bool:
    # Many an API answers with a list of items too, but beside keys of its own.
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        return False
    says_so = "jsonfeed.org" in (_string(data, "version") or "") or isinstance(data.get("title"), str)
    return says_so or all(key in _KEYS or str(key).startswith("_") for key in data)


def _entry(item: Mapping[str, Any], url: str, language: str | None, author: str | None) -> Entry:
    html = _string(item, "content_html")
    return Entry(
        id=_string(item, "id"),
        title=_string(item, "title") or "",
        link=address(_string(item, "url"), url) or address(_string(item, "external_url"), url),
        html=html or "",
        text="" if html else _string(item, "content_text") or _string(item, "summary") or "",
        author=_author(item) or author,
        language=_string(item, "language") or language,
        date=_string(item, "date_published") or _string(item, "date_modified"),
    )


def _author(data: Mapping[str, Any]) -> str | None:
    authors = data.get("authors")
    for author in [*(authors if isinstance(authors, list) else ()), data.get("author")]:
        if isinstance(author, dict) and (name := _string(author, "name")):
            return name
    return None


def _string(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None
