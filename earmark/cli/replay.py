"""The verb of the time machine: what other rules would have done."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from earmark.cli.session import AsJson, Session, notice, session_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from earmark.types import Account, Lexicon
    from monitors.comparison import Comparison, Figures
    from monitors.relive import Span

__all__ = ["add_to"]

_SHOWN: Final = 20
_EVERY: Final = 2.0
"""Seconds between two lines of progress."""


def add_to(app: typer.Typer) -> None:
    """Add the verb to the root."""
    app.command()(replay)


def replay(
    context: typer.Context,
    rules: Annotated[Path | None, typer.Option(help="Rulebook to try (TOML); else the one in force.")] = None,
    accounts: Annotated[
        Path | None, typer.Option(help="List of accounts to try, as your CRM exports it; else your list.")
    ] = None,
    since: Annotated[str, typer.Option(help="A date or a distance: 2026-09-01, 90d.")] = "90d",
    list_on: Annotated[str, typer.Option(help="The day whose list to compare: a date or a distance.")] = "1d",
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many processes read; else one for each core.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Live through stored history again by other rules or accounts, and show what would be different.

    Nothing is written. Beside the new rules those in force are replayed, with the same actions of people.
    """
    from earmark.errors import ConfigError
    from monitors.comparison import compared
    from monitors.relive import Span
    from monitors.replay import WARM_UP
    from monitors.replay import replay as live_again
    from review.moments import backwards
    from storage import judgements

    session = session_of(context)
    begin = session.moment(backwards(since))
    if begin is None or begin >= session.now:
        raise ConfigError(
            f"A replay begins in the past, but {since!r} is not. Give --since a day before today."
        )
    listed = session.moment(backwards(list_on), end_of_day=True)
    span = Span(
        warm_from=begin - WARM_UP,
        since=begin,
        until=session.now + timedelta(microseconds=1),
        list_at=min(max(begin, listed or begin), session.now),
    )
    both = _rules(session, rules, accounts)
    cores = processes or os.cpu_count() or 1
    now, new = live_again(session.engine, both, span, processes=cores, tell=_progress())
    with session.reading() as connection:
        said = judgements.every(connection)
    found = compared(now, new, said, span, session.settings.team.zone)
    session.show(found, as_json, lambda console: _draw(console, found, span, session))


def _rules(session: Session, rules: Path | None, accounts: Path | None) -> "list[Lexicon]":
    """Return the lexicon in force and the one to try, both without what was learned."""
    from earmark.cli.rulebook import text_of
    from review.trial import both

    text = None if rules is None else text_of(rules)
    with session.reading() as connection:
        now, new = both(connection, text)
    if accounts is not None:
        new = replace(new, accounts=_listed(accounts, now))
    return [now, new]


def _listed(file: Path, now: "Lexicon") -> "dict[str, Account]":
    """Return the accounts of a file; those that are on the list already keep what people did to them."""
    from earmark.intake import read_accounts

    listed = {}
    for account in read_accounts(file):
        known = now.accounts.get(account.id)
        if known is not None:
            account = replace(  # noqa: PLW2901 - the same account, with its state
                account,
                owner=known.owner or account.owner,
                snoozed_until=known.snoozed_until,
                suppression=known.suppression,
            )
        listed[account.id] = account
    return listed


def _progress() -> "Callable[[str, int, int], None]":
    """Return what says on standard error how far it is, every two seconds and at the end of a round."""
    told = time.monotonic()

    def tell(what: str, done: int, of: int) -> None:
        nonlocal told
        if done == of or time.monotonic() - told >= _EVERY:
            told = time.monotonic()
            notice(f"{done:,} of {of:,} {what}")

    return tell


def _draw(console: "Console", found: "Comparison", span: "Span", session: Session) -> None:
    from review.terminal import day, table_of

    zone = session.settings.team.zone
    console.print(
        f"{found.events:,} events; {day(span.since, zone)} to {day(span.until, zone)}, {found.days:.0f} days."
    )
    table = table_of("", "in force", "new")
    for name, of in _FIGURES.items():
        table.add_row(name, of(found.now), of(found.new))
    console.print(table)
    for title, moves in (("Promoted by the new rules", found.promoted), ("Demoted", found.demoted)):
        _part(console, title, [f"{one.account}: {one.now} → {one.new}".replace("_", " ") for one in moves])
    listed = f"on the list of {day(found.list_at, zone)}"
    for title, rows in ((f"New {listed}", found.on_list), (f"No longer {listed}", found.off_list)):
        _part(console, title, [f"{row.score:>4.0f}  {row.account or row.key}" for row in rows])
    if found.new.missed > found.now.missed:
        missed = found.new.missed
        console.print(f"{missed} actions of people found nothing to act on by the new rules.")


def _part(console: "Console", title: str, lines: list[str]) -> None:
    from review.terminal import safe

    console.print(f"{title}: {len(lines)}")
    for line in lines[:_SHOWN]:
        console.print(f"  {safe(line)}")
    if len(lines) > _SHOWN:
        console.print(f"  and {len(lines) - _SHOWN} more; print them with --json")


def _estimated(figures: "Figures") -> str:
    if not figures.good + figures.bad:
        return "unknown: none of them was judged"
    part = figures.precision
    of = figures.good + figures.bad
    return f"{part.mean:.0%} ({part.low:.0%} to {part.high:.0%}), by {of} verdicts"


_FIGURES: "Final[dict[str, Callable[[Figures], str]]]" = {
    "reasons": lambda one: f"{one.reasons:,}",
    "alerts": lambda one: f"{one.alerts:,}",
    "alerts a day": lambda one: f"{one.alerts_a_day:.1f}",
    "promotions a day": lambda one: f"{one.promotions_a_day:.1f}",
    "rows on the list": lambda one: f"{one.listed:,}",
    "precision": _estimated,
}
