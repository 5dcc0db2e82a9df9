"""The page as a process: it shares nothing with the monitor but the database."""

import asyncio
from collections.abc import Callable
from socket import socket
from threading import Thread

import uvicorn

from earmark.config import Settings
from earmark.errors import ConfigError
from monitors.outage import Outage, patiently
from review.page.app import create
from review.page.keys import page_token
from review.page.live import Live
from review.page.render import warm
from storage import users
from storage.engine import Engine, connect, migrate, reading

__all__ = ["Server", "serve"]


class Server(uvicorn.Server):
    """A server that ends its streams before it waits for its connections to end.

    ``moved`` says whether it ended to go on in another workspace.
    """

    moved = False

    def move(self) -> None:
        """End, as soon as what is being answered is answered."""
        self.moved = self.should_exit = True

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop; pages that listen for changes are let go at once."""
        live = getattr(getattr(self.config.app, "state", None), "live", None)
        if isinstance(live, Live):
            await live.close()
        await super().shutdown(sockets)


def serve(settings: Settings, told: Callable[[str], None], *, may_move: bool = False) -> bool:
    """Serve the page until SIGTERM or SIGINT; ``told`` hears its address first.

    True when it ended because the demo's page was left for a workspace of one's own; ``may_move`` says that
    somebody serves that one then. ConfigError when its port is taken.
    """
    engine = connect(settings.database_url)
    asyncio.run(patiently(lambda: migrate(engine), Outage()))
    told(_address(settings, engine))
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
    server = Server(config)
    app.state.move = server.move if may_move else None
    Thread(target=warm, name="warm", daemon=True).start()
    try:
        server.run()
    except SystemExit as error:
        raise ConfigError(
            f"The page can't listen on {settings.page.address}: the port is taken, or not allowed. "
            "Set another one: page.address in earmark.toml."
        ) from error
    finally:
        engine.dispose()
    return server.moved


def _address(settings: Settings, engine: Engine) -> str:
    """Return where one enters: by logging in, or, while there are no users, by the token of the workspace."""
    where = settings.page.url or f"http://{settings.page.address}"
    with reading(engine) as connection:
        if users.exist(connection):
            return f"{where}/login"
    return f"{where}/enter?token={page_token(settings.workspace)}"
