"""The root of the command line: its groups, its exit codes, its errors as sentences.

Exit codes: 0 all is well; 1 a check found a fault, or what was asked for is not there; 2 the operator must
edit something, or the call is wrong; 3 the database can't be used.
"""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import errno
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from earmark import logs
from earmark.cli import (
    accounts,
    actions,
    compounds,
    contacts,
    copies,
    coverage,
    digest,
    discovered,
    discovery,
    exports,
    health,
    hooks,
    icp,
    kinds,
    learned,
    lists,
    merging,
    page,
    plugins,
    privacy,
    replay,
    rulebook,
    sources,
    suppressions,
    teach,
    triage,
    users,
    workspace,
)
from earmark.cli.session import Session, notice
from earmark.errors import ConfigError, EarmarkError, LifecycleError, SourceError, StorageError

__all__ = ["app", "main"]

_INTERRUPTED = 130
_OF_THE_DISK = {
    errno.EACCES: "Give yourself the right to write there, or work in another folder.",
    errno.EDQUOT: "Free some space and try again.",
    errno.ENOSPC: "Free some space and try again.",
    errno.EROFS: "Work in a folder that can be written.",
}
"""Faults of an operating system that a person can mend, and how."""


class _Verbs(TyperGroup):
    """Turns errors into one sentence and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LifecycleError:
            raise  # a bug, and to be seen as one
        except EarmarkError as error:
            if isinstance(ctx.obj, Session) and ctx.obj.debug:
                traceback.print_exc()
            notice(str(error))
            raise typer.Exit(_exit_code(error)) from error


app = typer.Typer(
    cls=_Verbs,
    help="Watches public sources for reasons to call a company now.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
workspace.add_to(app)
compounds.add_to(rulebook.app)
coverage.add_to(accounts.app)
discovered.add_to(accounts.app)
merging.add_to(accounts.app)
suppressions.add_to(accounts.app)
discovery.add_to(sources.app)
hooks.add_to(sources.app)
kinds.add_to(sources.app)
plugins.add_to(sources.app)
app.add_typer(accounts.app, name="accounts")
app.add_typer(contacts.app, name="contacts")
app.add_typer(icp.app, name="icp")
app.add_typer(sources.app, name="sources")
app.add_typer(rulebook.app, name="rules")
app.add_typer(exports.app, name="exports")
app.add_typer(users.app, name="users")
lists.add_to(app)
health.add_to(app)
actions.add_to(app)
teach.add_to(app)
triage.add_to(app)
learned.add_to(app)
replay.add_to(app)
privacy.add_to(app)
copies.add_to(app)
page.add_to(app)
digest.add_to(app)
app.add_typer(workspace.config_app, name="config")


def main() -> None:
    """Run the command line and exit."""
    debug = "--debug" in sys.argv
    try:
        app(prog_name="earmark")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            file = f" for {error.filename}" if error.filename else ""
            notice(f"The disk can't be written{file}: {error.strerror}. {_OF_THE_DISK[error.errno]}")
            sys.exit(2)
        notice(
            f"earmark failed inside: {type(error).__name__}: {error}. This is a bug: please report it with "
            "what --debug shows."
        )
        sys.exit(1)


def _exit_code(error: EarmarkError) -> int:
    if isinstance(error, StorageError):
        return 3
    return 1 if isinstance(error, SourceError) and not isinstance(error, ConfigError) else 2


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("earmark"))
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            help="Folder of the workspace; else the nearest one upward with an earmark.toml.",
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show traces and all log lines.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log lines as JSON.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    running = context.invoked_subcommand in {"page", "up", "worker"}
    logs.start(json_lines=log_json, level="DEBUG" if debug else "INFO" if running else "ERROR")
    session = context.obj = Session(workspace, debug=debug)
    context.call_on_close(session.close)
