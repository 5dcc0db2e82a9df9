"""Verbs on what is kept and what is forgotten: purge by age, and one person's data."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import AsJson, notice, session_of, who

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console

    from storage.traces import Trace

__all__ = ["add_to"]

PersonText = Annotated[
    str, typer.Argument(metavar="PERSON", help="First and last name, e-mail address, or @handle.")
]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    for verb in (purge, person, erase):
        app.command()(verb)


def purge(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget texts and logs that are past the retention of the rulebook; the monitor does so each day."""
    from monitors.purge import purge as forget
    from monitors.purge import purgeable

    session = session_of(context)
    if dry_run:
        events = purgeable(session.engine, session.now)
        session.show({"events": events}, as_json, lambda console: console.print(f"Texts to go: {events:,}."))
        return
    purged = forget(session.engine, session.now)

    def draw(console: "Console") -> None:
        console.print(f"Texts gone: {purged.events:,}. Rows of logs gone: {purged.log_rows:,}.")

    session.show(purged, as_json, draw)


def person(context: typer.Context, text: PersonText, as_json: AsJson = False) -> None:
    """Show all that is stored about a person, in every table; exit 1 if nothing is."""
    from monitors.erase import sought, traces_of

    session = session_of(context)
    found = traces_of(session.engine, sought(session.engine, text))
    session.show(found, as_json, lambda console: _draw(console, found))
    if not found:
        notice(f"Nothing is stored about {text!r}.")
        raise typer.Exit(1)


def erase(
    context: typer.Context,
    text: PersonText,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    by: Annotated[str | None, typer.Option(help="Who did it; else your user name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person from every table for good; no later import or poll brings them back."""
    from monitors.erase import erase as remove
    from monitors.erase import sought, traces_of

    session = session_of(context)
    meant = sought(session.engine, text)
    if dry_run:
        found = traces_of(session.engine, meant)
        session.show(found, as_json, lambda console: _draw(console, found))
        notice(f"{len(found):,} rows name the person. Nothing was changed.")
        return
    erased = remove(session.engine, meant, by=by or who(), now=session.now)

    def draw(console: "Console") -> None:
        told = _counts(erased.rows)
        console.print(f"Erased from {told}." if told else "Nothing was stored; it will not be from now on.")
        for trace in erased.yours:
            console.print(f"Left to you: {_where(trace)}. Change or remove it yourself.")
        if not erased.overwritten:
            console.print(
                "Another earmark writes just now, so old copies stand in the unused parts of the database "
                "file. Stop it and run this again."
            )

    session.show(erased, as_json, draw)


def _draw(console: "Console", found: "Iterable[Trace]") -> None:
    from rich.text import Text

    from review.terminal import safe, shorten, table_of

    table = table_of("table", "row", "field", "what it says")
    tables: Counter[str] = Counter()
    for trace in found:
        tables[trace.table] += 1
        row = " ".join(str(value) for value in trace.key.values())
        for name, value in trace.fields.items():
            if value is not None:
                shown = Text(shorten(safe(str(value)), 200))
                table.add_row(trace.table, Text(safe(row)), name, shown)
    if tables:
        console.print(table)
        console.print(f"In all: {_counts(tables)}.")


def _counts(rows: "Mapping[str, int]") -> str:
    return ", ".join(f"{table.replace('_', ' ')} ({number:,})" for table, number in sorted(rows.items()))


def _where(trace: "Trace") -> str:
    row = " ".join(str(value) for value in trace.key.values())
    return f"{trace.table} {row}: {', '.join(sorted(trace.fields))}"
