"""What a running monitor says of itself over HTTP."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from earmark.config import Settings, load
from earmark.errors import ConfigError
from earmark.types import Outgoing
from monitors import probe
from monitors.monitor import Monitor
from monitors.probe import probed
from storage import outbox, polls, targets
from storage.engine import Engine, PassingFault, writing
from storage.polls import Finished
from tests.builders import NOW, ago
from tests.monitors.hostile import a_fetcher
from tests.monitors.line import prepared
from tests.monitors.pools import HereAndNow

SECRET = "tok-9f8e7d6c5b4a"  # noqa: S105 - it is what the test looks for


def settings(folder: Path, where: str = "127.0.0.1:0") -> Settings:
    (folder / "earmark.toml").write_text(f'[monitor]\nmetrics = "{where}"\n', "utf-8")
    return load(folder)


@asynccontextmanager
async def a_probe(engine: Engine, folder: Path) -> AsyncIterator[tuple[Monitor, int]]:
    async with (
        a_fetcher() as fetcher,
        Monitor(engine, fetcher, HereAndNow(), clock=lambda: NOW) as monitor,
        probed(settings(folder), engine, monitor) as port,
    ):
        assert port is not None
        yield monitor, port


async def ask(port: int, path: str, method: str = "GET") -> tuple[int, Mapping[str, str], str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    first, *lines = head.split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


async def health(port: int) -> tuple[int, dict[str, Any]]:
    status, headers, body = await ask(port, "/healthz")
    assert headers["Content-Type"] == "application/json"
    return status, json.loads(body)


async def figures(port: int) -> dict[tuple[str, tuple[str, ...]], float]:
    status, _, body = await ask(port, "/metrics")
    assert status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def filled(engine: Engine) -> Engine:
    """Three sources (one is due, one fails, one is paused) and a target that something waits for."""
    prepared(engine, sources=("due", "ill", "off"))
    with writing(engine) as conn:
        for name, error in (("due", None), ("ill", "It is down.")):
            told = Finished(
                source=name,
                started_at=ago(0.001),
                finished_at=ago(0.001),
                outcome="unavailable" if error else "new",
                error=error,
                failures=1 if error else 0,
                next_poll_at=NOW + timedelta(minutes=5) if error else NOW - timedelta(minutes=7),
                new=0 if error else 4,
                triggers=0 if error else 2,
            )
            polls.finish(conn, [told])
        polls.set_enabled(conn, "off", enabled=False)
        url = f"https://hooks.example/{SECRET}"
        targets.add(conn, "crm", "webhook", {"url": url}, NOW)
        parcels = [
            Outgoing(target="crm", key=key, topic="account.promoted", account=None, payload={})
            for key in "ab"
        ]
        outbox.add(conn, parcels, ago(0.5))
        outbox.sent(conn, outbox.pending(conn, NOW)[0].number, {}, NOW)
    return engine


def test_a_monitor_that_is_well_says_so_with_what_is_due_and_what_waits(
    engine: Engine, tmp_path: Path
) -> None:
    async def run() -> None:
        async with a_probe(filled(engine), tmp_path) as (monitor, port):
            await monitor.beat()
            status, said = await health(port)
            assert (status, said["ok"], said["database"]) == (200, True, "ok")
            assert said["oldest_due"] == {"source": "due", "seconds": 420.0, "due": 1}
            assert said["sources"] == {"failing": 1, "ok": 1, "paused": 1}
            assert said["outbox"] == {"crm": {"sent": 1, "waiting": 1, "oldest_waiting_seconds": 43200.0}}

    asyncio.run(run())


def test_a_monitor_that_stands_still_is_not_well(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with a_probe(sqlite_engine, tmp_path) as (monitor, port):
            assert (await health(port))[0] == 200
            monkeypatch.setattr(monitor, "heard_at", monitor.heard_at - 61)
            status, said = await health(port)
            assert (status, said["ok"]) == (503, False)
            assert said["monitor"]["seconds_since_its_last_round"] >= 61
            await monitor.beat()
            assert (await health(port))[0] == 200

    asyncio.run(run())


def swapped(engine: Engine, content: bytes) -> bytes:
    """Put another file in the place of the database, and return what was there."""
    engine.dispose()
    file = Path(str(engine.url.database))
    kept = file.read_bytes()
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    file.write_bytes(content)
    return kept


def test_a_database_out_of_reach_is_said_and_the_process_still_answers(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    async def run() -> None:
        async with a_probe(sqlite_engine, tmp_path) as (monitor, port):
            await monitor.beat()
            kept = swapped(sqlite_engine, b"no database, for sure" * 99)
            status, said = await health(port)
            assert (status, said["ok"]) == (503, False)
            assert "earmark.db" in said["database"]
            assert (await figures(port))["earmark_database_up", ()] == 0
            swapped(sqlite_engine, kept)

    asyncio.run(run())


def test_a_database_that_is_waited_for_is_said_though_it_can_be_read(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    async def run() -> None:
        async with a_probe(sqlite_engine, tmp_path) as (monitor, port):
            await monitor.beat()
            monitor.outage.begins(PassingFault("The disk is full."))
            status, said = await health(port)
            assert (status, said["ok"], said["database"]) == (503, False, "The disk is full.")
            assert said["sources"] == {}
            monitor.outage.ends()
            assert (await health(port))[0] == 200

    asyncio.run(run())


def test_prometheus_reads_the_same_figures(engine: Engine, tmp_path: Path) -> None:
    async def run() -> None:
        async with a_probe(filled(engine), tmp_path) as (monitor, port):
            monitor.polled.update(new=3, unchanged=5)
            found = await figures(port)
            assert found["earmark_database_up", ()] == 1
            assert found["earmark_sources", ("failing",)] == 1
            assert found["earmark_sources", ("silent",)] == 0
            assert found["earmark_sources_due", ()] == 1
            assert found["earmark_oldest_due_seconds", ()] == 420
            assert found["earmark_polls_total", ("unchanged",)] == 5
            assert found["earmark_recent_polls", ("new",)] == 1
            assert found["earmark_recent_events", ()] == 4
            assert found["earmark_recent_triggers", ()] == 2
            assert found["earmark_outbox", ("crm", "waiting")] == 1
            assert found["earmark_outbox_oldest_seconds", ("crm",)] == 43200
            if sys.platform == "linux":
                assert found["process_resident_memory_bytes", ()] > 1e6

    asyncio.run(run())


def test_nothing_secret_and_no_account_is_told(sqlite_engine: Engine, tmp_path: Path) -> None:
    async def run() -> None:
        async with a_probe(filled(sqlite_engine), tmp_path) as (_, port):
            for path in ("/healthz", "/metrics"):
                _, _, body = await ask(port, path)
                assert SECRET not in body
                assert "norvik" not in body.lower()

    asyncio.run(run())


def test_it_answers_get_at_two_places_and_nothing_else(sqlite_engine: Engine, tmp_path: Path) -> None:
    async def run() -> None:
        async with a_probe(sqlite_engine, tmp_path) as (_, port):
            assert (await ask(port, "/"))[0] == 404
            assert (await ask(port, "/healthz", "POST"))[0] == 405
            status, headers, body = await ask(port, "/healthz?x=1", "HEAD")
            assert (status, body) == (200, "")
            assert int(headers["Content-Length"]) > 0
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"G" * 20_000)
            assert await reader.read() == b"", "too much is hung up on"
            writer.close()
            assert (await ask(port, "/healthz"))[0] == 200

    asyncio.run(run())


def test_an_address_that_is_taken_is_named_with_what_to_do(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_DRAINED", 0.0)

    async def run() -> None:
        async with a_probe(sqlite_engine, tmp_path) as (monitor, port):
            taken = settings(tmp_path, f"127.0.0.1:{port}")
            with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*EARMARK_MONITOR__METRICS"):
                async with probed(taken, sqlite_engine, monitor):
                    raise AssertionError

    asyncio.run(run())


def test_the_port_of_one_that_is_ending_is_waited_for(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_AGAIN", 0.01)

    async def run() -> None:
        async with a_probe(sqlite_engine, tmp_path) as (monitor, _):
            held = socket.create_server(("127.0.0.1", 0))
            port = held.getsockname()[1]
            asyncio.get_running_loop().call_later(0.1, held.close)
            async with probed(settings(tmp_path, f"127.0.0.1:{port}"), sqlite_engine, monitor) as found:
                assert found == port
                assert (await ask(port, "/healthz"))[0] == 200

    asyncio.run(run())


@pytest.mark.parametrize("where", ["9464", "localhost", "127.0.0.1", "example.com:80", "127.0.0.1:99999"])
def test_what_is_no_address_of_a_machine_is_refused(tmp_path: Path, where: str) -> None:
    with pytest.raises(ConfigError, match=r"monitor\.metrics.*127\.0\.0\.1:9464"):
        settings(tmp_path, where)


def test_without_the_extra_health_is_told_all_the_same(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "monitors.metrics", raising=False)
    monkeypatch.delattr("monitors.metrics", raising=False)

    async def run() -> None:
        async with a_probe(sqlite_engine, tmp_path) as (_, port):
            assert (await ask(port, "/healthz"))[0] == 200
            status, _, body = await ask(port, "/metrics")
            assert (status, "earmark[metrics]" in body) == (501, True)

    asyncio.run(run())
