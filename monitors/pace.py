"""When to poll a source next, and why then; pure.

A source is polled at its own pace (``every``), or at the rhythm in which it has had news, never faster
than its kind's floor. Failures back off exponentially to a day and never end in silence; only a page that
is gone twice in a row (410), or an address that the guard refuses, waits for a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Final

from monitors.wishes import NONE, Wishes

__all__ = [
    "DAY",
    "EVERY",
    "Next",
    "after_failure",
    "after_success",
    "after_wait",
    "gap",
    "in_words",
    "learned",
]

EVERY: Final = timedelta(minutes=30)
"""Pause between two polls of a source whose rhythm is not known yet."""
DAY: Final = timedelta(days=1)
MOMENTS: Final = 20
"""How many of the latest moments of news make a rhythm."""
_FEWEST: Final = 3
_VISITS: Final = 16
"""Polls between two pieces of news: news waits for 1/32 of their distance on average."""
_LONGEST: Final = timedelta(hours=3)
_CHEAP: Final = timedelta(minutes=5)
"""A kind with a lower floor is the user's own folder or mailbox: it is looked into as often as a new one."""
_FIRST_BACK_OFF: Final = timedelta(minutes=5)
_TURN_BACK: Final = timedelta(minutes=150)
_GONE: Final = 410
_JITTER: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """When to poll again; a ``reason`` means: not before a person looks. ``pace`` is how often, and why."""

    at: datetime
    failures: int
    reason: str | None = None
    pace: str | None = None


def learned(rhythm: Iterable[datetime], news: Iterable[datetime], now: datetime) -> tuple[datetime, ...]:
    """Return the latest moments of news, the oldest first; the order in which they came doesn't matter.

    Dates ahead of now are left out, and one minute counts once: a page of news at once is one piece.
    """
    minutes = {moment.replace(second=0, microsecond=0) for moment in (*rhythm, *news) if moment <= now}
    return tuple(sorted(minutes)[-MOMENTS:])


def gap(rhythm: Sequence[datetime], now: datetime) -> timedelta | None:
    """Return the usual distance between two pieces of news; None while too few are known.

    The time since the last one counts as well: a source that falls silent is polled less and less. The
    oldest quarter does not: an entry that is kept on top for years is no rhythm.
    """
    if len(rhythm) < _FEWEST:
        return None
    recent = rhythm[len(rhythm) // 4 :]
    between = (recent[-1] - recent[0]) / (len(recent) - 1)
    return max(between, (now - recent[0]) / len(recent), timedelta(minutes=1))


def after_success(
    source: str,
    now: datetime,
    *,
    every: timedelta | None,
    floor: timedelta,
    headers: Mapping[str, str],
    rhythm: Sequence[datetime] = (),
    wishes: Wishes = NONE,
) -> Next:
    """Return the next poll after an answer.

    ``every`` is the user's word and is kept, down to the floor. Without it the rhythm decides: at least
    every three hours, or half an hour for a kind whose floor is below five minutes; what the feed
    (``wishes``) or its host (``max-age``, ``Expires``) asks for can slow it down, up to a day.
    """
    if every is not None:
        pause, why = every, "because you set it so"
    else:
        pause, why = _of_rhythm(rhythm, now, EVERY if floor < _CHEAP else _LONGEST)
        wish = _fresh_for(headers)
        if wishes.every and min(wishes.every, DAY) > pause:
            pause, why = min(wishes.every, DAY), "because the feed asks for it"
        if min(wish, DAY) > pause:
            pause, why = min(wish, DAY), "because its host says that the page stays the same for so long"
    if floor > pause:
        pause, why = floor, f"the least that its kind allows; {why}"
    text = f"every {in_words(pause)}, {why}"
    at = now + _jittered(source, now, pause)
    return Next(at=at if every is not None else wishes.next_open(at), failures=0, pace=text)


def after_failure(
    source: str,
    now: datetime,
    *,
    result: str,
    failures: int,
    retry_after: timedelta | None = None,
    status: int | None = None,
) -> Next:
    """Return the next poll after failure number ``failures`` in a row.

    ``result`` is unavailable, changed or refused. A refusal is asked again once a day, so that it heals
    by itself; a second 410, or our own guard's refusal (no status), waits for a person.
    """
    if result == "refused":
        if status is None:
            return Next(at=now + DAY, failures=failures, reason="Its address is not allowed.")
        if status == _GONE and failures > 1:
            return Next(at=now + DAY, failures=failures, reason="The page is gone for good (410 twice).")
        return Next(at=now + _jittered(source, now, DAY), failures=failures)
    back_off = min(_FIRST_BACK_OFF * 2 ** min(failures - 1, 16), DAY)
    pause = _jittered(source, now, back_off)
    return Next(at=now + max(pause, min(retry_after or timedelta(), DAY)), failures=failures)


def after_wait(source: str, now: datetime, *, failures: int, wait: timedelta, why: str) -> Next:
    """Return the next poll of a source whose host could not be asked; it has not failed by that.

    Sources of one host that wait for the same moment come back within a quarter of an hour after it.
    """
    wait = max(min(wait, DAY), timedelta(minutes=1))
    spread = _jittered(source, now, _TURN_BACK) - _TURN_BACK
    return Next(at=now + wait + spread, failures=failures, pace=why)


def in_words(span: timedelta) -> str:
    """Return a span in one or two words: 25 min, 6 h, 9 days."""
    if span < timedelta(minutes=90):
        return f"{max(round(span / timedelta(minutes=1)), 1)} min"
    if span < timedelta(hours=36):
        return f"{round(span / timedelta(hours=1), 1):g} h"
    return f"{round(span / DAY)} days"


def _of_rhythm(rhythm: Sequence[datetime], now: datetime, longest: timedelta) -> tuple[timedelta, str]:
    usual = gap(rhythm, now)
    if usual is None:
        return EVERY, "until its rhythm is known"
    a_day = round(DAY / usual)
    often = "once a day" if a_day == 1 else f"{a_day:,} times a day"
    if usual >= 1.5 * DAY:
        often = f"once in {in_words(usual)}"
    return min(usual / _VISITS, longest), f"because it has news about {often}"


def _fresh_for(headers: Mapping[str, str]) -> timedelta:
    """Return how long a page stays as it is, as its host says: max-age before Expires; zero for garbage."""
    control = headers.get("cache-control", "")
    for part in control.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "max-age":
            known = value.isascii() and value.isdecimal() and len(value) <= len("31536000")
            return timedelta(seconds=int(value)) if known else timedelta()
        if name.lower() in {"no-cache", "no-store"}:
            return timedelta()
    until, sent = _http_date(headers.get("expires")), _http_date(headers.get("date"))
    return max(until - sent, timedelta()) if until and sent else timedelta()


def _http_date(text: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text or "")
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _jittered(source: str, now: datetime, pause: timedelta) -> timedelta:
    """Spread sources by up to a tenth of the pause: the same inputs give the same moment."""
    digest = blake2b(f"{source} {now.isoformat()}".encode(), digest_size=4).digest()
    return pause * (1 + _JITTER * int.from_bytes(digest) / 2**32)
