"""Files that somebody drops into a folder: which are new, and how far the last poll came in each.

A file is known by its name, size and time of change; it is never changed, moved or deleted. What one poll
can't hold comes with the next one.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from earmark.contract import Poll
from earmark.errors import SourceChanged
from earmark.types import Event

__all__ = ["MOST_EVENTS", "Batch", "Folder", "events_in"]

MOST_EVENTS: Final = 5_000
MOST_BYTES: Final = 20 * 1024 * 1024
MOST_FILES: Final = 20_000
_log = logging.getLogger(__name__)


def _whole(path: Path) -> Path:
    whole = path.expanduser()
    if not whole.is_absolute():
        raise ValueError(f"write the whole path of the folder, such as {Path.home() / path}")
    return whole


Folder = Annotated[Path, AfterValidator(_whole)]
"""The option that names a drop folder: the whole path, as the monitor may start anywhere; ~ is the home."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a file gave: its events, and a line for each thing in it that was left out."""

    events: tuple[Event, ...] = ()
    left_out: tuple[str, ...] = ()


Read = Callable[..., Batch]
"""A module-level function: takes the bytes of a file, then whatever the source hands on."""


async def events_in(
    poll: Poll, folder: Path, patterns: Sequence[str], read: Read, *args: Any
) -> AsyncIterator[Event]:
    """Yield the events of every file that is new or changed, at most 5,000 in one poll.

    ``read`` runs in the worker pool. A file that can't be read costs only itself: it is logged, and named
    in SourceChanged as soon as no other file brings anything, until somebody corrects or removes it.
    """
    files = _files(poll, folder, patterns)
    done = _remembered(poll, {mark for _, mark in files})
    found: dict[str, Event] = {}  # what two files tell comes once, in the later wording
    left, faults = MOST_EVENTS, list[str]()
    for path, mark in files:
        start = done.get(mark, 0)
        if start < 0 or left <= 0:
            continue
        try:
            batch = await _batch(poll, path, read, args)
        except SourceChanged as error:
            faults.append(f"{path.name}: {error}")
            _log.warning("A dropped file can't be read", extra={"file": path.name, "reason": str(error)})
            continue
        if start == 0:
            _tell(poll, path, batch.left_out)
        taken = batch.events[start : start + left]
        found |= {event.external_id: event for event in taken}
        left -= len(taken)
        reached = start + len(taken)
        done[mark] = -1 if reached >= len(batch.events) else reached
    for event in found.values():
        yield event
    if faults and not found:
        raise SourceChanged(
            f"Of the files in {folder}, {len(faults)} can't be read; correct or remove them. "
            f"The first is {faults[0]}"
        )
    poll.state["files"] = done


def _files(poll: Poll, folder: Path, patterns: Sequence[str]) -> list[tuple[Path, str]]:
    """Return the files of a folder with their marks, oldest first, without hidden ones."""
    found = dict.fromkeys(path for pattern in patterns for path in poll.files(folder, pattern))
    paths = [path for path in found if not path.name.startswith(".")]
    if len(paths) > MOST_FILES:
        raise SourceChanged(
            f"The folder {folder} holds {len(paths):,} files; {MOST_FILES:,} are the most. "
            "Move those that were read long ago elsewhere."
        )
    return [(path, mark) for path in paths if (mark := _mark(path))]


def _mark(path: Path) -> str:
    try:
        told = path.stat()
    except OSError:  # gone meanwhile
        return ""
    words = f"{path.name}\n{told.st_size}\n{told.st_mtime_ns}"
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _remembered(poll: Poll, marks: set[str]) -> dict[str, int]:
    """Return how far each file that is still there was read; -1 is to its end."""
    known = poll.state.get("files")
    pairs = known.items() if isinstance(known, dict) else ()
    return {mark: place for mark, place in pairs if mark in marks and isinstance(place, int)}


def _tell(poll: Poll, path: Path, left_out: Sequence[str]) -> None:
    """Say in the log and count in the state what a file held that became no event."""
    if left_out:
        _log.warning(
            "Parts of a dropped file were left out",
            extra={"file": path.name, "count": len(left_out), "first": left_out[0]},
        )
        known = poll.state.get("left_out")
        poll.state["left_out"] = (known if isinstance(known, int) else 0) + len(left_out)
        poll.state["left_out_last"] = f"{path.name}: {left_out[0]}"[:300]


async def _batch(poll: Poll, path: Path, read: Read, args: Sequence[Any]) -> Batch:
    body = await asyncio.to_thread(_bytes_of, path)
    try:
        return await poll.parse(read, body, *args)
    except RecursionError as error:
        raise SourceChanged("It is nested too deeply to be read.") from error


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SourceChanged(f"It can't be opened ({error.strerror}). Check its rights.") from error
    if len(body) > MOST_BYTES:
        raise SourceChanged(
            f"It is larger than {MOST_BYTES // 1024 // 1024} MB. Split it into several files."
        )
    return body
