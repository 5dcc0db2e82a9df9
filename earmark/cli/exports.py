"""Verbs of exports: which profiles there are, and writing one."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli import plugins, targets
from earmark.cli.session import AsJson, Session, notice, session_of
from earmark.cli.warehouse import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from earmark.contract import Exporter
    from exports.choice import Choice
    from exports.profiles import Profile

__all__ = ["app"]

app = typer.Typer(
    help="Hand what was found over to a CRM, a sequencer or a spreadsheet.", no_args_is_help=True
)
_SHOWN = 20


targets.add_to(app)
plugins.add_to_exports(app)


@app.command()
def kinds(context: typer.Context, as_json: AsJson = False) -> None:
    """List where exports can go: kinds of targets with their options, and profiles of files."""
    from exports import registry
    from exports.jsonl import WHAT
    from exports.profiles import PROFILES

    def draw(console: "Console") -> None:
        for name, kind in registry.kinds().items():
            console.print(f"{name}: {kind.about}; needs {kind.auth}", markup=False)
            console.print(f"  options: {', '.join(kind.model_fields)}", markup=False)
        for fault in registry.broken().values():
            console.print(fault, markup=False)
        for profile in PROFILES.values():
            console.print(f"{profile.name}: {profile.about}", markup=False)
            headers = ", ".join(column.header for column in profile.columns)
            console.print(f"  a line per {profile.per}: {headers}", markup=False)
        console.print(f"jsonl: JSON Lines for a warehouse: {', '.join(WHAT)}", markup=False)

    value = {
        "targets": {name: _as_kind(kind) for name, kind in registry.kinds().items()},
        "profiles": {name: _as_value(profile) for name, profile in PROFILES.items()},
        "jsonl": dict(WHAT),
        "broken": dict(registry.broken()),
    }
    session_of(context).show(value, as_json, draw)


@app.command()
def run(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="TARGET|PROFILE", help="A target of yours, a profile of a file, csv or jsonl."
        ),
    ],
    profile: Annotated[str | None, typer.Option(help="With csv: the profile.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file to write, .csv, .xlsx or .jsonl; it is replaced whole.")
    ] = None,
    what: Annotated[
        str | None, typer.Option(help="With jsonl: events, stories, triggers or judgements.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="With jsonl: only what was stored since a day, such as -7d.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Only accounts of this owner.")] = None,
    view: Annotated[
        str | None, typer.Option(help="With a file: a part of the list, such as stage=hot,warm&tier=A.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send what is on the list to a target, or write it to a file, and say what was left out and why."""
    from exports.registry import profile as profile_named
    from storage.targets import get as target_named

    session = session_of(context)
    with session.reading() as connection:
        is_target = profile is None and target_named(connection, name) is not None
    if is_target:
        targets.deliver_to(session, name, owner=owner, dry_run=dry_run, as_json=as_json)
        return
    if profile is None and name == "jsonl":
        write_lines(session, what, out, since, dry_run=dry_run, as_json=as_json)
        return
    _to_file(session, profile_named(profile or name), out, owner, view, dry_run=dry_run, as_json=as_json)


def _to_file(
    session: Session,
    wanted: "Profile",
    out: Path | None,
    owner: str | None,
    view: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write what a profile takes to a file, or say what that would be."""
    from earmark.errors import ConfigError
    from exports.profiles import columns_of, rows_of
    from review.files import choice_of

    if out is None and not dry_run:
        raise ConfigError(f"Name the file to write: earmark exports run {wanted.name} --out FILE")
    with session.reading() as connection:
        choice = choice_of(connection, wanted, session.now, owner=owner, view=view)
    columns = columns_of(wanted, choice.lines)
    header = [column.header for column in columns]
    rows = rows_of(wanted, columns, choice.lines)
    value: dict[str, Any] = {
        "profile": wanted.name,
        "file": None if dry_run else str(out),
        "rows": len(choice.lines),
        "left_out": choice.left_out,
    }
    if dry_run:
        value["would_write"] = [dict(zip(header, row, strict=True)) for row in rows]
    elif out is not None:
        _write(out, header, rows, wanted)

    def draw(console: "Console") -> None:
        _draw(console, choice, None if dry_run else out)

    session.show(value, as_json, draw)
    if wanted.most is not None and len(choice.lines) > wanted.most:
        notice(f"{wanted.name} takes {wanted.most:,} rows a file: split this one before you import it.")


def _write(out: Path, header: list[str], rows: "Iterable[list[str]]", profile: "Profile") -> None:
    from exports import csv_file, workbook

    if out.suffix.lower() == ".xlsx":
        workbook.write(out, header, rows)
    else:
        csv_file.write(out, header, rows, mark=profile.spreadsheet)


def _draw(console: "Console", choice: "Choice", out: Path | None) -> None:
    from review.terminal import safe

    rows, left = len(choice.lines), len(choice.left_out)
    done, leave = ("Wrote", "left out") if out else ("Would write", "leave out")
    where = f" to {out}" if out else ""
    console.print(safe(f"{done} {rows:,} row{'' if rows == 1 else 's'}{where}, {leave} {left:,}."))
    for one in choice.left_out[:_SHOWN]:
        console.print("  " + safe(f"{one.name}: {one.reason}"))
    if left > _SHOWN:
        console.print(f"  and {left - _SHOWN:,} more; list them all with --json")


def _as_value(profile: "Profile") -> dict[str, Any]:
    return {
        "about": profile.about,
        "line_per": profile.per,
        "columns": [column.header for column in profile.columns],
        "needs_contacts": profile.per == "contact",
        "needs_crm_id": profile.crm,
        "most_rows": profile.most,
    }


def _as_kind(kind: "type[Exporter]") -> dict[str, Any]:
    return {
        "about": kind.about,
        "auth": kind.auth,
        "reads_back": kind.reads,
        "options": {
            name: {"required": field.is_required(), "means": field.description}
            for name, field in kind.model_fields.items()
        },
    }
