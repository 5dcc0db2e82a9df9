"""The page: serve it, and say where it is."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from typing import Annotated

import typer

from earmark.cli.session import notice, session_of

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the root."""
    app.command()(page)


def page(
    context: typer.Context, attached: Annotated[bool, typer.Option("--attached", hidden=True)] = False
) -> None:
    """Serve the page alone, without the monitor, until Ctrl+C."""
    from monitors.supervise import MOVED, end_with_supervisor
    from review.page.serve import free, serve

    session = session_of(context)
    if attached:
        session.quiet = True
        end_with_supervisor()
    settings = free(session.settings, notice) if attached else session.settings
    # With its token, which is meant to be seen.
    moved = serve(settings, lambda address: typer.echo(f"The page: {address}", err=True), may_move=attached)
    if moved:
        raise typer.Exit(MOVED)
