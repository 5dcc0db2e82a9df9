"""Verbs on copies of the database: make one while all goes on, and put one back."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import AsJson, Session, nothing, notice, session_of
from earmark.cli.users import has_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from storage.copies import Copy
    from storage.engine import Engine

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    for verb in (backup, restore):
        app.command()(verb)


def backup(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="New file, or a folder; else beside earmark.toml, named by the time."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the SQLite database into one file, checked, while monitor and page go on."""
    from storage.copies import back_up

    session = session_of(context)
    with _database(session) as engine:
        folder = session.workspace if file is None else file
        if folder.is_dir():
            file = _free(folder, f"earmark-{_stamp(session, '%Y-%m-%d-%H%M')}")
        made = back_up(engine, file or folder)

    def draw(console: "Console") -> None:
        console.print(f"Wrote {made.file} ({made.size / 1e6:,.1f} MB): {_holds(made)}.", soft_wrap=True)

    session.show(made, as_json, draw)


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that earmark backup wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a copy in the place of the SQLite database, and keep what was there; nothing else may run."""
    from earmark.errors import ConfigError
    from storage import copies

    session = session_of(context)
    with _database(session) as engine:
        live = copies.file_of(engine)
        meant = copies.examine(file)
        copies.refuse_if_used(engine)
        notice(f"Now in {live}: {_present(live)}.")
        notice(f"In the copy {file}: {_holds(meant)}.")
        if not yes:
            if not has_terminal():
                raise ConfigError("The copy replaces what is there. If that is what you want, add --yes.")
            if not typer.confirm("Replace the first by the second?", err=True):
                nothing("Nothing was changed.")
        aside = _free(live.parent, f"earmark-before-restore-{_stamp(session, '%Y-%m-%d-%H%M%S')}")
        done = copies.restore(engine, file, aside)

    def draw(console: "Console") -> None:
        console.print(f"Restored {done.now.file}: {_holds(done.now)}.", soft_wrap=True)
        if done.kept:
            console.print(f"What was there before: {done.kept}", soft_wrap=True)

    session.show(done, as_json, draw)
    notice(
        "Erasures, sign-outs and revoked tokens since that copy have to be done again; "
        "messages to chats and webhooks may go out a second time."
    )


@contextmanager
def _database(session: Session) -> "Iterator[Engine]":
    """Give the database in whatever form its tables are: a copy is wanted before they are migrated too."""
    from storage.engine import connect

    engine = connect(session.settings.database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def _present(live: Path) -> str:
    """Say what would be replaced; it may be what made a copy necessary."""
    from earmark.errors import StorageError
    from storage.copies import examine

    try:
        return _holds(examine(live))
    except StorageError as error:
        return str(error).rstrip(".")


def _holds(one: "Copy") -> str:
    newest = f"; the newest event was seen at {one.newest_at:%Y-%m-%d %H:%M} UTC" if one.newest_at else ""
    return f"{one.accounts:,} accounts, {one.events:,} events, {one.triggers:,} triggers{newest}"


def _stamp(session: Session, form: str) -> str:
    return session.now.astimezone(session.settings.team.zone).strftime(form)


def _free(folder: Path, stem: str) -> Path:
    """Return a name that no file of the folder has."""
    names = (folder / f"{stem}{f'-{number}' if number > 1 else ''}.db" for number in count(1))
    return next(name for name in names if not name.exists())
