"""The verb that takes signed webhooks for an inbox source."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.session import notice, session_of

__all__ = ["add_to"]

PORT = 8788


def add_to(app: typer.Typer) -> None:
    """Add the verb to the group of the sources."""
    app.command()(listen)


def listen(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source of kind inbox.")],
    secret: Annotated[
        list[str], typer.Option(help="The sender's secret as env:NAME; two while it is changed.")
    ],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = PORT,
) -> None:
    """Take signed webhooks for an inbox source, on this machine, until Ctrl+C."""
    from earmark.config import clock
    from earmark.errors import ConfigError
    from earmark.secret import as_secret
    from monitors.hooks import HOST, listening
    from storage import polls

    with session_of(context).reading() as connection:
        found = polls.get(connection, source)
    if found is None or found.kind != "inbox":
        raise ConfigError(
            f"There is no source {source!r} of kind inbox. Add one: earmark sources add inbox path=…"
        )
    try:
        secrets = [as_secret(each).value() for each in secret]
    except ValueError as error:
        raise ConfigError(f"--secret: {error}.") from error
    folder = Path(str(found.options["path"])).expanduser()
    with listening(folder, secrets, port, clock), suppress(KeyboardInterrupt):
        notice(f"Taking webhooks at http://{HOST}:{port}/ into {folder}; Ctrl+C ends it.")
        threading.Event().wait()
