"""Verbs of discovered accounts: companies outside the list that something happened to."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from earmark.cli.session import AsJson, nothing, notice, session_of, who

if TYPE_CHECKING:
    from rich.console import Console

    from review.discovered import Discovered

__all__ = ["add_to"]

By = Annotated[str | None, typer.Option(help="Who decided it; else your user name.")]
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
    from review.discovered import listed_anew

    session = session_of(context)
    account, own = listed_anew(
        session.engine,
        name,
        by=by or who(),
        now=session.now,
        domain=domain,
        industry=industry,
        country=country,
        owner=owner,
    )
    notice(f"Added {account.name} as {account.id}; {own} of its stories are reasons now.")
    if not account.domains:
        notice("It has no domain: it is found by its name only. Better: --domain, or import it with one.")


def dismiss(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of a suggested company.")],
    by: By = None,
) -> None:
    """Never suggest this company again."""
    from review.discovered import dismiss as forget

    session = session_of(context)
    suggestion = forget(session.engine, name, by=by or who(), now=session.now)
    if suggestion is None:
        nothing(f"No company {name!r} is suggested. List them with: earmark accounts discovered")
    notice(f"{suggestion.name} is not suggested again.")


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
