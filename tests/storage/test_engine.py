import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from earmark.errors import ConfigError, StorageError
from storage import accounts, copies, engine
from storage.engine import Engine, at_head, connect, migrate, reading, writing
from storage.faults import PassingFault, explain
from tests.builders import an_account
from tests.storage.databases import opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "earmark.db"


@pytest.fixture
def sqlite(sqlite_engine: Engine) -> Engine:
    return sqlite_engine


def test_a_new_file_is_for_its_owner_only(sqlite_url: str, file: Path) -> None:
    with opened(sqlite_url) as new:
        migrate(new)
        with writing(new) as conn:
            accounts.upsert(conn, [an_account()])
        made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.glob("earmark.db*")}
    assert made == dict.fromkeys(["earmark.db", "earmark.db-wal", "earmark.db-shm"], 0o600)


def test_sqlite_writes_ahead_and_keeps_what_it_said_it_kept(sqlite: Engine) -> None:
    with reading(sqlite) as conn:
        said = {
            name: conn.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_all_is_kept_or_nothing(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as conn:
            accounts.upsert(conn, [an_account()])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with reading(engine) as conn:
        assert accounts.count(conn) == 0


def test_a_reader_sees_one_moment(engine: Engine) -> None:
    with reading(engine) as reader:
        assert accounts.count(reader) == 0
        with writing(engine) as conn:
            accounts.upsert(conn, [an_account()])
        assert accounts.count(reader) == 0
    with reading(engine) as reader:
        assert accounts.count(reader) == 1


def test_a_reader_cannot_write(engine: Engine) -> None:
    with pytest.raises(StorageError, match="read-only"), reading(engine) as conn:
        accounts.upsert(conn, [an_account()])
    with writing(engine) as conn:
        assert accounts.upsert(conn, [an_account()]).added == 1


def test_a_writer_waits_for_the_one_before(sqlite: Engine) -> None:
    inside, leave = Event(), Event()

    def slow() -> None:
        with writing(sqlite) as conn:
            inside.set()
            accounts.upsert(conn, [an_account("Osk Ltd")])
            leave.wait(5)

    thread = Thread(target=slow)
    thread.start()
    inside.wait(5)
    leave.set()
    with writing(sqlite) as conn:
        assert accounts.count(conn) == 1
    thread.join()


def test_writers_that_look_before_they_write_follow_each_other(engine: Engine) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with writing(engine) as conn:
                accounts.count(conn)
                accounts.upsert(conn, [an_account(f"Company {number} {turn}")])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    with reading(engine) as conn:
        assert accounts.count(conn) == 15


def test_a_lock_that_does_not_end_is_named(
    sqlite: Engine, sqlite_url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_BUSY_SECONDS", 0)
    locked = pytest.raises(StorageError, match=rf"{file} is locked.* try again")
    with writing(sqlite), opened(sqlite_url) as impatient, locked:
        migrate(impatient)
    with writing(sqlite) as conn:
        assert accounts.count(conn) == 0


def test_a_full_disk_loses_nothing_and_is_named(sqlite: Engine) -> None:
    with writing(sqlite) as conn:
        accounts.upsert(conn, [an_account("Osk Ltd")])
    many = [an_account(f"Company {number}", city="x" * 500) for number in range(500)]

    def fill() -> None:
        with writing(sqlite) as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
            accounts.upsert(conn, many)

    with pytest.raises(StorageError, match=r"disk is full\. Nothing was lost"):
        fill()
    with reading(sqlite) as conn:
        assert accounts.count(conn) == 1


def test_a_damaged_file_is_named(file: Path) -> None:
    with opened(f"sqlite:///{file}") as sound:
        migrate(sound)
        with writing(sound) as conn:
            accounts.upsert(conn, [an_account(f"Company {number}") for number in range(500)])
    content = bytearray(file.read_bytes())
    for page in range(4096, len(content) - 4096, 4096):
        content[page : page + 200] = b"\xff" * 200
    file.write_bytes(content)
    with (
        opened(f"sqlite:///{file}") as damaged,
        pytest.raises(StorageError, match="is damaged"),
        reading(damaged) as conn,
    ):
        accounts.every(conn)


def test_a_file_that_is_no_database_stays_as_it_is(file: Path) -> None:
    file.write_text("id,name\n1,Norvik Labs\n" * 100)
    with (
        opened(f"sqlite:///{file}") as wrong,
        pytest.raises(StorageError, match=r"not a database.*storage\.url"),
    ):
        migrate(wrong)
    assert file.read_text().startswith("id,name")


@pytest.mark.parametrize("with_log", [True, False])
def test_a_file_that_is_removed_under_us_is_saved_and_named_and_not_written_on(
    sqlite: Engine, file: Path, *, with_log: bool
) -> None:
    with writing(sqlite) as conn:
        accounts.upsert(conn, [an_account()])
    for gone in [file, *(file.parent.glob("earmark.db-*") if with_log else [])]:
        gone.unlink()
    for _ in range(2):
        with pytest.raises(StorageError, match="was removed or replaced") as caught, writing(sqlite):
            raise AssertionError
        assert not isinstance(caught.value, PassingFault), "waiting would not help"
    (saved,) = file.parent.glob("earmark-saved-*.db")
    assert f"earmark restore {saved}" in str(caught.value)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert not file.exists(), "no empty one is made in its place"
    assert copies.examine(saved).accounts == 1


def test_a_file_that_is_put_in_the_place_of_ours_is_left_alone(sqlite: Engine, file: Path) -> None:
    with writing(sqlite) as conn, reading(sqlite):  # two connections wait in the pool
        accounts.upsert(conn, [an_account()])
    other = file.with_name("other.db")
    with opened(f"sqlite:///{other}") as another:
        migrate(another)
    other.rename(file)
    before = file.read_bytes()
    with pytest.raises(StorageError, match="was removed or replaced"), reading(sqlite) as conn:
        accounts.count(conn)
    assert file.read_bytes() == before
    sqlite.dispose()
    with reading(sqlite) as conn:
        assert accounts.count(conn) == 0, "who begins anew takes what is there, without our log"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nowhere/earmark\.db can't be created: No such file"):
        connect(f"sqlite:///{tmp_path}/nowhere/earmark.db")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}") as folder, pytest.raises(StorageError, match="can't be opened"):
        migrate(folder)


@pytest.mark.parametrize("url", ["", "earmark.db", "mysql://host/db", "postgresql+asyncpg://host/db"])
def test_an_address_that_is_none_is_for_the_operator(url: str) -> None:
    with pytest.raises(ConfigError, match=r"storage\.url.*sqlite:///earmark.db"):
        connect(url)


def test_a_database_without_tables_asks_to_be_migrated(sqlite_url: str) -> None:
    with opened(sqlite_url) as bare:
        assert not at_head(bare)
        with pytest.raises(StorageError, match="earmark migrate"), reading(bare) as conn:
            accounts.count(conn)


def test_postgresql_without_tables_asks_to_be_migrated(postgresql_engine: Engine) -> None:
    with pytest.raises(StorageError, match="earmark migrate"), reading(postgresql_engine) as conn:
        conn.execute(text("SELECT missing FROM accounts_of_tomorrow"))


def test_a_database_of_a_newer_program_is_left_alone(engine: Engine) -> None:
    with writing(engine) as conn:
        newest = conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        for use in (migrate, at_head):
            with pytest.raises(StorageError, match="newer earmark"):
                use(engine)
    finally:
        with writing(engine) as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})


