"""The page on a port of this machine, for as long as a test needs it."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from earmark.config import Page, load
from review.page.app import create
from review.page.keys import cookie_of, page_token
from storage.engine import Engine
from tests.builders import NOW

__all__ = ["Served", "served"]


@dataclass(frozen=True)
class Served:
    """A page that answers at ``url``; ``client`` is its owner's browser, which follows no redirection."""

    url: str
    client: httpx.Client
    app: Any

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(path, **more)

    def post(self, path: str, form: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Send a form as a browser does: from our own page, with the word that the page gave."""
        data = {"csrf": self.csrf, **(form or {})}
        return self.client.post(
            path, data=data, headers={"origin": self.url, **more.pop("headers", {})}, **more
        )

    @property
    def cookie(self) -> str:
        """The name under which a browser holds its key."""
        name: str = self.app.state.desk.keys.cookie()
        return name

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.client.get("/accounts/import").text)
        assert found, "no form on the page"
        return found[1]


class _Server(uvicorn.Server):
    """A server that notices within a hundredth of a second, and not a tenth, that it is to end."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110 - there is no event: it looks at a flag
            await asyncio.sleep(0.01)


@contextmanager
def served(workspace: Path, engine: Engine, *, now: datetime = NOW) -> Iterator[Served]:
    """Serve the page of a workspace at a fixed time."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    address = Page(address=f"127.0.0.1:{port}")
    settings, token = load(workspace).model_copy(update={"page": address}), page_token(workspace)
    app = create(settings, engine, token, now=lambda: now)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="on")
    server = _Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.005)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(
            base_url=url, cookies={cookie_of(token): token}, trust_env=False, timeout=20
        ) as client:
            yield Served(url=url, client=client, app=app)
    finally:
        server.should_exit = True
        thread.join(10)
