"""What drives the outbox is killed at random moments: no company and no note is lost or doubled."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine import migrate
from tests.exports.fakes.standing import standing
from tests.kill.outbox import Flaky, kill_loop, prepare, verify
from tests.storage.databases import opened, postgresql

KILLS = int(os.environ.get("KILLS", "15"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/earmark.db"
        return
    with postgresql() as url:
        yield url


@pytest.mark.slow
@pytest.mark.timeout(120 + 3 * KILLS)
def test_killing_the_drive_at_any_moment_loses_nothing_and_doubles_nothing(
    database: str, tmp_path: Path
) -> None:
    with standing() as server, opened(database) as engine:
        migrate(engine)
        prepare(tmp_path / "workspace", engine, server, database)
        cabinet = Flaky()
        cabinet.on(server)
        tally = kill_loop(tmp_path / "workspace", engine, cabinet, KILLS, print)
        verify(engine, cabinet, tally)
    assert tally.in_work > 0
