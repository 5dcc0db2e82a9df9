"""Verbs of targets: where promotions go by themselves, what waits, what was done, and taking it back."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.session import AsJson, Session, notice, session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from earmark.contract import Change
    from storage.targets import Target

__all__ = ["add_to", "deliver_to"]

Name = Annotated[str, typer.Argument(metavar="TARGET", help="Name of the target.")]
_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the group of the exports."""
    app.command("add")(add)
    app.command("list")(list_)
    app.command("remove")(remove)
    app.command("check")(check)
    app.command("setup")(setup)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("outbox")(outbox)
    app.command("retry")(retry)
    app.command("undo")(undo)
    app.command("read")(read)


def add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="A kind of target: see earmark exports kinds.")],
    options: Annotated[
        list[str] | None, typer.Argument(help="Options as NAME=VALUE, such as token=env:HUBSPOT_TOKEN")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Its name; else that of its kind.")] = None,
) -> None:
    """Add a target, or give one other options; from now on promotions go there by themselves."""
    from exports.registry import build, kinds
    from review.options import told_options
    from storage import targets

    session = session_of(context)
    values = told_options(kinds().get(kind), options or ())
    exporter = build(kind, values)
    chosen = name or kind
    with session.writing() as connection:
        targets.add(connection, chosen, kind, values, session.now)
        session.log(connection, "target.add", chosen, f"Of the kind {kind}.")
    goes = "promotions go there by themselves" if exporter.automatic else "it takes what exports run sends"
    notice(f"Added the target {chosen}; {goes}. Try it first: earmark exports check {chosen}")


def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the targets: what waits for each, what failed, and why one stands still."""
    from storage import outbox, targets
    from storage.outbox import State

    session = session_of(context)
    with session.reading() as connection:
        counted = outbox.counts(connection)
        value = [
            _as_value(target) | {state.value: counted.get((target.id, state), 0) for state in State}
            for target in targets.every(connection)
        ]

    def draw(console: "Console") -> None:
        from review.terminal import safe, table_of

        if not value:
            console.print("No targets yet. See which there are: earmark exports kinds")
            return
        table = table_of("name", "kind", *State, "state")
        for one in value:
            state = one["paused_reason"] or one["last_error"] or "well"
            counts = (str(one[each.value]) for each in State)
            table.add_row(safe(one["name"]), one["kind"], *counts, safe(state))
        console.print(table)

    session.show(value, as_json, draw)


def remove(context: typer.Context, target: Name) -> None:
    """Remove a target; what it was told stays there, and on record here."""
    from monitors.targets import require
    from storage import targets

    session = session_of(context)
    require(session.engine, target)
    with session.writing() as connection:
        targets.remove(connection, target)
        session.log(connection, "target.remove", target)
    notice(f"Removed {target}.")


def check(context: typer.Context, target: Name, as_json: AsJson = False) -> None:
    """Ask a target whether token, rights, quota and fields are as needed, and say what is missing."""
    from monitors.errands import checked

    session = session_of(context)
    findings = asyncio.run(checked(session.settings, session.engine, target))

    def draw(console: "Console") -> None:
        from review.terminal import safe

        for one in findings:
            console.print(f"{'ok  ' if one.is_well else 'FAIL'}  {safe(one.what)}: {safe(one.text)}")
        if not findings:
            console.print("This kind of target has nothing to check.")

    session.show(findings, as_json, draw)
    if not all(one.is_well for one in findings):
        raise typer.Exit(1)


def setup(context: typer.Context, target: Name, as_json: AsJson = False) -> None:
    """Make earmark's own fields in a target, as far as they lack."""
    from monitors.errands import set_up

    session = session_of(context)
    made = asyncio.run(set_up(session.settings, session.engine, target))

    def draw(console: "Console") -> None:
        from review.terminal import safe

        for line in made or ["Nothing was missing."]:
            console.print(safe(line))

    session.show(made, as_json, draw)


def pause(
    context: typer.Context,
    target: Name,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks.")] = "paused by hand",
) -> None:
    """Let nothing go to a target until it is resumed; what comes meanwhile waits."""
    _pause(session_of(context), target, reason)
    notice(f"{target} is paused. Go on with: earmark exports resume {target}")


def resume(context: typer.Context, target: Name) -> None:
    """Let a target go on."""
    _pause(session_of(context), target, None)
    notice(f"{target} goes on.")


