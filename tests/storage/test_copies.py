"""A copy holds one moment, whole; a restore brings back that moment, or changes nothing."""

import signal
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from threading import Event, Thread

import pytest
from alembic import command

import storage.engine
from earmark.errors import ConfigError, StorageError
from storage import accounts, copies, events, workers
from storage.copies import Unsound, back_up, examine, refuse_if_used, restore
from storage.engine import Engine, at_head, connect, migrate, reading, writing
from tests.builders import NOW, a_stored_event, an_account
from tests.house.tree import run_python
from tests.storage.databases import opened

_TOGETHER = 7
"""Rows of one transaction of the writer beside a copy."""


@pytest.fixture
def live(sqlite_engine: Engine, tmp_path: Path) -> Path:
    _add(sqlite_engine, "Norvik Labs")
    return tmp_path / "earmark.db"


@pytest.fixture
def copy(sqlite_engine: Engine, live: Path) -> Path:
    return back_up(sqlite_engine, live.with_name("copy.db")).file


@pytest.fixture
def aside(tmp_path: Path) -> Path:
    return tmp_path / "before.db"


def _add(engine: Engine, *names: str) -> None:
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account(name) for name in names])


def _names(file: Path) -> set[str]:
    with opened(f"sqlite:///{file}") as engine, reading(engine) as conn:
        return {row[0] for row in conn.exec_driver_sql("SELECT name FROM accounts")}


