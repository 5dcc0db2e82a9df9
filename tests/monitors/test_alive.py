"""Who is at work, and who was thought to be gone."""

from datetime import timedelta

from monitors import alive
from monitors.hosts import Hosts
from storage import workers
from storage.engine import Engine, reading, writing
from tests.builders import NOW, days

SECOND = timedelta(seconds=1)


def test_a_worker_that_was_frozen_and_thought_dead_is_alive_again_with_its_next_beat(engine: Engine) -> None:
    with writing(engine) as conn:
        workers.begin(conn, "frozen", "machine", 7, NOW)
        workers.end(conn, ["frozen"], NOW + 30 * SECOND)
        assert workers.silent(conn, NOW) == {"frozen"}
        assert workers.beat(conn, "frozen", NOW + 60 * SECOND)
        assert workers.silent(conn, NOW + 40 * SECOND) == frozenset()
        assert [one.stopped_at for one in workers.every(conn)] == [None]


def test_a_worker_that_was_forgotten_in_its_sleep_is_entered_again(engine: Engine) -> None:
    hosts = Hosts(now=lambda: NOW)
    alive.begin(engine, alive.myself())
    with writing(engine) as conn:
        workers.forget(conn, workers.clock(conn) + days(2))
        assert workers.every(conn) == []
    alive.beat(engine, alive.myself(), hosts, NOW, timedelta(minutes=5))
    with reading(engine) as conn:
        assert [one.id for one in workers.every(conn)] == [alive.myself()]