def test_a_missing_driver_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match=r"pip install 'earmark\[postgres\]'"):
        connect("postgresql+psycopg://localhost/earmark")


def test_a_server_that_does_not_answer_is_named_without_its_secret(tmp_path: Path) -> None:
    url = f"postgresql://rep:s3cret@/earmark?host={tmp_path}"
    with opened(url) as silent, pytest.raises(StorageError, match="can't be reached") as fault:
        migrate(silent)
    assert "s3cret" not in str(fault.value)


@pytest.mark.parametrize(
    ("part", "wrong", "sentence"),
    [("username", "nobody_here", "refuses the log-in"), ("database", "nothing_here", "does not exist")],
)
def test_a_wrong_log_in_and_a_wrong_database_are_told_apart(
    postgresql_engine: Engine, part: str, wrong: str, sentence: str
) -> None:
    url = postgresql_engine.url.set(**{part: wrong})  # type: ignore[arg-type]  # one part, named by the case
    address = url.render_as_string(hide_password=False)
    with opened(address) as refused, pytest.raises(StorageError, match=sentence):
        migrate(refused)


def test_a_password_that_is_wrong_is_named() -> None:
    fault = OperationalError("", {}, Exception('FATAL: password authentication failed for user "rep"'))
    assert "Check the user and the password" in explain(fault, make_url("postgresql+psycopg://rep@host/db"))


def test_a_lost_connection_is_made_again(postgresql_engine: Engine) -> None:
    with writing(postgresql_engine) as conn:
        backend = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with opened(postgresql_engine.url.render_as_string(hide_password=False)) as other, writing(other) as conn:
        conn.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
    with writing(postgresql_engine) as conn:
        assert conn.execute(text("SELECT pg_backend_pid()")).scalar_one() != backend