def _all_rows(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as conn:
        return list(conn.iterdump())


def _damage(file: Path) -> None:
    """Overwrite the middle of a database, as a bad disk does."""
    content = bytearray(file.read_bytes())
    content[4096 : len(content) // 2] = b"\xa5" * (len(content) // 2 - 4096)
    file.write_bytes(content)


def _others(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"earmark.db", "earmark.db-wal", "earmark.db-shm"}


def test_a_copy_says_what_it_holds_and_is_for_its_owner_only(sqlite_engine: Engine, live: Path) -> None:
    with writing(sqlite_engine) as conn:
        events.insert(conn, [a_stored_event()])
    made = back_up(sqlite_engine, live.with_name("copy.db"))
    assert (made.accounts, made.events, made.triggers, made.newest_at) == (1, 1, 0, NOW)
    assert made == examine(made.file)
    assert made.size == made.file.stat().st_size
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert _others(live.parent) == {"copy.db"}


def test_a_copy_has_all_rows_and_needs_no_file_beside_it(
    sqlite_engine: Engine, live: Path, copy: Path
) -> None:
    assert Path(f"{live}-wal").stat().st_size  # what is copied lies there in part
    assert _all_rows(copy) == _all_rows(live)
    assert _others(live.parent) == {"copy.db"}
    with reading(sqlite_engine) as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def test_a_copy_made_while_others_write_is_of_one_moment(sqlite_engine: Engine, live: Path) -> None:
    wrote, stop = Event(), Event()

    def write() -> None:
        with opened(f"sqlite:///{live}") as own:
            turn = 0
            while not stop.is_set():
                _add(own, *(f"Company {turn} {each}" for each in range(_TOGETHER)))
                turn += 1
                wrote.set()

    thread = Thread(target=write)
    thread.start()
    try:
        held = []
        for turn in range(8):
            wrote.clear()
            assert wrote.wait(10)
            held.append(back_up(sqlite_engine, live.with_name(f"copy{turn}.db")).accounts)
    finally:
        stop.set()
        thread.join()
    assert {(number - 1) % _TOGETHER for number in held} == {0}
    assert held == sorted(set(held))


def test_a_name_that_is_taken_is_left_alone(sqlite_engine: Engine, live: Path, aside: Path) -> None:
    aside.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"before\.db is there already, and is not overwritten"):
        back_up(sqlite_engine, aside)
    with pytest.raises(ConfigError, match=r"earmark\.db is there already"):
        back_up(sqlite_engine, live)
    assert aside.read_text("utf-8") == "mine"


def test_a_name_that_is_taken_meanwhile_is_left_alone(
    sqlite_engine: Engine, aside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = copies.examine

    def look(file: Path, *, name: Path | None = None) -> copies.Copy:
        aside.write_text("mine", encoding="utf-8")
        return looked(file, name=name)

    monkeypatch.setattr(copies, "examine", look)
    with pytest.raises(ConfigError, match="is there already"):
        back_up(sqlite_engine, aside)
    assert aside.read_text("utf-8") == "mine"


def test_where_nothing_can_be_written_the_folder_is_named(sqlite_engine: Engine, live: Path) -> None:
    for folder in (live.parent / "none", live):
        with pytest.raises(ConfigError, match=rf"written into the folder {folder}: .* Choose another one"):
            back_up(sqlite_engine, folder / "copy.db")
    assert _others(live.parent) == set()


_IN_A_CHILD = """
import os, resource, signal, sqlite3, sys
from pathlib import Path
from storage import copies
from storage.engine import connect

what, live, file, aside = sys.argv[1], *map(Path, sys.argv[2:5])
engine = connect(f"sqlite:///{live}")

class Killed(sqlite3.Connection):
    def backup(self, target):
        def progress(status, remaining, total):
            if remaining < total // 2:
                os.kill(os.getpid(), signal.SIGKILL)
        super().backup(target, pages=1, progress=progress)

def opened(file):
    return sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True, factory=Killed)

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if what == "backup is killed":
    copies.examine = kill
    copies.back_up(engine, file)
if what == "backup has no space":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    copies.back_up(engine, file)
if what == "restore is killed":
    stage = copies._stage
    def staged(file, part):
        found = stage(file, part)
        copies._opened = opened
        return found
    copies._stage = staged
    copies._copy_of = lambda held, live, aside: None
    copies.restore(engine, file, aside)
"""


def _child(what: str, live: Path, file: Path, aside: Path) -> CompletedProcess[str]:
    return run_python("-c", _IN_A_CHILD, what, str(live), str(file), str(aside))


def test_a_backup_that_is_killed_leaves_nothing_under_its_name(live: Path, aside: Path) -> None:
    done = _child("backup is killed", live, live.with_name("copy.db"), aside)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = [path for path in live.parent.iterdir() if not path.name.startswith("earmark.db")]
    assert [path.name.startswith(".copy.db.") for path in left] == [True]
    assert stat.S_IMODE(left[0].stat().st_mode) == 0o700
    assert _names(live) == {"Norvik Labs"}


def test_a_full_disk_leaves_nothing_and_is_named(live: Path, aside: Path) -> None:
    done = _child("backup has no space", live, live.with_name("copy.db"), aside)
    assert "Fault: The database " in done.stderr
    assert "copy.db can't be read or written" in done.stderr
    assert _others(live.parent) == set()


def test_a_restore_that_is_killed_leaves_the_database_as_it_was(
    sqlite_engine: Engine, live: Path, copy: Path, aside: Path
) -> None:
    _add(sqlite_engine, *(f"Company {number}" for number in range(500)))
    sqlite_engine.dispose()
    before = _all_rows(live)
    done = _child("restore is killed", live, copy, aside)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert Path(f"{live}-journal").exists()  # it was in the middle
    assert _all_rows(live) == before
    restore(sqlite_engine, copy, aside)
    assert _names(live) == {"Norvik Labs"}


def test_a_restore_that_finds_no_space_leaves_the_database_as_it_was(
    sqlite_engine: Engine, live: Path, aside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(f"sqlite:///{tmp_path}/large.db") as large:
        migrate(large)
        _add(large, *(f"Company {number}" for number in range(500)))
    sqlite_engine.dispose()
    before, hold = _all_rows(live), copies._hold

    def small(engine: Engine) -> sqlite3.Connection:
        held = hold(engine)
        held.execute("PRAGMA max_page_count=1")  # as many as it has
        return held

    monkeypatch.setattr(copies, "_hold", small)
    with pytest.raises(StorageError, match=rf"{live} can't grow: the disk is full. Nothing was lost"):
        restore(sqlite_engine, tmp_path / "large.db", aside)
    assert _all_rows(live) == before


def test_a_restore_brings_back_exactly_what_was_copied_and_keeps_what_was_there(
    sqlite_engine: Engine, live: Path, copy: Path, aside: Path
) -> None:
    _add(sqlite_engine, "Oskarion Freight")
    then, lately = _all_rows(copy), _all_rows(live)
    done = restore(sqlite_engine, copy, aside)
    assert (done.now.file, done.now.accounts, done.kept) == (live, 1, aside)
    assert _all_rows(live) == then == _all_rows(copy)
    assert _all_rows(aside) == lately
    assert {stat.S_IMODE(file.stat().st_mode) for file in (live, aside)} == {0o600}
    _add(sqlite_engine, "Zephyrine Bio")  # the same engine goes on
    assert _names(live) == {"Norvik Labs", "Zephyrine Bio"}
    assert restore(sqlite_engine, aside, aside.with_name("again.db")).now.accounts == 2
    assert _all_rows(live) == lately
    assert _others(live.parent) == {"copy.db", "before.db", "again.db"}


def test_an_older_form_is_brought_to_the_newest_and_the_copy_stays(
    sqlite_engine: Engine, live: Path, aside: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    with opened(f"sqlite:///{old}") as engine, writing(engine) as conn:
        config = storage.engine._config()
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
    content = old.read_bytes()
    assert restore(sqlite_engine, old, aside).now.accounts == 0
    assert at_head(sqlite_engine)
    assert old.read_bytes() == content
    assert _names(live) == set()


def test_a_copy_by_a_newer_earmark_is_refused(
    sqlite_engine: Engine, live: Path, copy: Path, aside: Path
) -> None:
    with closing(sqlite3.connect(copy)) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
        conn.commit()
    with pytest.raises(StorageError, match=r"copy\.db was written by a newer earmark"):
        restore(sqlite_engine, copy, aside)
    assert _names(live) == {"Norvik Labs"}
    assert not aside.exists()


def test_what_is_no_sound_copy_is_refused_and_nothing_changes(
    sqlite_engine: Engine, live: Path, copy: Path, aside: Path, tmp_path: Path
) -> None:
    text, empty, foreign = tmp_path / "text.db", tmp_path / "empty.db", tmp_path / "foreign.db"
    text.write_text("account,domain\n" * 500, encoding="utf-8")
    empty.touch()
    with closing(sqlite3.connect(foreign)) as conn:
        conn.execute("CREATE TABLE accounts (id)")
    cut = tmp_path / "cut.db"
    cut.write_bytes(copy.read_bytes()[:50_000])
    _damage(copy)
    said = {
        text: "is not a database of earmark, or its beginning is damaged",
        empty: "is empty: nothing was ever stored in it",
        foreign: "is not a database of earmark",
        cut: "is damaged",
        copy: "is damaged",
    }
    for file, words in said.items():
        with pytest.raises(Unsound, match=rf"^{file} {words}"):
            restore(sqlite_engine, file, aside)
    for file, words in {tmp_path: "is a folder", tmp_path / "none.db": "is not there"}.items():
        with pytest.raises(ConfigError, match=rf"^{file} {words}"):
            restore(sqlite_engine, file, aside)
    with pytest.raises(ConfigError, match="is the database of this workspace itself"):
        restore(sqlite_engine, live.parent / "." / live.name, aside)
    assert _names(live) == {"Norvik Labs"}
    assert _others(tmp_path) == {file.name for file in said}


def test_a_database_that_anybody_has_open_is_not_replaced(
    sqlite_engine: Engine, live: Path, copy: Path, aside: Path
) -> None:
    with opened(f"sqlite:///{live}") as page:
        with reading(page) as conn:
            accounts.count(conn)  # and is idle then, as a page is
        for refused in (refuse_if_used, lambda engine: restore(engine, copy, aside)):
            with pytest.raises(StorageError, match=r"earmark\.db is in use, by a page or another program"):
                refused(sqlite_engine)
        with writing(page) as conn:
            workers.begin(conn, "w", "host.example", 4711, workers.clock(conn))
        with pytest.raises(
            StorageError, match=r"in use, by process 4711 on host\.example\. Nothing was changed"
        ):
            refuse_if_used(sqlite_engine)
        _add(page, "Oskarion Freight")
    assert not aside.exists()
    refuse_if_used(sqlite_engine)  # a worker that is gone without a word keeps nobody back
    assert restore(sqlite_engine, copy, aside).now.accounts == 1
    assert _names(aside) == {"Norvik Labs", "Oskarion Freight"}


@pytest.fixture(params=["its middle", "its beginning"])
def damaged(
    request: pytest.FixtureRequest, sqlite_engine: Engine, live: Path, copy: Path
) -> Iterator[Engine]:
    assert copy.exists()
    sqlite_engine.dispose()
    if request.param == "its middle":
        _damage(live)
    else:
        live.write_bytes(b"\xa5" * 100 + live.read_bytes()[100:])
    with opened(f"sqlite:///{live}") as engine:
        yield engine


def test_a_damaged_database_is_moved_aside_as_it_is(
    damaged: Engine, live: Path, copy: Path, aside: Path
) -> None:
    broken = live.read_bytes()
    with pytest.raises(StorageError, match=r"earmark\.db is "):
        back_up(damaged, live.with_name("other.db"))
    refuse_if_used(damaged)
    assert restore(damaged, copy, aside).kept == aside
    assert len(aside.read_bytes()) == len(broken)
    assert aside.read_bytes()[4096:] == broken[4096:]
    assert stat.S_IMODE(live.stat().st_mode) == 0o600
    assert _names(live) == {"Norvik Labs"}
    assert _others(live.parent) == {"copy.db", "before.db"}


def test_where_there_was_no_database_nothing_is_kept(copy: Path, aside: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    with opened(f"sqlite:///{new}") as engine:
        assert restore(engine, copy, aside).kept is None
    assert _names(new) == {"Norvik Labs"}
    assert not aside.exists()


def test_postgresql_is_left_to_its_own_tools(tmp_path: Path) -> None:
    engine = connect("postgresql://ida@db.example/earmark")
    for refused in (
        lambda: back_up(engine, tmp_path / "copy.db"),
        lambda: restore(engine, tmp_path / "copy.db", tmp_path / "before.db"),
    ):
        with pytest.raises(ConfigError, match="pg_dump makes a copy, and pg_restore brings it back"):
            refused()
    with opened("sqlite://") as memory, pytest.raises(ConfigError, match="in memory only"):
        back_up(memory, tmp_path / "copy.db")
