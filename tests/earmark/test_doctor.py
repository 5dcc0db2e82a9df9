"""The doctor: each finding says what is wrong and what to do."""

import pyexpat
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from earmark import doctor
from earmark.config import load
from earmark.doctor import check_workspace, examine
from review.health import Finding, Level
from storage import workers
from storage.engine import connect, writing
from tests.builders import NOW, days
from tests.earmark.workspaces import a_workspace, earmark, fail, json_of, tell, well


class _Disk(NamedTuple):
    total: int
    used: int
    free: int


def of(findings: list[Finding], name: str) -> Finding:
    return next(one for one in findings if one.name == name)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return a_workspace(tmp_path)


def test_a_healthy_workspace_has_no_failure(desk: Path) -> None:
    findings = examine(desk, NOW)
    assert not [one for one in findings if one.level is Level.FAIL]
    assert {"earmark", "sqlite", "expat", "openssl", "contact", "disk", "database", "accounts"} <= {
        one.name for one in findings
    }
    assert of(findings, "accounts").words == "3 accounts, 0 events"


def test_the_verb_prints_findings_and_exits_1_on_a_failure(desk: Path) -> None:
    assert "at head" in well(desk, "doctor")
    (desk / "earmark.toml").write_text("[http]\ncontct = 'x'\n", "utf-8")
    result = earmark(desk, "doctor")
    assert (result.exit_code, "did you mean contact?" in result.stdout) == (1, True)


def test_json_has_a_level_for_each_finding(desk: Path) -> None:
    assert {one["level"] for one in json_of(desk, "doctor")} <= {"ok", "warn", "fail"}


def test_a_missing_contact_and_a_missing_secret_are_failures(desk: Path) -> None:
    (desk / "earmark.toml").write_text("[secrets]\nslack = 'env:MY_SLACK'\n", "utf-8")
    findings = check_workspace(load(desk))
    assert of(findings, "contact").level is Level.FAIL
    assert of(findings, "secret").level is Level.FAIL
    assert "export MY_SLACK=" in of(findings, "secret").remedy


def test_a_settings_file_that_anybody_can_write_is_named(desk: Path) -> None:
    (desk / "earmark.toml").chmod(0o666)
    assert "chmod o-w" in of(examine(desk, NOW), "settings").remedy


def test_a_database_without_tables_and_a_broken_one_are_failures(desk: Path) -> None:
    for side in ("", "-wal", "-shm"):
        (desk / f"earmark.db{side}").unlink(missing_ok=True)
    assert "earmark migrate" in of(examine(desk, NOW), "database").remedy
    (desk / "earmark.db").write_bytes(b"no database" * 500)
    assert of(examine(desk, NOW), "database").level is Level.FAIL


def test_sources_that_are_overdue_mean_that_nothing_runs(desk: Path) -> None:
    tell(desk, [], now=NOW)
    assert of(examine(desk, NOW), "sources").level is Level.OK
    late = of(examine(desk, NOW + days(2)), "monitor")
    assert (late.level, "earmark up" in late.remedy) == (Level.WARN, True)


def test_sources_that_are_overdue_though_somebody_polls_are_no_call_to_start_it(desk: Path) -> None:
    tell(desk, [], now=NOW)
    engine = connect(load(desk).database_url)
    with writing(engine) as conn:
        workers.begin(conn, "w1", "box-7", 7, workers.clock(conn))
    engine.dispose()
    late = of(examine(desk, NOW + days(2)), "monitor")
    assert "can't keep up" in late.words
    assert "earmark up" not in late.remedy


def test_failing_and_stopped_sources_are_named(desk: Path) -> None:
    fail(desk, "wire.example does not answer.")
    assert "Failed once, never good so far" in of(examine(desk, NOW), "source").words
    fail(desk, "wire.example refuses us.", paused=True)
    assert "sources resume wire" in of(examine(desk, NOW), "source").remedy


def test_a_workspace_without_accounts_sources_and_rulebook_says_what_to_do(tmp_path: Path) -> None:
    well(tmp_path, "init", "--contact", "a@norvik.example")
    findings = check_workspace(load(tmp_path))
    assert "accounts import" in of(findings, "accounts").remedy
    assert "sources add" in of(findings, "sources").remedy
    assert "rules apply" in of(findings, "rulebook").remedy


@pytest.mark.parametrize(
    ("free", "level"), [(5_000_000, Level.FAIL), (500_000_000, Level.WARN), (50_000_000_000, Level.OK)]
)
def test_little_room_on_the_disk_is_told(
    desk: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: Level
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Disk(total=0, used=0, free=free))
    assert of(examine(desk, NOW), "disk").level is level


@pytest.mark.parametrize(
    ("version", "level"), [("expat_2.5.0", Level.WARN), ("expat_2.6.0", Level.OK), ("expat_2.10.1", Level.OK)]
)
def test_an_old_xml_parser_is_told(
    desk: Path, monkeypatch: pytest.MonkeyPatch, version: str, level: Level
) -> None:
    monkeypatch.setattr(pyexpat, "EXPAT_VERSION", version)
    assert of(examine(desk, NOW), "expat").level is level


def test_a_fixed_clock_is_told(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_NOW", NOW.isoformat())
    assert of(doctor.examine(desk, NOW), "clock").level is Level.WARN


def test_figures_that_anybody_may_ask_for_are_named(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_MONITOR__METRICS", "127.0.0.1:9464")
    assert not [one for one in examine(desk, NOW) if one.name == "metrics"]
    monkeypatch.setenv("EARMARK_MONITOR__METRICS", "0.0.0.0:9464")
    assert "without a log-in" in of(examine(desk, NOW), "metrics").words
    monkeypatch.setattr(doctor, "find_spec", lambda _: None)
    monkeypatch.setenv("EARMARK_MONITOR__METRICS", "[::1]:9464")
    assert "earmark[metrics]" in of(examine(desk, NOW), "metrics").remedy
