"""How long a host asks to be left alone: the Retry-After header, read with suspicion."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["ABSURD", "LONGEST", "retry_after"]

LONGEST: Final = timedelta(hours=24)
"""No host can silence its sources for longer than this at a time."""

ABSURD: Final = timedelta(days=366)
"""A wish beyond this is taken for a mistake."""

_SECONDS: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


def retry_after(value: str | None, *, date: str | None, now: datetime) -> timedelta | None:
    """Return the pause that a Retry-After header asks for, at most 24 hours.

    ``date`` is the Date header of the same answer: a date is measured against the host's own clock, so
    that a wrong clock on either side does no harm; without one, against ``now``. None when the header is
    missing, negative, zero, past, absurd or garbage: then our own back-off decides.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        pause = timedelta(seconds=float(text))
    else:
        until = _http_date(text)
        if until is None:
            return None
        pause = until - (_http_date(date or "") or now)
    if not timedelta(0) < pause <= ABSURD:
        return None
    return min(pause, LONGEST)


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
