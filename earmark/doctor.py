"""What is wrong with this machine or this workspace, and what to do about it."""

import os
import pyexpat
import shutil
import sqlite3
import ssl
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib.metadata import version
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from earmark.config import FILE, Settings, clock_is_fixed, load
from earmark.errors import ConfigError, EarmarkError
from earmark.rulebook import parse
from monitors.health import health_of
from monitors.hosts import day_of
from review.health import LITTLE_SPACE, NO_SPACE, Finding, Level
from sources.registry import broken, build
from storage import accounts, events, hosts, polls, rulebook, workers
from storage.engine import Connection, at_head, connect, reading, writing

__all__ = ["check_workspace", "examine"]

_OLDEST_EXPAT: Final = (2, 6, 0)
"""Before it, one long token in a feed takes quadratic time."""
_OLDEST_SQLITE: Final = (3, 35, 0)
_NOT_SEEN: Final = timedelta(minutes=2)


def examine(workspace: Path, now: datetime) -> list[Finding]:
    """Return findings on the versions, the settings, the database and the sources."""
    found = [*_versions(), *_clock()]
    try:
        settings = load(workspace)
    except ConfigError as error:
        return [*found, Finding(name="settings", level=Level.FAIL, words=str(error))]
    return [*found, *_settings(settings), *_disk(workspace), *_database(settings, now)]


def check_workspace(settings: Settings) -> list[Finding]:
    """Return what has to be edited before the workspace can run: settings, accounts, rulebook, sources."""
    found = list(_settings(settings))

    def look(connection: Connection) -> list[Finding]:
        return [*_content(connection), *_rulebook(connection), *_options(connection)]

    return [*found, *_looked(settings, look)]


def _versions() -> Iterator[Finding]:
    yield _ok("earmark", f"{version('earmark')} on Python {sys.version.split()[0]}")
    old = sqlite3.sqlite_version_info < _OLDEST_SQLITE
    yield Finding(
        name="sqlite",
        level=Level.FAIL if old else Level.OK,
        words=f"{sqlite3.sqlite_version}.",
        remedy="Use a Python with SQLite 3.35 or newer." if old else "",
    )
    expat = tuple(int(part) for part in pyexpat.EXPAT_VERSION.removeprefix("expat_").split("."))
    slow = expat < _OLDEST_EXPAT
    yield Finding(
        name="expat",
        level=Level.WARN if slow else Level.OK,
        words=".".join(map(str, expat)) + ".",
        remedy="A hostile feed can keep its parser busy until it is killed; update Python." if slow else "",
    )
    yield _ok("openssl", ssl.OPENSSL_VERSION)


def _clock() -> Iterator[Finding]:
    if clock_is_fixed():
        yield _warn("clock", "EARMARK_NOW fixes the clock.", "Unset it to go on in the present.")


def _settings(settings: Settings) -> Iterator[Finding]:
    file = settings.workspace / FILE
    if file.exists() and file.stat().st_mode & stat.S_IWOTH:
        yield _warn("settings", f"{file} can be changed by anybody.", f"Run: chmod o-w {file}")
    else:
        yield _ok("settings", str(file))
    try:
        yield _ok("contact", settings.contact)
    except ConfigError as error:
        yield Finding(name="contact", level=Level.FAIL, words=str(error))
    yield from _metrics(settings.monitor.metrics)
    for name in settings.secrets.names():
        variable = settings.secrets[name].name
        if os.environ.get(variable):
            yield _ok("secret", f"{name} is set")
        else:
            yield _fail("secret", f"{name}: {variable} is not set.", f"Set it: export {variable}=…")


def _metrics(where: str | None) -> Iterator[Finding]:
    """Whether the figures are told to this machine alone, and whether they can be told."""
    if where is None:
        return
    if not ip_address(where.rpartition(":")[0].strip("[]")).is_loopback:
        words = f"{where} answers whoever reaches it, without a log-in."
        yield _warn("metrics", words, "Give a loopback address, or one that only your monitoring reaches.")
    if find_spec("prometheus_client") is None:
        yield _warn(
            "metrics", "/healthz answers, /metrics does not.", "Install: pip install 'earmark[metrics]'"
        )


