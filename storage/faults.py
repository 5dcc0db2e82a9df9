"""What the database says, put as a sentence: what happened, to which database, what to do."""

import sqlite3

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from earmark.errors import StorageError

__all__ = ["PassingFault", "explain", "fault", "place"]

_MIGRATE = "{place} has not the tables of this version. Run `earmark migrate`."

_SQLITE = (
    (
        "SQLITE_BUSY",
        (
            "{place} is locked: another program has been writing for more than 10 seconds. "
            "Close it, or try again in a moment."
        ),
    ),
    ("SQLITE_LOCKED", "{place} is locked by this program itself. This is a bug; please report it."),
    (
        "SQLITE_READONLY",
        (
            "{place} can't be written: the file or its folder is read-only. "
            "Give yourself the right to write, or choose another storage.url."
        ),
    ),
    ("SQLITE_FULL", "{place} can't grow: the disk is full. Nothing was lost; free some space and try again."),
    ("SQLITE_NOTADB", "{place} is not a database of earmark. Check storage.url, or move the file away."),
    (
        "SQLITE_CORRUPT",
        "{place} is damaged. Put a sound copy in its place with: earmark restore FILE",
    ),
    (
        "SQLITE_CANTOPEN",
        ("{place} can't be opened. Check that its folder is there and that you may write into it."),
    ),
    (
        "SQLITE_IOERR_SHM",  # SQLite's shared memory is a file beside the database
        "{place} can't be opened: the disk is full. Nothing was lost; free some space and try again.",
    ),
    ("SQLITE_IOERR", "{place} can't be read or written: the disk reports a fault. Check the disk."),
)

_POSTGRESQL = (
    ("28", "{place} refuses the log-in. Check the user and the password of storage.url."),
    ("3D", "{place} does not exist. Create it with `createdb`, or correct storage.url."),
    ("42P01", _MIGRATE),
    ("42703", _MIGRATE),
    ("42501", "{place} does not let this user do that. Grant it the right, or use another user."),
    ("55P03", "{place} is busy: another program has held a lock for more than 10 seconds. Try again."),
    (
        "40",
        (
            "{place} was asked to do two things at once that exclude each other. Nothing was changed; "
            "try again."
        ),
    ),
    ("53100", "{place} can't grow: its disk is full. Nothing was lost; free some space and try again."),
    ("53300", "{place} takes no more connections. Close some, or raise max_connections."),
    ("25006", "{place} is read-only. Use the primary server in storage.url."),
    ("57P", "{place} is shutting down or starting. Nothing was lost; try again in a moment."),
    ("08", "{place} can't be reached. Check that it runs, and storage.url."),
)


_PASSING_SQLITE = ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")
_PASSING_POSTGRESQL = ("08", "25006", "40", "53", "55P03", "57P", "58030")
_OF_THE_LINE = ("connect", "closed", "terminat", "timeout", "starting up", "shutting down")


class PassingFault(StorageError):
    """The database can't be used now, and may be again without an edit: whoever runs for months waits."""


def fault(error: SQLAlchemyError, url: URL) -> StorageError:
    """Return the error that says what happened: a PassingFault if it can pass by itself."""
    origin = error.orig if isinstance(error, DBAPIError) else None
    kind = PassingFault if isinstance(error, PoolTimeout) or _passes(origin) else StorageError
    return kind(explain(error, url))


def _passes(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return (getattr(error, "sqlite_errorname", None) or "").startswith(_PASSING_SQLITE)
    if state := getattr(error, "sqlstate", None):
        return str(state).startswith(_PASSING_POSTGRESQL)
    return _of_postgresql(error) == dict(_POSTGRESQL)["08"]


def place(url: URL) -> str:
    """Name the database without user or password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database or ":memory:")
    return f"{url.database or 'postgres'} at {_host(url)}"


def explain(error: SQLAlchemyError, url: URL) -> str:
    """Return the sentence for a person; it holds no text that the statement carried."""
    origin = error.orig if isinstance(error, DBAPIError) else None
    sentence = _of_sqlite(origin) if isinstance(origin, sqlite3.Error) else _of_postgresql(origin)
    if sentence is None:
        detail = str(origin or error).strip().partition("\n")[0]
        sentence = "{place} reports: " + detail.replace("{", "(").replace("}", ")")
    return f"The database {sentence.format(place=place(url))}"


def _host(url: URL) -> str:
    host = url.host or str(url.query.get("host", "this machine"))
    return f"{host}:{url.port}" if url.port else host


def _of_sqlite(error: sqlite3.Error) -> str | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    for beginning, sentence in _SQLITE:
        if name.startswith(beginning):
            return sentence
    return _MIGRATE if str(error).startswith(("no such table", "no such column")) else None


def _of_postgresql(error: BaseException | None) -> str | None:
    state = getattr(error, "sqlstate", None)
    if state is None:
        text = str(error)
        if "password" in text or "authentication" in text or 'FATAL:  role "' in text:
            return dict(_POSTGRESQL)["28"]
        if "does not exist" in text:
            return dict(_POSTGRESQL)["3D"]
        lost = any(word in text for word in _OF_THE_LINE)
        return dict(_POSTGRESQL)["08"] if lost else None
    for beginning, sentence in _POSTGRESQL:
        if state.startswith(beginning):
            return sentence
    return None
