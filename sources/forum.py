"""What the kinds of forum share: their JSON read with care, and a post as an event."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import HttpUrl

from earmark.contract import Poll, Unchanged
from earmark.errors import ConfigError, SourceChanged, SourceRefused
from earmark.secret import Secret
from earmark.types import Event, Hint
from sources.dates import read_date
from sources.entries import Entry, address, events_of, line, shown

__all__ = [
    "Post",
    "check_rest",
    "document",
    "events",
    "moment",
    "moments",
    "rest",
    "root",
    "rows",
    "secret_of",
    "since",
    "string",
    "table",
]

_CLOCK_SKEW: Final = timedelta(days=1)
_LONGEST_REST: Final = timedelta(days=1)
_LONGEST_NAME: Final = 200
_REST: Final = "rest_until"
_FIRST_YEAR: Final = 1990


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post as a forum gives it: ``html`` holds mark-up, ``text`` does not; ``at`` is as written.

    ``url`` is what it links to or where it stands, ``thread_url`` the conversation that it belongs to.
    """

    id: str
    title: str = ""
    html: str = ""
    text: str = ""
    url: str | None = None
    thread_url: str | None = None
    author: str = ""
    community: str = ""
    at: Any = None
    language: str = ""
    hints: tuple[Hint, ...] = ()


def events(posts: Iterable[Post | None], now: datetime) -> list[Event]:
    """Return an event for each post that says anything, each id once, in the order of the posts.

    A post without a title is titled by its first words.
    """
    found: dict[str, Event] = {}
    for post in posts:
        if post is not None and (event := _event(post, now)) is not None:
            found.setdefault(event.external_id, event)
    return list(found.values())


def _event(post: Post, now: datetime) -> Event | None:
    entry = Entry(
        id=post.id,
        title=post.title,
        html=post.html,
        text=post.text,
        link=address(post.url),
        publisher=post.community,
        language=line(post.language),
    )
    for event in events_of([entry]):
        return replace(
            event,
            author=line(post.author)[:_LONGEST_NAME] or None,  # a name@server is no mail address here
            published_at=moment(post.at, now),
            thread_url=address(post.thread_url),
            hints=post.hints,
        )
    return None


def document(body: bytes, where: str) -> dict[str, Any]:
    """Return the JSON object in a body; SourceChanged when there is none. ``where`` names it in errors."""
    data = _json(body, where)
    if not isinstance(data, dict):
        raise _other_shape(where, "no object")
    return data


def rows(body: bytes | Mapping[str, Any], where: str, *path: str, key: str) -> list[dict[str, Any]]:
    """Return the objects in the list at a path that have a ``key``; SourceChanged when there is no list.

    Entries without the key are dropped; when all lack it, the page has another shape than we read.
    """
    data: Any = _json(body, where) if isinstance(body, bytes) else body
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    if not isinstance(data, list):
        raise _other_shape(where, f"no list of '{path[-1]}'" if path else "no list")
    found = [row for row in data if isinstance(row, dict) and string(row, key)]
    if data and not found:
        raise _other_shape(where, f"entries, but none with '{key}'")
    return found


def _json(body: bytes, where: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SourceChanged(
            f"{shown(where)} answered, but not with JSON ({_look(body)}). Open it in a browser: it may ask "
            "for a log-in or block programs, or the address may have changed."
        ) from error


def _look(body: bytes) -> str:
    if not body.strip():
        return "with nothing"
    return "an HTML page" if body.lstrip()[:1] == b"<" else "another kind of text"


def _other_shape(where: str, what: str) -> SourceChanged:
    return SourceChanged(
        f"{shown(where)} answered with JSON that has {what}. Check the options of this source; "
        "if they are right, the site has changed its format: report it with a copy of the answer."
    )


def string(row: Mapping[str, Any], *keys: str) -> str:
    """Return the first of these fields that holds a string or a whole number, as a string; else ''.

    Lone surrogates are dropped: no address and no database takes them.
    """
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and (plain := value.encode("utf-8", "ignore").decode()).strip():
            return plain
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def table(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a field that holds an object, or an empty one."""
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def moment(value: Any, now: datetime) -> datetime | None:
    """Return the time in a field, as ISO text or seconds since 1970; None if absurd or in the future."""
    found: datetime | None = None
    if isinstance(value, str):
        found = read_date(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        try:
            found = datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            found = None
    return found if found and found.year >= _FIRST_YEAR and found <= now + _CLOCK_SKEW else None


def moments(found: Iterable[Event]) -> list[datetime]:
    """Return the times of those events that have one."""
    return [event.published_at for event in found if event.published_at is not None]


def since(now: datetime, backfill: timedelta | str, cursor: Any, overlap: timedelta) -> datetime | None:
    """Return from when on to ask: the stored cursor less an overlap, or else the backfill; None for all.

    It is rounded down to the day, so that the address of a search changes once a day.
    """
    known = moment(cursor, now)
    if known is not None:
        start = known - overlap
    elif isinstance(backfill, timedelta):
        start = now - min(backfill, timedelta(days=3650))
    else:
        return None
    return start.replace(hour=0, minute=0, second=0, microsecond=0)


def root(base_url: HttpUrl | None, usual: HttpUrl | str) -> str:
    """Return the address of the host to ask, without a slash at its end."""
    return str(base_url or usual).rstrip("/")


def secret_of(secret: Secret) -> str:
    """Return a secret; SourceRefused, which pauses this source alone, when it is not set."""
    try:
        return secret.value()
    except ConfigError as error:
        raise SourceRefused(str(error), status=401) from error


def rest(poll: Poll, seconds: Any) -> None:
    """Remember that the host wants to be left alone for so many seconds; at most a day counts."""
    try:
        pause = min(timedelta(seconds=max(float(seconds), 0.0)), _LONGEST_REST)
    except (TypeError, ValueError, OverflowError):
        return
    if pause:
        poll.state[_REST] = (poll.now + pause).isoformat()


def check_rest(poll: Poll) -> None:
    """End the poll quietly, by Unchanged, while the host wants to be left alone."""
    told = poll.state.get(_REST)
    until = read_date(told) if isinstance(told, str) else None
    if until is not None and poll.now < until <= poll.now + _LONGEST_REST:
        raise Unchanged
    poll.state.pop(_REST, None)
