"""Verbs of the contacts: the people whom you know at your accounts, from your own lists only."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.imports import draw, value_of, write_report
from earmark.cli.session import AsJson, choose_account, session_of

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["app"]

app = typer.Typer(
    help="The people whom you know at your accounts: never looked up, never guessed.", no_args_is_help=True
)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or .xlsx of contacts as your CRM exports it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report, store nothing.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the row report to this CSV file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import contacts: new ones are added, known ones brought up to date, none is removed.

    Each is at a listed account, found by the CRM's id, the domain, the name, or the e-mail address.
    """
    from earmark.intake import read_contacts
    from storage import roster

    session = session_of(context)
    intake = read_contacts(file, session.now)
    done = roster.import_contacts(session.engine, intake, store=not dry_run)
    if not dry_run:
        with session.writing() as connection:
            session.log(connection, "contacts import", intake.path.name, intake.report.words)
    if report is not None:
        write_report(report, intake.report)
    value = value_of(intake, done)
    session.show(value, as_json, lambda console: draw(console, intake, done, dry_run=dry_run))


@app.command("list")
def list_(
    context: typer.Context,
    account: Annotated[str | None, typer.Argument(help="Only those at this account.")] = None,
    relation: Annotated[str | None, typer.Option(help="Only champion, customer, referrer …")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List contacts."""
    from storage import accounts

    session = session_of(context)
    with session.reading() as connection:
        if account is None:
            held = accounts.contact_list(connection)
        else:
            at = choose_account(connection, account).id
            held = list(accounts.contacts(connection, [at]).get(at, ()))
    found = [
        one
        for one in held
        if relation is None or (one.relation or "").casefold() == relation.strip().casefold()
    ]
    shown = found[:limit]

    def draw_list(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        table = table_of("name", "title", "account", "relation", "since", "e-mail", "id")
        for one in shown:
            since = f"{one.since:%Y-%m-%d}" if one.since else ""
            cells = (one.name, one.title, one.account, one.relation, since, one.email, one.id)
            table.add_row(*(Text(safe(cell or "")) for cell in cells))
        console.print(table)
        console.print(f"{len(shown):,} of {len(found):,} found.")

    session.show(shown, as_json, draw_list)
