"""A file that somebody gives the page: kept while they look at it, taken in, and told of line by line.

It lies in the workspace, for its owner alone to read, and is removed as soon as it was taken in; what is left
for a day is the report. Whoever never comes back leaves a file that the next upload removes.
"""

import csv
import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, tzinfo
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, Final

from earmark.errors import ConfigError
from earmark.intake import (
    Preview,
    Report,
    RowReport,
    Subject,
    preview,
    read_accounts,
    read_contacts,
    read_suppressions,
)
from exports.cells import inert
from review.moments import read_moment
from review.suppressing import Outreach, suppress_listed
from storage import roster
from storage.engine import Engine

__all__ = [
    "EXCEL",
    "LARGEST",
    "Barring",
    "File",
    "Taken",
    "file_of",
    "keep",
    "looked_at",
    "report_lines",
    "take_in",
    "taken",
]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of the largest file that is taken."""
EXCEL: Final = find_spec("python_calamine") is not None
"""Whether workbooks are taken: that needs an extra."""
_FOLDER: Final = ".earmark-imports"
_ABOUT: Final = "about.json"
_TAKEN: Final = "taken.json"
_KEY: Final = re.compile(r"[0-9a-f]{32}")
_FRESH: Final = timedelta(days=1)
_CHUNK: Final = 1024 * 1024
_MOST_LINES: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that waits to be taken in; ``key`` is how its pages call it, ``name`` what it was called."""

    key: str
    subject: Subject
    name: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Barring:
    """How a list of whom nobody may contact is taken: for rows that name no reason or end themselves."""

    reason: str = "customer"
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a file: the count in words, what was added, changed and left, and its remarks.

    ``lines`` are the first rows that were not taken as they stand, ``untold`` how many more there are.
    ``examples`` are fields that changed: whose, which, before and after.
    """

    name: str
    subject: Subject
    words: str
    counts: Mapping[str, int]
    changed: Mapping[str, int]
    examples: tuple[tuple[str, str, str, str], ...]
    lines: tuple[RowReport, ...]
    untold: int = 0


def keep(workspace: Path, subject: Subject, name: str, content: BinaryIO, now: datetime) -> File:
    """Store what was uploaded, piece by piece; ConfigError when it is no list, or too large."""
    folder = workspace / _FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    _forget_old(folder, now)
    key = secrets.token_hex(16)
    shown = re.sub(r"[^\w. ()-]", "_", Path(name.replace("\\", "/")).name).lstrip(".")[-80:] or "list.csv"
    own = folder / key
    own.mkdir(mode=0o700)
    file = File(key=key, subject=subject, name=shown, path=own / shown)
    try:
        _write(file.path, content)
        looked_at(file)
    except ConfigError:
        shutil.rmtree(own, ignore_errors=True)
        raise
    _note(own / _ABOUT, {"subject": subject, "name": shown})
    return file


def file_of(workspace: Path, key: str) -> File | None:
    """Return a file that waits, or that was taken in; None for a key of none."""
    about = _read(workspace, key, _ABOUT)
    if about is None:
        return None
    path = workspace / _FOLDER / key / about["name"]
    return File(key=key, subject=about["subject"], name=about["name"], path=path)


def looked_at(file: File) -> Preview:
    """Return what the file looks like; ConfigError names the file as its owner does."""
    with _named(file):
        return preview(file.path, file.subject)


def take_in(
    engine: Engine,
    file: File,
    chosen: Mapping[str, str],
    *,
    by: str,
    now: datetime,
    zone: tzinfo,
    barring: Barring | None = None,
) -> Taken:
    """Bring the file onto the list, remove it, and keep what became of its rows; ConfigError changes nothing.

    The same file again changes nothing. ``chosen`` says what each column is taken for.
    """
    with _named(file):
        match file.subject:
            case "accounts":
                told = _accounts(engine, file, chosen, now)
            case "contacts":
                told = _contacts(engine, file, chosen, now)
            case "suppressions":
                told = _suppressions(engine, file, chosen, barring or Barring(), by, now, zone)
    _note(file.path.parent / _TAKEN, asdict(told))
    file.path.unlink(missing_ok=True)
    return told


def taken(workspace: Path, key: str) -> Taken | None:
    """Return what became of a file that was taken in."""
    held = _read(workspace, key, _TAKEN)
    if held is None:
        return None
    lines = tuple(RowReport(**line) for line in held.pop("lines"))
    examples = tuple(tuple(one) for one in held.pop("examples"))
    return Taken(lines=lines, examples=examples, **held)


def report_lines(told: Taken) -> Iterator[str]:
    """Yield the report as CSV, line by line; no cell is a formula."""
    yield _csv(("line", "level", "reason"))
    for one in told.lines:
        yield _csv((str(one.line), one.level, inert(one.reason)))


def _accounts(engine: Engine, file: File, chosen: Mapping[str, str], now: datetime) -> Taken:
    intake = read_accounts(file.path, chosen)
    return _imported(file, roster.import_accounts(engine, intake, now), intake.report)


def _contacts(engine: Engine, file: File, chosen: Mapping[str, str], now: datetime) -> Taken:
    intake = read_contacts(file.path, now, chosen)
    return _imported(file, roster.import_contacts(engine, intake), intake.report)


def _imported(file: File, done: roster.Imported, report: Report) -> Taken:
    counts = {"added": done.added, "changed": done.changed, "same": done.same}
    examples = tuple((one.id, one.field, one.before, one.after) for one in done.examples)
    return replace(_told(file, counts, report), changed=dict(done.fields), examples=examples)


def _told(file: File, counts: Mapping[str, int], report: Report) -> Taken:
    return Taken(
        name=file.name,
        subject=file.subject,
        words=report.words,
        counts=counts,
        changed={},
        examples=(),
        lines=tuple(report.in_order[:_MOST_LINES]),
        untold=max(0, len(report.lines) - _MOST_LINES),
    )


def _suppressions(
    engine: Engine,
    file: File,
    chosen: Mapping[str, str],
    barring: Barring,
    by: str,
    now: datetime,
    zone: tzinfo,
) -> Taken:
    if barring.until is not None and barring.until <= now:
        raise ConfigError("The end is in the past. Give a later day, or none.")
    intake = read_suppressions(file.path, chosen)
    how = Outreach(
        reason=barring.reason,
        until=barring.until,
        by=by,
        now=now,
        moment=lambda text: read_moment(text, now, zone, end_of_day=True),
    )
    return _told(file, suppress_listed(engine, intake, how), intake.report)


def _write(path: Path, content: BinaryIO) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    size = 0
    with os.fdopen(handle, "wb") as out:
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            if size > LARGEST:
                raise ConfigError(f"The file is larger than {LARGEST // 1024 // 1024} MB. Split it.")
            out.write(chunk)


@contextmanager
def _named(file: File) -> Iterator[None]:
    """Tell a fault of a file by the name that its owner gave it: where we keep it is nobody's concern."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(file.path), file.name)) from error


def _note(path: Path, value: object) -> None:
    handle = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(value, out)


def _read(workspace: Path, key: str, name: str) -> dict[str, Any] | None:
    if not _KEY.fullmatch(key):
        return None
    try:
        found: dict[str, Any] = json.loads((workspace / _FOLDER / key / name).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _forget_old(folder: Path, now: datetime) -> None:
    for each in folder.iterdir():
        with suppress(OSError):
            if each.stat().st_mtime < (now - _FRESH).timestamp():
                shutil.rmtree(each)


def _csv(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
