"""What every import prints: how the file was read, what became of its rows, and what that changed."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from earmark.cli.session import notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rich.console import Console

    from earmark.intake import ContactIntake, Intake, Report
    from storage.roster import Imported

__all__ = ["counting", "draw", "draw_report", "value_of", "write_report"]

T = TypeVar("T")

_SHOWN: Final = 20
_MOST_EXAMPLES: Final = 5


def value_of(intake: "Intake | ContactIntake", done: "Imported") -> dict[str, Any]:
    """Return what an import says with --json."""
    return {
        "file": str(intake.path),
        "read_as": intake.words,
        "crm": intake.crm,
        "columns": intake.mapping,
        "rows": intake.report.rows,
        f"{intake.report.noun}s": intake.report.accounts,
        "added": done.added,
        "changed": done.changed,
        "same": done.same,
        "changes": done.fields,
        "examples": done.examples,
        "report": intake.report.in_order,
    }


def draw(console: "Console", intake: "Intake | ContactIntake", done: "Imported", *, dry_run: bool) -> None:
    """Print the mapping, the report of the rows, and what was stored."""
    from rich.text import Text

    from review.terminal import safe, table_of

    known = f", an export of {intake.crm}" if intake.crm else ""
    console.print(f"{safe(str(intake.path))}: {intake.words}{known}")
    table = table_of("column", "taken as")
    unkept = "kept as extra" if intake.report.noun == "account" else "not taken"
    for header, field in intake.mapping.items():
        table.add_row(Text(safe(header)), field if field != "extra" else unkept)
    console.print(table)
    draw_report(console, intake.report)
    if dry_run:
        console.print("Nothing was stored (--dry-run).")
        return
    console.print(f"{done.added:,} added, {done.changed:,} changed, {done.same:,} same")
    if done.fields:
        listed = ", ".join(f"{field} ({count:,})" for field, count in done.fields.most_common())
        console.print(f"Changed were: {listed}")
    for one in done.examples[:_MOST_EXAMPLES]:
        before, after = safe(one.before) or "nothing", safe(one.after) or "nothing"
        console.print(f"  {safe(one.id)}: {one.field}: {before} → {after}")


def draw_report(console: "Console", report: "Report") -> None:
    """Print the count of the rows, and the first that were not taken as they stand."""
    from review.terminal import safe

    console.print(report.words)
    told = [one for one in report.in_order if one.level != "note"]
    for one in told[:_SHOWN]:
        console.print(f"  line {one.line}: {one.level}: {safe(one.reason)}")
    if len(told) > _SHOWN:
        console.print(f"  and {len(told) - _SHOWN:,} more; write them all with --report rows.csv")


def write_report(path: "Path", report: "Report") -> None:
    """Write the report of the rows as CSV, no cell a formula; ConfigError when it can't be written."""
    from exports import csv_file
    from exports.cells import inert

    rows = ([str(one.line), one.level, inert(one.reason)] for one in report.in_order)
    csv_file.write(path, ["line", "level", "reason"], rows)
    notice(f"Wrote {path}")


@contextmanager
def counting(things: "Iterable[T]", noun: str) -> "Iterator[Iterable[T]]":
    """Give the things, with a counter on standard error if a person watches."""
    if not sys.stderr.isatty():
        yield things
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn(noun), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress.track(things, total=None)
