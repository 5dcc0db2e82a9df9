"""A secret that passes through earmark comes out nowhere: not in logs, not in errors, not in settings."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from earmark import logs
from earmark.cli import app
from earmark.config import load
from earmark.errors import ConfigError, EarmarkError
from monitors.http import Fetcher
from monitors.recorded import HOST, free_port

SECRET = "tok-9f8e7d6c5b4a"  # noqa: S105 - it is what the tests look for


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    logs.start(stream=stream)
    yield stream
    logging.getLogger().handlers[:] = before


@pytest.mark.parametrize(
    "text",
    [
        f"https://hooks.example/x?token={SECRET}",
        f"https://anna:{SECRET}@feeds.example/rss",
        f"Authorization: Bearer {SECRET}",
        json.dumps({"api_key": SECRET}),
    ],
)
def test_a_log_line_holds_no_secret(log: io.StringIO, text: str) -> None:
    logging.getLogger("monitors.poll").warning("poll failed: %s", text, extra={"error": text})
    assert "poll failed" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_a_secret_of_the_environment_is_masked_from_its_first_use_on(
    log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "earmark.toml").write_text('[secrets]\ncrm = "env:CRM"\n')
    monkeypatch.setenv("CRM", SECRET)
    settings = load(tmp_path)
    assert settings.secrets["crm"].value() == SECRET
    assert SECRET not in repr(settings)
    logging.getLogger("exports").error("the CRM said: wrong credential %s", SECRET)
    assert SECRET not in log.getvalue()


@pytest.mark.parametrize(
    "line",
    [
        f'[secrets]\ncrm = "{SECRET}"\n',
        f'[http]\ntoken = "{SECRET}"\n',
        f'[storage]\nurl = "postgresql+psycopg://anna:{SECRET}@db.example/earmark"\n',
    ],
)
def test_a_plain_secret_in_the_settings_is_refused_without_being_repeated(tmp_path: Path, line: str) -> None:
    (tmp_path / "earmark.toml").write_text(line)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert "env:" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_failed_request_does_not_repeat_the_secret_in_its_address() -> None:
    port = free_port()

    async def ask() -> str:
        async with Fetcher(contact="a@b.example", version="1", allow=[f"{HOST}:{port}"]) as fetcher:
            with pytest.raises(EarmarkError) as caught:
                await fetcher.fetch("GET", f"http://{HOST}:{port}/feed?token={SECRET}")
            return str(caught.value)

    text = asyncio.run(ask())
    assert f"{HOST}:{port}/feed" in text
    assert SECRET not in text


CAPABILITY = "a1b2c3d4e5f6a7b8c9d0"
WAYS_TO_LOOK = [
    ("poll",),
    ("poll", "wire"),
    ("sources", "list"),
    ("sources", "list", "--json"),
    ("sources", "test", "wire"),
    ("doctor",),
    ("doctor", "--json"),
    ("config", "show"),
    ("today", "--json"),
    ("events", "--json"),
    ("latency", "--json"),
    ("exports", "run", "hubspot-companies", "--out", "out.csv"),
    ("accounts", "coverage", "norviklabs.example"),
]


def test_an_address_that_is_itself_a_key_comes_out_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A feed whose address holds a token, and which fails, is shown in every way that the terminal has."""
    monkeypatch.chdir(tmp_path)
    port = free_port()
    (tmp_path / "accounts.csv").write_text("name,domain\nNorvik Labs,norviklabs.example\n", "utf-8")
    runner = CliRunner()
    address = f"http://{HOST}:{port}/feeds/{CAPABILITY}/rss?token={SECRET}"
    for args in (
        ["init", "accounts.csv", "--contact", "a@b.example"],
        ["sources", "add", address, "--id", "wire"],
    ):
        assert runner.invoke(app, args).exit_code == 0
    monkeypatch.setenv("EARMARK_HTTP__ALLOW", f"{HOST}:{port}")
    said = ""
    for way in WAYS_TO_LOOK:
        done = runner.invoke(app, list(way))
        assert not isinstance(done.exception, AssertionError | TypeError), (way, done.exception)
        said += f"\n{way} ended with {done.exit_code}: {done.output}"
    said += caplog.text + "".join(each.read_text("utf-8") for each in tmp_path.rglob("*.csv"))
    assert f"{HOST}:{port}" in said, "the failure was told"
    assert SECRET not in said
    assert CAPABILITY not in said
