"""Verbs that poll and read: events, triggers, the list of the day, and what explains it."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import difflib
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import AsJson, Session, choose_account, nothing, notice, session_of
from earmark.cli.sources import require
from earmark.triggers import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rich.console import Console

__all__ = ["add_to"]

Since = Annotated[str | None, typer.Option(help="Only since a date or distance: 2026-11-01, -7d.")]
Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    for verb in (poll, events, triggers, today, show, why, evaluate):
        app.command()(verb)


def poll(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="Only these, due or not.")] = None,
    as_json: AsJson = False,
) -> None:
    """Poll what is due once, or the named sources now; exit 1 if a named one fails."""
    from monitors import demo
    from monitors.up import poll_once
    from review.plain import plain
    from storage import polls

    session = session_of(context)
    if sources:
        with session.reading() as connection:
            require(connection, sources)
    with demo.serving(session.workspace):
        written = poll_once(session.settings, sources or None)
    with session.reading() as connection:
        stood = {one.id: one for one in polls.every(connection)}
    faults = {one.source: stood[one.source].last_error for one in written if one.source in stood}

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        if not written and sources:
            console.print("Another earmark polls that just now. See how it went: earmark sources list")
            return
        if not written:
            console.print("Nothing is due. Name a source to poll it now: earmark poll SOURCE")
            return
        table = table_of("source", "new", "revised", "known", "triggers", "promoted", "fault")
        for one in written:
            counts = (one.new, one.revised, one.known, one.triggers, one.promoted)
            table.add_row(one.source, *map(str, counts), Text(safe(faults.get(one.source) or "")))
        console.print(table)

    session.show([{**plain(one), "error": faults.get(one.source)} for one in written], as_json, draw)
    if sources and any(faults.values()):
        raise typer.Exit(1)


def events(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(help="Words that title or text hold.")] = None,
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    since: Since = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List events, the newest first."""
    from storage import events as stored

    session = session_of(context)
    with session.reading() as connection:
        found = stored.find(
            connection,
            source=source,
            words=" ".join(words or ()) or None,
            since=session.since(since),
            limit=limit,
        )

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import age, safe, table_of

        table = table_of("age", "source", "title", "")
        for one in found:
            dated = age(one.happened_at, session.now) if one.happened_at else "undated"
            mark = "" if one.mark == "live" else one.mark
            table.add_row(dated, one.source, Text(safe(one.title)), mark)
        console.print(table)

    session.show(found, as_json, draw)


