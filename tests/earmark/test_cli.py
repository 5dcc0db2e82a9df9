"""The command line as a whole: begin, check, exit codes, errors as sentences."""

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from earmark.config.sample import RULEBOOK
from earmark.errors import ConfigError
from earmark.rulebook import parse
from review.moments import read_moment
from tests.builders import NOW
from tests.earmark.workspaces import ACCOUNTS, a_workspace, earmark, json_of, well


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())


def test_init_writes_settings_makes_the_database_and_imports_the_accounts(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(ACCOUNTS, encoding="utf-8")
    result = earmark(tmp_path, "init", str(tmp_path / "list.csv"), "--contact", "sdr@norvik.example")
    assert result.exit_code == 0, result.output
    assert "3 accounts from 3 rows" in result.stdout
    assert "3 added" in result.stdout
    assert (tmp_path / "earmark.toml").is_file()
    assert (tmp_path / "earmark.db").stat().st_mode & 0o077 == 0, "the database is for its owner only"
    assert "Next: earmark up" in result.stderr


def test_init_never_overwrites_a_workspace(tmp_path: Path) -> None:
    well(tmp_path, "init", "--contact", "a@norvik.example")
    before = (tmp_path / "earmark.toml").read_text("utf-8")
    result = earmark(tmp_path, "init", "--contact", "b@norvik.example")
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert (tmp_path / "earmark.toml").read_text("utf-8") == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nothing.csv"], "There is no file"),
        (["--contact", "nobody"], "e-mail address"),
    ],
)
def test_an_init_that_fails_leaves_nothing_behind(tmp_path: Path, args: list[str], said: str) -> None:
    result = earmark(tmp_path, "init", *args)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert list(tmp_path.iterdir()) == []


def test_init_without_a_contact_says_where_to_write_it(tmp_path: Path) -> None:
    result = earmark(tmp_path, "init")
    assert result.exit_code == 0
    assert "Polling needs your contact" in result.stderr


def test_one_line_on_standard_error_says_which_workspace(tmp_path: Path) -> None:
    a_workspace(tmp_path)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    result = earmark(deep, "accounts", "list", "--json")
    assert result.stderr == f"Workspace: {tmp_path.resolve()}\n"
    assert "Workspace" not in result.stdout


def test_no_workspace_says_how_to_begin(tmp_path: Path) -> None:
    result = earmark(tmp_path, "today")
    assert result.exit_code == 2
    assert "earmark init" in result.stderr
    assert "earmark demo" in result.stderr


def test_a_fault_of_the_settings_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    a_workspace(tmp_path)
    (tmp_path / "earmark.toml").write_text("[http]\ncontct = 'x@y.example'\n", encoding="utf-8")
    result = earmark(tmp_path, "today")
    assert result.exit_code == 2
    assert "did you mean contact?" in result.stderr
    assert "Traceback" not in result.output


