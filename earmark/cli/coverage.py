"""The verb that says which accounts are watched, and which spoke."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from earmark.cli.session import session_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console

    from earmark.types import Account
    from storage.polls import Configured

__all__ = ["add_to"]

_WINDOW: Final = timedelta(days=30)
_SHOWN: Final = 20


def add_to(app: typer.Typer) -> None:
    """Add the verb to the group of the accounts."""
    app.command()(coverage)


def coverage(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Say which accounts no source of their own watches, and how many gave a reason in 30 days."""
    from storage import accounts, polls, triggers

    session = session_of(context)
    with session.reading() as connection:
        listed = accounts.every(connection)
        configured = [one for one in polls.every(connection) if one.enabled and not one.paused_reason]
        told = triggers.find(connection, since=session.now - _WINDOW, limit=None)
    by_account = _watchers(listed, configured)
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
            named = ", ".join(unwatched[:_SHOWN]) + (", …" if len(unwatched) > _SHOWN else "")
            console.print(Text(safe(f"{len(unwatched):,} that no source of their own watches: {named}")))
            console.print("Find sources for them with: earmark sources discover --all")

    session.show(value, as_json, draw)


def _watchers(listed: "Mapping[str, Account]", configured: "Iterable[Configured]") -> dict[str, list[str]]:
    """Return the sources that watch each account in particular: by its domain, name, CIK or board."""
    names: dict[str, str] = {}
    for one in listed.values():
        boards = [one.extra[key] for key in ("board", "cik") if one.extra.get(key)]
        for text in (one.name, *one.aliases, *one.domains, *boards):
            names.setdefault(text.casefold().removeprefix("www."), one.id)
    found: dict[str, list[str]] = {}
    for source in configured:
        account = next((names[text] for text in _told(source) if text in names), None)
        if account is not None:
            found.setdefault(account, []).append(source.id)
    return found


def _told(source: "Configured") -> list[str]:
    """Return the words by which a source may name its account, the surest first."""
    from urllib.parse import urlsplit

    options = source.options
    words = [options.get(key) for key in ("company", "account", "cik", "token")]
    told = [str(word).casefold().strip().removeprefix("www.") for word in words if word]
    for key in ("url", "page", "site", "base_url"):
        try:
            host = urlsplit(str(options.get(key) or "")).hostname or ""
        except ValueError:
            continue
        parts = host.removeprefix("www.").split(".")
        told.extend(".".join(parts[start:]) for start in range(len(parts) - 1))
    return told
