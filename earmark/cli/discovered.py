"""Verbs of discovered accounts: companies outside the list that something happened to."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from earmark.cli.session import Session, nothing, notice, session_of, who

if TYPE_CHECKING:
    from rich.console import Console

    from review.discovered import Discovered, Suggestion

__all__ = ["add_to"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str | None, typer.Option(help="Who decided it; else your user name.")]
_REMEMBERED: Final = timedelta(days=365)
_SHOWN: Final = 3


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the group of accounts."""
    for verb in (discovered, add, dismiss):
        app.command()(verb)


def discovered(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=365, help="How far back to look.")] = 30,
    fit_at_least: Annotated[
        float, typer.Option(min=0, max=1, help="Only companies that fit the ICP so well, 0 to 1.")
    ] = 0.5,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="Also those added or dismissed before.")] = False,
    as_json: AsJson = False,
) -> None:
    """Suggest companies that are not on the list: something happened to them, and they fit the ICP.

    Each is suggested until it is added or dismissed, once.
    """
    from review.discovered import discovered as suggested

    session = session_of(context)
    with session.reading() as connection:
        found = suggested(
            connection,
            session.now,
            since=session.now - timedelta(days=days),
            fit_at_least=fit_at_least,
            decided=everything,
        )
    value = {"headline": found.headline, "suggestions": found.suggestions[:limit]}
    session.show(value, as_json, lambda console: _draw(console, found, limit))


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of a suggested company, or of any other.")],
    domain: Annotated[str | None, typer.Option(help="Its domain: by far the best proof of a link.")] = None,
    industry: Annotated[str | None, typer.Option(help="Its industry.")] = None,
    country: Annotated[str | None, typer.Option(help="Its country.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who works it.")] = None,
    by: By = None,
) -> None:
    """Put a company on the list; the reasons for which it was suggested become its own at once."""
    from earmark.errors import ConfigError
    from earmark.intake.cells import domain_in, slug_of
    from earmark.types import Account
    from monitors.rereading import add_account
    from review.discovered import kept
    from storage import accounts, suggestions

    session = session_of(context)
    suggestion = _suggested(session, name)
    found, fault = domain_in(domain, name) if domain else (None, None)
    if fault:
        raise ConfigError(f"--domain {fault}. Write it like osk.example.")
    found = found or (suggestion.outsider.domain if suggestion else None)
    account = Account(
        id=found or slug_of(name),
        name=suggestion.name if suggestion else name.strip(),
        domains=(found,) if found else (),
        industry=industry,
        country=country,
        owner=owner,
    )
    with session.reading() as connection:
        if accounts.get(connection, account.id) is not None:
            raise ConfigError(f"{account.id} is on the list already. See it with: earmark show {account.id}")
    decision = kept(suggestion, suggestions.ADDED, by or who(), session.now) if suggestion else None
    changes = add_account(session.engine, account, by=by or who(), now=session.now, decision=decision)
    own = sum(one.account == account.id for one in changes.triggers)
    notice(f"Added {account.name} as {account.id}; {own} of its stories are reasons now.")
    if not found:
        notice("It has no domain: it is found by its name only. Better: --domain, or import it with one.")


def dismiss(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of a suggested company.")],
    by: By = None,
) -> None:
    """Never suggest this company again."""
    from review.discovered import kept
    from storage import suggestions

    session = session_of(context)
    suggestion = _suggested(session, name)
    if suggestion is None:
        nothing(f"No company {name!r} is suggested. List them with: earmark accounts discovered")
    with session.writing() as connection:
        suggestions.decide(connection, kept(suggestion, suggestions.DISMISSED, by or who(), session.now))
    notice(f"{suggestion.name} is not suggested again.")


def _suggested(session: Session, name: str) -> "Suggestion | None":
    """Return the suggestion that a person means, of the last year and however it fits."""
    from matcher.normalise import fold
    from review.discovered import discovered as suggested

    with session.reading() as connection:
        found = suggested(
            connection, session.now, since=session.now - _REMEMBERED, fit_at_least=0.0, decided=True
        )
    return next((one for one in found.suggestions if fold(name) in {one.company, fold(one.name)}), None)


def _draw(console: "Console", found: "Discovered", limit: int) -> None:
    from rich.text import Text

    from review.terminal import safe, shorten

    console.print(found.headline)
    for one in found.suggestions[:limit]:
        told = [one.outsider.domain, ", ".join(one.outsider.countries), ", ".join(one.outsider.sectors)]
        facts = " · ".join(safe(each) for each in told if each)
        state = "" if one.state == "open" else f"  ({one.state})"
        console.print(Text.assemble((safe(one.name), "bold"), f"  fit {one.fit.value:.2f}  {facts}{state}"))
        for each in one.evidence[:_SHOWN]:
            console.print(f"    {each.at:%d %b %Y}  {each.kind_words}: {shorten(safe(each.title), 120)}")
            console.print(Text(f"      {safe(each.publisher)}  {safe(each.url or '')}", style="dim"))
        if len(one.evidence) > _SHOWN:
            console.print(f"    and {len(one.evidence) - _SHOWN} more")
    more = len(found.suggestions) - limit
    if more > 0:
        console.print(f"and {more:,} more; print them with --limit or --json")
    if found.suggestions:
        console.print("Next: earmark accounts add NAME --domain DOMAIN, or earmark accounts dismiss NAME")
