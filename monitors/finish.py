"""What is kept of a poll that is over: how it went, when to come again, and what is said of it, once."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from earmark.contract import Source
from earmark.types import StoredEvent
from monitors import pace
from monitors.health import is_silent
from monitors.poll import Outcome
from storage.polls import Configured, Finished

__all__ = ["finished"]

_FLOOR: Final = timedelta(minutes=5)
logger = logging.getLogger(__name__)


def finished(
    configured: Configured,
    source: Source | None,
    outcome: Outcome,
    now: datetime,
    *,
    news: Iterable[StoredEvent] = (),
) -> Finished:
    """Return the poll to be stored; log when the source fails or falls silent, and when that is over.

    ``source`` is None when its options no longer make one; ``news`` are its new events.
    """
    if outcome.result == "waiting":
        return _put_off(configured, outcome, now)
    rhythm = pace.learned(configured.rhythm, map(_told_at, news), now)
    failures = configured.failures + 1 if outcome.error else 0
    silent_since = None if outcome.error else _silent_since(configured, source, rhythm, now)
    following = _following(configured, source, outcome, rhythm, now)
    _say(configured, outcome, silent_since)
    return Finished(
        source=configured.id,
        started_at=outcome.started_at,
        finished_at=now,
        outcome=outcome.result,
        error=outcome.error,
        paused_reason=following.reason,
        state=outcome.state,
        pages=outcome.pages,
        next_poll_at=following.at,
        failures=failures,
        rhythm=None if rhythm == configured.rhythm else rhythm,
        pace=following.pace,
        silent_since=silent_since,
        seen=len(outcome.events),
        host=outcome.host,
    )


def _told_at(event: StoredEvent) -> datetime:
    """Return the moment of a piece of news; one without a date is as old as our sight of it."""
    return event.published_at or event.occurred_at or event.seen_at


def _put_off(configured: Configured, outcome: Outcome, now: datetime) -> Finished:
    """Return a poll whose host could not be asked: neither good nor a failure."""
    following = pace.after_wait(
        configured.id,
        now,
        failures=configured.failures,
        wait=outcome.retry_after or timedelta(),
        why=f"it waits: {outcome.error}",
    )
    return Finished(
        source=configured.id,
        started_at=outcome.started_at,
        finished_at=now,
        outcome=outcome.result,
        error=outcome.error,
        next_poll_at=following.at,
        failures=following.failures,
        pace=following.pace,
        seen=len(outcome.events),
        host=outcome.host,
    )


def _following(
    configured: Configured,
    source: Source | None,
    outcome: Outcome,
    rhythm: tuple[datetime, ...],
    now: datetime,
) -> pace.Next:
    if outcome.error:
        return pace.after_failure(
            configured.id,
            now,
            result=outcome.result,
            failures=configured.failures + 1,
            retry_after=outcome.retry_after,
            status=outcome.status,
        )
    return pace.after_success(
        configured.id,
        now,
        every=source.every if source else None,
        floor=source.floor if source else _FLOOR,
        headers=outcome.headers,
        rhythm=rhythm,
        wishes=outcome.wishes,
    )


def _silent_since(
    configured: Configured, source: Source | None, rhythm: tuple[datetime, ...], now: datetime
) -> datetime | None:
    expected = source.expect_every if source else None
    if not is_silent(rhythm, now, expect_every=expected, since=configured.first_polled_at):
        return None
    return configured.silent_since or now


def _say(configured: Configured, outcome: Outcome, silent_since: datetime | None) -> None:
    """Log what has begun or ended with this poll; what goes on was said before."""
    about = {"source": configured.id}
    if outcome.error:
        if not configured.failures:
            logger.warning("source failing", extra={**about, "error": outcome.error})
        return
    if configured.failures:
        logger.info("source works again", extra={**about, "failures": configured.failures})
    if silent_since and not configured.silent_since:
        last = max(configured.rhythm, default=None)
        logger.warning("source silent", extra={**about, "last_news": last})
    if configured.silent_since and not silent_since:
        logger.info("source speaks again", extra=about)