def triggers(
    context: typer.Context,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as funding_early.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state, such as open.")] = None,
    account: Annotated[str | None, typer.Option(help="Only of this account.")] = None,
    since: Since = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List triggers, also those that ended, the newest first."""
    from earmark.types import TriggerState
    from storage import triggers as stored

    _one_of(kind, CATALOGUE, "kind")
    _one_of(state, [one.value for one in TriggerState], "state")
    session = session_of(context)
    with session.reading() as connection:
        chosen = choose_account(connection, account).id if account else None
        begin = session.since(since)
        found = stored.find(connection, kind=kind, state=state, account=chosen, since=begin, limit=limit)

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import day, safe, table_of

        table = table_of("created", "account", "what", "state", "score", "trigger")
        zone = session.settings.team.zone
        for one in found:
            what = f"{one.kind} ({one.certainty})"
            who = Text(safe(one.account or "conversation"))
            score = f"{one.score.total:.0f}"
            table.add_row(day(one.created_at, zone), who, what, one.state.value, score, one.id)
        console.print(table)

    session.show(found, as_json, draw)


def today(
    context: typer.Context,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many rows; else as many as can still be touched today.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Only the accounts of this rep, and the rep's share.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows, however many.")] = False,
    left_out: Annotated[
        bool, typer.Option("--left-out", help="What is not on the list, and why it is not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what to do now, as much as a day holds: one row per account, hot first, best reason first."""
    session = session_of(context)
    if left_out:
        _left_out(session, owner, limit, as_json=as_json)
    else:
        _today(session, owner, limit, everything=everything, as_json=as_json)


def _today(
    session: Session, owner: str | None, limit: int | None, *, everything: bool, as_json: bool
) -> None:
    from review.day import day

    with session.reading() as connection:
        found = day(
            connection,
            session.now,
            touches=session.settings.team.touches_a_day,
            since=session.midnight,
            owner=owner,
            limit=limit,
            everything=everything,
        )

    def draw(console: "Console") -> None:
        from review.terminal import print_day

        print_day(console, found, session.now.astimezone(session.settings.team.zone))

    session.show(found.rows, as_json, draw)


def _left_out(session: Session, owner: str | None, limit: int | None, *, as_json: bool) -> None:
    from itertools import islice

    from review.day import left_out

    team = session.settings.team
    with session.reading() as connection:
        every = left_out(
            connection,
            session.now,
            touches=team.touches_a_day,
            since=session.midnight,
            owner=owner,
            zone=team.zone,
        )
        found = list(islice(every, limit))

    def draw(console: "Console") -> None:
        from review.terminal import print_left_out

        print_left_out(console, found)

    session.show(found, as_json, draw)


def show(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="Id, name or domain.")],
    at: Annotated[
        str | None, typer.Option("--at", help="As it stood at the end of a day: 2026-10-01.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="Only the notes, as text, markdown or html.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show an account: its stage and why, its reasons with the note, and its history; now or on a day."""
    from review.account import account_view
    from review.notes import Form, notes
    from review.plain import plain
    from review.progress import progress_of

    session = session_of(context)
    moment = session.moment(at, end_of_day=True) or session.now
    with session.reading() as connection:
        chosen = choose_account(connection, account)
        view = account_view(connection, chosen, moment)
        compounds = progress_of(connection, chosen, moment)
    if form is not None:
        _one_of(form, list(Form), "format")
        told = notes(view, Form(form))
        if not told:
            nothing(f"{chosen.name} has no open reason, so there is no note.")
        session.show(told, as_json, lambda _: typer.echo("\n\n".join(told)))
        return

    def draw(console: "Console") -> None:
        from review.terminal import print_account, print_progress

        print_account(console, view, session.settings.team.zone)
        print_progress(console, compounds)

    session.show({**plain(view), "compounds": compounds}, as_json, draw)
    if not as_json and at is None:
        _note_opened(session, [reason.trigger.id for reason in view.reasons])


def _note_opened(session: Session, triggers: "Collection[str]") -> None:
    """Note that a person has looked at these; a database that can't be written does not keep them from it."""
    from earmark.errors import StorageError
    from storage.latency import opened

    if triggers:
        with suppress(StorageError), session.writing() as connection:
            opened(connection, triggers, session.now)


def why(
    context: typer.Context,
    trigger: Annotated[str, typer.Argument(help="Id of a trigger, or how it begins.")],
    as_json: AsJson = False,
) -> None:
    """Explain a trigger: its score part by part, and the words that prove it."""
    from review.account import trigger_view
    from storage import triggers as stored

    session = session_of(context)
    with session.reading() as connection:
        found = stored.meant(connection, trigger)
        if found is None:
            nothing(f"No trigger begins with {trigger!r}. List them with: earmark triggers")
        view = trigger_view(connection, found, session.now)

    def draw(console: "Console") -> None:
        from review.terminal import print_reasons

        print_reasons(console, view, session.settings.team.zone)

    session.show(view, as_json, draw)
    if not as_json:
        _note_opened(session, [found.id])


def evaluate(
    accounts: Annotated[Path, typer.Option(help="Accounts as CSV.")],
    events: Annotated[Path, typer.Option(help="Events, one JSON object a line.")],
    out: Annotated[Path, typer.Option(help="Where to write the predictions, one JSON object a line.")],
    gold: Annotated[
        Path | None, typer.Option(help="Labels, with their score.py beside them: print the scores.")
    ] = None,
) -> None:
    """Run the matcher over labelled events, write what it would say, score it; needs no workspace."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from monitors.evaluate import run, scored

    columns = (SpinnerColumn(), TextColumn("{task.completed:,} events"), TimeElapsedColumn())
    quiet = not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("events", total=None)
        run(accounts, events, out, progress=lambda done: progress.update(task, completed=done))
    notice(f"Wrote {out}")
    if gold is not None:
        typer.echo(scored(gold, out), nl=False)


def _one_of(value: str | None, known: "Iterable[str]", what: str) -> None:
    from earmark.errors import ConfigError

    names = list(known)
    if value is None or value in names:
        return
    near = difflib.get_close_matches(value, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}"
    raise ConfigError(f"There is no {what} {value!r}; {hint}")
