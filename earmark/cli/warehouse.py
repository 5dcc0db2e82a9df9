"""JSON Lines of all that is stored, for a warehouse."""

# ruff: noqa: PLC0415 - imported when a verb runs, so that --help is quick

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.cli.session import Session

if TYPE_CHECKING:
    from rich.console import Console

    from storage.engine import Connection

__all__ = ["write_lines"]


def write_lines(
    session: Session, what: str | None, out: Path | None, since: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """Write a line for each event, story, trigger or judgement, and say how many; or only say that.

    ``since`` leaves out what was stored (a judgement: said) before.
    """
    from earmark.errors import ConfigError
    from exports.jsonl import WHAT, row_of, write
    from review.plain import plain

    if what is None or what not in WHAT:
        raise ConfigError(f"Say what to write: earmark exports run jsonl --what {'|'.join(WHAT)} --out FILE")
    if out is None and not dry_run:
        raise ConfigError(f"Name the file to write: earmark exports run jsonl --what {what} --out FILE")
    begin = session.since(since)
    with session.reading() as connection:
        found = _stored(connection, what, begin)
        if out is None or dry_run:
            count = sum(1 for _ in found)
        else:
            count = write(out, (plain(row_of(one)) for one in found))
    value = {"what": what, "file": None if dry_run else str(out), "since": begin, "rows": count}

    def draw(console: "Console") -> None:
        from review.terminal import safe

        told = f"Would write {count:,} {what}." if dry_run else f"Wrote {count:,} {what} to {out}."
        console.print(safe(told))

    session.show(value, as_json, draw)


def _stored(connection: "Connection", what: str, since: datetime | None) -> Iterator[Any]:
    """Yield what is stored, few at a time in memory, always in the same order."""
    from storage import events, judgements, stories, triggers

    match what:
        case "events":
            yield from events.stream(connection, seen_since=since)
        case "stories":
            yield from stories.stream(connection, since)
        case "triggers":
            yield from triggers.stream(connection, since)
        case _:
            yield from judgements.stream(connection, since)
