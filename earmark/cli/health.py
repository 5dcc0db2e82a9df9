"""Verbs on how well the watching goes: how long each step takes, and at whose door the time lies."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.session import Session, nothing, session_of

if TYPE_CHECKING:
    from rich.console import Console

    from monitors.latency import Ledger
    from storage.latency import Listing

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    app.command()(latency)


def latency(
    context: typer.Context,
    trigger: Annotated[
        str | None, typer.Argument(help="Id of a trigger, or how it begins: the way of this one.")
    ] = None,
    since: Annotated[str, typer.Option(help="Since a date or distance: 2026-11-01, -7d.")] = "-30d",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, spans in seconds.")] = False,
) -> None:
    """Say how long it takes from published to fetched, to the list, to contacted, and who lost the time."""
    from monitors.latency import ledger
    from storage import latency as times

    session = session_of(context)
    if trigger is not None:
        _way(session, trigger, as_json)
        return
    moment = session.since(since) or session.now
    with session.reading() as connection:
        rows = ledger(times.arrivals(connection, moment), times.listings(connection, moment))
    session.show(rows, as_json, lambda console: _draw(console, rows))


def _draw(console: "Console", rows: "list[Ledger]") -> None:
    """Draw a line for each source."""
    from rich.text import Text

    from review.delays import delays
    from review.terminal import safe, table_of

    if not rows:
        console.print("Nothing to measure yet: no source has brought anything new since its first poll.")
        return
    console.print("Half of the time within / 19 times of 20 within (how often)")
    table = table_of(
        "source",
        "published → fetched",
        "not shown by it",
        "→ matched",
        "→ list",
        "→ told",
        "→ opened",
        "→ contacted",
        "most",
    )
    for one in delays(rows):
        table.add_row(Text(safe(one.source)), *one.steps, one.door)
    console.print(table)


def _way(session: Session, begins: str, as_json: bool) -> None:
    """Show each moment of one trigger."""
    from monitors.latency import door_of
    from review.delays import DOORS, short
    from storage import latency as times
    from storage import triggers

    with session.reading() as connection:
        found = triggers.meant(connection, begins)
        if found is None:
            nothing(f"No trigger begins with {begins!r}. List them with: earmark triggers")
        made = next(
            (one for one in times.listings(connection, found.created_at) if one.trigger == found.id), None
        )
    if made is None:
        nothing(f"{found.id} came with a first poll, or by hand: its way tells nothing of the pace.")
    door = door_of(made)
    moments = _moments(made)
    value: dict[str, Any] = {"trigger": made.trigger, "source": made.source, **moments, "door": door}

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe

        console.print(Text(safe(f"{made.trigger}, told first by {made.source}")))
        before: datetime | None = None
        for name, at in moments.items():
            later = f", {short(at - before)} later" if at and before and at > before else ""
            local = f"{at.astimezone(session.settings.team.zone):%Y-%m-%d %H:%M:%S}" if at else "-"
            console.print(f"  {name.removesuffix('_at').replace('_', ' '):<28} {local}{later}")
            before = at or before
        if door:
            console.print(f"Most of the time lies with {DOORS[door]}.")

    session.show(value, as_json, draw)


def _moments(made: "Listing") -> dict[str, datetime | None]:
    return {
        "published_at": made.published_at,
        "last_polled_without_it_at": made.missed_at,
        "fetched_at": made.seen_at,
        "matched_at": made.matched_at,
        "in_the_list_at": made.listed_at,
        "notified_at": made.notified_at,
        "opened_at": made.opened_at,
        "contacted_at": made.contacted_at,
    }
