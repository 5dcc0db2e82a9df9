"""Verbs of names: what could not be told, teaching it, and what was learned."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from earmark.cli.session import Session, choose_account, nothing, notice, session_of, who

if TYPE_CHECKING:
    from rich.console import Console

    from earmark.types import StoredEvent
    from monitors.teaching import Taught
    from storage.lessons import Lesson

__all__ = ["add_to"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ID: Final = 10
"""Characters of an event's id that are shown."""
_SHORTEST: Final = 6


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the root."""
    for verb in (unsure, teach, learned):
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
        notice("Teach one: earmark teach EVENT ACCOUNT --this-is-us, or --never-us")


def teach(
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
    undo: Annotated[str | None, typer.Option(help="Take back the lesson of this id: see learned.")] = None,
    by: Annotated[str | None, typer.Option(help="Who did it; else your user name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Teach whether words of a text name an account, or take a lesson back; its texts are read again."""
    from earmark.errors import ConfigError

    session = session_of(context)
    if undo is not None:
        if event or account or name or own is not None:
            raise ConfigError("--undo stands alone: earmark teach --undo LESSON")
        taught = _unteach(session, undo, by or who())
    elif event is None or account is None or own is None:
        raise ConfigError("Say which text and whose: earmark teach EVENT ACCOUNT --this-is-us, or --never-us")
    else:
        taught = _teach(session, event, account, own=own, name=name, by=by or who())
    value = _plain(taught.account, taught.lesson) | {
        "undone": undo is not None,
        "texts": [
            {"event": text, "before": old, "after": taught.after[text]} for text, old in taught.before.items()
        ],
    }
    session.show(value, as_json, lambda console: console.print(_told(taught, undone=undo is not None)))


def learned(context: typer.Context, as_json: AsJson = False) -> None:
    """List what people taught, who and when, and what came of it; the newest first."""
    from storage import lessons

    session = session_of(context)
    with session.reading() as connection:
        found = lessons.learned(connection)

    def draw(console: "Console") -> None:
        from rich.text import Text

        from review.terminal import day, safe, table_of

        if not found:
            console.print("Nothing was taught. What could not be told: earmark unsure")
            return
        table = table_of("lesson", "day", "by", "account", "learned", "effect")
        zone = session.settings.team.zone
        for account, lesson in found:
            cells = (lesson.by, account, _sentence(lesson), lesson.effect)
            table.add_row(lesson.id, day(lesson.at, zone), *(Text(safe(cell)) for cell in cells))
        console.print(table)

    session.show([_plain(account, lesson) for account, lesson in found], as_json, draw)


def _teach(session: Session, event: str, account: str, *, own: bool, name: str | None, by: str) -> "Taught":
    from monitors.teaching import teach as teach_name

    with session.reading() as connection:
        chosen = choose_account(connection, account)
    text = _event(session, event)
    return teach_name(session.engine, chosen, text, is_own=own, by=by, now=session.now, name=name)


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


def _plain(account: str, lesson: "Lesson") -> dict[str, Any]:
    return {
        "lesson": lesson.id,
        "account": account,
        "name": lesson.name,
        "is_own": lesson.is_own,
        "by": lesson.by,
        "at": lesson.at,
        "effect": lesson.effect,
        "events": list(lesson.events),
    }


def _sentence(lesson: "Lesson") -> str:
    return f"“{lesson.name}” {'is a name of it' if lesson.is_own else 'never means it'}"


def _told(taught: "Taught", *, undone: bool) -> str:
    """Return what was learned or taken back, and what follows, in words."""
    from review.terminal import safe

    lesson = taught.lesson
    moves = [
        f"{move.account}: {move.before} → {move.after}".replace("_", " ")
        for move in taught.changes.transitions
        if move.after is not move.before
    ]
    states = [f"trigger {one.id[:8]} is {one.state}" for one in taught.changes.triggers]
    done = f"Taken back: {_sentence(lesson)}." if undone else f"Learned: {_sentence(lesson)}."
    back = "" if undone else f"Take it back with: earmark teach --undo {lesson.id}"
    lines = (f"{done} {lesson.effect}", "; ".join([*moves, *states]), back)
    return "\n".join(safe(line) for line in lines if line)