def test_debug_shows_the_trace(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert earmark(tmp_path, "today").exit_code == 2
    result = earmark(tmp_path, "--debug", "today")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr + capfd.readouterr().err


def test_a_database_that_can_not_be_used_is_exit_code_3(tmp_path: Path) -> None:
    a_workspace(tmp_path)
    (tmp_path / "earmark.db").write_bytes(b"this is no database at all" * 100)
    for side in ("earmark.db-wal", "earmark.db-shm"):
        (tmp_path / side).unlink(missing_ok=True)
    result = earmark(tmp_path, "today")
    assert result.exit_code == 3
    assert "Traceback" not in result.output


def test_a_database_without_tables_says_migrate(tmp_path: Path) -> None:
    (tmp_path / "earmark.toml").write_text("", encoding="utf-8")
    result = earmark(tmp_path, "accounts", "list")
    assert result.exit_code == 3
    assert "earmark migrate" in result.stderr
    well(tmp_path, "migrate")
    well(tmp_path, "migrate")
    assert json_of(tmp_path, "accounts", "list") == []


def test_a_wrong_call_is_exit_code_2(tmp_path: Path) -> None:
    assert earmark(tmp_path, "tody").exit_code == 2
    assert earmark(tmp_path, "today", "--limit", "0").exit_code == 2


def test_a_wrong_clock_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_workspace(tmp_path)
    monkeypatch.setenv("EARMARK_NOW", "yesterday")
    result = earmark(tmp_path, "today")
    assert (result.exit_code, "EARMARK_NOW" in result.stderr) == (2, True)


def test_up_refuses_a_fixed_clock(tmp_path: Path) -> None:
    a_workspace(tmp_path)
    result = earmark(tmp_path, "up")
    assert (result.exit_code, "EARMARK_NOW" in result.stderr) == (2, True)


def test_the_settings_are_shown_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_workspace(tmp_path)
    with (tmp_path / "earmark.toml").open("a", encoding="utf-8") as file:
        file.write('slack = "env:MY_SLACK"\n')
    monkeypatch.setenv("MY_SLACK", "xoxb-sesame")
    monkeypatch.setenv("EARMARK_STORAGE__URL", f"sqlite:///{tmp_path}/earmark.db")
    shown = well(tmp_path, "config", "show")
    assert "secrets.slack = env:MY_SLACK" in shown
    assert "sesame" not in shown
    assert json_of(tmp_path, "config", "show")["http.contact"] == "sdr@norvik.example"
    assert well(tmp_path, "config", "path").strip() == str(tmp_path.resolve() / "earmark.toml")


def test_a_password_of_the_environment_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "earmark.toml").write_text("", encoding="utf-8")
    monkeypatch.setenv("EARMARK_STORAGE__URL", "postgresql+psycopg://me:sesame@db.example/earmark")
    assert "sesame" not in well(tmp_path, "config", "show") + well(tmp_path, "config", "show", "--json")


def test_check_is_well_and_then_finds_a_fault(tmp_path: Path) -> None:
    a_workspace(tmp_path)
    well(tmp_path, "check")
    (tmp_path / "earmark.toml").write_text("", encoding="utf-8")
    result = earmark(tmp_path, "check")
    assert result.exit_code == 1
    assert re.search(r"^fail\s+contact", result.stdout, re.MULTILINE)


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", well(tmp_path, "--version"))


def test_the_starter_rulebook_is_valid_and_so_is_every_part_of_it() -> None:
    assert parse(RULEBOOK) == parse("")
    lines = RULEBOOK.splitlines()[3:]
    full = parse("\n".join(re.sub(r"^# (?=[\w\[])", "", line) for line in lines))
    assert full.icp
    assert full.problems
    assert full.plays
    assert full.kinds


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01", datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ("2026-12-01T08:30", datetime(2026, 12, 1, 7, 30, tzinfo=UTC)),
        ("2026-12-01T08:30:00Z", datetime(2026, 12, 1, 8, 30, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("5d", NOW + timedelta(days=5)),
        ("-2w", NOW - timedelta(weeks=2)),
        ("3 h", NOW + timedelta(hours=3)),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_team(text: str, moment: datetime) -> None:
    assert read_moment(text, NOW, BERLIN) == moment
    assert read_moment(text, NOW, BERLIN).tzinfo is UTC


def test_a_date_can_mean_the_end_of_its_day() -> None:
    end = read_moment("2026-12-01", NOW, BERLIN, end_of_day=True)
    assert end == datetime(2026, 12, 1, 23, tzinfo=UTC) - timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["", "soon", "31.12.2026", "5", "2026-13-01", "99999d"])
def test_what_is_no_time_is_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="is no time"):
        read_moment(text, NOW, UTC)


@pytest.mark.slow
def test_up_without_a_workspace_runs_the_demo_until_it_is_interrupted(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EARMARK_")}
    with subprocess.Popen(
        [sys.executable, "-u", "-c", "from earmark.cli import main; main()", "up"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Norvik Labs" in said and "The page: " in said:
                break
        address = re.search(r"The page: (\S+)", said)
        assert address
        shown = httpx.get(address[1], follow_redirects=True, trust_env=False)
        assert shown.status_code == 200
        assert "Norvik Labs" in shown.text
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    assert "There is no workspace here, so this is the demo" in said
    assert "Norvik Labs" in said
    assert process.returncode == 0, rest
    assert "Traceback" not in said + rest
