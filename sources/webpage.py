"""Pages without a feed: what changed in their text since the last visit."""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, field_validator

from earmark.contract import Page, Poll, Source
from earmark.errors import SourceChanged
from earmark.types import Event, Hint, HintKind
from sources.entries import shown
from sources.page_text import Difference, difference, lines_of_page
from sources.selectors import xpath_of

__all__ = ["Webpage"]

_LINES: Final = "lines"
_SEEN: Final = "seen_at"
_DOUBT: Final = "doubt"
_LOG_IN: Final = re.compile(
    r"(?:^|[/._-])(?:log-?in|sign-?in|sso|auth|captcha|challenge)(?:$|[/._-])", re.IGNORECASE
)
_MOST_SHOWN: Final = 40  # lines of each side in an event
_LONGEST_LINE: Final = 400
_LONGEST_TITLE: Final = 200
_DATED_WITHIN: Final = timedelta(days=2)
_GUTTED: Final = 0.2  # a page that keeps less than this of its lines is believed at second sight
_FEW_LINES: Final = 8
_LABEL: Final = 8  # words of a name with a title, or of a price
_SMALL_WORD: Final = 4  # letters: "of", "and", "für" stand in titles
_SPECIAL: Final = str.maketrans({"<": "‹", ">": "›"})
_ENTITY: Final = re.compile(r"&(#?\w+);")


class Webpage(Source):
    """A page that changed: what was added to its text, and what was removed."""

    kind: ClassVar[str] = "webpage"
    floor: ClassVar[timedelta] = timedelta(hours=1)
    terms: ClassVar[str] = "The page's own; a page that its robots.txt keeps from programs is not read."
    robots: ClassVar[bool] = True  # a page for people: its host may keep programs out
    shows: ClassVar[tuple[str, ...]] = (
        *("customer_win", "compliance_push", "exec_departure", "exec_hire", "hiring_role"),
        *("new_office_or_market", "partnership", "product_launch", "vendor_price_change"),
    )

    url: HttpUrl = Field(description="Address of the page.")
    company: str | None = Field(
        None, description="The company whose page it is: its name or domain; else the page's own domain."
    )
    page: Literal["pricing", "customers", "leadership", "careers", "sub-processors", "web"] = Field(
        "web",
        description="What it shows: pricing, customers, leadership, careers, sub-processors; else web.",
    )
    select: tuple[str, ...] = Field(
        (), description="CSS selectors of the parts to compare; the main part of the page if empty."
    )
    ignore: tuple[str, ...] = Field((), description="CSS selectors of parts that change by themselves.")
    ignore_lines: tuple[str, ...] = Field(
        (), description="Regular expressions of lines to leave out, such as '^Updated '."
    )
    min_change: int = Field(10, ge=1, description="Fewest characters of changed lines that count.")

    @field_validator("select", "ignore")
    @classmethod
    def _readable(cls, selectors: tuple[str, ...]) -> tuple[str, ...]:
        for selector in selectors:
            xpath_of(selector)
        return selectors

    @field_validator("ignore_lines")
    @classmethod
    def _compilable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression ({error})") from None
        return patterns

    async def poll(self, poll: Poll) -> AsyncIterator[Event]:
        """Yield one event if the text changed; the first visit only remembers it.

        A page that can't be observed raises SourceChanged, and what was remembered stays.
        """
        page = await poll.get(str(self.url), conditional=_DOUBT not in poll.state)
        _refuse_elsewhere(str(self.url), page)
        where = shown(str(self.url))
        lines = await poll.parse(
            lines_of_page, page.body, page.content_type, where, self.select, self.ignore, self.ignore_lines
        )
        before: list[str] | None = poll.state.get(_LINES)
        if before is None:
            _remember(poll, lines)
            return
        changed = difference(before, lines)
        if changed.size < self.min_change:
            poll.state.pop(_DOUBT, None)
            poll.state[_SEEN] = poll.now.isoformat()
            return
        if _is_gutted(before, changed) and poll.state.get(_DOUBT) != _digest(lines):
            poll.state[_DOUBT] = _digest(lines)
            return
        seen_at = datetime.fromisoformat(poll.state[_SEEN])
        _remember(poll, lines)
        yield self._told(changed, seen_at, poll.now)

    def _told(self, changed: Difference, seen_at: datetime, now: datetime) -> Event:
        what = f"{self._owner}: the {self.page} page changed"
        return Event(
            external_id=_digest((str(self.url), *changed.removed, "", *changed.added)),
            title=_title(what, changed),
            url=str(self.url),
            text=_text(changed, seen_at, now),
            publisher=_host(self.url),
            published_at=now if now - seen_at <= _DATED_WITHIN else None,
            language=self.language,
            hints=(self._hint,),
        )

    @property
    def _owner(self) -> str:
        return (self.company or "").strip() or _host(self.url)

    @property
    def _hint(self) -> Hint:
        is_domain = re.fullmatch(r"[\w-]+(?:\.[\w-]+)+", self._owner) is not None
        return Hint(kind=HintKind.DOMAIN if is_domain else HintKind.NAME, value=self._owner, strength=1.0)


