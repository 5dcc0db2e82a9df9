"""The pool of killable workers, with real processes."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from earmark.errors import SourceChanged, SourceUnavailable
from monitors.faults import NotAsked
from monitors.parse import ParsePool
from sources.feed import parse_feed

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
T = TypeVar("T")
GOOD = b"<rss><channel><title>T</title><item><title>Norvik raises</title></item></channel></rss>"
URL = "https://wire.example/feed"


# What workers run: they import this module by its name, so these stand at its top.


def double(number: int, *, plus: int = 0) -> int:
    return 2 * number + plus


def worker() -> int:
    return os.getpid()


def spin() -> None:
    while True:
        pass


def spin_loudly(marker: str) -> None:
    Path(marker).touch()
    spin()


def wait_in_c() -> None:
    ctypes.PyDLL(None).pause()  # holds the interpreter's lock, so no Python handler of SIGTERM can run


def wait_for_others() -> str:
    threading.Event().wait(0.6)
    return "read"


def hoard() -> int:
    return len(bytes(4 * 1024**3))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def overflow() -> None:
    ctypes.string_at(0)


def fail() -> None:
    raise SourceUnavailable("The forum is down.", retry_after=None)


class StubbornError(Exception):
    """Can be pickled, but not read back."""

    def __init__(self, *, code: int) -> None:
        super().__init__(f"code {code}")


def fail_stubbornly() -> None:
    raise StubbornError(code=7)


def time_out_itself() -> None:
    raise TimeoutError("its own")


@pytest.fixture(scope="module", name="pool")
def shared_pool() -> Iterator[ParsePool]:
    pool = ParsePool(workers=1, limit=20)
    yield pool
    pool.close()


def ran(pool: ParsePool, function: Callable[..., T], *args: Any, **options: Any) -> T:
    return asyncio.run(pool.run(function, *args, **options))


def test_a_function_runs_in_another_process(pool: ParsePool) -> None:
    assert ran(pool, double, 21, plus=1) == 43
    assert ran(pool, worker) != os.getpid()


def test_a_feed_is_read_in_the_pool_as_it_is_here(pool: ParsePool) -> None:
    assert ran(pool, parse_feed, GOOD, "", URL) == parse_feed(GOOD, "", URL)


def test_errors_of_the_function_come_through_as_they_are(pool: ParsePool) -> None:
    with pytest.raises(SourceUnavailable, match="The forum is down"):
        ran(pool, fail)
    with pytest.raises(TimeoutError, match="its own"):
        ran(pool, time_out_itself)


def test_an_error_that_cannot_travel_goes_by_its_text(pool: ParsePool) -> None:
    with pytest.raises(RuntimeError, match="StubbornError: code 7"):
        ran(pool, fail_stubbornly)
    assert ran(pool, double, 2) == 4


@pytest.mark.parametrize(
    ("endless", "said"),
    [(spin, r"took longer than 0\.3 s to read"), (wait_in_c, r"was not read within 1\.2 s")],
)
def test_an_endless_parse_is_killed_within_its_limit(
    pool: ParsePool, endless: Callable[[], None], said: str
) -> None:
    before = ran(pool, worker)
    start = time.monotonic()
    with pytest.raises(SourceChanged, match=rf"wire\.example/feed {said}"):
        ran(pool, endless, timeout=0.3, subject="wire.example/feed")
    assert time.monotonic() - start < 4  # pebble's grace before it kills is 3 s: our workers need none
    after = ran(pool, worker)
    assert after != before
    assert not Path(f"/proc/{before}").exists() or not Path("/proc").exists()


def test_a_page_is_not_to_blame_for_a_machine_that_is_busy(pool: ParsePool) -> None:
    assert ran(pool, wait_for_others, timeout=0.3) == "read"


def test_a_greedy_parse_is_told_and_its_worker_stays(pool: ParsePool) -> None:
    before = ran(pool, worker)
    with pytest.raises(SourceChanged, match="needed more than 512 MB to read"):
        ran(pool, hoard)
    assert ran(pool, worker) == before


@pytest.mark.parametrize("crash", [die, overflow])
def test_a_crash_is_told_and_the_next_task_runs(pool: ParsePool, crash: Callable[[], None]) -> None:
    with pytest.raises(SourceChanged, match="The page crashed the process that read it"):
        ran(pool, crash)
    assert ran(pool, double, 2) == 4


def test_a_cancelled_task_frees_its_worker(pool: ParsePool) -> None:
    async def cancel() -> int:
        task = asyncio.create_task(pool.run(spin))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.wait_for(pool.run(double, 3), 15)

    assert asyncio.run(cancel()) == 6


def test_one_bad_page_does_not_hold_up_the_others() -> None:
    async def both() -> list[object]:
        async with ParsePool(workers=2) as pool:
            await pool.run(double, 1)
            bad = asyncio.create_task(pool.run(spin, timeout=60))
            good = await asyncio.gather(*(pool.run(double, number) for number in range(20)))
            waited = not bad.done()
            bad.cancel()
            with pytest.raises(asyncio.CancelledError):
                await bad
            return [waited, *good]

    assert asyncio.run(both()) == [True, *(2 * number for number in range(20))]


def test_a_worker_is_replaced_after_its_share_of_tasks() -> None:
    async def workers() -> set[int]:
        async with ParsePool(workers=1, tasks=2) as pool:
            return {await pool.run(worker) for _ in range(6)}

    assert len(asyncio.run(workers())) == 3


def test_a_pool_whose_workers_all_die_is_replaced() -> None:
    async def survive() -> int:
        async with ParsePool(workers=2) as pool:
            os.kill(await pool.run(worker), signal.SIGKILL)
            for _ in range(3):
                await pool.run(double, 1)
            os.kill(await pool.run(worker), signal.SIGKILL)
            return await pool.run(double, 4)

    assert asyncio.run(survive()) == 8


def test_a_pool_is_given_up_once_by_however_many_that_lost_a_task_in_it() -> None:
    async def several() -> int:
        async with ParsePool(workers=2) as pool:
            await pool.run(double, 1)
            lost = pool._pool
            assert lost is not None
            await asyncio.gather(*(asyncio.to_thread(pool._discard, lost) for _ in range(4)))
            return await pool.run(double, 2)

    assert asyncio.run(several()) == 4


def test_where_no_worker_begins_in_time_the_machine_is_to_blame_and_not_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitors.parse._START", 0.0)

    async def hurried() -> None:
        async with ParsePool(workers=1) as pool:
            await pool.run(double, 1, timeout=0.001)

    with pytest.raises(NotAsked, match="too busy"):
        asyncio.run(hurried())


def test_a_closed_pool_leaves_no_process_and_starts_again_when_asked() -> None:
    async def twice() -> tuple[int, int]:
        pool = ParsePool(workers=1)
        first = await pool.run(worker)
        await asyncio.to_thread(pool.close)
        assert not is_alive(first)
        second = await pool.run(worker)
        await asyncio.to_thread(pool.close)
        await asyncio.to_thread(pool.close)
        return first, second

    first, second = asyncio.run(twice())
    assert first != second
    assert not is_alive(second)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


PARENT = """
import asyncio, sys
from monitors.parse import ParsePool
from tests.monitors.test_parse import spin_loudly
async def main():
    pool = ParsePool(workers=2, limit=600)
    await asyncio.gather(*(pool.run(spin_loudly, marker) for marker in sys.argv[1:]))
