"""Recorded pages on a local port: what the demo polls instead of the world.

The server is a real one: the fetcher connects to it, sends validators and gets a 304 for a page that has
not changed. It listens on the loopback address only.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

from earmark.errors import ConfigError

__all__ = ["HOST", "RecordedPage", "demo_file", "demo_pages", "free_port", "is_served", "serve"]

HOST: Final = "127.0.0.1"

_FOLDER: Final = "demo_pages"
_TYPES: Final = {
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
    "rdf": "application/rdf+xml; charset=utf-8",
    "xml": "application/rss+xml; charset=utf-8",
}
_AGE = re.compile(r"\{\{(?P<form>rfc822|iso) (?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPage:
    """A page as it is served; its validator follows from its bytes."""

    body: bytes
    content_type: str

    @property
    def etag(self) -> str:
        """The page's strong validator, quoted."""
        return f'"{blake2b(self.body, digest_size=12).hexdigest()}"'


def demo_pages(day: datetime) -> dict[str, RecordedPage]:
    """Return the demo's pages by name, their dates counted back from ``day``.

    Undated entries stay undated. The same day gives the same bytes.
    """
    return {
        page.name: RecordedPage(
            body=_dated(page.read_text("utf-8"), day).encode(), content_type=_TYPES[suffix]
        )
        for page in sorted(files("monitors").joinpath(_FOLDER).iterdir(), key=lambda each: each.name)
        if (suffix := page.name.rpartition(".")[2]) in _TYPES
    }


def demo_file(name: str) -> str:
    """Return the text of one of the demo's other files: its accounts, its rulebook."""
    return files("monitors").joinpath(_FOLDER, name).read_text("utf-8")


def free_port(liked: int = 0) -> int:
    """Return a port of the loopback address that nobody listens on now: ``liked``, if that is free."""
    try:
        with ThreadingHTTPServer((HOST, liked), BaseHTTPRequestHandler) as server:
            return server.server_port
    except OSError:
        return free_port()


def is_served(pages: Mapping[str, RecordedPage], port: int) -> bool:
    """Say whether these very pages are served on the port now, by this process or another."""
    name, page = next(iter(pages.items()))
    connection = HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", f"/{name}")
        return connection.getresponse().headers.get("ETag") == page.etag
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def serve(pages: Mapping[str, RecordedPage], port: int = 0) -> Iterator[int]:
    """Serve the pages while the context is open, and yield the port; 0 takes any free one.

    Raises ConfigError when another program has the port.
    """
    try:
        server = _Server((HOST, port), _Handler)
    except OSError as error:
        raise ConfigError(
            f"Port {port} on this machine is taken ({error.strerror}), where the sample pages are served. "
            "End the program that has the port, or make the demo afresh on another one: earmark demo"
        ) from error
    server.pages = pages
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="earmark-recorded", daemon=True)
    with server:
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    pages: Mapping[str, RecordedPage]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        page = self.server.pages.get(urlsplit(self.path).path.lstrip("/"))
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif self.headers.get("If-None-Match") == page.etag:
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_header("ETag", page.etag)
            self.end_headers()
        else:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.send_header("ETag", page.etag)
            self.end_headers()
            self.wfile.write(page.body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the fetcher's own log tells what was asked."""


def _dated(text: str, day: datetime) -> str:
    def moment(match: re.Match[str]) -> str:
        at = day - timedelta(days=int(match["days"] or 0), hours=int(match["hours"] or 0))
        return format_datetime(at) if match["form"] == "rfc822" else at.isoformat(timespec="seconds")

    return _AGE.sub(moment, text)
