"""What Reddit answers: listings of its API, entries of its feeds, and the pages with which it blocks."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any, Final

from earmark.contract import Page
from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable
from earmark.types import Event
from sources.entries import address
from sources.forum import Post, document, events, rows, string, table
from sources.html import looks_like_html

__all__ = ["check_block", "entry", "listing"]

_SITE: Final = "https://www.reddit.com"
_BUSY: Final = re.compile(rb"whoa there|too many requests|try again later", re.IGNORECASE)
_BLOCKED: Final = re.compile(rb"blocked by network security|you've been blocked", re.IGNORECASE)
_TAIL: Final = re.compile(r"\s*\bsubmitted by\s+/?u/\S+(?:\s+to\s+/?r/\S+)?(?:\s*\[(?:link|comments)\])*\s*$")
_THREAD: Final = re.compile(r"https?://[^/]+/r/([^/]+)/comments/[^/]+(?:/[^/]*)?")
_GONE: Final = frozenset({"[removed]", "[deleted]", "[removed by moderator]", "[ removed by reddit ]"})


def listing(body: bytes, where: str, now: datetime) -> tuple[list[Event], str]:
    """Return the events of a listing, and the name that the next page comes after."""
    data = document(body, where)
    children = rows(data, where, "data", "children", key="kind")
    posts = (_post(table(child, "data")) for child in children)
    return events(posts, now), string(table(data, "data"), "after")


def _post(row: Mapping[str, Any]) -> Post | None:
    name, subreddit = string(row, "name"), string(row, "subreddit")
    text = unescape(string(row, "body", "selftext")).strip()
    gone = row.get("removed_by_category") or string(row, "author") == "[deleted]" or text.lower() in _GONE
    if gone or not name:
        return None
    place = address(string(row, "permalink") or None, _SITE)
    is_comment = name.startswith("t1_")
    link = string(row, "url_overridden_by_dest") if not is_comment and row.get("is_self") is not True else ""
    return Post(
        id=name,
        title="" if is_comment else unescape(string(row, "title")),
        text=text,
        url=address(link or None, _SITE) or place,
        thread_url=string(row, "link_permalink") if is_comment else place,
        author=string(row, "author"),
        community=f"r/{subreddit}" if subreddit else "Reddit",
        at=row.get("created_utc"),
    )


def entry(event: Event, now: datetime) -> Event | None:
    """Return an entry of Reddit's RSS without what Reddit adds to it; None for what was removed."""
    text = _TAIL.sub("", event.text).strip()
    thread = _THREAD.match(event.url or "")
    if text.lower() in _GONE or event.author in {"/u/[deleted]", "[deleted]"}:
        return None
    made = replace(event, text=text, author=(event.author or "").removeprefix("/u/") or None)
    if event.published_at and event.published_at > now + timedelta(days=1):
        made = replace(made, published_at=None)
    if not thread:
        return made
    title = made.title
    if made.external_id.startswith("t1_"):  # Reddit titles a comment "/u/name on the title of the post"
        title = text.partition("\n")[0][:140] or title
    return replace(made, title=title, thread_url=thread[0].rstrip("/") + "/", publisher=f"r/{thread[1]}")


def check_block(page: Page) -> None:
    """Raise what an HTML page with status 200 means: Reddit blocks programs so, or wants them slower."""
    if not looks_like_html(page.body):
        return
    if _BUSY.search(page.body):
        raise SourceUnavailable(
            "Reddit answered with its page for visitors who ask too often. It is tried again in an hour; "
            "if that stays so, use mode feed_token or oauth.",
            retry_after=timedelta(hours=1),
        )
    if _BLOCKED.search(page.body):
        raise SourceRefused(
            "Reddit blocks this machine's address. Use mode feed_token or oauth, or read Reddit through "
            "alert mails (kind mailbox).",
            status=403,
        )
    raise SourceChanged(
        "Reddit answered with an HTML page where posts were expected; it may block this machine or want a "
        "log-in. Use mode feed_token or oauth, or read Reddit through alert mails (kind mailbox)."
    )
