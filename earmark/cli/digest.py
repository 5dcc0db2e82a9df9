"""The digest: who is told when, what they would be told now, and a round of mailing by hand."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from earmark.cli.session import AsJson, Session, nothing, notice, session_of, who

if TYPE_CHECKING:
    from rich.console import Console

    from review.page.viewer import Viewer

__all__ = ["add_to"]

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def add_to(app: typer.Typer) -> None:
    """Add the verb to the root."""
    app.command()(digest)


def digest(  # noqa: PLR0913, PLR0917 - each is an option of its own
    context: typer.Context,
    preview: Annotated[bool, typer.Option("--preview", help="Print what it would say now.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="With --preview: write the letter as HTML to this file.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Mail what is due, and end.")] = False,
    every: Annotated[
        Literal["daily", "weekly", "never"] | None, typer.Option(help="From now on: daily, weekly or never.")
    ] = None,
    hour: Annotated[int, typer.Option(min=0, max=23, help="With --every: the hour, in your zone.")] = 8,
    on: Annotated[str, typer.Option(help="With --every weekly: the day, such as monday.")] = "monday",
    zone: Annotated[
        str | None, typer.Option(help="With --every: your zone, such as Europe/Berlin; else the team's.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Whose digest; else the owner's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who is told by mail and when; preview a letter, mail what is due, or set when it comes.

    While the page runs (earmark up, earmark page), it mails by itself.
    """
    session = session_of(context)
    if preview or html is not None:
        _preview(session, user, html, as_json=as_json)
    elif send:
        _send(session, as_json=as_json)
    elif every is not None:
        _keep(session, user, every, hour, on, zone, as_json=as_json)
    else:
        _show(session, as_json=as_json)


def _viewer(session: Session, user: str | None) -> "Viewer":
    """Return whose digest is meant: the one named; else the owner of a workspace without users."""
    from review.page.keys import viewer_of
    from storage import users

    with session.reading() as connection:
        known = users.known_as(connection, user) if user else None
        found = viewer_of(connection, known.id if known else user or users.OWNER)
        names = ", ".join(one.id for one in users.every(connection) if one.disabled_at is None)
    if found is None:
        nothing(
            f"Whose digest? Give --user; there are: {names}."
            if names
            else f"There is no user {user!r}, and without users the digest is the owner's."
        )
    return found


def _preview(session: Session, user: str | None, html: Path | None, *, as_json: bool) -> None:
    from exports.whole import whole
    from review.digest import letter, text_of
    from review.mailing import preview
    from review.zones import zone_of

    viewer = _viewer(session, user)
    zone = zone_of(viewer, session.settings)
    with session.reading() as connection:
        told, envelope = preview(connection, session.settings, viewer, session.now)
    if html is None or as_json:
        session.show(told, as_json, lambda _: typer.echo(text_of(told, envelope, zone, session.now)))
    if html is not None:
        made = letter(told, envelope, session.now, zone, session.now, sender="digest@example.invalid")
        body = made.get_body(("html",))
        with whole(html) as part:
            part.write_text(str(body.get_content()) if body else "", "utf-8")
        notice(f"Wrote {html}.")


def _send(session: Session, *, as_json: bool) -> None:
    from review.mailing import send_due

    found = list(send_due(session.settings, session.engine, lambda: session.now))

    def draw(console: "Console") -> None:
        for one in found:
            console.print(f"{one.user}: {one.error or f'{one.reasons} reasons'}")
        if not found:
            console.print("Nothing is due.")

    session.show(found, as_json, draw)
    if any(one.error for one in found):
        raise typer.Exit(1)


def _keep(
    session: Session, user: str | None, every: str, hour: int, on: str, zone: str | None, *, as_json: bool
) -> None:
    from dataclasses import replace

    from earmark.errors import ConfigError
    from review.subscribing import leave, subscribe
    from review.zones import zone_of
    from storage import digests
    from storage.digests import Schedule

    viewer, now = _viewer(session, user), session.now
    if every == "never":
        with session.writing() as connection:
            leave(connection, viewer.id, by=who(), now=now)
        told = {"user": viewer.id, "every": every}
        session.show(told, as_json, lambda _: notice(f"{viewer.name} gets no digest."))
        return
    if on.lower() not in _DAYS:
        raise ConfigError(f"There is no day {on!r}. Write one of: {', '.join(_DAYS)}.")
    wanted = Schedule(user=viewer.id, every=every, hour=hour, weekday=_DAYS.index(on.lower()))
    chosen = viewer.prefers("zone") if zone is None else zone
    with session.writing() as connection:
        held = digests.get(connection, viewer.id)
        wanted = replace(wanted, query=held.query if held else "")
        made, to = subscribe(connection, session.settings, viewer, wanted, chosen, by=who(), now=now)
    own = replace(viewer, preferences=(("zone", chosen),))
    first = (made.next_at or now).astimezone(zone_of(own, session.settings))
    said = f"The digest goes {every} to {to}, first on {first:%Y-%m-%d at %H:%M}."
    session.show(made, as_json, lambda _: notice(said))
    if session.settings.mail.server is None:
        notice("No mail server is set: write [mail] server and sender into earmark.toml.")


def _show(session: Session, *, as_json: bool) -> None:
    from storage import digests

    with session.reading() as connection:
        held = digests.every(connection)
    zone = session.settings.team.zone

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        if not held:
            console.print("Nobody is told by mail. Begin with: earmark digest --every daily --hour 8")
            return
        table = table_of("who", "how often", "next", "last sent", "fault")
        for one in held:
            moments = [
                f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else "-" for at in (one.next_at, one.sent_at)
            ]
            table.add_row(one.user, one.every, *moments, Text(safe(one.last_error or "")))
        console.print(table)

    session.show(held, as_json, draw)
