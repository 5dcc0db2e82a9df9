"""How a source fares: silent or not, in plain words with what to do, and where it has moved; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

from monitors.pace import gap, in_words
from storage.polls import Configured, Validators

__all__ = ["Health", "State", "address_of", "health_of", "is_silent", "sighted"]

State = Literal["ok", "new", "silent", "failing", "stopped", "paused", "late"]

_SIGHTINGS: Final = 3
_SEEN_FOR: Final = timedelta(hours=24)
_FEWEST: Final = 8
_USUAL_GAPS: Final = 10
_LONGEST_GAPS: Final = 3
_LONG_WEEKEND: Final = timedelta(days=4)
_LATE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of a source in a word and in a sentence, and what to do if anything."""

    state: State
    words: str
    remedy: str = ""


def is_silent(
    rhythm: Sequence[datetime], now: datetime, *, expect_every: timedelta | None, since: datetime | None
) -> bool:
    """Say whether a source that answers has had no news for too long.

    That is ``expect_every`` where the user has set it, counted from the first poll (``since``) while there
    were no news at all. Otherwise it is learned: ten times the usual distance and three times the longest
    one, at least four days, once eight moments of news are known.
    """
    last = max(rhythm, default=since)
    if last is None:
        return False
    if expect_every is not None:
        return now - last > expect_every
    if len(rhythm) < _FEWEST:
        return False
    usual = (rhythm[-1] - rhythm[0]) / (len(rhythm) - 1)
    longest = max(later - earlier for earlier, later in pairwise(rhythm))
    return now - last > max(_USUAL_GAPS * usual, _LONGEST_GAPS * longest, _LONG_WEEKEND)


def sighted(page: Validators, moved_to: str | None, known: Validators | None, now: datetime) -> Validators:
    """Return the page with what its answer says of a move for good (301 or 308 all the way).

    The same target again is one sighting more; another target begins anew; an answer without a move ends it.
    """
    if moved_to is None:
        return replace(page, moved_to=None, moved_at=None, moved_times=0)
    if known is None or known.moved_to != moved_to or known.moved_at is None:
        return replace(page, moved_to=moved_to, moved_at=now, moved_times=1)
    return replace(page, moved_to=moved_to, moved_at=known.moved_at, moved_times=known.moved_times + 1)


def address_of(url: str, known: Validators | None, now: datetime) -> str:
    """Return where to ask for a page: its own address until a move was seen three times over a day."""
    if known is None or known.moved_to is None or known.moved_at is None:
        return url
    sure = known.moved_times >= _SIGHTINGS and now - known.moved_at >= _SEEN_FOR
    return known.moved_to if sure else url


def health_of(source: Configured, now: datetime) -> Health:
    """Return how a source fares at this time; the worst thing is what is said."""
    return _stopped(source, now) or _ill(source, now) or _well(source, now)


def _stopped(source: Configured, now: datetime) -> Health | None:
    resume = f"Go on with: earmark sources resume {source.id}"
    if not source.enabled:
        return Health(state="paused", words=f"Paused by a person; {_last(source, now)}.", remedy=resume)
    if source.paused_reason:
        fault = source.last_error or source.paused_reason
        return Health(
            state="stopped", words=f"{fault} It is not asked again ({_last(source, now)}).", remedy=resume
        )
    return None


def _ill(source: Configured, now: datetime) -> Health | None:
    test = f"See what it tells: earmark sources test {source.id}"
    if source.failures:
        again = (
            f"{_times(source.failures)}, {_last(source, now)}, next try {_ahead(source.next_poll_at, now)}"
        )
        return Health(state="failing", words=f"{source.last_error} Failed {again}.", remedy=test)
    if source.next_poll_at < now - _LATE:
        words = f"Due for {in_words(now - source.next_poll_at)}; {_last(source, now)}."
        return Health(state="late", words=words, remedy="Start the monitor if it does not run: earmark up")
    if source.silent_since:
        return Health(state="silent", words=_silence(source, now), remedy=test)
    return None


def _well(source: Configured, now: datetime) -> Health:
    pace = f"; {source.pace.removesuffix('.')}" if source.pace else ""
    following = f"Next {_ahead(source.next_poll_at, now)}{pace}."
    if source.last_ok_at is not None:
        return Health(state="ok", words=following)
    return Health(state="new", words=f"Not polled yet. {following}" if pace else "Not polled yet.")


def _last(source: Configured, now: datetime) -> str:
    return f"last good {_ago(source.last_ok_at, now)}" if source.last_ok_at else "never good so far"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times in a row"


def _silence(source: Configured, now: datetime) -> str:
    if not source.rhythm:
        return "It answers, but has had no news since it was added."
    usual = gap(source.rhythm, source.rhythm[-1])
    often = f", where some every {in_words(usual)} are usual" if usual else ""
    return f"It answers, but has had no news for {in_words(now - source.rhythm[-1])}{often}."


def _ago(moment: datetime, now: datetime) -> str:
    return f"{in_words(now - moment)} ago" if moment < now else "now"


def _ahead(moment: datetime, now: datetime) -> str:
    return f"in {in_words(moment - now)}" if moment > now else "now"
