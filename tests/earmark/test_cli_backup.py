"""The verbs that copy the database and put a copy back."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from earmark.config import load
from storage import accounts
from storage.engine import connect, reading
from tests.builders import NOW
from tests.earmark.workspaces import FUNDING, HIRE, OFFICE, a_workspace, earmark, json_of, tell, well


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    folder = a_workspace(tmp_path)
    tell(folder, [FUNDING, HIRE])
    return folder


def test_a_backup_is_named_by_the_time_and_says_what_it_holds(told: Path) -> None:
    said = well(told, "backup")
    file = told / f"earmark-{NOW:%Y-%m-%d-%H%M}.db"
    assert said.startswith(f"Wrote {file} (")
    assert "3 accounts, 2 events, 2 triggers; the newest event was seen at " in said
    second = json_of(told, "backup")
    assert second["file"] == f"{file.with_suffix('')}-2.db"
    assert second["size"] == Path(second["file"]).stat().st_size == file.stat().st_size
    assert (second["accounts"], second["events"], second["triggers"]) == (3, 2, 2)
    assert datetime.fromisoformat(second["newest_at"])


def test_a_backup_goes_where_it_is_told_and_overwrites_nothing(told: Path) -> None:
    away = told / "away"
    away.mkdir()
    assert json_of(told, "backup", str(away))["file"] == str(away / f"earmark-{NOW:%Y-%m-%d-%H%M}.db")
    file = away / "mine.db"
    well(told, "backup", str(file))
    content = file.read_bytes()
    again = earmark(told, "backup", str(file))
    assert again.exit_code == 2
    assert f"{file} is there already, and is not overwritten." in again.stderr
    assert file.read_bytes() == content
    nowhere = earmark(told, "backup", str(told / "none" / "mine.db"))
    assert nowhere.exit_code == 2
    assert "Nothing can be written into the folder" in nowhere.stderr


def test_a_restore_brings_back_the_day_and_can_be_taken_back(told: Path) -> None:
    copy = told / "copy.db"
    well(told, "backup", str(copy))
    before = json_of(told, "today")
    tell(told, [OFFICE])
    well(told, "contacted", "Norvik Labs", "--channel", "call")
    after = json_of(told, "today")
    assert after != before
    done = earmark(told, "restore", str(copy), "--yes")
    kept = told / f"earmark-before-restore-{NOW:%Y-%m-%d-%H%M%S}.db"
    assert done.exit_code == 0, done.output
    assert f"Now in {told / 'earmark.db'}: 3 accounts, 3 events, 3 triggers" in done.stderr
    assert f"In the copy {copy}: 3 accounts, 2 events, 2 triggers" in done.stderr
    assert f"What was there before: {kept}" in done.stdout
    assert json_of(told, "today") == before
    again = json.loads(well(told, "restore", str(kept), "--yes", "--json"))
    assert (again["now"]["events"], again["kept"]) == (3, f"{kept.with_suffix('')}-2.db")
    assert json_of(told, "today") == after


def test_nothing_is_replaced_without_a_yes(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = told / "copy.db"
    well(told, "backup", str(copy))
    tell(told, [OFFICE])
    silent = earmark(told, "restore", str(copy))
    assert silent.exit_code == 2
    assert "add --yes" in silent.stderr
    monkeypatch.setattr("earmark.cli.copies.has_terminal", lambda: True)
    refused = earmark(told, "restore", str(copy), given="n\n")
    assert refused.exit_code == 1
    assert "Nothing was changed." in refused.stderr
    assert len(json_of(told, "events")) == 3
    assert not list(told.glob("earmark-before-*"))
    assert earmark(told, "restore", str(copy), given="y\n").exit_code == 0
    assert len(json_of(told, "events")) == 2


def test_a_restore_is_refused_while_the_page_works(told: Path) -> None:
    copy = told / "copy.db"
    well(told, "backup", str(copy))
    page = connect(load(told).database_url)
    try:
        with reading(page) as connection:
            accounts.count(connection)
        refused = earmark(told, "restore", str(copy), "--yes")
        assert json_of(told, "backup")["accounts"] == 3
    finally:
        page.dispose()
    assert refused.exit_code == 3
    assert "is in use, by a page or another program" in refused.stderr
    assert not list(told.glob("earmark-before-*"))


def test_a_damaged_database_is_told_and_replaced(told: Path) -> None:
    copy, live = told / "copy.db", told / "earmark.db"
    well(told, "backup", str(copy))
    before = json_of(told, "today")
    content = bytearray(live.read_bytes())
    content[4096:200_000] = b"\xa5" * (200_000 - 4096)
    live.write_bytes(content)
    broken = earmark(told, "backup")
    assert broken.exit_code == 3
    assert "is damaged" in broken.stderr
    assert "Put a sound copy in its place with: earmark restore FILE" in broken.stderr
    done = earmark(told, "restore", str(copy), "--yes")
    assert done.exit_code == 0, done.output
    assert f"Now in {live}: {live} is damaged" in done.stderr
    assert json_of(told, "today") == before


def test_what_is_no_copy_is_refused_with_a_sentence(told: Path) -> None:
    (told / "text.db").write_text("no database " * 500, encoding="utf-8")
    for name, code, words in (
        ("none.db", 2, "none.db is not there."),
        (".", 2, "is a folder."),
        ("text.db", 3, "text.db is not a database of earmark"),
        ("earmark.db", 2, "is the database of this workspace itself"),
    ):
        refused = earmark(told, "restore", str(told / name), "--yes")
        assert refused.exit_code == code, (name, refused.output)
        assert words in refused.stderr
    assert len(json_of(told, "events")) == 2


def test_a_new_workspace_begins_with_a_copy_of_the_old(told: Path, tmp_path: Path) -> None:
    copy = told / "copy.db"
    well(told, "backup", str(copy))
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copy(told / "earmark.toml", moved)
    made = json.loads(well(moved, "restore", str(copy), "--yes", "--json"))
    assert made["kept"] is None
    assert json_of(moved, "today") == json_of(told, "today")


def test_on_postgresql_its_own_tools_are_named(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_STORAGE__URL", "postgresql://ida@db.example/earmark")
    for words in (("backup",), ("restore", "copy.db", "--yes")):
        refused = earmark(told, *words)
        assert refused.exit_code == 2
        assert "pg_dump makes a copy, and pg_restore brings it back." in refused.stderr
