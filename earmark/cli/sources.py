"""Verbs of the sources: which are polled, and how they fare."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

import asyncio
import difflib
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from earmark.cli.session import AsJson, nothing, notice, session_of

if TYPE_CHECKING:
    from rich.console import Console

    from storage.engine import Connection

__all__ = ["app", "require"]

app = typer.Typer(help="Places that are polled.", no_args_is_help=True)
_BUSIEST = 5
_WINDOW = timedelta(days=30)
Id = Annotated[str, typer.Argument(metavar="SOURCE", help="Id of the source.")]


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sources: how they fare, when they are polled next, what came of their triggers, what to do."""
    from monitors.health import health_of
    from monitors.hosts import day_of
    from review.sources import shown_options
    from storage import hosts, polls
    from storage.latency import Acted, acted_on

    session = session_of(context)
    with session.reading() as connection:
        acted = acted_on(connection, session.now - _WINDOW)
        found = [(one, health_of(one, session.now)) for one in polls.every(connection)]
        asked = {one.host: one for one in hosts.standing(connection, day_of(session.now), session.now)}
    per_day = session.settings.http.per_day
    value = [
        {
            "id": one.id,
            "kind": one.kind,
            "state": health.state,
            "words": health.words,
            "remedy": health.remedy,
            "options": shown_options(one),
            "next_poll_at": one.next_poll_at,
            "last_ok_at": one.last_ok_at,
            "last_news_at": max(one.rhythm, default=None),
            "silent_since": one.silent_since,
            "pace": one.pace,
            "failures": one.failures,
            "last_error": one.last_error,
            "triggers_in_30_days": acted.get(one.id, Acted()).triggers,
            "acted_on_in_30_days": acted.get(one.id, Acted()).acted_on,
            "host": one.host,
            "host_requests_today": asked[one.host].requests if one.host in asked else 0,
            "host_requests_a_day": per_day,
        }
        for one, health in found
    ]

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import age, safe, table_of

        if not found:
            console.print("No sources yet. Add one with: earmark sources add https://news.example/feed.xml")
            return
        table = table_of("id", "kind", "state", "last ok", "acted on", "how it fares")
        for one, health in found:
            seen = age(one.last_ok_at, session.now) if one.last_ok_at else "never"
            words = Text(safe(f"{health.words} {health.remedy}"))
            told = acted.get(one.id, Acted())
            share = f"{told.acted_on} of {told.triggers}" if told.triggers else "-"
            table.add_row(one.id, one.kind, health.state, seen, share, words)
        console.print(table)
        most = sorted(asked.values(), key=lambda host: -host.requests)[:_BUSIEST]
        for host in most:
            console.print(f"{safe(host.host)}: {host.requests:,} of {per_day:,} requests of today")

    session.show(value, as_json, draw)


@app.command()
def add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="A kind (see sources kinds), or the address of a feed.")],
    options: Annotated[
        list[str] | None, typer.Argument(help="Options as NAME=VALUE, such as url=https://…")
    ] = None,
    source_id: Annotated[str | None, typer.Option("--id", help="Its id; else made of the address.")] = None,
) -> None:
    """Add a source; it is due at once."""
    from review.options import told_options
    from review.sources import add as add_source
    from sources.registry import kinds

    session = session_of(context)
    given = [f"url={kind}", *(options or ())] if "://" in kind else list(options or ())
    kind = "feed" if "://" in kind else kind
    values = told_options(kinds().get(kind), given)
    with session.writing() as connection:
        chosen = add_source(connection, kind, values, session.now, source_id)
        session.log(connection, "source.add", chosen, f"Of the kind {kind}.")
    notice(f"Added the source {chosen}. Try it with: earmark sources test {chosen}")


@app.command()
def remove(context: typer.Context, source: Id) -> None:
    """Remove a source; its events stay."""
    from storage import polls

    session = session_of(context)
    with session.writing() as connection:
        require(connection, [source])
        polls.remove(connection, source)
        session.log(connection, "source.remove", source)
    notice(f"Removed {source}.")


@app.command()
def pause(context: typer.Context, source: Id) -> None:
    """Stop polling a source until it is resumed."""
    from storage import polls

    session = session_of(context)
    with session.writing() as connection:
        require(connection, [source])
        polls.set_enabled(connection, source, enabled=False)
        session.log(connection, "source.pause", source)
    notice(f"{source} is paused. Go on with: earmark sources resume {source}")


@app.command()
def resume(context: typer.Context, source: Id) -> None:
    """Poll a paused source again, at once."""
    from storage import polls

    session = session_of(context)
    with session.writing() as connection:
        require(connection, [source])
        polls.set_enabled(connection, source, enabled=True, at=session.now)
        session.log(connection, "source.resume", source)
    notice(f"{source} is polled again.")


@app.command("test")
def try_(context: typer.Context, source: Id, as_json: AsJson = False) -> None:
    """Poll a source once and show what it tells, storing nothing; exit 1 if it fails."""
    from monitors.glance import glance
    from storage import polls

    session = session_of(context)
    with session.reading() as connection:
        require(connection, [source])
        [configured] = polls.some(connection, [source])
    outcome = asyncio.run(glance(session.settings, configured, session.now))
    value = {
        "source": source,
        "outcome": outcome.result,
        "error": outcome.error,
        "events": [
            {"title": one.title, "url": one.url, "published_at": one.published_at} for one in outcome.events
        ],
    }

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import age, safe, table_of

        table = table_of("age", "title", "link")
        for one in outcome.events[:20]:
            dated = one.occurred_at or one.published_at
            aged = age(dated, session.now) if dated else "undated"
            table.add_row(aged, Text(safe(one.title)), Text(safe(one.url or "")))
        console.print(table)
        console.print(f"{len(outcome.events)} events; nothing was stored.")

    session.show(value, as_json, draw)
    if outcome.error:
        nothing(outcome.error)


def require(connection: "Connection", ids: list[str]) -> None:
    """End with exit code 1 when one of these sources is not there; say the nearest."""
    from storage import polls

    known = [one.id for one in polls.every(connection)]
    for wanted in ids:
        if wanted not in known:
            _absent(wanted, known)


def _absent(wanted: str, known: list[str]) -> NoReturn:
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else "List them with: earmark sources list"
    nothing(f"There is no source {wanted!r}. {hint}")
