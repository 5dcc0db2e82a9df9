from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import bindparam, inspect, text

import storage.migrations
from storage import accounts, judgements, outbox, polls
from storage.columns import Moment
from storage.engine import Connection, Engine, at_head, migrate, reading, writing
from storage.tables import metadata
from tests.builders import NOW
from tests.storage.databases import opened
from tests.storage.lists import on_list


def test_the_steps_lead_to_the_tables_that_the_code_uses(engine: Engine) -> None:
    with reading(engine) as conn:
        assert _differences(conn) == []


def _differences(conn: Connection) -> list[object]:
    """Return what the steps made otherwise, less the index of words, which each database has its own way."""

    def is_ours(name: str | None, _kind: str, _parents: object) -> bool:
        return not (name or "").startswith("search_words")

    options = {"compare_type": True, "include_name": is_ours}
    found: list[object] = compare_metadata(MigrationContext.configure(conn, opts=options), metadata)
    return found


def test_the_steps_make_the_indexes_that_the_code_counts_on(engine: Engine) -> None:
    inspector = inspect(engine)
    for table in metadata.sorted_tables:
        made = {index["name"]: bool(index["unique"]) for index in inspector.get_indexes(table.name)}
        wanted = {index.name: index.unique for index in table.indexes}
        # PostgreSQL lists the index of a unique constraint too.
        assert {name: made.get(str(name)) for name in wanted} == wanted


def test_the_steps_form_one_line() -> None:
    script = ScriptDirectory.from_config(_config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_a_second_migration_changes_nothing(engine: Engine) -> None:
    with writing(engine) as conn:
        conn.execute(text("INSERT INTO counters (name, value) VALUES ('kept', 7)"))
    migrate(engine)
    assert at_head(engine)
    with reading(engine) as conn:
        assert conn.execute(text("SELECT value FROM counters WHERE name = 'kept'")).scalar_one() == 7


_FIRST = """
INSERT INTO sources (id, kind, options, enabled, created_at, next_poll_at, failures)
    VALUES ('wire', 'feed', '{"url": "https://wire.example/feed"}', true, :at, :at, 0);
INSERT INTO accounts (id, name, folded, domain, search, domains, digest, stage)
    VALUES ('norvik', 'Norvik Labs', 'norvik labs', 'norvik.example', 'norvik', '["norvik.example"]', 'x',
            'outreach_ready');
INSERT INTO contacts (id, account, name) VALUES ('ida', 'norvik', 'Ida Holm');
INSERT INTO stories (id, past, key, account, kind, role, certainty, first_at, last_at, created_at)
    VALUES ('s1', 'a:norvik', 'a:norvik', 'norvik', 'funding_early', 'raiser', 'announced', :at, :at, :at);
INSERT INTO triggers (id, account, story, kind, role, polarity, state, certainty, score, score_now, mark,
                      undated, decays_from, opens_at, closes_at, expires_at, created_at)
    VALUES ('t1', 'norvik', 's1', 'funding_early', 'raiser', 'buy', 'open', 'announced',
            '{"fit": 1.0, "intent": 0.5, "freshness": 1.0, "confidence": 1.0}', 50, 'live', false,
            :at, :at, :at, :later, :at);
INSERT INTO judgements (id, trigger, verdict, "by", at, text) VALUES ('j1', 't1', 'good', 'ida', :at, '');
INSERT INTO outbox (target, key, topic, payload, state, created_at, next_at, attempts)
    VALUES ('crm', 'k', 'account.promoted', '{}', 'waiting', :at, :at, 0);
"""
"""A database as the first release left it."""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_the_first_release_stored_is_all_there_at_the_newest_form(
    kind: str, sqlite_url: str, request: pytest.FixtureRequest
) -> None:
    later = NOW + timedelta(days=30)
    with opened(_empty(kind, sqlite_url, request)) as engine:
        with writing(engine) as conn:
            config = _config()
            config.attributes["connection"] = conn
            command.upgrade(config, "0001")
            for statement in filter(str.strip, _FIRST.split(";")):
                moments = [
                    bindparam(name, type_=Moment()) for name in ("at", "later") if f":{name}" in statement
                ]
                given = {"at": NOW, "later": later}
                bound = text(statement).bindparams(*moments)
                conn.execute(bound, {moment.key: given[moment.key] for moment in moments})
        migrate(engine)
        with reading(engine) as conn:
            assert _differences(conn) == []
            [source] = polls.every(conn)
            assert source.options == {"url": "https://wire.example/feed"}
            account = accounts.get(conn, "norvik")
            assert account is not None
            assert (account.name, account.parent, account.stage) == ("Norvik Labs", None, "outreach_ready")
            assert accounts.contacts(conn, ["norvik"])["norvik"][0].name == "Ida Holm"
            [trigger] = on_list(conn, NOW)
            assert (trigger.id, trigger.offered_to, trigger.expires_at) == ("t1", None, later)
            assert [judgement.by for judgement in judgements.of_trigger(conn, "t1")] == ["ida"]
            assert [parcel.outgoing.key for parcel in outbox.pending(conn, NOW)] == ["k"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_four_processes_may_start_on_an_empty_database_at_once(
    kind: str, sqlite_url: str, request: pytest.FixtureRequest
) -> None:
    url = _empty(kind, sqlite_url, request)

    def start(_: int) -> bool:
        with opened(url) as engine:
            migrate(engine)
            return at_head(engine)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [True] * 4


def test_many_may_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    begin = Barrier(4)

    def first_connection(url: str) -> str:
        with opened(url) as engine:
            begin.wait()
            with reading(engine) as conn:
                mode: str = conn.execute(text("PRAGMA journal_mode")).scalar_one()
                return mode

    with ThreadPoolExecutor(4) as pool:
        for number in range(25):
            urls = [f"sqlite:///{tmp_path}/{number}.db"] * 4
            assert list(pool.map(first_connection, urls)) == ["wal"] * 4


def _empty(kind: str, sqlite_url: str, request: pytest.FixtureRequest) -> str:
    """Return the address of a database without any table."""
    if kind == "sqlite":
        return sqlite_url
    server: Engine = request.getfixturevalue("postgresql_engine")
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("DROP DATABASE IF EXISTS empty"))
        conn.execute(text("CREATE DATABASE empty"))
    return server.url.set(database="empty").render_as_string(hide_password=False)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(storage.migrations.__file__)).parent))
    config.set_main_option("path_separator", "newline")
    return config