if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="children are found through /proc")
def test_no_worker_outlives_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    markers = [tmp_path / "one", tmp_path / "two"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *map(str, (script, *markers))]
    with subprocess.Popen(command, env=environment) as parent:  # noqa: S603 - our own script
        busy = comes_true(lambda: all(marker.exists() for marker in markers))
        children = children_of(parent.pid)
        parent.kill()
    assert busy
    assert len(children) >= 2
    assert comes_true(lambda: not any(is_alive(child) for child in children))


def children_of(process: int) -> set[int]:
    listed = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children")]
    return {int(name) for line in listed for name in line.split()}


def comes_true(condition: Callable[[], bool], within: float = 20) -> bool:
    deadline = time.monotonic() + within
    while not condition() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return condition()


# Hostile feeds


def attributes() -> bytes:
    many = b" ".join(b"a%d='1'" % number for number in range(80_000))
    return b"<rss><channel><item " + many + b"><title>x</title></item></channel></rss>"


def namespaces() -> bytes:
    many = b"".join(b"<x:y xmlns:x='u%d'>" % number for number in range(20_000))
    return b"<rss><channel><item><title>x</title></item>" + many + b"</channel></rss>"


def nested() -> bytes:
    depth = 100_000
    return (
        b"<rss><channel><item><title>x</title></item>"
        + b"<a>" * depth
        + b"</a>" * depth
        + b"</channel></rss>"
    )


def laughs() -> bytes:
    entities = b"".join(b"<!ENTITY e%d '%s'>" % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
    feed = b"<rss><channel><item><title>&e11;</title></item></channel></rss>"
    return b"<!DOCTYPE rss [<!ENTITY e0 'ha'>" + entities + b"]>" + feed


@pytest.mark.parametrize("hostile", [attributes, namespaces, nested, laughs])
def test_a_hostile_feed_ends_within_the_limit_and_the_next_is_read(
    pool: ParsePool, hostile: Callable[[], bytes]
) -> None:
    ran(pool, double, 1)
    start = time.monotonic()
    try:
        feed = ran(pool, parse_feed, hostile(), "text/xml", URL, timeout=1.5, subject="wire.example/feed")
        outcome = f"{len(feed.events)} event"
    except SourceChanged as error:
        outcome = str(error)
    assert time.monotonic() - start < 8  # four times its limit, and the start of a worker
    assert outcome == "1 event" or outcome.startswith("wire.example/feed took longer than 1.5 s")
    assert ran(pool, parse_feed, GOOD, "", URL) == parse_feed(GOOD, "", URL)