def _disk(workspace: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(workspace).free
    words = f"{free / 1e9:,.1f} GB free"
    if free < NO_SPACE:
        yield _fail("disk", words, "Free some space: nothing can be stored when it is full.")
    elif free < LITTLE_SPACE:
        yield _warn("disk", words, "Free some space soon.")
    else:
        yield _ok("disk", words)


def _database(settings: Settings, now: datetime) -> list[Finding]:
    def look(connection: Connection) -> list[Finding]:
        return [
            *_content(connection),
            *_sources(connection, now),
            *_hosts(connection, now, settings.http.per_day),
            *_workers(connection),
            *_options(connection),
        ]

    return _looked(settings, look)


def _looked(settings: Settings, look: Callable[[Connection], list[Finding]]) -> list[Finding]:
    """Open the database and look into it; a fault of the database is a finding."""
    try:
        engine = connect(settings.database_url)
        try:
            if not at_head(engine):
                return [
                    _fail("database", "its tables are not of this program's form.", "Run: earmark migrate")
                ]
            with writing(engine):
                size = _size(settings.database_url)
            with reading(engine) as connection:
                return [_ok("database", f"writable, at head{size}"), *look(connection)]
        finally:
            engine.dispose()
    except EarmarkError as error:
        return [Finding(name="database", level=Level.FAIL, words=str(error))]


def _size(url: str) -> str:
    file = Path(url.partition(":///")[2])
    if not url.startswith("sqlite") or not file.is_file():
        return ""
    return f", {file.stat().st_size / 1e6:,.1f} MB"


def _content(connection: Connection) -> Iterator[Finding]:
    listed = accounts.count(connection)
    if listed:
        yield _ok("accounts", f"{listed:,} accounts, {events.count(connection):,} events")
    else:
        yield _warn("accounts", "there are none.", "Import them: earmark accounts import FILE")


def _rulebook(connection: Connection) -> Iterator[Finding]:
    newest = rulebook.latest(connection)
    if newest is None:
        yield _warn(
            "rulebook",
            "there is none: every account fits, and there are no problems to look for.",
            "Write one: earmark rules export rules.toml, edit it, earmark rules apply rules.toml",
        )
        return
    try:
        parse(newest[1])
    except ConfigError as error:
        yield Finding(name="rulebook", level=Level.FAIL, words=str(error))
    else:
        yield _ok("rulebook", f"version {newest[0]}")


def _options(connection: Connection) -> Iterator[Finding]:
    """Whether the options of each source still are what its kind takes."""
    for fault in broken().values():
        yield Finding(name="kind", level=Level.WARN, words=fault)
    configured = polls.every(connection)
    if not configured:
        yield _warn("sources", "there are none.", "Add one: earmark sources add https://…/feed.xml")
    for source in configured:
        try:
            build(source.kind, source.options)
        except ConfigError as error:
            yield Finding(name="source", level=Level.FAIL, words=f"{source.id}: {error}")


def _sources(connection: Connection, now: datetime) -> Iterator[Finding]:
    fares = {one.id: health_of(one, now) for one in polls.every(connection) if one.enabled}
    for source, health in fares.items():
        if health.state in {"stopped", "failing", "silent"}:
            yield _warn("source", f"{source}: {health.words}", health.remedy)
    late = sum(health.state == "late" for health in fares.values())
    stopped = sum(health.state == "stopped" for health in fares.values())
    overdue = f"{late} of {len(fares)} sources are overdue"
    if late and _at_work(connection):
        words = f"{overdue} though it runs: it can't keep up."
        remedy = (
            "See which: earmark sources list. Those of one host wait in line; else raise monitor.parallel."
        )
        yield _warn("monitor", words, remedy)
    elif late:
        yield _warn("monitor", f"{overdue}: it does not run.", "Start it: earmark up")
    elif fares:
        yield _ok("sources", f"{len(fares) - stopped} are polled, {stopped} stopped")


def _hosts(connection: Connection, now: datetime, per_day: int) -> Iterator[Finding]:
    """Which hosts want a pause, or have got all or nearly all requests of today."""
    for host in hosts.standing(connection, day_of(now), now, at_least=per_day * 9 // 10):
        if host.blocked_until and host.blocked_until > now:
            words = f"{host.host} asked for a pause until {host.blocked_until:%Y-%m-%d %H:%M} UTC."
            yield _warn("host", words, "Its sources wait; poll them less often (every) if it happens again.")
        else:
            words = f"{host.host} got {host.requests:,} of the {per_day:,} requests of today."
            yield _warn(
                "host", words, "Raise http.per_day if it allows more, or poll its sources less often."
            )


def _workers(connection: Connection) -> Iterator[Finding]:
    """Which processes poll, and which went away without a word."""
    known = [one for one in workers.every(connection) if one.stopped_at is None]
    alive = _at_work(connection)
    if alive:
        machines = ", ".join(sorted({one.host for one in alive}))
        yield _ok("workers", f"{len(alive)} at work on {machines}")
    for one in known:
        if one not in alive:
            words = (
                f"process {one.process} on {one.host} was last heard of at {one.seen_at:%Y-%m-%d %H:%M} UTC."
            )
            yield _warn(
                "workers", words, "What it held was taken over; see why it ended, and start it again."
            )


def _at_work(connection: Connection) -> list[workers.Worker]:
    """Return the workers that were heard of just now."""
    at = workers.clock(connection)
    known = workers.every(connection)
    return [one for one in known if one.stopped_at is None and at - one.seen_at < _NOT_SEEN]


def _ok(name: str, words: str) -> Finding:
    return Finding(name=name, level=Level.OK, words=words)


def _warn(name: str, words: str, remedy: str = "") -> Finding:
    return Finding(name=name, level=Level.WARN, words=words, remedy=remedy)


def _fail(name: str, words: str, remedy: str) -> Finding:
    return Finding(name=name, level=Level.FAIL, words=words, remedy=remedy)
