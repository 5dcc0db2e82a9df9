"""Copies of a SQLite database: made while others write, examined, and put back in its place.

A copy is one file that stands alone: nothing of it lies in a log beside it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import URL, Engine, NullPool, create_engine, func, inspect, select
from sqlalchemy.exc import DBAPIError

from earmark.errors import ConfigError, StorageError
from storage import workers
from storage.engine import at_head, connect, migrate, reading
from storage.faults import fault
from storage.tables import accounts, events, triggers

__all__ = ["Copy", "Restored", "Unsound", "back_up", "examine", "file_of", "refuse_if_used", "restore"]

_LATELY: Final = timedelta(minutes=2)
_OURS: Final = frozenset({"alembic_version", "accounts", "events", "triggers"})
"""Tables that every form of the database has had."""


class Unsound(StorageError):
    """A file that is no sound database of earmark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A database in a file, of ``size`` bytes; ``newest_at`` is when its newest event was seen."""

    file: Path
    size: int
    accounts: int
    events: int
    triggers: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a database holds now, and the file that keeps what it held before, if it held anything."""

    now: Copy
    kept: Path | None


def file_of(engine: Engine) -> Path:
    """Return the file of a SQLite database; ConfigError for another database, which has its own tools."""
    if engine.dialect.name != "sqlite":
        raise ConfigError(
            "The database is on PostgreSQL, whose own tools do this: pg_dump makes a copy, and pg_restore "
            "brings it back."
        )
    if engine.url.database in {None, "", ":memory:"}:
        raise ConfigError("The database is kept in memory only, so there is no file to copy or to replace.")
    return Path(str(engine.url.database))


def back_up(engine: Engine, file: Path) -> Copy:
    """Copy one moment of the database into a new file for its owner only; nobody who writes has to wait.

    The file gets its name when it is whole and checked. Raises ConfigError when the name is taken or nothing
    can be made there, Unsound when the database is damaged.
    """
    live = file_of(engine)
    with reading(engine) as conn:
        source = conn.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError("the driver of SQLite is another one than Python's")
        with _copied(source, live, file) as part:
            found = examine(part, name=live)
    return replace(found, file=file)


def examine(file: Path, *, name: Path | None = None) -> Copy:
    """Say what the database in a file holds, and change nothing; ``name`` stands in the sentences.

    Raises ConfigError when there is no such file, Unsound for one that is damaged or not earmark's,
    StorageError for one by a newer earmark.
    """
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        raise ConfigError(f"{file} {what}. Name the file that earmark backup wrote.")
    name = name or file
    url = URL.create("sqlite", database=str(name))
    engine = create_engine(url, creator=lambda: _opened(file), poolclass=NullPool)
    with _explained(name, source=name):
        with engine.connect() as conn:
            _check(conn.exec_driver_sql("PRAGMA quick_check(1)").scalar_one(), name)
            tables = set(inspect(conn).get_table_names())
            if not tables >= _OURS:
                what = "is not a database of earmark" if tables else "is empty: nothing was ever stored in it"
                raise Unsound(f"{name} {what}.")
            found = Copy(
                file=file,
                size=file.stat().st_size,
                accounts=conn.execute(select(func.count()).select_from(accounts)).scalar_one(),
                events=conn.execute(select(func.count()).select_from(events)).scalar_one(),
                triggers=conn.execute(select(func.count()).select_from(triggers)).scalar_one(),
                newest_at=conn.execute(select(func.max(events.c.seen_at))).scalar_one(),
            )
        at_head(engine)  # any older form will do
    return found


def refuse_if_used(engine: Engine) -> None:
    """Raise StorageError when a process has the database open: it would go on with what was replaced."""
    try:
        _hold(engine).close()
    except Unsound:
        return  # nobody can work with it


def restore(engine: Engine, file: Path, aside: Path) -> Restored:
    """Put what a file holds in the place of the database, in the newest form; keep what was there ``aside``.

    All or nothing: one SQLite transaction replaces a sound database. Raises what ``examine`` and
    ``refuse_if_used`` raise, ConfigError when the file is the database itself.
    """
    live = file_of(engine)
    if file.exists() and live.exists() and file.samefile(live):
        raise ConfigError(f"{file} is the database of this workspace itself. Name a copy of it.")
    if aside.exists():
        raise ConfigError(_taken(aside))
    with _beside(live) as part:
        found = _stage(file, part)
        held, kept = _keep(engine, aside)
        with _explained(live), closing(held), closing(_opened(part)) as source:
            source.backup(held)
    return Restored(now=replace(found, file=live, size=live.stat().st_size), kept=kept)


@contextmanager
def _copied(source: sqlite3.Connection, name: Path, file: Path) -> Iterator[Path]:
    """Copy the database called ``name``, and let the copy appear as ``file`` if the block finds it good."""
    if file.exists():
        raise ConfigError(_taken(file))
    with _beside(file) as part:
        _fill(source, name, part, file)
        yield part
        try:
            os.link(part, file)
        except FileExistsError as error:
            raise ConfigError(_taken(file)) from error
        except OSError:  # a file system without hard links
            if file.exists():
                raise ConfigError(_taken(file)) from None
            part.rename(file)


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """Give a name in a folder that only the owner can open; it goes with all that SQLite puts there."""
    try:
        made = TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.", ignore_cleanup_errors=True)
    except OSError as error:
        raise ConfigError(
            f"Nothing can be written into the folder {file.parent}: {error.strerror}. Choose another one."
        ) from error
    with made as folder:
        yield Path(folder, file.name)


