"""Settings: file and environment, secrets, the workspace, the clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earmark import logs
from earmark.config import clock, clock_is_fixed, find_workspace, load
from earmark.config.sample import settings_text
from earmark.errors import ConfigError
from earmark.secret import Secret


def workspace(folder: Path, text: str = "") -> Path:
    (folder / "earmark.toml").write_text(text, encoding="utf-8")
    return folder


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = load(workspace(tmp_path))
    assert settings.http.deadline == timedelta(seconds=30)
    assert settings.monitor.workers == 2
    assert settings.team.zone is UTC
    assert settings.database_url == f"sqlite:///{tmp_path.resolve()}/earmark.db"


def test_the_sample_file_is_valid_and_each_of_its_commented_keys_is_too(tmp_path: Path) -> None:
    text = settings_text("sdr@norvik.example")
    assert load(workspace(tmp_path, text)).contact == "sdr@norvik.example"
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    settings = load(workspace(tmp_path, uncommented))
    assert settings.http.allow == ("127.0.0.1:8123",)
    assert settings.secrets["hubspot"] == Secret("HUBSPOT_TOKEN")


def test_the_environment_stands_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = workspace(tmp_path, '[http]\ncontact = "a@b.example"\nper_host = 3\n')
    monkeypatch.setenv("EARMARK_HTTP__CONTACT", "https://norvik.example/bot")
    monkeypatch.setenv("EARMARK_HTTP__DEADLINE", "7.5")
    monkeypatch.setenv("EARMARK_HTTP__ALLOW", "127.0.0.1:8123, 10.0.0.0/8")
    http = load(folder).http
    assert (http.contact, http.per_host) == ("https://norvik.example/bot", 3)
    assert http.deadline == timedelta(seconds=7.5)
    assert http.allow == ("127.0.0.1:8123", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[http]\ncontct = 'a@b.example'", ("http.contct", "did you mean contact?")),
        ("[htp]\n", ("htp", "did you mean http?")),
        ("[storage]\nengine = 'x'", ("storage.engine", "known here: url")),
        ("[http]\nmax_bytes = 'much'", ("http.max_bytes", "integer")),
        ("[http]\nper_host = 0", ("http.per_host", "greater than or equal to 1")),
        ("[http]\ndeadline = -1", ("http.deadline",)),
        ("[http]\ndeadline = 'soon'", ("http.deadline", "number of seconds")),
        ("[http]\ncontact = 'nobody'", ("http.contact", "e-mail address")),
        ("[team]\ntime_zone = 'Europe/Berln'", ("team.time_zone", "Europe/Berlin")),
        ("[team]\ntime_zone = '../../etc/passwd'", ("team.time_zone",)),
        ("[http\n", ("not valid TOML", "line 1")),
        ("http = 3", ("http",)),
    ],
)
def test_a_fault_names_file_key_and_remedy(tmp_path: Path, text: str, told: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(workspace(tmp_path, text))
    for words in (str(tmp_path / "earmark.toml"), *told):
        assert words in str(caught.value)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize("variable", ["EARMARK_HTTP__CONTCT", "EARMARK_HTPP__CONTACT"])
def test_an_unknown_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "x")
    with pytest.raises(ConfigError, match=f"{variable}.*did you mean"):
        load(workspace(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "[secrets]\nhubspot = 'pat-na1-12345'",
        "[storage]\nurl = 'postgresql+psycopg://me:sesame@db.example/earmark'",
        "[storage]\nurl = 'postgresql+psycopg://db.example/earmark?password=sesame'",
        "[http]\napi_key = 'sesame'",
        "[mail.box]\npassword = 'sesame'",
        "[http]\nallow = ['http://sesame@host.example']",
    ],
)
def test_a_plain_secret_is_refused_without_being_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="env:EARMARK_") as caught:
        load(workspace(tmp_path, text))
    assert "sesame" not in str(caught.value)
    assert "12345" not in str(caught.value)


def test_a_user_name_without_a_password_is_no_secret(tmp_path: Path) -> None:
    url = "postgresql+psycopg://me@db.example/earmark"
    assert load(workspace(tmp_path, f"[storage]\nurl = '{url}'")).database_url == url


def test_a_reference_is_read_when_it_is_used_and_masked_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[storage]\nurl = 'env:MY_DATABASE'\n[secrets]\nhubspot = 'env:MY_TOKEN'\n"
    settings = load(workspace(tmp_path, text))
    with pytest.raises(ConfigError, match="MY_DATABASE is not set"):
        _ = settings.database_url
    monkeypatch.setenv("MY_DATABASE", "postgresql+psycopg://me:sesame-street@db.example/earmark")
    monkeypatch.setenv("MY_TOKEN", "tulip-harvest")
    assert settings.database_url.endswith("/earmark")
    assert settings.secrets["hubspot"].value() == "tulip-harvest"
    assert "tulip-harvest" not in repr(settings) + logs.mask("got tulip-harvest from there")


def test_a_secret_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    settings = load(workspace(tmp_path, "[secrets]\nhubspot = 'env:A_TOKEN'"))
    with pytest.raises(ConfigError, match="did you mean hubspot"):
        _ = settings.secrets["hubpsot"]


def test_a_database_url_of_the_environment_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_STORAGE__URL", "postgresql+psycopg://me:sesame@db.example/earmark")
    settings = load(workspace(tmp_path))
    assert settings.database_url.endswith("db.example/earmark")
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize("url", ["sqlite:///data/my.db", "sqlite+pysqlite:///data/my.db"])
def test_a_relative_database_stands_in_the_workspace(tmp_path: Path, url: str) -> None:
    settings = load(workspace(tmp_path, f"[storage]\nurl = '{url}'"))
    assert settings.database_url.endswith(f":///{tmp_path.resolve()}/data/my.db")


def test_polling_without_a_contact_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="EARMARK_HTTP__CONTACT"):
        _ = load(workspace(tmp_path)).contact


def test_no_file_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="earmark init"):
        load(tmp_path)


def test_a_file_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "earmark.toml").write_bytes(b"\xff\xfe\x00h")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(tmp_path)


def test_the_workspace_is_the_nearest_folder_upward_or_else_the_demo(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_workspace(deep) == (deep.resolve() / ".earmark-demo", False)
    workspace(tmp_path)
    assert find_workspace(deep) == (tmp_path.resolve(), True)
    workspace(tmp_path / "a")
    assert find_workspace(deep) == (tmp_path.resolve() / "a", True)


def test_the_clock_runs_unless_it_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not clock_is_fixed()
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=5)
    monkeypatch.setenv("EARMARK_NOW", "2026-05-01T02:00:00+02:00")
    assert clock_is_fixed()
    assert clock() == datetime(2026, 5, 1, tzinfo=UTC)
    assert clock().tzinfo is UTC


@pytest.mark.parametrize("text", ["yesterday", "2026-05-01", "2026-05-01T00:00:00"])
def test_a_fixed_clock_needs_a_moment_with_a_zone(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("EARMARK_NOW", text)
    with pytest.raises(ConfigError, match="time zone"):
        clock()
