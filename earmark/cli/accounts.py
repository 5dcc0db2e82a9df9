"""Verbs of the account list: import, list, audit."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from earmark.cli.imports import counting, draw, value_of, write_report
from earmark.cli.session import AsJson, Session, notice, session_of
from earmark.lifecycle import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from earmark.intake import Intake
    from earmark.types import Account
    from matcher.collisions import Collision

__all__ = ["app", "import_accounts"]

app = typer.Typer(help="The list of accounts.", no_args_is_help=True)

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
def list_(  # noqa: PLR0913, PLR0917 - each is an option of the verb
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Part of a name, an id or a domain.")] = "",
    stage: Annotated[Stage | None, typer.Option(help="Only accounts in this stage.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only accounts of this owner; '' for nobody's.")] = None,
    territory: Annotated[str | None, typer.Option(help="Only accounts of this territory.")] = None,
    tier: Annotated[str | None, typer.Option(help="Only accounts of this tier.")] = None,
    fit_at_least: Annotated[
        float | None, typer.Option(min=0, max=1, help="Only accounts that fit the ICP so well, 0 to 1.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List accounts; with --fit-at-least the best fitting first."""
    from review.accounts import Wanted, found_accounts

    session = session_of(context)
    wanted = Wanted(
        text=text, stage=stage, owner=owner, territory=territory, tier=tier, fit_at_least=fit_at_least
    )
    with session.reading() as connection:
        found = found_accounts(connection, wanted, limit=limit)

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of
        from review.today import fit_line

        table = table_of("id", "name", "domain", "stage", "owner", "fit", "record")
        for one, fits in zip(found.accounts, found.fits, strict=True):
            domain = ", ".join(one.domains)
            cells = (one.id, one.name, domain, one.stage.replace("_", " "), one.owner or "")
            shown = (*cells, f"{fits:.2f}", fit_line(one))
            table.add_row(*(Text(safe(cell)) for cell in shown))
        console.print(table)
        console.print(f"{len(found.accounts):,} of {found.count:,} found; {found.listed:,} on the list.")

    session.show(found.accounts, as_json, draw)


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
    from storage import roster

    if dry_run:
        done = roster.Imported()
        with counting(intake, "accounts") as counted:
            for _ in counted:
                pass
    else:
        done = roster.import_accounts(session.engine, intake, session.now, _watched)
        with session.writing() as connection:
            session.log(connection, "accounts import", intake.path.name, intake.report.words)
    if report is not None:
        write_report(report, intake.report)
    value = value_of(intake, done)
    session.show(value, as_json, lambda console: draw(console, intake, done, dry_run=dry_run))
    if not dry_run and not as_json and intake.report.accounts:
        _tell_hard_names(session)


def _watched(accounts: "Iterable[Account]") -> "Iterator[Account]":
    with counting(accounts, "accounts") as counted:
        yield from counted


def _tell_hard_names(session: Session) -> None:
    """Say how many names of the whole list demand more evidence; a very long list is audited on demand."""
    from matcher.collisions import collisions
    from storage import accounts

    with session.reading() as connection:
        short = accounts.count(connection) <= _AUDITED_AT_ONCE
        listed = accounts.every(connection) if short else {}
    if clashing := collisions(listed.values()):
        notice(f"{_summary(clashing, len(listed))} See them with: earmark accounts audit")


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
