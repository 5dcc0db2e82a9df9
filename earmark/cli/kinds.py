"""Verbs about kinds of source: which there are, what they cost, and what to search for."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.session import AsJson, notice, session_of

if TYPE_CHECKING:
    from rich.console import Console

    from sources.catalogue import Card

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the group of the sources."""
    app.command()(kinds)
    app.command()(queries)


def kinds(context: typer.Context, as_json: AsJson = False) -> None:
    """List the kinds of source: what each needs, costs and can show, with its options."""
    from monitors.pace import EVERY
    from sources.catalogue import cards
    from sources.registry import broken

    found = cards(EVERY)

    def draw(console: "Console") -> None:
        for card in found:
            console.print(f"{card.kind}: {card.about}", markup=False)
            console.print(f"  {_cost(card)}", markup=False)
            for name, option in card.options.items():
                console.print(f"  {name}{' (needed)' if option.needed else ''}: {option.about}", markup=False)
        for fault in broken().values():
            notice(fault)

    session_of(context).show({card.kind: _as_value(card) for card in found}, as_json, draw)


def queries(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many at most; Google allows 1,000 alerts.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """Print a search for each account, one a line, to paste into Google Alerts."""
    from sources.queries import queries as searches
    from storage import accounts

    session = session_of(context)
    with session.reading() as connection:
        found = list(islice(searches(accounts.every(connection).values()), limit))

    def draw(console: "Console") -> None:
        for query in found:
            console.print(query.text, markup=False, soft_wrap=True)
        notice(
            "Paste each at https://www.google.com/alerts, choose 'Deliver to: RSS feed', then: "
            "earmark sources add google_alerts url=ADDRESS"
        )

    session.show([{"account": one.account, "query": one.text} for one in found], as_json, draw)


def _cost(card: "Card") -> str:
    each = "" if card.requests else " for each feed, board or search"
    return (
        f"needs {card.auth}; about {card.usual_cost} requests a day{each}, {card.highest_cost} at the most; "
        f"shows {'any kind' if card.shows_all else ', '.join(card.shows) or 'what its author does not say'}"
    )


def _as_value(card: "Card") -> dict[str, Any]:
    return {
        "about": card.about,
        "preset_of": card.preset_of,
        "auth": card.auth,
        "terms": card.terms,
        "least_pause_seconds": card.floor.total_seconds(),
        "usual_pause_seconds": card.pace.total_seconds(),
        "requests_a_poll": card.requests,
        "requests_a_day": {"usual": card.usual_cost, "most": card.highest_cost},
        "shows": list(card.shows),
        "golden_cases": card.golden,
        "options": {
            name: {"needed": option.needed, "about": option.about} for name, option in card.options.items()
        },
    }
