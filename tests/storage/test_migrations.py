from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import storage.migrations
from storage.engine import Engine, at_head, migrate, reading, writing
from storage.tables import metadata
from tests.storage.databases import opened


def test_the_steps_lead_to_the_tables_that_the_code_uses(engine: Engine) -> None:
    with reading(engine) as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_steps_make_the_indexes_that_the_code_counts_on(engine: Engine) -> None:
    inspector = inspect(engine)
    for table in metadata.sorted_tables:
        made = {index["name"]: bool(index["unique"]) for index in inspector.get_indexes(table.name)}
        wanted = {index.name: index.unique for index in table.indexes}
        # PostgreSQL lists the index of a unique constraint too.
        assert {name: made.get(str(name)) for name in wanted} == wanted


def test_the_steps_form_one_line() -> None:
    folder = Path(str(storage.migrations.__file__)).parent
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "newline")
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_a_second_migration_changes_nothing(engine: Engine) -> None:
    with writing(engine) as conn:
        conn.execute(text("INSERT INTO counters (name, value) VALUES ('kept', 7)"))
    migrate(engine)
    assert at_head(engine)
    with reading(engine) as conn:
        assert conn.execute(text("SELECT value FROM counters WHERE name = 'kept'")).scalar_one() == 7


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_four_processes_may_start_on_an_empty_database_at_once(
    kind: str, sqlite_url: str, request: pytest.FixtureRequest
) -> None:
    url = sqlite_url
    if kind == "postgresql":
        server: Engine = request.getfixturevalue("postgresql_engine")
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("DROP DATABASE IF EXISTS empty"))
            conn.execute(text("CREATE DATABASE empty"))
        url = server.url.set(database="empty").render_as_string(hide_password=False)

    def start(_: int) -> bool:
        with opened(url) as engine:
            migrate(engine)
            return at_head(engine)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [True] * 4
