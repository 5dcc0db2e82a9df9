"""The verb that says which accounts are watched, which spoke, and what can't be seen of one."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from earmark.cli.session import AsJson, Session, choose_account, session_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

__all__ = ["add_to"]

_WINDOW: Final = timedelta(days=30)
_SHOWN: Final = 20


def add_to(app: typer.Typer) -> None:
    """Add the verb to the group of the accounts."""
    app.command()(coverage)


def coverage(
    context: typer.Context,
    account: Annotated[
        str | None, typer.Argument(help="Id, name or domain: the blind spots of this one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which accounts are watched and spoke; of one, which reasons its sources can show at all."""
    session = session_of(context)
    if account is None:
        _all(session, as_json)
    else:
        _one(session, account, as_json)


def _all(session: Session, as_json: bool) -> None:
    from review.coverage import watchers
    from storage import accounts, polls, triggers

    with session.reading() as connection:
        listed = accounts.every(connection)
        configured = [one for one in polls.every(connection) if one.enabled and not one.paused_reason]
        told = triggers.find(connection, since=session.now - _WINDOW, limit=None)
    by_account = watchers(listed, configured)
    gave = {one.account for one in told if one.account in listed}
    unwatched = sorted(listed.keys() - by_account.keys())
    value: dict[str, Any] = {
        "accounts": len(listed),
        "watched": len(by_account),
        "unwatched": unwatched,
        "without_domain": sorted(one.id for one in listed.values() if not one.domains),
        "gave_a_reason_in_30_days": len(gave),
        "silent_in_30_days": sorted(by_account.keys() - gave),
        "general_sources": len(configured) - len({one for ids in by_account.values() for one in ids}),
    }

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe

        console.print(f"{len(listed):,} accounts; {len(by_account):,} are watched by a source of their own.")
        console.print(f"{len(gave):,} gave a reason to call in the last 30 days.")
        console.print(f"{value['general_sources']:,} sources watch no account in particular.")
        if unwatched:
            console.print(
                Text(safe(f"{len(unwatched):,} that no source of their own watches: {_named(unwatched)}"))
            )
            console.print("Find sources for them with: earmark sources discover --all")

    session.show(value, as_json, draw)


def _one(session: Session, text: str, as_json: bool) -> None:
    from review.coverage import coverage_of
    from sources.registry import kinds
    from storage import accounts, polls

    with session.reading() as connection:
        chosen = choose_account(connection, text)
        listed = accounts.every(connection)
        configured = polls.every(connection)
    found = coverage_of(chosen, listed, configured, kinds(), session.now)

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe

        def say(words: str) -> None:
            console.print(Text(safe(words)))

        say(f"{chosen.name}: {len(found.own)} sources of its own, {len(found.general)} of the whole market.")
        say(f"Can be seen: {_in_words(found.shown)}")
        if found.if_told:
            say(f"If it tells of it in a feed of its own: {_in_words(found.if_told)}")
        say(f"Only if the general press happens to tell: {_in_words(found.by_chance)}")
        say(f"Can't be seen: {_in_words(found.blind)}")
        if found.ill:
            say(f"Left out, as they fail or are stopped: {_named(found.ill)}. See: earmark sources list")
        if found.if_told or found.by_chance or found.blind:
            say(f"What it publishes itself: earmark sources discover --account {chosen.id}")
        for remedy in found.remedies:
            say(f"A source of the kind {remedy.kind} would show: {_in_words(remedy.adds)}")
        if found.remedies:
            say("Add one with: earmark sources add KIND company=… (its options: earmark sources kinds KIND)")

    session.show(found, as_json, draw)


def _in_words(keys: "Iterable[str]") -> str:
    from earmark.triggers import CATALOGUE

    return "; ".join(dict.fromkeys(CATALOGUE[key].words for key in keys)) or "nothing"


def _named(ids: "Iterable[str]") -> str:
    listed = list(ids)
    return ", ".join(listed[:_SHOWN]) + (", …" if len(listed) > _SHOWN else "")
