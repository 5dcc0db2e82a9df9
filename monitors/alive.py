"""Who this process is, and which others that polled are dead: what they held is free at once."""

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from monitors.hosts import Hosts, News, day_of
from storage import hosts as stored_hosts
from storage import leases, outbox, workers
from storage.engine import Connection, Engine, writing
from storage.hosts import Host

__all__ = ["BEAT", "SILENT", "beat", "begin", "bury", "end", "myself"]

BEAT: Final = timedelta(seconds=5)
"""How often a worker says that it is alive."""
SILENT: Final = timedelta(seconds=20)
"""After how long a worker of another machine that says nothing is taken for dead."""


def _read(file: str) -> str:
    try:
        return Path(file).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _namespace() -> str:
    """Tell containers of one host apart: the same number is another process in each."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


# A number of a process means the same only on this machine, since it was started, in this container.
_HERE: Final = f"{socket.gethostname()}:{_read('/proc/sys/kernel/random/boot_id')[:8]}:{_namespace()}"


def myself() -> str:
    """Return the name under which this process holds what it polls."""
    return f"{_HERE}:{os.getpid()}"


def begin(engine: Engine, worker: str) -> None:
    """Enter this process among the workers, and free what dead ones held."""
    with writing(engine) as connection:
        at = workers.clock(connection)
        workers.forget(connection, at)
        gone = [one.id for one in workers.every(connection) if one.stopped_at is None and _is_dead(one.id)]
        workers.end(connection, gone, at)
        _enter(connection, worker, at)
        leases.place(connection)


def beat(engine: Engine, worker: str, hosts: Hosts, now: datetime, lease: timedelta) -> timedelta:
    """Say that this process is alive, free what dead ones held, and share what is known of hosts.

    Returns by how much the clock of the database is ahead of this machine's.
    """
    news = hosts.take_news()
    try:
        with writing(engine) as connection:
            at = workers.clock(connection)
            ahead = at - datetime.now(UTC)
            if not workers.beat(connection, worker, at):  # it slept for more than a day
                _enter(connection, worker, at)
            bury(connection, worker, at)
            leases.mend(connection, now, lease)
            standing = _shared(connection, hosts, news, now)
    except BaseException:
        hosts.put_back(news)
        raise
    hosts.learn(standing)
    return ahead


def end(engine: Engine, worker: str) -> None:
    """Give back what this process still holds, and say that it has stopped."""
    with writing(engine) as connection:
        leases.release_of(connection, [worker])
        workers.end(connection, [worker], workers.clock(connection))


def bury(connection: Connection, worker: str, at: datetime) -> None:
    """Free what dead workers hold: sources and deliveries."""
    holders = (leases.holders(connection) | outbox.holders(connection)) - {worker}
    dead = {holder for holder in holders if _is_dead(holder)}
    if connection.dialect.name == "postgresql":  # elsewhere all workers are on this machine, and are seen
        dead |= holders & workers.silent(connection, at - SILENT)
    leases.release_of(connection, sorted(dead))
    outbox.release_of(connection, sorted(dead))
    workers.end(connection, sorted(dead), at)


def _enter(connection: Connection, worker: str, at: datetime) -> None:
    workers.begin(connection, worker, socket.gethostname(), os.getpid(), at)


def _shared(connection: Connection, hosts: Hosts, news: News, now: datetime) -> list[Host]:
    """Store what is new of hosts, and return those with a pause or half of their budget spent."""
    if news:
        stored_hosts.note(connection, news.day, news.asked, news.blocked)
    return stored_hosts.standing(connection, day_of(now), now, at_least=hosts.per_day // 2)


def _is_dead(worker: str) -> bool:
    here, _, process = worker.rpartition(":")
    if here != _HERE or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
