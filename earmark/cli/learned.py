"""Verbs of learning: what was learned, with how to take it back, and what came of the outreach."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import AsJson, session_of

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    app.command()(learned)
    app.command()(insights)


def learned(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many verdicts at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what was learned of names, verdicts and rules, and what follows; earmark undo ID takes it back.

    A rule is a kind in one source: its precision is estimated from the verdicts on it, and under the floor
    of the rulebook it is throttled: listed, never promoted.
    """
    from review.learned import learned as all_learned

    session = session_of(context)
    with session.reading() as connection:
        rows = all_learned(connection, limit).rows

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import day, safe, table_of

        if not rows:
            console.print("Nothing was taught or judged. What could not be told: earmark unsure")
            return
        table = table_of("id", "day", "by", "of", "learned", "effect")
        zone = session.settings.team.zone
        for row in rows:
            cells = (row.by or "", row.account or "", row.learned, row.effect)
            when = day(row.at, zone) if row.at else ""
            table.add_row(row.id, when, *(Text(safe(cell)) for cell in cells))
        console.print(table)
        console.print("Take one back: earmark undo ID")

    session.show(rows, as_json, draw)


def insights(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="A date or a distance: 2026-09-01, 90d.")] = "90d",
    as_json: AsJson = False,
) -> None:
    """Show meetings per 100 worked reasons by kind, source and rep, each with its 95 % interval."""
    from review.insights import meetings
    from storage.worked import worked_since

    session = session_of(context)
    begin = session.since(since) or session.now
    with session.reading() as connection:
        rows = meetings(worked_since(connection, begin))

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        if not rows:
            console.print("No outreach was logged. Log it: earmark contacted TRIGGER, then earmark outcome")
            return
        table = table_of("by", "", "reasons worked", "meetings", "per 100", "likely")
        for row in rows:
            likely = f"{row.low:.0f} to {row.high:.0f}"
            shown = (f"{row.worked:,}", f"{row.meetings:,}", f"{row.per_100:.0f}", likely)
            table.add_row(row.by, Text(safe(row.name)), *shown)
        console.print(table)

    session.show(rows, as_json, draw)
