"""The verb of compounds: what is shipped, what is on, and how much it catches."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import AsJson, notice, session_of, who

if TYPE_CHECKING:
    from rich.console import Console

    from earmark.cli.session import Session

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the rulebook's group."""
    app.command()(compounds)


def compounds(
    context: typer.Context,
    on: Annotated[str | None, typer.Option(help="Switch a shipped one on: add it to the rulebook.")] = None,
    by: Annotated[str | None, typer.Option(help="Who decided it; else your user name.")] = None,
    as_json: AsJson = False,
) -> None:
    """List compounds: several reasons that together are a stronger one; and for how many accounts they hold.

    One that holds for most accounts says nothing of any, and is marked so.
    """
    from review.compounds import offered
    from review.versions import in_force

    session = session_of(context)
    if on is not None:
        _switch_on(session, on, by or who(), as_json=as_json)
        return
    with session.reading() as connection:
        rows = offered(connection, in_force(connection).text)

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        table = table_of("compound", "", "holds for", "rule")
        for row in rows:
            holds = str(row.accounts) if row.on else ""
            state = "too wide" if row.too_wide else "on" if row.on else "off"
            rule = f"at least {row.at_least} of: {row.rule}" if row.at_least else row.rule
            table.add_row(Text(safe(row.id)), state, holds, Text(safe(f"{row.name}: {rule}")))
        console.print(table)
        if any(not row.on for row in rows):
            console.print("Switch one on with: earmark rules compounds --on ID")

    session.show(rows, as_json, draw)


def _switch_on(session: "Session", wanted: str, by: str, *, as_json: bool) -> None:
    from earmark.errors import ConfigError
    from earmark.rulebook import parse
    from matcher.shipped import shipped
    from review.versions import apply, in_force

    known = shipped()
    if wanted not in known:
        raise ConfigError(f"There is no shipped compound {wanted!r}; known: {', '.join(known)}.")
    with session.writing() as connection:
        before = in_force(connection)
        is_on = any(one.id == wanted for one in parse(before.text).compounds)
        text = before.text if is_on else f"{before.text.rstrip()}\n\n{known[wanted]}".lstrip()
        number = apply(connection, text, by=by, at=session.now) or before.number

    def draw(_: "Console") -> None:
        if is_on:
            notice(f"{wanted} is on already.")
        else:
            notice(f"{wanted} is on, with version {number} of the rulebook. Change it: earmark rules export")

    session.show({"id": wanted, "version": number, "changed": not is_on}, as_json, draw)