def _fill(source: sqlite3.Connection, name: Path, part: Path, file: Path) -> None:
    """Copy a database into a file that nobody knows yet, and which therefore needs no journal."""
    _make_private(part)
    with _explained(file, source=name), closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode=OFF")
        source.backup(copy)  # in one step: in several, each write of another would begin it anew
        # With a log, it could not be read where nothing is written.
        copy.execute("PRAGMA journal_mode=DELETE")


def _stage(file: Path, part: Path) -> Copy:
    """Make of the file that a person named, which stays as it is, a database of the newest form."""
    found = examine(file)
    with closing(_opened(file)) as source:
        _fill(source, file, part, part)
    engine = connect(f"sqlite:///{part}")
    try:
        migrate(engine)
    finally:
        engine.dispose()
    return found


def _keep(engine: Engine, aside: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Return what alone holds the database's file, and the file that keeps what it held.

    A damaged database is moved there as it is, with its log: somebody may still save a part of it.
    """
    live = file_of(engine)
    try:
        held = _hold(engine)
        try:
            return held, _copy_of(held, live, aside)
        except BaseException:
            held.close()
            raise
    except Unsound:
        for ending in ("", "-wal", "-journal"):
            if (file := Path(f"{live}{ending}")).exists():
                file.rename(f"{aside}{ending}")
        Path(f"{live}-shm").unlink(missing_ok=True)
        _make_private(live)
        return _hold(engine), aside


def _copy_of(held: sqlite3.Connection, live: Path, aside: Path) -> Path | None:
    with _explained(live, source=live):
        if not held.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            return None
    with _copied(held, live, aside) as part, _explained(aside, source=live), closing(_opened(part)) as copy:
        _check(copy.execute("PRAGMA quick_check(1)").fetchone()[0], live)
    return aside


def _hold(engine: Engine) -> sqlite3.Connection:
    """Open the database for ourselves alone, its log emptied into it; StorageError if others do."""
    live = file_of(engine)
    engine.dispose()  # or the others would be this process
    held = sqlite3.connect(live, timeout=0, isolation_level=None)
    try:
        with _explained(live, source=live):
            held.execute("PRAGMA locking_mode=EXCLUSIVE")
            # Whoever has read or written in a log holds a lock, also while idle, that forbids to leave it.
            held.execute("PRAGMA journal_mode=DELETE")
            held.execute("BEGIN EXCLUSIVE")
            held.execute("COMMIT")
    except StorageError as error:
        held.close()
        cause = error.__cause__
        if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise StorageError(_in_use(engine, live)) from error
        raise
    return held


def _in_use(engine: Engine, live: Path) -> str:
    try:
        with reading(engine) as conn:
            at = workers.clock(conn)
            known = [
                one for one in workers.every(conn) if one.stopped_at is None and at - one.seen_at < _LATELY
            ]
    except StorageError:  # of an older form, or locked
        known = []
    finally:
        engine.dispose()
    who = ", ".join(f"process {one.process} on {one.host}" for one in known) or "a page or another program"
    return (
        f"The database {live} is in use, by {who}. Nothing was changed; "
        "stop earmark up and all else that works with it, then try again."
    )


def _opened(file: Path) -> sqlite3.Connection:
    """Open a file to read it, also where nothing can be written, unless a log lies beside it."""
    alone = not any(Path(f"{file}{ending}").exists() for ending in ("-wal", "-journal"))
    address = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    return sqlite3.connect(address, uri=True, isolation_level=None)


def _check(said: str, name: Path) -> None:
    if said != "ok":
        raise Unsound(f"{name} is damaged ({said.splitlines()[-1]}). {_ANOTHER}")


@contextmanager
def _explained(file: Path, *, source: Path | None = None) -> Iterator[None]:
    """Turn what SQLite says into a sentence: on the ``source`` if it is unsound, else on the file."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        origin = error.orig if isinstance(error, DBAPIError) else error
        reason = getattr(origin, "sqlite_errorname", None) or ""
        if source and reason.startswith("SQLITE_NOTADB"):
            raise Unsound(f"{source} is not a database of earmark, or its beginning is damaged.") from origin
        if source and reason.startswith("SQLITE_CORRUPT"):
            raise Unsound(f"{source} is damaged. {_ANOTHER}") from origin
        url = URL.create("sqlite", database=str(file))
        raise fault(DBAPIError(None, None, origin or error), url) from origin


_ANOTHER: Final = "Put a sound copy in its place with: earmark restore FILE"


def _make_private(file: Path) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _taken(file: Path) -> str:
    return f"{file} is there already, and is not overwritten. Choose another name, or move it away."
