"""The page as a process: it shares nothing with the monitor but the database."""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from time import sleep
from typing import Final

import uvicorn

from earmark.config import Settings, load
from earmark.errors import ConfigError
from monitors.outage import Outage, patiently
from review.page.app import create
from review.page.keys import page_token
from review.page.live import Live
from review.page.render import warm
from storage import users
from storage.engine import Engine, connect, migrate, reading

__all__ = ["Server", "free", "serve"]

_AGAIN: Final = 2.0
"""Seconds between two looks whether a port is free."""


class Server(uvicorn.Server):
    """A server that says when it answers, and ends its streams before it waits for its connections to end.

    ``moved`` says whether it ended to go on in another workspace.
    """

    moved = False

    def __init__(self, config: uvicorn.Config, answers: Callable[[], object]) -> None:
        super().__init__(config)
        self._answers = answers

    def move(self) -> None:
        """End, as soon as what is being answered is answered."""
        self.moved = self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen; it ends the process where that is not possible."""
        await super().startup(sockets)
        self._answers()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; pages that listen for changes are let go at once."""
        live = getattr(getattr(self.config.app, "state", None), "live", None)
        if isinstance(live, Live):
            await live.close()
        await super().shutdown(sockets)


def free(settings: Settings, told: Callable[[str], None]) -> Settings:
    """Return the settings of a workspace as soon as the page can listen where they say.

    ``told`` hears once what is in the way. What somebody edits meanwhile counts.
    """
    said = None
    while True:
        try:
            _refuse_taken(settings)
        except ConfigError as error:
            if said != str(error):
                said = str(error)
                told(f"{said} It is tried again until then.")
        else:
            return settings
        sleep(_AGAIN)
        with suppress(ConfigError):  # half an edit
            settings = load(settings.workspace)


def serve(settings: Settings, told: Callable[[str], None], *, may_move: bool = False) -> bool:
    """Serve the page until SIGTERM or SIGINT; ``told`` hears its address as soon as it answers.

    True when it ended because the demo's page was left for a workspace of one's own; ``may_move`` says that
    somebody serves that one then. ConfigError when its port is taken.
    """
    _refuse_taken(settings)
    engine = connect(settings.database_url)
    asyncio.run(patiently(lambda: migrate(engine), Outage()))
    app = create(settings, engine, page_token(settings.workspace))
    host, _, port = settings.page.address.rpartition(":")
    config = uvicorn.Config(
        app,
        host=host.strip("[]"),
        port=int(port),
        log_config=None,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = Server(config, partial(told, _address(settings, engine)))
    app.state.move = server.move if may_move else None
    Thread(target=warm, name="warm", daemon=True).start()
    try:
        server.run()
    except SystemExit as error:
        raise ConfigError(_in_the_way(settings, "another program was quicker")) from error
    finally:
        engine.dispose()
    return server.moved


def _refuse_taken(settings: Settings) -> None:
    host, _, port = settings.page.address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host.strip("[]"), int(port)), family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(_in_the_way(settings, reason)) from error


def _in_the_way(settings: Settings, reason: str) -> str:
    return (
        f"The page can't listen on {settings.page.address}: {reason}. If earmark runs here already, that is "
        "its page. Else set another address: page.address in earmark.toml."
    )


def _address(settings: Settings, engine: Engine) -> str:
    """Return where one enters: by logging in, or, while there are no users, by the token of the workspace."""
    where = settings.page.url or f"http://{settings.page.address}"
    with reading(engine) as connection:
        if users.exist(connection):
            return f"{where}/login"
    return f"{where}/enter?token={page_token(settings.workspace)}"
