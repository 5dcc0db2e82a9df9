"""Verbs that find sources: from the accounts' own sites, and from lists of feeds."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import asyncio
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.session import AsJson, Session, choose_account, notice, session_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from earmark.types import Account
    from monitors.discover import Discovered
    from monitors.proposals import Proposal

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the group of the sources."""
    app.command()(discover)
    app.command("import")(import_)
    app.command()(export)


def discover(
    context: typer.Context,
    account: Annotated[
        list[str] | None, typer.Option("--account", help="An account by id, name or domain; may be repeated.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All accounts, those looked at before left out.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="Add what was found to the sources.")] = False,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only sources of this kind; may be repeated.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Look again where a look is younger than 30 days.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find feeds, job board, status page and releases of accounts, starting from their own sites."""
    from earmark.errors import ConfigError
    from monitors import discoveries
    from monitors.proposals import add, proposals
    from storage import accounts, polls

    session = session_of(context)
    if bool(account) == everything:
        raise ConfigError("Say whose sources to look for: --account NAME (may be repeated), or --all.")
    with session.reading() as connection:
        if everything:
            chosen = sorted(accounts.every(connection).values(), key=lambda one: one.id)
        else:
            chosen = [choose_account(connection, text) for text in account or ()]
    file = session.workspace / discoveries.FILE
    looks = {} if again else discoveries.known(file, chosen, session.now)
    left = [one for one in chosen if one.id not in looks]
    if looks:
        notice(f"{len(looks):,} accounts were looked at in the last 30 days; look again with --again.")
    looks |= _looked_at(session, file, left)
    ordered = [looks[one.id] for one in chosen if one.id in looks]
    with session.reading() as connection:
        rows = proposals(polls.every(connection), ordered, kind)
    if write:
        rows = add(session.engine, rows, session.now)
    value = {"sources": rows, "notes": {look.account: look.notes for look in ordered if look.notes}}
    session.show(value, as_json, lambda console: _draw(console, rows, ordered, write=write))


def _looked_at(session: Session, file: Path, accounts: "Sequence[Account]") -> "Mapping[str, Discovered]":
    """Look at accounts, remembering each as soon as it is done."""
    from monitors.discover import scouting
    from monitors.discoveries import remember

    if not accounts:
        return {}
    looks: dict[str, Discovered] = {}

    async def look() -> None:
        async with scouting(session.settings, session.now) as scout:
            with _progress(len(accounts)) as step:
                async for one in scout.every(accounts):
                    if one.reached:
                        remember(file, one)
                    looks[one.account] = one
                    step(len(looks))

    asyncio.run(look())
    return looks


def _progress(total: int) -> Any:
    """Give a function that is told how many are done: a bar for a person, a line now and then otherwise."""
    if not sys.stderr.isatty():

        def say(done: int) -> None:
            if done % 100 == 0 or done == total:
                notice(f"{done:,} of {total:,} accounts looked at.")

        return nullcontext(say)
    return _bar(total)


def _bar(total: int) -> Any:
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (SpinnerColumn(), TextColumn("accounts"), MofNCompleteColumn(), TimeRemainingColumn())

    @contextmanager
    def shown() -> Any:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("accounts", total=total)
            yield lambda done: progress.update(task, completed=done)

    return shown()


def _draw(
    console: "Console", rows: "Sequence[Proposal]", looks: "Sequence[Discovered]", *, write: bool
) -> None:
    from rich.text import Text

    from review.terminal import safe, table_of

    table = table_of("account", "source", "kind", "requests a day", "why", "state")
    for row in rows:
        cells = (row.account, row.id, row.kind, str(row.requests_a_day), row.reason, row.state)
        table.add_row(*(Text(safe(cell)) for cell in cells))
    console.print(table)
    for look in looks:
        for note in look.notes:
            console.print(Text(safe(f"{look.account}: {note}")))
    new = [row for row in rows if row.state != "watched already"]
    cost = sum(row.requests_a_day for row in new)
    console.print(f"{len(new):,} sources of {len(looks):,} accounts, at most {cost:,} requests a day.")
    if new and not write:
        console.print("Nothing was added. Add them with --write; choose with --kind.")


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="OPML as a feed reader exports it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report, add nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add the feeds of an OPML file; those that are watched already stay as they are."""
    from review.opml import import_feeds

    session = session_of(context)
    with session.writing() as connection:
        found = import_feeds(connection, _bytes(file), str(file), session.now, dry_run=dry_run)
        if not dry_run:
            session.log(connection, "source.import", file.name, f"{len(found.added)} added.")
    done = {"added": found.added, "watched already": found.watched_already, "refused": found.refused}

    def draw(console: "Console") -> None:
        console.print(", ".join(f"{len(names):,} {what}" for what, names in done.items()) + ".")
        for refused in done["refused"]:
            notice(refused)
        if dry_run:
            console.print("Nothing was added (--dry-run).")

    session.show(done, as_json, draw)


def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The OPML file to write.")],
) -> None:
    """Write the feeds that are polled to an OPML file that feed readers import."""
    from exports.whole import whole
    from review.opml import feeds_of
    from storage import polls

    session = session_of(context)
    with session.reading() as connection:
        configured = polls.every(connection)
    body, feeds = feeds_of(configured)
    with whole(file) as part:
        part.write_bytes(body)
    others = len(configured) - feeds
    rest = f" {others:,} sources of other kinds are no plain feeds and are left out." if others else ""
    notice(f"Wrote {feeds:,} feeds to {file}.{rest}")


def _bytes(file: Path) -> bytes:
    from earmark.errors import ConfigError

    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} can't be read ({error.strerror}). Check the path.") from error
