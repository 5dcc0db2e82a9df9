"""Workers as they run: processes of their own on a real PostgreSQL, killed and cut off for real."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from storage import accounts, hosts, leases, polls, rulebook, workers
from storage.engine import Engine, migrate, reading, writing
from storage.tables import matches, sources, stories, triggers
from tests.builders import an_account
from tests.fleet.servers import Feeds, PostgreSQL, feeds, postgresql, run, until, worker, workspace
from tests.storage.databases import emptied, opened

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql() as running:
        yield running


@pytest.fixture
def engine(server: PostgreSQL) -> Iterator[Engine]:
    with opened(server.url) as engine:
        migrate(engine)
        emptied(engine)
        with writing(engine) as conn:
            accounts.upsert(conn, [an_account()])
            rulebook.save(conn, 'threshold = 1\ntargets = ["crm"]\n', by="test", at=datetime.now(UTC))
        yield engine


@pytest.fixture
def served() -> Iterator[Feeds]:
    with feeds() as each:
        yield each


def feed(*ids: str, title: str = "Norvik Labs raises $20 million in Series B") -> bytes:
    dated = (datetime.now(UTC) - timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    entries = "".join(
        f"<item><guid isPermaLink='false'>{one}</guid><title>{title}</title>"
        f"<link>https://wire.example/{one}</link><pubDate>{dated}</pubDate></item>"
        for one in ids
    )
    return f"<rss version='2.0'><channel><title>Wire</title>{entries}</channel></rss>".encode()


def add(engine: Engine, served: Feeds, *names: str) -> None:
    with writing(engine) as conn:
        for name in names:
            polls.add(conn, name, "feed", {"url": served.url(f"/{name}")}, datetime.now(UTC))


def polled(engine: Engine) -> int:
    with reading(engine) as conn:
        return conn.execute(select(func.count()).where(sources.c.last_ok_at.is_not(None))).scalar_one()


def count(engine: Engine, table: str) -> int:
    with reading(engine) as conn:
        found: int = conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608 - a name
        return found


def test_two_workers_and_one_due_source_poll_it_once(engine: Engine, served: Feeds, tmp_path: Path) -> None:
    served.pages["/wire"] = feed("1")
    folder = workspace(tmp_path, engine.url.render_as_string(hide_password=False), served)
    add(engine, served, "wire")
    with worker(folder, 2):
        until(lambda: polled(engine) == 1)
        with reading(engine) as conn:  # both look again and again, and find nothing due
            alive = [each for each in workers.every(conn) if each.stopped_at is None]
        until(lambda: all(each.seen_at > alive[-1].seen_at for each in _seen(engine)), seconds=20)
    assert served.counts() == {"/wire": 1}
    assert count(engine, "events") == 1


def _seen(engine: Engine) -> Sequence[workers.Worker]:
    with reading(engine) as conn:
        return workers.every(conn)


def test_a_worker_killed_in_the_middle_is_taken_over_and_nothing_is_doubled(
    engine: Engine, served: Feeds, tmp_path: Path
) -> None:
    served.pages["/wire"] = feed("1", "2")
    served.held["/wire"] = threading.Event()
    folder = workspace(tmp_path, engine.url.render_as_string(hide_password=False), served)
    add(engine, served, "wire")
    with worker(folder, 1) as (first,):
        until(lambda: served.counts()["/wire"] == 1)
        first.kill()
        first.wait(5)
        with worker(folder, 1):
            served.held["/wire"].set()
            seconds = until(lambda: polled(engine) == 1, seconds=40)
    assert served.counts() == {"/wire": 2}
    assert count(engine, "events") == 2
    assert seconds < 25, "start of the second, and the lock of the first"


def test_one_story_told_to_two_workers_at_once_makes_one_trigger(
    engine: Engine, served: Feeds, tmp_path: Path
) -> None:
    names = _in_different_queues(4)
    for name in names:
        served.pages[f"/{name}"] = feed(f"of-{name}")
    folder = workspace(tmp_path, engine.url.render_as_string(hide_password=False), served)
    add(engine, served, *names)
    with writing(engine) as conn:  # as if each were asked at a host of its own
        for name in names:
            moved = sources.update().where(sources.c.id == name)
            conn.execute(moved.values(host=name, bucket=hosts.bucket_of(name)))
    with worker(folder, 2):
        until(lambda: polled(engine) == len(names))
    assert count(engine, "events") == len(names)
    with reading(engine) as conn:
        told = select(matches.c.event).join(stories).where(stories.c.merged_into.is_(None))
        assert len(conn.execute(told).all()) == len(names)
        alive = select(triggers.c.id).where(triggers.c.state != "merged")
        assert len(conn.execute(alive).all()) == 1


def _in_different_queues(number: int) -> list[str]:
    names: dict[int, str] = {}
    for each in range(1000):
        names.setdefault(hosts.bucket_of(f"outlet-{each}"), f"outlet-{each}")
    return list(names.values())[:number]


def test_ten_workers_are_as_polite_to_a_host_as_one(engine: Engine, served: Feeds, tmp_path: Path) -> None:
    names = [f"wire-{number}" for number in range(24)]
    for name in names:
        served.pages[f"/{name}"] = feed(f"of-{name}")
    url = engine.url.render_as_string(hide_password=False)
    folder = workspace(tmp_path, url, served, per_host=2)
    add(engine, served, *names)
    with worker(folder, 3):
        until(lambda: polled(engine) == len(names))
    assert served.counts() == {f"/{name}": 1 for name in names}
    assert served.live_max <= 2


def test_a_pause_that_a_host_asks_one_worker_for_holds_for_all(
    engine: Engine, served: Feeds, tmp_path: Path
) -> None:
    served.pause_after = 0
    names = [f"wire-{number}" for number in range(6)]
    folder = workspace(tmp_path, engine.url.render_as_string(hide_password=False), served, per_host=1)
    add(engine, served, *names)
    with worker(folder, 2) as crew:
        until(lambda: count(engine, "polls") == len(names))
        crew[0].kill()
    assert len(served.asked) == 1, "the others heard of it, in whichever process"
    now = datetime.now(UTC)
    with reading(engine) as conn:
        (host,) = hosts.standing(conn, f"{now:%Y-%m-%d}", now)
        assert host.blocked_until is not None
        assert timedelta(minutes=8) < host.blocked_until - now < timedelta(minutes=10)
        assert sorted(one.failures for one in polls.every(conn)) == [0, 0, 0, 0, 0, 1]


def test_sigterm_drains_within_ten_seconds_and_gives_back_what_was_held(
    engine: Engine, served: Feeds, tmp_path: Path
) -> None:
    served.pages["/wire"] = feed("1")
    served.held["/wire"] = threading.Event()
    folder = workspace(tmp_path, engine.url.render_as_string(hide_password=False), served)
    add(engine, served, "wire")
    with worker(folder, 1) as (only,):
        until(lambda: served.counts()["/wire"] == 1)
        began = time.monotonic()
        only.send_signal(signal.SIGTERM)
        assert only.wait(15) == 0, (folder / "worker-0.log").read_text("utf-8")
        assert time.monotonic() - began < 12, "ten seconds, and those of ending a process"
    with reading(engine) as conn:
        assert leases.holders(conn) == frozenset()
        assert [each.stopped_at is None for each in workers.every(conn)] == [False]


def test_after_a_restart_of_postgresql_work_goes_on_within_ten_seconds(
    server: PostgreSQL, engine: Engine, served: Feeds, tmp_path: Path
) -> None:
    served.pages |= {"/before": feed("1"), "/after": feed("2")}
    folder = workspace(tmp_path, engine.url.render_as_string(hide_password=False), served)
    add(engine, served, "before")
    with worker(folder, 1) as (only,):
        until(lambda: polled(engine) == 1)
        server.stop_at_once()
        until(lambda: "waiting for the database" in (folder / "worker-0.log").read_text("utf-8"))
        server.start()
        engine.dispose()
        add(engine, served, "after")
        seconds = until(lambda: polled(engine) == 2)
        assert only.poll() is None
    assert seconds < 10
    assert count(engine, "events") == 2
    said = (folder / "worker-0.log").read_text("utf-8")
    assert "the database works again" in said
    assert "Traceback" not in said


def test_migrations_by_several_at_once_make_the_tables_of_the_queue_once(
    engine: Engine, served: Feeds, tmp_path: Path
) -> None:
    folder = workspace(tmp_path, engine.url.render_as_string(hide_password=False), served)
    with writing(engine) as conn:
        for schema in conn.execute(_SCHEMAS).scalars().all():
            conn.exec_driver_sql(f'DROP SCHEMA "{schema}" CASCADE')
    with worker(folder, 4, verb="migrate") as crew:
        assert [each.wait(60) for each in crew] == [0, 0, 0, 0]
    with reading(engine) as conn:
        assert len(conn.execute(_SCHEMAS).scalars().all()) == 1
        ours = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        named = f"{ours} AND table_name LIKE 'procrastinate%%'"
        assert conn.exec_driver_sql(named).scalar_one() == 0, "apart from ours"


_SCHEMAS = text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'earmark_fleet%'")


def test_a_worker_on_a_sqlite_file_says_what_to_do(served: Feeds, tmp_path: Path) -> None:
    folder = workspace(tmp_path, "sqlite:///earmark.db", served)
    said = run(folder, "worker", expect=2)
    assert "postgresql+psycopg://" in said
    assert "earmark up" in said


def test_a_worker_waits_for_a_database_that_starts_after_it(
    server: PostgreSQL, engine: Engine, served: Feeds, tmp_path: Path
) -> None:
    served.pages["/wire"] = feed("1")
    folder = workspace(tmp_path, engine.url.render_as_string(hide_password=False), served)
    add(engine, served, "wire")
    server.stop_at_once()
    with worker(folder, 1) as (only,):
        until(lambda: "waiting for the database" in _log(folder, only))
        server.start()
        engine.dispose()
        until(lambda: polled(engine) == 1)


def _log(folder: Path, process: subprocess.Popen[bytes]) -> str:
    said = (folder / "worker-0.log").read_text("utf-8")
    assert process.poll() is None, said
    return said
