"""When to poll a source next; pure.

A source is polled at its own pace (``every``), never faster than its kind's floor. Failures back off
exponentially to a day and never end in silence; only a page that is gone twice in a row (410), or an
address that the guard refuses, waits for a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

__all__ = ["DAY", "EVERY", "Next", "after_failure", "after_success"]

EVERY: Final = timedelta(minutes=30)
"""Pause between two polls of a source that does not say otherwise."""
DAY: Final = timedelta(days=1)
_FIRST_BACK_OFF: Final = timedelta(minutes=5)
_GONE: Final = 410
_JITTER: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """When to poll again; a ``reason`` means: not before a person looks."""

    at: datetime
    failures: int
    reason: str | None = None


def after_success(
    source: str, now: datetime, *, every: timedelta | None, floor: timedelta, headers: Mapping[str, str]
) -> Next:
    """Return the next poll after an answer; the host's ``max-age`` can slow it down, up to a day."""
    pause = max(every or EVERY, floor)
    if every is None:
        pause = max(pause, min(_max_age(headers), DAY))
    return Next(at=now + _jittered(source, now, pause), failures=0)


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


def _max_age(headers: Mapping[str, str]) -> timedelta:
    for part in headers.get("cache-control", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "max-age" and value.isdecimal() and len(value) <= len("31536000"):
            return timedelta(seconds=int(value))
    return timedelta()


def _jittered(source: str, now: datetime, pause: timedelta) -> timedelta:
    """Spread sources by up to a tenth of the pause: the same inputs give the same moment."""
    digest = blake2b(f"{source} {now.isoformat()}".encode(), digest_size=4).digest()
    return pause * (1 + _JITTER * int.from_bytes(digest) / 2**32)
