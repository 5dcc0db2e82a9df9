"""A loop that kills earmark in the middle of its work, and counts what was lost or doubled."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from earmark.config import load
from monitors.up import poll_once
from storage import leases
from storage.engine import connect, reading

FEEDS = 8
MOST_PER_FEED = 60
NAMES = ("Norvik Labs", "Brightquay Systems", "Ostrava Robotics", "Pelluma Health", "Tarnwood Freight")
ROUNDS = ("seed round", "Series A", "Series B")


@dataclass
class Outlets:
    """Growing feeds: each request publishes two more entries, until there are ``most``.

    ``asked`` is when each was last asked for, in CPU seconds of this process; any request sets ``heard``.
    """

    born: datetime
    most: int = MOST_PER_FEED
    counts: list[int] = field(default_factory=lambda: [0] * FEEDS)
    growing: bool = True
    asked: dict[int, float] = field(default_factory=dict)
    heard: threading.Event = field(default_factory=threading.Event)

    def page(self, number: int) -> bytes:
        if self.growing:
            self.counts[number] = min(self.counts[number] + 2, self.most)
        entries = "".join(self._entry(number, i) for i in reversed(range(self.counts[number])))
        return f'<rss version="2.0"><channel><title>Wire {number}</title>{entries}</channel></rss>'.encode()

    def _entry(self, number: int, i: int) -> str:
        name, round_ = NAMES[(number + i) % len(NAMES)], ROUNDS[i % len(ROUNDS)]
        when = (self.born - timedelta(hours=i % 200)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return (
            f"<item><guid isPermaLink='false'>wire-{number}-{i}</guid>"
            f"<title>{name} raises ${5 + i} million in {round_}</title>"
            f"<link>https://wire{number}.example/{i}</link><pubDate>{when}</pubDate></item>"
        )

    def expected(self) -> Counter[str]:
        return Counter(f"wire-{n}-{i}" for n, count in enumerate(self.counts) for i in range(count))


@contextmanager
def serving(outlets: Outlets) -> Iterator[int]:
    """Serve the outlets on a free port of this machine, with validators."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = int(self.path.strip("/"))
            outlets.asked[number] = time.process_time()
            outlets.heard.set()
            body = outlets.page(number)
            tag = f'"{sha256(body).hexdigest()[:16]}"'
            same = self.headers.get("If-None-Match") == tag
            self.send_response(304 if same else 200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", "0" if same else str(len(body)))
            with suppress(OSError):  # whoever asked was killed
                self.end_headers()
                if not same:
                    self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def earmark(workspace: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a verb of the real command line in a process of its own."""
    program = "from earmark.cli import main; main()"
    environment = {"PATH": os.environ["PATH"], "HOME": str(workspace), "PYTHONPATH": str(Path.cwd())}
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", program, "--workspace", str(workspace), *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run(workspace: Path, *words: str) -> str:
    """Run a verb to its end and return what it printed; raise if it failed."""
    process = earmark(workspace, *words)
    output, _ = process.communicate(timeout=110)
    if process.returncode:
        raise AssertionError(f"earmark {' '.join(words)} ended with {process.returncode}: {output.decode()}")
    return output.decode()


def prepare(workspace: Path, url: str, port: int) -> None:
    """Make a workspace with accounts and sources that poll the outlets."""
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / "earmark.toml").write_text(
        f'[storage]\nurl = "{url}"\n[http]\ncontact = "ops@earmark.example"\n'
        f'allow = ["127.0.0.1:{port}"]\nspacing = 0.001\nper_host = 8\n',
        encoding="utf-8",
    )
    accounts = workspace / "accounts.csv"
    rows = [f"{name},{name.split()[0].lower()}.example" for name in NAMES]
    accounts.write_text("\n".join(["name,domain", *rows]) + "\n", encoding="utf-8")
    run(workspace, "migrate")
    run(workspace, "accounts", "import", str(accounts))
    for number in range(FEEDS):
        run(
            workspace,
            "sources",
            "add",
            "feed",
            f"url=http://127.0.0.1:{port}/{number}",
            "--id",
            f"wire-{number}",
        )


@dataclass(frozen=True)
class Recovery:
    """What passes after a kill: ``wall`` seconds after each but the last, ``cpu`` seconds after that."""

    cpu: float
    wall: list[float]


def kill_loop(workspace: Path, outlets: Outlets, kills: int, said: Callable[[str], None]) -> Recovery:
    """Kill ``kills`` polls in their middle, let others run through, and return what recovery took.

    In the middle: while they hold sources, at random moments after the first page was asked for. Recovery in
    wall seconds goes from a kill until the next process, started at once, holds what the dead one held; so
    the start of an interpreter is within it. In CPU seconds it is what the next monitor, in this process,
    takes until it has asked again for all of that, as a busy machine has little wall to give.
    """
    chance = random.Random(20261121)
    names = [f"wire-{number}" for number in range(FEEDS)]
    killed, wall = 0, list[float]()
    held, since = frozenset[str](), 0.0
    while killed < kills:
        process = _asking(workspace, outlets, names)
        if held:
            wall.append(time.monotonic() - since)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=chance.uniform(0.0, 1.0))
        process.kill()
        since = time.monotonic()
        process.communicate()
        held, before = _holders(workspace), held
        assert not held & before, "who asks has taken all that it is to ask"
        killed += bool(held)  # else it was quicker
        if held and killed % 25 == 0:
            said(f"{killed} kills")
    outlets.growing = False
    outlets.asked.clear()
    start = time.process_time()
    written = poll_once(load(workspace), names)
    cpu = max(outlets.asked.values()) - start
    assert [each.source for each in written] == names, "what a dead one held is free at once"
    assert not _holders(workspace)
    run(workspace, "poll", *names)
    return Recovery(cpu, wall)


def _asking(workspace: Path, outlets: Outlets, names: list[str]) -> subprocess.Popen[bytes]:
    """Begin a poll of all, and return when it has asked for a page: it has taken them all by then."""
    outlets.heard.clear()
    process = earmark(workspace, "poll", *names)
    if not outlets.heard.wait(100):
        raise AssertionError(f"the poll asks for nothing: {process.communicate(timeout=10)[0].decode()}")
    return process


def _holders(workspace: Path) -> frozenset[str]:
    """Return the workers that hold sources."""
    engine = connect(load(workspace).database_url)
    try:
        with reading(engine) as connection:
            return leases.holders(connection)
    finally:
        engine.dispose()
