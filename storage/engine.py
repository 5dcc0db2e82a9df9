"""The door to the database: connect, migrate, and one transaction at a time.

Every fault of the database leaves this room as a StorageError that says what to do.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.schema import CreateSchema

from earmark.errors import ConfigError, StorageError
from storage.faults import PassingFault, fault, place
from storage.samefile import SameFile

__all__ = [
    "LOCK_CLASS",
    "Connection",
    "Engine",
    "PassingFault",
    "at_head",
    "connect",
    "lay_apart",
    "migrate",
    "reading",
    "writing",
]

LOCK_CLASS = 0x6561726D
"""First half of our advisory locks in PostgreSQL, so that they meet no other program's."""

_BUSY_SECONDS = 10
_MIGRATIONS = Path(__file__).with_name("migrations")


def connect(url: str) -> Engine:
    """Return an engine for a SQLite file or a PostgreSQL database; a new file is for its owner only.

    Raises ConfigError for an address that is none, StorageError when the file can't be made.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return _postgresql(parsed)


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest form; safe when several processes do it at once."""
    with writing(engine) as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:class, 0)"), {"class": LOCK_CLASS})
        _refuse_newer(conn)
        config = _config()
        config.attributes["connection"] = conn
        command.upgrade(config, "head")


def lay_apart(engine: Engine, schema: str, mark: str, tables: str) -> None:
    """Make another program's tables in a schema of their own, unless ``mark``, one of them, is there.

    PostgreSQL only; safe when several processes do it at once. ``tables`` are its statements as they are.
    """
    with writing(engine) as conn:
        conn.execute(text("SELECT pg_advisory_xact_lock(:class, 0)"), {"class": LOCK_CLASS})
        if conn.execute(text("SELECT to_regclass(:mark)"), {"mark": f"{schema}.{mark}"}).scalar_one():
            return
        conn.execute(CreateSchema(schema, if_not_exists=True))
        conn.execute(text("SELECT set_config('search_path', :schema, true)"), {"schema": schema})
        conn.execution_options(no_parameters=True).exec_driver_sql(tables)


def at_head(engine: Engine) -> bool:
    """Say whether the tables have their newest form; StorageError when they are newer than this program."""
    with reading(engine) as conn:
        return _refuse_newer(conn) == ScriptDirectory.from_config(_config()).get_current_head()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the database and can't change it."""
    options: dict[str, Any] = {"earmark_mode": "read"}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _explained(engine), engine.connect() as conn:
        yield conn.execution_options(**options)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose changes are all kept, or none if the block fails."""
    with _explained(engine), engine.connect() as conn:
        conn.execution_options(earmark_mode="write")
        with conn.begin():
            yield conn


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        raise fault(error, engine.url) from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            "storage.url is not an address of a database. Write sqlite:///earmark.db or "
            "postgresql+psycopg://user@host/database."
        ) from error
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ConfigError(
            f"storage.url begins with {parsed.drivername!r}, which earmark does not know. "
            "Write sqlite:///earmark.db or postgresql+psycopg://user@host/database."
        )
    return parsed


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        _make_private(Path(url.database))
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    if url.database and url.database != ":memory:":
        same = SameFile(Path(url.database))
        event.listen(engine, "do_connect", same.before_connecting)
        event.listen(engine, "begin", same.before_beginning)
        event.listen(engine, "engine_disposed", same.forget)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> Engine:
    settings = f"-c timezone=UTC -c lock_timeout={_BUSY_SECONDS}s"
    arguments = {"connect_timeout": _BUSY_SECONDS, "application_name": "earmark", "options": settings}
    try:
        return create_engine(url, connect_args=arguments, pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StorageError(
            "PostgreSQL needs its driver, which is not installed. "
            "Install it with: pip install 'earmark[postgres]'"
        ) from error


def _make_private(path: Path) -> None:
    """Create the file before SQLite does; what it makes beside it then has the same rights."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StorageError(
            f"The database {path} can't be created: {error.strerror}. "
            "Check that the folder is there and that you may write into it."
        ) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy begins each transaction itself (below), because sqlite3 would begin too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Turn on the write-ahead log; for a new file that several open at once SQLite itself does not wait."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(conn: Connection) -> None:
    if conn.get_execution_options().get("earmark_mode") == "read":
        conn.exec_driver_sql("PRAGMA query_only=ON")
        conn.exec_driver_sql("BEGIN")
    else:
        # A transaction that reads first and writes later could find the lock taken in between.
        conn.exec_driver_sql("PRAGMA query_only=OFF")
        conn.exec_driver_sql("BEGIN IMMEDIATE")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _refuse_newer(conn: Connection) -> str | None:
    """Return the form the tables have; StorageError when this program does not know it."""
    current = MigrationContext.configure(conn).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise StorageError(
            f"The database {place(conn.engine.url)} was written by a newer earmark. "
            "Install the newest version, then try again."
        )
    return current
