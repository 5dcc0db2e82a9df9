"""A town of feeds that publish by the hour, on a server of its own, and a monitor whose clock is wound.

Which feed publishes what in which hour follows from their numbers alone, so what must be stored is known.
"""

import asyncio
import multiprocessing
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import func, select

from earmark.types import Account
from monitors.http import Fetcher
from monitors.monitor import Monitor
from monitors.parse import ParsePool
from storage import accounts, polls, rulebook
from storage.engine import Engine, migrate, reading, writing
from storage.tables import events, triggers

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

__all__ = ["BORN", "Cost", "Town", "cost", "expected", "found", "listed", "monitored", "serving"]

BORN = datetime(2026, 11, 2, tzinfo=UTC)
LATEST = 20
FIRST = ("Norvik", "Brightquay", "Ostrava", "Pelluma", "Tarnwood", "Quillmere", "Hexford", "Aldersund")
SECOND = ("Labs", "Robotics", "Health", "Freight", "Analytics", "Systems", "Biologics", "Payments")


@dataclass(frozen=True)
class Town:
    """So many feeds, of which each publishes once in ``rarity`` hours, about so many accounts."""

    feeds: int
    accounts: int = 200
    rarity: int = 24

    def hours(self, feed: int, until: int) -> list[int]:
        """Return the hours in which a feed has published, up to one."""
        return [hour for hour in _hours(feed, self.rarity) if hour <= until]

    def name(self, number: int) -> str:
        """Return the name of an account."""
        first, second = FIRST[number % 8], SECOND[number // 8 % 8]
        return f"{first}{number // 64 or ''} {second}"

    def page(self, feed: int, hour: int) -> bytes:
        """Return a feed as it stands at an hour."""
        entries = "".join(self._entry(feed, each) for each in reversed(self.hours(feed, hour)[-LATEST:]))
        return f'<rss version="2.0"><channel><title>Wire {feed}</title>{entries}</channel></rss>'.encode()

    def _entry(self, feed: int, hour: int) -> str:
        dated = (BORN + timedelta(hours=hour)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        chance = _number(feed, hour, "what")
        title = f"Release {hour}.{feed} of the toolkit is out"
        if chance % 5 == 0:
            title = f"{self.name(chance // 5 % self.accounts)} raises ${5 + chance % 90} million in Series B"
        return (
            f"<item><guid isPermaLink='false'>{feed}-{hour}</guid><title>{title}</title>"
            f"<link>https://feed-{feed}.example/{hour}</link><pubDate>{dated}</pubDate>"
            f"<description>{'All that is known of it so far stands in this note. ' * 6}</description></item>"
        )


def _number(feed: int, hour: int, salt: str) -> int:
    return zlib.crc32(f"{salt}-{feed}-{hour}".encode())


@cache
def _hours(feed: int, rarity: int) -> tuple[int, ...]:
    return tuple(hour for hour in range(24 * 14) if _number(feed, hour, "when") % rarity == 0)


def expected(town: Town, until: int) -> Counter[str]:
    """Return the ids of all that was published up to an hour."""
    return Counter(f"{feed}-{hour}" for feed in range(town.feeds) for hour in town.hours(feed, until))


def found(engine: Engine) -> tuple[Counter[str], int, int]:
    """Return the ids that are stored, and how many triggers there are and are there twice."""
    with reading(engine) as conn:
        stored = Counter(conn.execute(select(events.c.external_id)).scalars())
        alive = select(triggers.c.story, triggers.c.kind).where(triggers.c.state != "merged")
        number = conn.execute(select(func.count()).select_from(alive.subquery())).scalar_one()
        twice = len(conn.execute(alive.group_by("story", "kind").having(func.count() > 1)).all())
    return stored, number, twice


@contextmanager
def serving(town: Town, addresses: int = 1) -> Iterator[tuple[int, "Synchronized[int]", int]]:
    """Serve the town in a process of its own; give its port, the hour on its clock, and its process id.

    It listens at so many addresses, from 127.0.0.1 upward: to a monitor these are hosts of their own.
    """
    context = multiprocessing.get_context("spawn")
    hour: Synchronized[int] = context.Value("i", 0)
    near, far = context.Pipe()
    process = context.Process(target=_serve, args=(town, hour, far, addresses), daemon=True)
    process.start()
    try:
        yield near.recv(), hour, process.pid or 0
    finally:
        process.terminate()
        process.join()


def _serve(town: Town, hour: "Synchronized[int]", port: Any, addresses: int) -> None:
    asyncio.run(_answer(town, hour, port, addresses))


async def _answer(town: Town, hour: "Synchronized[int]", port: Any, addresses: int) -> None:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            feed, now = int(head.split(" ", 2)[1].strip("/")), hour.value
            tag = f'"{len(town.hours(feed, now))}"'
            if f"\r\nif-none-match: {tag}\r\n" in head.lower():
                writer.write(f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n".encode())
            else:
                body = town.page(feed, now)
                told = f"HTTP/1.1 200 OK\r\nETag: {tag}\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(told.encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked is gone
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, backlog=1000)
    chosen = server.sockets[0].getsockname()[1]
    more = [await asyncio.start_server(one, f"127.0.0.{n}", chosen) for n in range(2, addresses + 1)]
    port.send(chosen)
    await asyncio.gather(*(each.serve_forever() for each in (server, *more)))


def listed(town: Town) -> list[Account]:
    """Return the accounts that the town writes about."""
    return [
        Account(id=f"account-{number}", name=town.name(number), domains=(f"account-{number}.example",))
        for number in range(town.accounts)
    ]


def settle(engine: Engine, town: Town, port: int) -> None:
    """Make the tables, the accounts and the sources, each at a host of its own."""
    migrate(engine)
    with writing(engine) as conn:
        accounts.upsert(conn, listed(town))
        rulebook.save(conn, "", by="bench", at=BORN)
        for feed in range(town.feeds):
            options = {"url": f"http://feed-{feed}.example:{port}/{feed}", "every": 3000}
            polls.add(conn, f"feed-{feed}", "feed", options, BORN)


@asynccontextmanager
async def monitored(
    engine: Engine, town: Town, port: int, hour: "Synchronized[int]"
) -> AsyncIterator[Monitor]:
    """Open a monitor over the town; its clock shows the hour of the town."""

    def now() -> datetime:
        return BORN + timedelta(hours=hour.value, minutes=10)

    async def resolve(_host: str, _port: int) -> tuple[str, ...]:
        return ("127.0.0.1",)

    settle(engine, town, port)
    fetcher = Fetcher(
        contact="bench@earmark.example",
        version="0",
        allow=["127.0.0.0/8"],
        spacing=timedelta(0),
        resolve=resolve,
        now=now,
    )
    async with (
        fetcher,
        ParsePool() as pool,
        Monitor(engine, fetcher, pool, clock=now, parallel=32) as monitor,
    ):
        yield monitor


@dataclass(frozen=True)
class Cost:
    """CPU seconds so far and megabytes now, of this process and those it parses in."""

    cpu: float
    megabytes: float


def cost(apart: int) -> Cost:
    """Return what this process and its children cost, but for one of them: the server."""
    me = psutil.Process()
    mine, cpu, memory = me.cpu_times(), 0.0, me.memory_info().rss
    for child in me.children(recursive=True):
        try:
            if child.pid != apart and "resource_tracker" not in " ".join(child.cmdline()):
                times = child.cpu_times()
                cpu += times.user + times.system
                memory += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    ours = mine.user + mine.system + mine.children_user + mine.children_system
    return Cost(cpu=ours + cpu, megabytes=memory / 2**20)
