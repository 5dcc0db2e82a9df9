"""Verbs of names: what could not be told, and teaching it."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from earmark.cli.session import AsJson, Session, choose_account, nothing, notice, session_of, who

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from earmark.types import StoredEvent
    from monitors.teaching import Taught

__all__ = ["add_to"]

_ID: Final = 10
"""Characters of an event's id that are shown."""
_SHORTEST: Final = 6


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    for verb in (unsure, teach):
        app.command()(verb)


def unsure(
    context: typer.Context,
    account: Annotated[str | None, typer.Argument(help="Id, name or domain; else all.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the texts that may name an account, and why it could not be told; the newest first."""
    from storage import readings

    session = session_of(context)
    with session.reading() as connection:
        chosen = choose_account(connection, account).id if account else None
        found = readings.abstentions(connection, chosen, limit)
    rows: list[dict[str, Any]] = [
        {
            "event": doubt.event.id,
            "account": doubt.account,
            "words": doubt.span.quote,
            "title": doubt.event.title,
            "reason": doubt.reason,
            "confidence": round(doubt.confidence, 2),
            "at": doubt.event.order[0],
            "url": doubt.event.url,
        }
        for doubt in found
    ]

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import safe, table_of

        if not rows:
            console.print("No text is undecided.")
            return
        table = table_of("event", "account", "title", "why it can't be told")
        for row in rows:
            cells = (row["event"][:_ID], row["account"], row["title"], row["reason"])
            table.add_row(*(Text(safe(cell)) for cell in cells))
        console.print(table)

    session.show(rows, as_json, draw)
    if rows and not as_json:
        notice(
            "Teach one: earmark teach EVENT ACCOUNT --this-is-us, or --never-us; --only-here for that text"
        )


def teach(  # noqa: PLR0913, PLR0917 - each is an option of the verb
    context: typer.Context,
    event: Annotated[
        str | None, typer.Argument(metavar="EVENT", help="Id of a text, or how it begins: see unsure.")
    ] = None,
    account: Annotated[str | None, typer.Argument(metavar="ACCOUNT", help="Id, name or domain.")] = None,
    own: Annotated[
        bool | None,
        typer.Option("--this-is-us/--never-us", help="Whether the words of that text are its name."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--as", help="Other words of that text, such as a longer name.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--only-here", help="Of that text alone: the words are no name elsewhere.")
    ] = False,
    undo: Annotated[str | None, typer.Option(help="Take back the lesson of this id: see learned.")] = None,
    by: Annotated[str | None, typer.Option(help="Who did it; else your user name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Teach whether words of a text name an account, or take a lesson back; its texts are read again."""
    from earmark.errors import ConfigError
    from review.learned import name_of
    from review.plain import plain

    session = session_of(context)
    if undo is not None:
        if event or account or name or alone or own is not None:
            raise ConfigError("--undo stands alone: earmark teach --undo LESSON")
        taught = _unteach(session, undo, by or who())
    elif event is None or account is None or own is None:
        raise ConfigError("Say which text and whose: earmark teach EVENT ACCOUNT --this-is-us, or --never-us")
    else:
        taught = _teach(session, event, account, own=own, name=name, alone=alone, by=by or who())
    value = plain(name_of(taught.account, taught.lesson)) | {
        "undone": undo is not None,
        "texts": [
            {"event": text, "before": old, "after": taught.after[text]} for text, old in taught.before.items()
        ],
    }
    session.show(
        value, as_json, lambda console: console.print(_told(taught, session.now, undone=undo is not None))
    )


def _teach(
    session: Session, event: str, account: str, *, own: bool, name: str | None, alone: bool, by: str
) -> "Taught":
    from monitors.teaching import teach as teach_name

    with session.reading() as connection:
        chosen = choose_account(connection, account)
    text = _event(session, event)
    return teach_name(
        session.engine, chosen, text, is_own=own, by=by, now=session.now, name=name, alone=alone
    )


def _unteach(session: Session, beginning: str, by: str) -> "Taught":
    from monitors.teaching import unteach
    from storage import lessons

    with session.reading() as connection:
        found = lessons.find(connection, beginning)
    if len(found) != 1:
        few = "No lesson begins" if not found else "Several lessons begin"
        nothing(f"{few} with {beginning!r}. List them with: earmark learned")
    account, lesson = found[0]
    return unteach(session.engine, account, lesson, by=by, now=session.now)


def _event(session: Session, beginning: str) -> "StoredEvent":
    """Return the one event whose id begins so; ends with exit code 1 when there is none or several."""
    from storage import lessons

    with session.reading() as connection:
        found = lessons.events_like(connection, beginning) if len(beginning) >= _SHORTEST else []
    if len(found) != 1:
        few = "No text has an id that begins" if not found else "Several texts have ids that begin"
        nothing(f"{few} with {beginning!r}. List them with: earmark unsure")
    return found[0]


def _told(taught: "Taught", now: "datetime", *, undone: bool) -> str:
    """Return what was learned or taken back, and what follows, in words."""
    from review.learned import name_of
    from review.terminal import safe

    lesson = taught.lesson
    moves = [
        f"{move.account}: {move.before} → {move.after}".replace("_", " ")
        for move in taught.changes.transitions
        if move.after is not move.before
    ]
    states = [
        f"trigger {one.id[:8]} is {one.state}"
        for one in taught.changes.triggers
        if now in (one.created_at, one.ended_at)  # others were only scored anew
    ]
    learned = name_of(taught.account, lesson).learned
    done = f"Taken back: {learned}." if undone else f"Learned: {learned}."
    back = "" if undone else f"Take it back with: earmark teach --undo {lesson.id}"
    lines = (f"{done} {lesson.effect}", "; ".join([*moves, *states]), back)
    return "\n".join(safe(line) for line in lines if line)
