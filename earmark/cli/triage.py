"""The full-screen list."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from typing import Annotated

import typer

from earmark.cli.session import session_of, who

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the root."""
    app.command()(triage)


def triage(
    context: typer.Context,
    owner: Annotated[str | None, typer.Option(help="Only the accounts of this rep.")] = None,
    by: Annotated[str | None, typer.Option(help="Who works; else your user name.")] = None,
) -> None:
    """Work the list of the day in a full screen, with the keys of the page; it works over SSH."""
    from earmark.config import clock
    from earmark.errors import ConfigError
    from review.desk import Desk

    session = session_of(context)
    try:
        from review.triage import Triage
    except ModuleNotFoundError as error:
        raise ConfigError(
            "The full-screen list needs textual, which is not installed. Install it: "
            "pip install 'earmark[terminal]'; or read the list with: earmark today"
        ) from error
    team = session.settings.team
    desk = Desk(
        engine=session.engine,
        now=clock,
        zone=team.zone,
        touches=team.touches_a_day,
        by=by or owner or who(),
        owner=owner,
    )
    Triage(desk).run()
