import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from monitors.stopping import stopping
from storage.engine import connect, migrate


def test_a_signal_sets_the_event_and_what_ends_in_time_is_left_alone() -> None:
    left: list[int] = []

    async def work() -> None:
        stop = asyncio.Event()
        listen(stop)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), 10)

    with stopping(0.2, leave=left.append) as listen:
        asyncio.run(work())
    assert not any(isinstance(each, threading.Timer) and each.is_alive() for each in threading.enumerate())
    assert left == []


def test_what_does_not_end_is_left() -> None:
    left = threading.Event()

    async def work() -> None:
        stop = asyncio.Event()
        listen(stop)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), 10)
        await asyncio.to_thread(left.wait, 20)

    with stopping(0.05, leave=lambda _: left.set()) as listen:
        asyncio.run(work())
    assert left.is_set()


@pytest.mark.slow
def test_a_monitor_is_gone_within_ten_seconds_though_the_database_stays_locked(tmp_path: Path) -> None:
    (tmp_path / "earmark.toml").write_text(
        '[http]\ncontact = "ops@norvik.example"\n[monitor]\ntick = 1\n', encoding="utf-8"
    )
    path = tmp_path / "earmark.db"
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    program = [sys.executable, "-m", "earmark", "-w", str(tmp_path), "up", "--no-page"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            program, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        assert any("to do" in line for line in iter(process.stdout.readline, ""))
        other.execute("BEGIN IMMEDIATE")
        assert process.stderr is not None
        assert any("waiting for the database" in line for line in iter(process.stderr.readline, ""))
        begun = time.monotonic()
        process.terminate()
        process.communicate(timeout=30)
        assert time.monotonic() - begun < 10
        assert process.returncode == 0
