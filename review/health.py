"""How well the watching goes, in plain words with what to do: for who looks at the page each morning."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from earmark.config import Settings, clock_is_fixed
from earmark.triggers import CATALOGUE, CONVERSATIONS, Polarity
from monitors.hosts import day_of
from monitors.pace import in_words
from review.coverage import GENERAL
from sources.registry import kinds
from storage import digests, hosts, targets, watching, workers
from storage.engine import Connection
from storage.hosts import Host
from storage.outbox import State
from storage.pulse import Pulse, pulse

__all__ = [
    "LITTLE_SPACE",
    "NO_SPACE",
    "BlindSpot",
    "Finding",
    "Health",
    "Level",
    "Monitor",
    "blind_spots",
    "health_of",
    "monitor_of",
]

_RECENT: Final = timedelta(hours=1)
_HEARD_WITHIN: Final = timedelta(minutes=2)
_BEHIND: Final = timedelta(minutes=15)
_LONG_WAIT: Final = timedelta(hours=1)
LITTLE_SPACE: Final = 1_000_000_000
NO_SPACE: Final = 100_000_000
_BUSIEST: Final = 10
_MOST: Final = 4


class Level(StrEnum):
    """How bad a finding is."""

    FAIL = "fail"
    WARN = "warn"
    OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: what it is like, what to do unless it is well, where to look closer."""

    name: str
    level: Level
    words: str
    remedy: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """Whether something polls, on which machines, and when it was last heard of."""

    is_alive: bool
    machines: tuple[str, ...]
    heard_at: datetime | None
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was found, the worst first; the figures; the hosts that were asked most or want a pause."""

    findings: tuple[Finding, ...]
    pulse: Pulse
    hosts: tuple[Host, ...]
    per_day: int

    @property
    def ill(self) -> int:
        """How many findings want a person."""
        return sum(one.level is not Level.OK for one in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindSpot:
    """A kind of reason that no source shows in particular now, and kinds of source that would.

    ``by_chance`` says that the general press may tell it.
    """

    words: str
    by_chance: bool
    remedies: tuple[str, ...]


def health_of(connection: Connection, settings: Settings, now: datetime) -> Health:
    """Return how well the watching goes at this time."""
    figures = pulse(connection, now, recent=_RECENT, heard_within=_HEARD_WITHIN)
    standing = hosts.standing(connection, day_of(now), now)
    per_day = settings.http.per_day
    found = [
        *_monitor(monitor_of(connection, now), figures, now),
        *_sources(figures, now),
        *_hosts(standing, per_day, now),
        *_targets(connection),
        *_outbox(figures, now),
        *_digests(connection, now),
        _database(settings),
        _disk(settings.workspace),
        _clock(now, connection),
    ]
    order = list(Level)
    busiest = sorted(standing, key=lambda host: (not _is_blocked(host, now), -host.requests))
    return Health(
        findings=tuple(sorted(found, key=lambda one: order.index(one.level))),
        pulse=figures,
        hosts=tuple(busiest[:_BUSIEST]),
        per_day=per_day,
    )


def blind_spots(connection: Connection, now: datetime) -> list[BlindSpot]:
    """Return the kinds of reason to call that no source shows in particular now, and what would."""
    known = kinds()
    able = [known[name].shows for name in watching.kinds(connection, now) if name in known]
    closely = {key for shows in able if len(shows) <= GENERAL for key in shows}
    broadly = {key for shows in able for key in shows}
    found: dict[str, BlindSpot] = {}
    for key, kind in CATALOGUE.items():
        is_heard = key in closely or (key in CONVERSATIONS and key in broadly)
        if kind.polarity is not Polarity.BUY or is_heard:
            continue
        special = [name for name, one in known.items() if key in one.shows and len(one.shows) <= GENERAL]
        spot = BlindSpot(words=kind.words, by_chance=key in broadly, remedies=tuple(special[:_MOST]))
        found.setdefault(kind.words, spot)
    return sorted(found.values(), key=lambda spot: spot.by_chance)


def monitor_of(connection: Connection, now: datetime) -> Monitor:
    """Return whether something polls; a process that fell silent without a word is gone."""
    at = workers.clock(connection)  # workers live by the clock that they share, which may not be ours
    every = workers.every(connection)
    known = [one for one in every if one.stopped_at is None]
    last = max((one.seen_at for one in every), default=None)
    alive = [one for one in known if at - one.seen_at < _HEARD_WITHIN]
    return Monitor(
        is_alive=bool(alive),
        machines=tuple(sorted({one.host for one in alive})),
        heard_at=now - (at - last) if last else None,
        gone=tuple(f"process {one.process} on {one.host}" for one in known if one not in alive),
    )


def _monitor(found: Monitor, figures: Pulse, now: datetime) -> Iterator[Finding]:
    start = "Start it: earmark up (or, on a server, the service that runs it)."
    if found.is_alive:
        polled = sum(figures.polls.values())
        news = f"{figures.new_events:,} new events and {figures.new_triggers:,} triggers"
        where = ", ".join(found.machines)
        yield _ok("Monitor", f"It runs on {where}: {polled:,} polls, {news} in the last hour.")
    elif figures.due:
        yield _fail("Monitor", f"Nothing polls. Due by now: {_count(figures.due, 'source')}.", start)
    elif found.heard_at is None:
        yield _warn("Monitor", "It has not run yet.", start)
    else:
        yield _warn("Monitor", f"It does not run; it ended {_ago(found.heard_at, now)}.", start)
    for each in found.gone:
        yield _warn(
            "Monitor",
            f"{each[0].upper()}{each[1:]} ended without a word.",
            "What it held is taken over by the next one; its log says why it ended.",
        )


def _sources(figures: Pulse, now: datetime) -> Iterator[Finding]:
    counted = figures.sources
    if not counted:
        yield _warn("Sources", "There are none, so nothing is watched.", "Add some.", "/sources/add")
        return
    said = {
        "stopped": ("Stopped until a person looks", "See what each says, correct it, and resume it."),
        "failing": ("Failing, and tried again", "Most mend themselves; test those that fail for days."),
        "silent": ("Answering, but silent for too long", "They may have moved: open what they watch."),
    }
    for state, (words, remedy) in said.items():
        if counted.get(state):
            what = f"{words}: {_count(counted[state], 'source')}."
            yield _warn("Sources", what, remedy, f"/sources?state={state}")
    late = now - figures.due_since if figures.due_since else timedelta()
    if late > _BEHIND:
        words = f"Overdue: {_count(figures.due, 'source')}, {figures.due_source} for {in_words(late)}."
        remedy = "If the monitor runs, it can't keep up: raise monitor.parallel, or poll less often."
        yield _warn("Sources", words, remedy, "/sources?state=late")
    well = counted.get("ok", 0) + counted.get("new", 0)
    yield _ok("Sources", f"{well:,} of {sum(counted.values()):,} are as they should be.", "/sources")


def _hosts(standing: list[Host], per_day: int, now: datetime) -> Iterator[Finding]:
    for host in standing:
        if _is_blocked(host, now) and host.blocked_until:
            words = f"{host.host} asked for a pause of {in_words(host.blocked_until - now)} more."
            yield _warn("Hosts", words, "Its sources wait. If it happens often, poll them less often.")
        elif host.requests >= per_day:
            words = f"{host.host} got all {per_day:,} requests of today."
            yield _warn("Hosts", words, "It goes on at 00:00 UTC. If it allows more: http.per_day.")


def _targets(connection: Connection) -> Iterator[Finding]:
    for target in targets.every(connection):
        if target.paused_reason:
            remedy = "Correct that, check the target, and let it go on."
            yield _warn("Exports", f"{target.id} stands still: {target.paused_reason}", remedy, "/exports")
        elif target.last_error:
            remedy = "It is tried again by itself; check the target if it stays."
            yield _warn("Exports", f"{target.id} was not read back: {target.last_error}", remedy, "/exports")


def _outbox(figures: Pulse, now: datetime) -> Iterator[Finding]:
    refused = sum(held for (_, state), held in figures.outbox.items() if state is State.REFUSED)
    if refused:
        words = f"Refused for good: {_count(refused, 'delivery')}."
        yield _warn("Outbox", words, "See why, correct it, and retry.", "/exports/outbox?state=refused")
    for target, oldest in sorted(figures.waiting.items()):
        held = figures.outbox.get((target, State.WAITING), 0)
        if now - oldest > _LONG_WAIT:
            since = in_words(now - oldest)
            words = f"Waiting for {target}: {_count(held, 'delivery')}, the oldest for {since}."
            remedy = "See why: the target may stand still, or the monitor not run."
            yield _warn("Outbox", words, remedy, "/exports/outbox?state=waiting")
    waiting = sum(held for (_, state), held in figures.outbox.items() if state is State.WAITING)
    yield _ok("Outbox", f"{_count(waiting, 'delivery')} on the way." if waiting else "Nothing waits.")


def _digests(connection: Connection, now: datetime) -> Iterator[Finding]:
    for one in digests.every(connection):
        if not one.failures:
            continue
        until = one.lease_until
        again = f" It is tried again in {in_words(until - now)}." if until and until > now else ""
        words = f"The digest of {one.user} failed {_count(one.failures, 'time')}: {one.last_error}"
        yield _warn("Digest", words, f"Correct [mail] in earmark.toml, or their address.{again}", "/settings")


def _database(settings: Settings) -> Finding:
    """Return how large it is; that it answers is known: this was read from it."""
    url = settings.database_url
    file = Path(url.partition(":///")[2])
    size = (
        f" and holds {file.stat().st_size / 1e6:,.1f} MB"
        if url.startswith("sqlite") and file.is_file()
        else ""
    )
    return _ok("Database", f"It answers{size}.")


def _disk(workspace: Path) -> Finding:
    free = shutil.disk_usage(workspace).free
    words = f"{free / 1e9:,.1f} GB are free."
    if free < NO_SPACE:
        return _fail("Disk", words, "Free some space: nothing can be stored when it is full.")
    if free < LITTLE_SPACE:
        return _warn("Disk", words, "Free some space soon.")
    return _ok("Disk", words)


def _clock(now: datetime, connection: Connection) -> Finding:
    if clock_is_fixed():
        return _warn("Clock", "EARMARK_NOW holds it.", "Unset it to go on in the present.")
    ahead = abs(workers.clock(connection) - now)
    if ahead > timedelta(seconds=30):
        words = f"This machine and the database are {in_words(ahead)} apart."
        return _warn("Clock", words, "Let both be set by a time server.")
    return _ok("Clock", "This machine and the database agree.")


def _is_blocked(host: Host, now: datetime) -> bool:
    return host.blocked_until is not None and host.blocked_until > now


def _count(number: int, what: str) -> str:
    many = f"{what.removesuffix('y')}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else many}"


def _ago(moment: datetime, now: datetime) -> str:
    return f"{in_words(now - moment)} ago" if moment < now else "just now"


def _ok(name: str, words: str, link: str = "") -> Finding:
    return Finding(name=name, level=Level.OK, words=words, link=link)


def _warn(name: str, words: str, remedy: str, link: str = "") -> Finding:
    return Finding(name=name, level=Level.WARN, words=words, remedy=remedy, link=link)


def _fail(name: str, words: str, remedy: str, link: str = "") -> Finding:
    return Finding(name=name, level=Level.FAIL, words=words, remedy=remedy, link=link)
