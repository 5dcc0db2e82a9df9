"""The verb by which two accounts become one, and two again."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import Session, choose_account, notice, session_of, who
from earmark.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the group of accounts."""
    app.command("merge")(merge)


def merge(
    context: typer.Context,
    keeps: Annotated[str, typer.Argument(help="The account that stays: an id, a name or a domain.")] = "",
    goes: Annotated[str, typer.Argument(help="The one that is the same company.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; else it is only told what would happen.")
    ] = False,
    undo: Annotated[str | None, typer.Option(help="Take this merge back, by how its id begins.")] = None,
    by: Annotated[str | None, typer.Option(help="Who says so; else your user name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say that two accounts are one company: one stays and has all of both. Without names: list merges."""
    from monitors import merging

    session, actor = session_of(context), by or who()
    if undo is not None:
        made = merging.part(session.engine, undo, by=actor, now=session.now)
        told = f"{made.goes} is an account of its own again; {made.keeps} is as it was without it."
        session.show({"undone": made.id, "keeps": made.keeps, "goes": made.goes}, as_json, _line(told))
    elif keeps and goes:
        _merge(session, keeps, goes, actor, yes=yes, as_json=as_json)
    elif keeps:
        raise ConfigError("Name two accounts: earmark accounts merge KEEPS GOES")
    else:
        _list(session, as_json=as_json)


def _merge(session: Session, keeps: str, goes: str, by: str, *, yes: bool, as_json: bool) -> None:
    from monitors import merging

    with session.reading() as connection:
        stays, other = (choose_account(connection, each) for each in (keeps, goes))
        lines = merging.prospect(connection, stays.id, other.id).lines
    made = merging.merge(session.engine, stays.id, other.id, by=by, now=session.now) if yes else None
    value = {"keeps": stays.id, "goes": other.id, "told": lines, "merge": made.id if made else None}
    session.show(value, as_json, _line("\n".join(lines)))
    if made is None:
        notice("Nothing was changed yet. Do it by the same command with --yes.")
    else:
        notice(f"Done. Take it back with: earmark accounts merge --undo {made.id}")


def _list(session: Session, *, as_json: bool) -> None:
    from storage import accounts, merges

    with session.reading() as connection:
        held = merges.every(connection)
        names = accounts.of(connection, [one.keeps for one in held])

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        table = table_of("merge", "stays", "became part of it", "when", "by")
        for one in held:
            cells = (one.id, names[one.keeps].name, one.goes, f"{one.at:%Y-%m-%d %H:%M}", one.by)
            table.add_row(*(Text(safe(cell)) for cell in cells))
        console.print(table if held else "No accounts were merged.")

    fields = ("id", "keeps", "goes", "by", "at")
    session.show([{name: getattr(one, name) for name in fields} for one in held], as_json, draw)


def _line(told: str) -> "Callable[[Console], None]":
    from review.terminal import safe

    return lambda console: console.print("\n".join(map(safe, told.splitlines())))
