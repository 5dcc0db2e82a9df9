"""The verb that brings a suppression list onto the accounts."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.imports import draw_report, write_report
from earmark.cli.session import AsJson, session_of, who

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the group of accounts."""
    app.command("suppress-list")(suppress_list)


def suppress_list(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or .xlsx with ids, domains, e-mail addresses or names.")],
    reason: Annotated[
        str, typer.Option(help="customer, opt_out, rival, open_deal or legal, where a row names none.")
    ],
    until: Annotated[str | None, typer.Option(help="Until a day, where a row names none.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the row report to this CSV file.")] = None,
    by: Annotated[str | None, typer.Option(help="Who says so; else your user name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Never contact the accounts of a list: customers, rivals, open deals, opt-outs.

    Columns named reason and until hold for their row. Each can be taken back with earmark undo ACCOUNT.
    """
    from earmark.errors import ConfigError
    from earmark.intake import read_suppressions
    from matcher.act import SUPPRESSIONS
    from review.suppressing import Outreach, suppress_listed

    if reason not in SUPPRESSIONS:
        raise ConfigError(f"{reason!r} is no reason; give one of {', '.join(SUPPRESSIONS)}.")
    session = session_of(context)

    def moment(text: str) -> datetime:
        return session.moment(text, end_of_day=True) or session.now

    intake = read_suppressions(file)
    end = moment(until) if until else None
    if end is not None and end <= session.now:
        raise ConfigError(f"--until {until} is in the past. Give a later day, or none.")
    how = Outreach(reason=reason, until=end, by=by or who(), now=session.now, moment=moment)
    counts = suppress_listed(session.engine, intake, how)
    with session.writing() as connection:
        session.log(connection, "suppressions import", file.name, intake.report.words)
    if report is not None:
        write_report(report, intake.report)
    value = {"rows": intake.report.rows, **counts, "report": intake.report.in_order}

    def draw(console: "Console") -> None:
        draw_report(console, intake.report)
        console.print(f"{counts['suppressed']:,} suppressed, {counts['same']:,} were so already.")

    session.show(value, as_json, draw)
