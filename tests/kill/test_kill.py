"""earmark is killed at random moments of its work; nothing may be lost, nothing may stand there twice.

Longer than each night: ``KILLS=200 pytest -m slow tests/kill``.
"""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storage.engine import Engine, reading
from storage.tables import events, matches, outbox, stories, triggers
from tests.kill.loop import Outlets, kill_loop, prepare, serving
from tests.storage.databases import opened, postgresql

KILLS = int(os.environ.get("KILLS", "12"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/earmark.db"
        return
    with postgresql() as url:
        yield url


@pytest.mark.slow
@pytest.mark.timeout(600 + 5 * KILLS)
def test_killing_it_at_any_moment_loses_nothing_and_doubles_nothing(database: str, tmp_path: Path) -> None:
    outlets = Outlets(born=datetime.now(UTC))
    with serving(outlets) as port:
        prepare(tmp_path / "workspace", database, port)
        recovery = kill_loop(tmp_path / "workspace", outlets, KILLS, print)
    assert recovery.cpu < 10
    assert len(recovery.wall) == KILLS - 1
    with opened(database) as engine:
        verify(engine, outlets)


def verify(engine: Engine, outlets: Outlets) -> None:
    """Compare what is stored with what was published: each event, story and trigger exactly once."""
    with reading(engine) as conn:
        stored = Counter(conn.execute(select(events.c.external_id)).scalars())
        assert stored == outlets.expected()
        alive = select(matches.c.event).join(stories).where(stories.c.merged_into.is_(None))
        told = Counter(conn.execute(alive).scalars())
        assert set(told.values()) <= {1}, "an event tells one story of its account once"
        twice = select(triggers.c.story, triggers.c.kind).where(triggers.c.state != "merged")
        assert conn.execute(twice.group_by("story", "kind").having(func.count() > 1)).all() == []
        orphans = select(triggers.c.id).where(triggers.c.story.not_in(select(stories.c.id)))
        assert conn.execute(orphans).all() == []
        keys = Counter(conn.execute(select(outbox.c.key)).scalars())
        assert all(count == 1 for count in keys.values())
        if engine.dialect.name == "sqlite":
            assert conn.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