def _refuse_elsewhere(asked: str, page: Page) -> None:
    """Raise SourceChanged when a redirect led to a log-in or to the front page."""
    before, after = urlsplit(asked), urlsplit(page.url)
    if before.path == after.path and before.hostname == after.hostname:
        return
    if _LOG_IN.search(after.path) and not _LOG_IN.search(before.path):
        raise SourceChanged(f"{shown(asked)} led to a log-in page. Nothing was compared; watch an open page.")
    if after.path in {"", "/"} and before.path not in {"", "/"}:
        raise SourceChanged(
            f"{shown(asked)} led to the front page: it may be gone. Nothing was compared; correct it."
        )


def _remember(poll: Poll, lines: list[str]) -> None:
    poll.state.pop(_DOUBT, None)
    poll.state[_LINES] = lines
    poll.state[_SEEN] = poll.now.isoformat()


def _is_gutted(before: list[str], changed: Difference) -> bool:
    kept = len(before) - len(changed.removed)
    return len(before) >= _FEW_LINES and kept < _GUTTED * len(before) and len(changed.added) < len(before) / 2


def _title(what: str, changed: Difference) -> str:
    sides = [
        f"{word} “{lines[0]}”" + (f" and {len(lines) - 1} more" if len(lines) > 1 else "")
        for word, lines in (("added", changed.added), ("removed", _labels(changed.removed)))
        if lines
    ]
    sides = sides or [f"removed {_counted(len(changed.removed))}"]
    plain = _ENTITY.sub(r"\1", f"{what}: {'; '.join(sides)}".translate(_SPECIAL))
    title = " ".join(plain.split())
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1].rstrip()}…"


def _text(changed: Difference, seen_at: datetime, now: datetime) -> str:
    gone = _labels(changed.removed)
    return "\n".join(
        (
            f"Changed between {seen_at:%d %b %Y %H:%M} and {now:%d %b %Y %H:%M} UTC.",
            *_listed("Added:", changed.added, len(changed.added)),
            *_listed("Removed:", gone, len(changed.removed)),
        )
    )


def _listed(head: str, lines: Sequence[str], count: int) -> list[str]:
    if not count:
        return []
    told = [line[:_LONGEST_LINE] for line in lines[:_MOST_SHOWN]]
    rest = [f"and {count - len(told)} more."] if count > len(told) and told else []
    return [head, *told, *rest] if told else [f"{head} {_counted(count)}."]


def _counted(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _labels(lines: Sequence[str]) -> list[str]:
    """Return the lines that are names, titles or prices.

    A removed sentence is not quoted: what no longer stands there would be read as if it were said now.
    """
    return [line for line in lines if len(line.split()) <= _LABEL and _is_label(line)]


def _is_label(line: str) -> bool:
    words = re.findall(r"[^\W\d_][\w'-]*", line)
    return not line[0].isalpha() or all(word[0].isupper() or len(word) < _SMALL_WORD for word in words)


def _host(url: HttpUrl) -> str:
    return (url.host or "").removeprefix("www.")


def _digest(lines: tuple[str, ...] | list[str]) -> str:
    return blake2b("\n".join(lines).encode("utf-8", "replace"), digest_size=12).hexdigest()
