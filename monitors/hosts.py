"""What each host may still be asked: not within a pause that it wants, not beyond the budget of its day.

It counts in memory; the monitor stores what is new and learns what other workers stored.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from monitors.faults import NotAsked
from monitors.retry import LONGEST
from storage.hosts import Host

__all__ = ["PER_DAY", "Hosts", "News", "day_of"]

PER_DAY: Final = 5000
"""Requests to one host on one day, unless the user says otherwise."""


def day_of(now: datetime) -> str:
    """Return the day in which requests are counted, by UTC."""
    return f"{now.astimezone(UTC):%Y-%m-%d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is not stored yet: requests of a day, and pauses that hosts asked for."""

    day: str
    asked: Mapping[str, int]
    blocked: Mapping[str, datetime]

    def __bool__(self) -> bool:
        return bool(self.asked or self.blocked)


class Hosts:
    """Counts requests per host and day, and keeps pauses; ``per_day`` is the most for one host."""

    def __init__(self, *, per_day: int = PER_DAY, now: Callable[[], datetime]) -> None:
        self.per_day, self._now = per_day, now
        self.pauses: dict[str, datetime] = {}
        self._day = day_of(now())
        self._known: Counter[str] = Counter()
        self._fresh: Counter[str] = Counter()
        self._told: dict[str, datetime] = {}

    @property
    def has_pauses_to_tell(self) -> bool:
        """Whether a host has asked for a pause that is not stored yet."""
        return bool(self._told)

    def heed(self, host: str) -> None:
        """Raise NotAsked, with the time to wait, when a host is not to be asked now."""
        now = self._turned()
        until = self.pauses.get(host)
        if until is not None and not now < until <= now + LONGEST:  # over, or set by a clock that ran ahead
            del self.pauses[host]
        elif until is not None:
            raise NotAsked(
                f"{host} asked for a pause until {until:%Y-%m-%d %H:%M:%S} UTC, so it was not asked. "
                "It is tried again after that.",
                retry_after=until - now,
            )
        if self._known[host] + self._fresh[host] >= self.per_day:
            tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
            raise NotAsked(
                f"{host} got all {self.per_day:,} requests of today, so it was not asked. It goes on at "
                "00:00 UTC; if that host allows more, raise per_day under [http] in earmark.toml.",
                retry_after=tomorrow - now,
            )

    def count(self, host: str) -> None:
        """Count one request to a host."""
        self._turned()
        self._fresh[host] += 1

    def pause(self, host: str, span: timedelta) -> None:
        """Leave a host alone for so long; a longer pause that is known stays."""
        now = self._now()
        self.pauses[host] = self._told[host] = max(now + span, self.pauses.get(host, now))

    def take_news(self) -> News:
        """Hand out what is to be stored; if that fails, give it to ``put_back``."""
        self._turned()
        news = News(day=self._day, asked=self._fresh, blocked=self._told)
        self._known.update(self._fresh)
        self._fresh, self._told = Counter(), {}
        return news

    def put_back(self, news: News) -> None:
        """Take back what could not be stored."""
        self._told = {**news.blocked, **self._told}
        if news.day == self._turned_day():
            self._fresh.update(news.asked)
            self._known.subtract(news.asked)

    def learn(self, standing: Iterable[Host]) -> None:
        """Take over what is stored: by us, by the process before, by other workers."""
        now = self._turned()
        for host in standing:
            if host.day == self._day:
                self._known[host.host] = host.requests
            until = host.blocked_until
            if until is not None and until > self.pauses.get(host.host, now):
                self.pauses[host.host] = until

    def _turned_day(self) -> str:
        self._turned()
        return self._day

    def _turned(self) -> datetime:
        """Return the time; with a new day every host has its whole budget again."""
        now = self._now()
        if (day := day_of(now)) != self._day:
            self._day = day
            self._known.clear()
            self._fresh.clear()
        return now
