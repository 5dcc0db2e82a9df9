"""Verbs of the account list: import, list, audit."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import csv
import sys
from collections import Counter
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from earmark.cli.session import Session, notice, session_of
from earmark.lifecycle import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from earmark.intake import Intake
    from earmark.types import Account
    from matcher.collisions import Collision
    from storage.accounts import Upserted

__all__ = ["app", "import_accounts"]

app = typer.Typer(help="The list of accounts.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_CHUNK: Final = 1_000
"""Accounts in one transaction: others wait for a part of a second at most."""
_SHOWN: Final = 20
_AUDITED_AT_ONCE: Final = 100_000
"""Accounts of which an import tells the names that are hard; more would take seconds."""


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or .xlsx as your CRM exports it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report, store nothing.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the row report to this CSV file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import accounts: new ones are added, known ones brought up to date, none is removed."""
    from earmark.intake import read_accounts

    session = session_of(context)
    import_accounts(session, read_accounts(file), as_json=as_json, dry_run=dry_run, report=report)


@app.command("list")
def list_(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Part of a name, an id or a domain.")] = "",
    stage: Annotated[Stage | None, typer.Option(help="Only accounts in this stage.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List accounts."""
    from storage import accounts

    session = session_of(context)
    with session.reading() as connection:
        held = list(accounts.every(connection).values()) if not text else accounts.find(connection, text)
        total = accounts.count(connection)
    found = [one for one in held if stage in {None, one.stage}]
    shown = found[:limit]

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of
        from review.today import fit_line

        table = table_of("id", "name", "domain", "stage", "record")
        for one in shown:
            domain = ", ".join(one.domains)
            cells = (one.id, one.name, domain, one.stage.replace("_", " "), fit_line(one))
            table.add_row(*(Text(safe(cell)) for cell in cells))
        console.print(table)
        console.print(f"{len(shown):,} of {len(found):,} found; {total:,} on the list.")

    session.show(shown, as_json, draw)


@app.command()
def audit(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many names to print at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Say which accounts will be hard to recognise in public text, why, and what evidence they demand."""
    from matcher.collisions import collisions
    from storage import accounts

    session = session_of(context)
    with session.reading() as connection:
        listed = accounts.every(connection)
    found = _audited(listed.values())
    clashing = collisions(listed.values())
    value = {"accounts": len(listed), "names": clashing, "lists": found}

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        console.print(_summary(clashing, len(listed)))
        names = table_of("name", "account", "may also be", "linked with")
        for one in clashing[:limit]:
            cells = (one.name, one.account, ", ".join(one.clashes), one.demands)
            names.add_row(*(Text(safe(cell)) for cell in cells))
        console.print(names)
        if len(clashing) > limit:
            console.print(f"and {len(clashing) - limit:,} more; print them with --limit or --json")
        table = table_of("count", "what", "such as")
        for what, several in found.items():
            table.add_row(f"{len(several):,}", what, Text(safe("; ".join(several[:6]))))
        console.print(table)

    session.show(value, as_json, draw)


def _summary(clashing: "list[Collision]", accounts: int) -> str:
    """Return in one line how many accounts have a name that may mean something else, and what."""
    if not clashing:
        return f"{accounts:,} accounts; none has a name that may mean something else."
    counts = Counter(clash for one in clashing for clash in one.clashes)
    hard = len({one.account for one in clashing})
    listed = ", ".join(f"{count:,} {clash}" for clash, count in counts.most_common())
    return f"{accounts:,} accounts; {hard:,} with a name that may mean something else: {listed}."


def import_accounts(
    session: Session, intake: "Intake", *, as_json: bool, dry_run: bool = False, report: Path | None = None
) -> None:
    """Store the accounts of a file and print what became of its rows."""
    stored: dict[str, int] = {"added": 0, "changed": 0, "same": 0}
    with _counting(intake) as counted:
        for chunk in _chunks(counted):
            if not dry_run:
                done = _store(session, chunk)
                stored = {key: count + getattr(done, key) for key, count in stored.items()}
    if report is not None:
        _write_report(report, intake)
    value: dict[str, Any] = {
        "file": str(intake.path),
        "read_as": intake.words,
        "crm": intake.crm,
        "columns": intake.mapping,
        "rows": intake.report.rows,
        "accounts": intake.report.accounts,
        **stored,
        "report": intake.report.lines,
    }
    session.show(value, as_json, lambda console: _draw_import(console, intake, stored, dry_run=dry_run))
    if not dry_run and not as_json and intake.report.accounts:
        _tell_hard_names(session)


def _store(session: Session, chunk: "list[Account]") -> "Upserted":
    from storage import accounts

    with session.writing() as connection:
        return accounts.upsert(connection, chunk)


def _tell_hard_names(session: Session) -> None:
    """Say how many names of the whole list demand more evidence; a very long list is audited on demand."""
    from matcher.collisions import collisions
    from storage import accounts

    with session.reading() as connection:
        short = accounts.count(connection) <= _AUDITED_AT_ONCE
        listed = accounts.every(connection) if short else {}
    if clashing := collisions(listed.values()):
        notice(f"{_summary(clashing, len(listed))} See them with: earmark accounts audit")


def _chunks(accounts: "Iterable[Account]") -> "Iterator[list[Account]]":
    iterator = iter(accounts)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


@contextmanager
def _counting(intake: "Intake") -> "Iterator[Iterable[Account]]":
    """Give the accounts, with a counter on standard error if a person watches."""
    if not sys.stderr.isatty():
        yield intake
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("accounts"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress.track(intake, total=None)


def _draw_import(console: "Console", intake: "Intake", stored: dict[str, int], *, dry_run: bool) -> None:
    from rich.text import Text

    from review.terminal import safe, table_of

    known = f", an export of {intake.crm}" if intake.crm else ""
    console.print(f"{safe(str(intake.path))}: {intake.words}{known}")
    table = table_of("column", "taken as")
    for header, field in intake.mapping.items():
        table.add_row(Text(safe(header)), field if field != "extra" else "kept as extra")
    console.print(table)
    console.print(intake.report.words)
    told = [one for one in intake.report.lines if one.level != "note"]
    for one in told[:_SHOWN]:
        console.print(f"  line {one.line}: {one.level}: {safe(one.reason)}")
    if len(told) > _SHOWN:
        console.print(f"  and {len(told) - _SHOWN:,} more; write them all with --report rows.csv")
    if dry_run:
        console.print("Nothing was stored (--dry-run).")
    else:
        console.print(", ".join(f"{count:,} {word}" for word, count in stored.items()))


def _write_report(path: Path, intake: "Intake") -> None:
    from earmark.errors import ConfigError

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["line", "level", "reason"])
            writer.writerows((one.line, one.level, one.reason) for one in intake.report.lines)
    except OSError as error:
        raise ConfigError(f"The report {path} can't be written: {error.strerror}.") from error
    notice(f"Wrote {path}")


def _audited(listed: "Iterable[Account]") -> dict[str, list[str]]:
    """Return what else makes accounts hard to recognise, with their names."""
    from matcher.names import names_of

    found: dict[str, list[str]] = {}
    domains: dict[str, list[str]] = {}
    for one in listed:
        if not one.domains:
            found.setdefault("no domain: a namesake can't be told apart by its link", []).append(one.name)
        for domain in one.domains:
            domains.setdefault(domain, []).append(one.name)
        for rejected in names_of(one)[1]:
            what = f"a name is not looked for: {rejected.reason}"
            found.setdefault(what, []).append(rejected.written)
    if shared := [" = ".join(names) for names in domains.values() if len(names) > 1]:
        found["several accounts of one domain"] = shared
    return dict(sorted(found.items()))
