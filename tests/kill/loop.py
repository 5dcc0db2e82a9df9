"""A loop that kills earmark in the middle of its work, and counts what was lost or doubled."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FEEDS = 8
MOST_PER_FEED = 60
NAMES = ("Norvik Labs", "Brightquay Systems", "Ostrava Robotics", "Pelluma Health", "Tarnwood Freight")
ROUNDS = ("seed round", "Series A", "Series B")


@dataclass
class Outlets:
    """Growing feeds: each request publishes two more entries, until there are ``most``."""

    born: datetime
    most: int = MOST_PER_FEED
    counts: list[int] = field(default_factory=lambda: [0] * FEEDS)
    growing: bool = True

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
            body = outlets.page(int(self.path.strip("/")))
            tag = f'"{sha256(body).hexdigest()[:16]}"'
            same = self.headers.get("If-None-Match") == tag
            self.send_response(304 if same else 200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", "0" if same else str(len(body)))
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


def kill_loop(workspace: Path, outlets: Outlets, kills: int, said: Callable[[str], None]) -> float:
    """Kill ``kills`` polls at random moments, let two run through, and return what recovery took, in s.

    That is by how much the first one, which finds what the last kill left, takes longer than the next one.
    """
    chance = random.Random(20261121)
    names = [f"wire-{number}" for number in range(FEEDS)]
    for kill in range(kills):
        process = earmark(workspace, "poll", *names)
        try:
            process.wait(timeout=chance.uniform(0.4, 3.0))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        if (kill + 1) % 25 == 0:
            said(f"{kill + 1} kills")
    outlets.growing = False
    after_kill, usual = _seconds(workspace, names), _seconds(workspace, names)
    return max(after_kill - usual, 0.0)


def _seconds(workspace: Path, names: list[str]) -> float:
    start = time.monotonic()
    run(workspace, "poll", *names)
    return time.monotonic() - start
