"""What every verb of one call shares: the workspace, its settings, its database, and how to print."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from earmark import logs

if TYPE_CHECKING:  # heavy: the verbs that need them import them when they run
    from rich.console import Console

    from earmark.config import Settings
    from earmark.types import Account
    from storage.engine import Connection, Engine

__all__ = ["AsJson", "Session", "choose_account", "nothing", "notice", "session_of", "who"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
"""The option of a verb that prints what it says as JSON."""


class Session:
    """One call of the command line."""

    def __init__(self, folder: Path | None, *, debug: bool = False) -> None:
        self._folder = folder
        self.debug = debug
        self.quiet = False

    @property
    def start(self) -> Path:
        """The folder that --workspace names, or the current one."""
        return self._folder or Path.cwd()

    def close(self) -> None:
        """Give the database back."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    @cached_property
    def workspace(self) -> Path:
        """The workspace, said in one line on standard error; ConfigError if there is none."""
        from earmark.config import FILE, find_workspace
        from earmark.errors import ConfigError

        found, is_own = find_workspace(self.start)
        if not is_own and not (found / FILE).is_file():
            raise ConfigError(
                f"There is no workspace in {self.start} or above. Begin one with: earmark init accounts.csv; "
                "or look at the demo first: earmark demo"
            )
        if not self.quiet:
            notice(
                f"Workspace: {found}" + ("" if is_own else " (the demo; begin your own with earmark init)")
            )
        return found

    @cached_property
    def settings(self) -> "Settings":
        """The settings of the workspace."""
        from earmark.config import load

        return load(self.workspace)

    @cached_property
    def now(self) -> datetime:
        """The time of this call: EARMARK_NOW, or now."""
        from earmark.config import clock

        return clock()

    @property
    def midnight(self) -> datetime:
        """When the day of this call began, in the team's zone; as UTC."""
        here = self.now.astimezone(self.settings.team.zone)
        return here.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)

    @cached_property
    def engine(self) -> "Engine":
        """The database; StorageError when its tables are not of this program's form."""
        from earmark.errors import StorageError
        from storage.engine import at_head, connect

        engine = connect(self.settings.database_url)
        if not at_head(engine):
            raise StorageError(
                f"The database of {self.workspace} has older tables than this earmark. "
                "Bring it up to date with: earmark migrate"
            )
        return engine

    @contextmanager
    def reading(self) -> "Iterator[Connection]":
        """Give a connection that sees one moment of the database."""
        from storage.engine import reading

        with reading(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> "Iterator[Connection]":
        """Give a connection whose changes are kept all or none."""
        from storage.engine import writing

        with writing(self.engine) as connection:
            yield connection

    def log(self, connection: "Connection", verb: str, subject: str, text: str = "") -> None:
        """Write down who did what, in the words of the page's log, in the transaction that does it."""
        from storage.audit import Deed, record

        record(connection, Deed(at=self.now, by=who(), verb=verb, subject=subject, text=text))

    @cached_property
    def console(self) -> "Console":
        """The terminal, or plain lines that no width cuts when the output goes elsewhere."""
        from rich.console import Console

        wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160
        return Console(width=wide, highlight=False, markup=False, emoji=False, soft_wrap=False)

    def show(self, value: object, as_json: bool, draw: Callable[["Console"], None]) -> None:
        """Print a value as JSON, or draw it."""
        if as_json:
            from review.plain import json_text

            typer.echo(json_text(value))
        else:
            draw(self.console)

    def moment(self, text: str | None, *, end_of_day: bool = False) -> datetime | None:
        """Read a time that a person gave: see ``review.moments.read_moment``."""
        from review.moments import read_moment

        if text is None:
            return None
        return read_moment(text, self.now, self.settings.team.zone, end_of_day=end_of_day)

    def since(self, text: str | None) -> datetime | None:
        """Read since when something is asked for: a distance is one into the past, also without its sign."""
        from earmark.errors import ConfigError
        from review.moments import backwards

        found = self.moment(None if text is None else backwards(text))
        if found is not None and found > self.now:
            raise ConfigError(f"--since {text} is in the future. Give a day before today, or such as 7d.")
        return found


def session_of(context: typer.Context) -> Session:
    """Return the session of this call."""
    session = context.find_root().obj
    if not isinstance(session, Session):
        raise TypeError("the root command made no session")
    return session


def notice(text: str) -> None:
    """Print a line for the person, apart from the output."""
    typer.echo(logs.escape(logs.mask(text)), err=True)


def nothing(text: str) -> NoReturn:
    """End with exit code 1: what was asked for is not there."""
    notice(text)
    raise typer.Exit(1)


def choose_account(connection: "Connection", text: str) -> "Account":
    """Return the one account that a person means by an id, a name or a domain.

    Ends with exit code 1 when there is none, ConfigError when there are several.
    """
    from earmark.errors import ConfigError
    from storage import accounts

    found = accounts.find(connection, text, limit=9)
    if not found:
        nothing(f"No account matches {text!r}. List them with: earmark accounts list")
    wanted = text.strip().casefold()
    exact = [
        one for one in found if wanted in {one.id.casefold(), one.name.casefold(), *one.domains}
    ] or found
    if len(exact) == 1:
        return exact[0]
    listed = ", ".join(f"{one.id} ({one.name})" for one in exact[:8])
    more = ", …" if len(exact) > 8 else ""  # noqa: PLR2004 - as many as are listed
    raise ConfigError(f"{text!r} may mean several accounts: {listed}{more}. Give one of these ids.")


def who() -> str:
    """Return the name under which this person's actions are stored."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container without a user database
        return "somebody"