def outbox(
    context: typer.Context,
    target: Annotated[str | None, typer.Option(help="Only this target.")] = None,
    state: Annotated[str | None, typer.Option(help="waiting, sent, refused or skipped.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries: what waits, what was sent, what was refused and why; and the runs, for undo."""
    from earmark.errors import ConfigError
    from storage import deliveries
    from storage import outbox as box
    from storage.outbox import State

    if state is not None and state not in set(State):
        raise ConfigError(f"{state!r} is no state; give one of {', '.join(State)}.")
    session = session_of(context)
    with session.reading() as connection:
        found = box.find(connection, target=target, state=State(state) if state else None, limit=limit)
        runs = deliveries.batches_of(connection, target)
    value = {
        "deliveries": [
            {
                "number": one.number,
                "target": one.outgoing.target,
                "topic": one.outgoing.topic,
                "account": one.outgoing.account,
                "state": one.state,
                "attempts": one.attempts,
                "next_at": one.next_at,
                "last_error": one.last_error,
                "receipt": one.receipt,
            }
            for one in found
        ],
        "runs": runs,
    }

    def draw(console: "Console") -> None:
        from review.terminal import safe, table_of

        table = table_of("number", "target", "what", "account", "state", "error")
        for one in found:
            told = (one.outgoing.target, one.outgoing.topic, one.outgoing.account or "", one.state)
            table.add_row(str(one.number), *map(safe, told), safe(one.last_error or ""))
        console.print(table)
        for run in runs:
            back = f", {run.undone} taken back" if run.undone else ""
            console.print(safe(f"run {run.batch}: {run.changes} changes{back}"))

    session.show(value, as_json, draw)


def retry(
    context: typer.Context,
    target: Annotated[str | None, typer.Option(help="Only this target.")] = None,
    number: Annotated[int | None, typer.Option(help="Only this delivery.")] = None,
) -> None:
    """Let refused deliveries be tried again."""
    from monitors.targets import require
    from storage import outbox as box

    session = session_of(context)
    if target is not None:
        require(session.engine, target)
    with session.writing() as connection:
        count = box.retry(connection, session.now, target=target, number=number)
        session.log(connection, "target.retry", target or str(number or "all"), f"{count} tried again.")
    notice(f"{count} {'delivery is' if count == 1 else 'deliveries are'} tried again.")


def undo(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run: see earmark exports outbox.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a run back, change by change, wherever the value in the target is still ours."""
    from monitors.errands import taken_back

    session = session_of(context)
    work = taken_back(session.settings, session.engine, run, dry_run=dry_run)
    changes = asyncio.run(work)
    session.show(_plan_value(changes), as_json, lambda console: _draw(console, changes, dry_run=dry_run))


def read(context: typer.Context, target: Name, as_json: AsJson = False) -> None:
    """Read back what a CRM says of your accounts: owners, customers, open deals, tasks done, outcomes."""
    from earmark.errors import ConfigError
    from exports.registry import kinds
    from monitors.targets import Targets, require

    session = session_of(context)
    found = require(session.engine, target)
    if found.kind in kinds() and not kinds()[found.kind].reads:
        raise ConfigError(f"A target of the kind {found.kind} tells nothing that could be read back.")
    heard = asyncio.run(Targets(session.settings, session.engine, now=lambda: session.now).read(target))

    def draw(console: "Console") -> None:
        from review.terminal import safe

        console.print(f"{heard.told:,} told, {len(heard.done):,} done.")
        for action in heard.done[:_SHOWN]:
            console.print("  " + safe(f"{action.account}: {action.verb} {action.value or action.text}"))
        if len(heard.done) > _SHOWN:
            console.print(f"  and {len(heard.done) - _SHOWN:,} more; list them all with --json")
        for line in [*heard.left, *([heard.error] if heard.error else [])]:
            console.print(safe(line))

    session.show(heard, as_json, draw)
    if heard.error:
        raise typer.Exit(1)


def deliver_to(session: Session, name: str, *, owner: str | None, dry_run: bool, as_json: bool) -> None:
    """Send what is on the list and was not sent yet to a target; or say what that would change."""
    from monitors.outbound import planned, queued
    from monitors.targets import Targets, require

    target = require(session.engine, name)
    if dry_run:
        changes, left = asyncio.run(planned(session.settings, session.engine, target, session.now, owner))
        paused, failed, skipped = "", {}, {}
    else:
        left = queued(session.engine, target, session.now, owner)
        done = asyncio.run(
            Targets(session.settings, session.engine, now=lambda: session.now).drive(target.id)
        )
        changes, paused, failed = list(done.changes), done.paused, dict(done.failed)
        skipped = dict(done.skipped)
    value = _plan_value(changes) | {
        "left_out": left,
        "failed": failed,
        "skipped": skipped,
        "paused": paused or None,
    }

    def draw(console: "Console") -> None:
        from review.terminal import safe

        _draw(console, changes, dry_run=dry_run)
        for one in left[:_SHOWN]:
            console.print("  " + safe(f"left out: {one.name}: {one.reason}"))
        for number, reason in skipped.items():
            console.print("  " + safe(f"delivery {number} skipped: {reason}"))
        for number, error in failed.items():
            console.print("  " + safe(f"delivery {number} failed: {error}"))
        if paused:
            console.print(safe(f"{name} is paused: {paused}"))

    session.show(value, as_json, draw)
    if failed or paused:
        raise typer.Exit(1)


def _pause(session: Session, name: str, reason: str | None) -> None:
    from monitors.targets import require
    from storage import targets

    require(session.engine, name)
    with session.writing() as connection:
        targets.pause(connection, name, reason)
        session.log(connection, "target.pause" if reason else "target.resume", name, reason or "")


def _plan_value(changes: "Sequence[Change]") -> dict[str, Any]:
    from review.targets import counted

    return {"counts": counted(changes), "changes": list(changes)}


def _draw(console: "Console", changes: "Sequence[Change]", *, dry_run: bool) -> None:
    import json

    from review.targets import told
    from review.terminal import safe

    said = told(changes)
    console.print(f"Would {said or 'do nothing'}." if dry_run else f"Did: {said or 'nothing'}.")
    for change in changes[:_SHOWN]:
        what = f"{change.action} {change.object} {change.account or change.key}"
        body = json.dumps(dict(change.after), ensure_ascii=False, default=str) if change.after else ""
        console.print("  " + safe(f"{what}: {change.reason or body}"))
    if len(changes) > _SHOWN:
        console.print(f"  and {len(changes) - _SHOWN:,} more; list them all with --json")


def _as_value(target: "Target") -> dict[str, Any]:
    from review.options import covered

    return {
        "name": target.id,
        "kind": target.kind,
        "options": covered(target.options),
        "last_read_at": target.last_read_at,
        "last_error": target.last_error,
        "paused_reason": target.paused_reason,
    }
