"""Verbs on how well the watching goes: how long each step takes."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli.session import session_of

if TYPE_CHECKING:
    from rich.console import Console

    from monitors.latency import Spread

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    app.command()(latency)


def latency(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Since a date or distance: 2026-11-01, -7d.")] = "-30d",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, spans in seconds.")] = False,
) -> None:
    """Say how long it takes from published to fetched, to the list, to contacted, per source."""
    from earmark.errors import ConfigError
    from monitors.latency import ledger
    from storage import latency as times

    session = session_of(context)
    moment = session.moment(since)
    if moment is None or moment > session.now:
        raise ConfigError(f"--since {since} is in the future. Write a minus sign for the past: -7d.")
    with session.reading() as connection:
        rows = ledger(times.arrivals(connection, moment), times.listings(connection, moment))

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        if not rows:
            console.print("Nothing to measure yet: no source has brought anything new since its first poll.")
            return
        console.print("Half of the time within / 19 times of 20 within (how often)")
        table = table_of("source", "published → fetched", "fetched → in the list", "in the list → contacted")
        for one in rows:
            steps = (one.published_to_fetched, one.fetched_to_listed, one.listed_to_contacted)
            table.add_row(Text(safe(one.source)), *map(_in_words, steps))
        console.print(table)

    session.show(rows, as_json, draw)


def _in_words(spread: "Spread | None") -> str:
    if spread is None:
        return "-"
    return f"{_short(spread.p50)} / {_short(spread.p95)} ({spread.count:,})"


def _short(span: timedelta) -> str:
    from monitors.pace import in_words

    return f"{span.total_seconds():.1f} s" if span < timedelta(minutes=1) else in_words(span)
