"""The endpoint for signed webhooks: what is verified becomes a file in the drop folder of an inbox source.

It listens on this machine only; to receive from outside, put a web server with TLS in front of it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from earmark.errors import ConfigError, SourceChanged, SourceRefused, SourceUnavailable
from sources.signed import MOST_BYTES, keep, verified

__all__ = ["HOST", "listening"]

HOST: Final = "127.0.0.1"
logger = logging.getLogger(__name__)


@contextmanager
def listening(
    folder: Path, secrets: Sequence[str], port: int, clock: Callable[[], datetime]
) -> Iterator[int]:
    """Take deliveries while the context is open, and give the port; ``port`` 0 takes any that is free.

    A good delivery is answered 204, also when it came before; anything else with the status that tells
    the sender whether to try again. Raises ConfigError when the folder is none or the port is taken.
    """
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder} to put deliveries into. Create it first.")
    try:
        server = _Server((HOST, port), _Handler)
    except OSError as error:
        raise ConfigError(
            f"Port {port} of this machine can't be used ({error.strerror}). Choose another with --port."
        ) from error
    server.folder, server.secrets, server.clock = folder, secrets, clock
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="earmark-hooks", daemon=True)
    with server:
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    folder: Path
    secrets: Sequence[str]
    clock: Callable[[], datetime]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self._answer(HTTPStatus.LENGTH_REQUIRED)
        elif int(length[:12]) > MOST_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._answer(self._taken(self.rfile.read(int(length))))

    def _taken(self, body: bytes) -> HTTPStatus:
        server = self.server
        try:
            name = verified(body, dict(self.headers.items()), server.secrets, server.clock())
            keep(server.folder, name, body)
        except SourceRefused as error:
            logger.warning("webhook refused", extra={"error": str(error)})
            return HTTPStatus.UNAUTHORIZED
        except SourceChanged as error:
            logger.warning("webhook not understood", extra={"error": str(error)})
            return HTTPStatus.BAD_REQUEST
        except SourceUnavailable as error:
            logger.error("webhook not kept", extra={"error": str(error)})  # noqa: TRY400 - the text says it all
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.NO_CONTENT

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing: what is refused is logged above, and a delivery becomes an event."""
