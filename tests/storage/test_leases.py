from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text, update

from storage import leases, polls, workers
from storage.engine import Engine, reading, writing
from storage.hosts import bucket_of
from storage.polls import Finished
from storage.tables import sources
from tests.builders import NOW
from tests.storage.databases import emptied

LEASE = timedelta(minutes=5)
HOUR = timedelta(hours=1)


def finished(source: str, **changes: Any) -> Finished:
    fields: dict[str, Any] = {"started_at": NOW, "finished_at": NOW, "outcome": "new", "next_poll_at": NOW}
    return Finished(source=source, **(fields | changes))


def add(engine: Engine, *names: str, host: str | None = None) -> None:
    with writing(engine) as conn:
        for name in names:
            polls.add(conn, name, "feed", {"url": f"https://{host or name}.example/{name}"}, NOW)


def take(engine: Engine, limit: int = 99, *, now: datetime = NOW, **more: Any) -> list[str]:
    with writing(engine) as conn:
        taken = leases.take_due(conn, now, limit=limit, lease=LEASE, worker="w", **more)
    return [one.id for one in taken]


def test_a_slow_host_does_not_keep_the_others_waiting(engine: Engine) -> None:
    add(engine, *(f"a{n:02}" for n in range(20)), host="slow")
    add(engine, "b", "c")
    assert take(engine, 10, at_host=3) == ["a00", "a01", "a02", "b", "c"]
    assert take(engine, 10, at_host=3, busy={"slow.example": 3}) == []
    assert take(engine, 10, at_host=3, busy={"slow.example": 1}) == ["a03", "a04"]
    assert len(take(engine, 10)) == 10, "without a bound the line is the line"


def test_so_many_are_taken_and_no_more_however_they_are_shared_out(engine: Engine) -> None:
    add(engine, *(f"a{n}" for n in range(9)), host="slow")
    add(engine, "b", "c", "d")
    assert take(engine, 2, at_host=3) == ["a0", "a1"]
    assert take(engine, 4, at_host=3) == ["a2", "a3", "a4", "b"]


def test_the_longest_due_is_first_whatever_its_name(engine: Engine) -> None:
    add(engine, "a", "b", "c")
    with writing(engine) as conn:
        polls.finish(
            conn, [finished("a", next_poll_at=NOW - HOUR), finished("b", next_poll_at=NOW - 2 * HOUR)]
        )
    assert [take(engine, 1), take(engine, 1), take(engine, 1)] == [["b"], ["a"], ["c"]]


def test_those_that_are_named_are_taken_due_or_not_and_no_others(engine: Engine) -> None:
    add(engine, "a", "b", "c")
    with writing(engine) as conn:
        polls.finish(conn, [finished("b", next_poll_at=NOW + HOUR)])
    assert take(engine, only=["b"]) == ["b"]
    assert take(engine, only=["a", "b"]) == ["a"], "one is held"


def test_a_worker_passes_by_what_another_one_is_taking(postgresql_engine: Engine) -> None:
    engine = emptied(postgresql_engine)
    add(engine, "a", "b")
    with writing(engine) as one, writing(engine) as other:
        other.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert [each.id for each in leases.take_due(one, NOW, limit=1, lease=LEASE, worker="w1")] == ["a"]
        assert [each.id for each in leases.take_due(other, NOW, limit=1, lease=LEASE, worker="w2")] == ["b"]


def test_what_dead_workers_held_is_free_and_what_others_hold_is_not(engine: Engine) -> None:
    add(engine, "a", "b", "c")
    with writing(engine) as conn:
        for worker in ("w1", "w2", "w3"):
            leases.take_due(conn, NOW, limit=1, lease=LEASE, worker=worker)
        assert leases.holders(conn) == {"w1", "w2", "w3"}
        leases.release_of(conn, ["w1", "w3"])
        assert leases.holders(conn) == {"w2"}
    assert take(engine) == ["a", "c"]
    with writing(engine) as conn:
        leases.release(conn, ["b"])
        assert leases.holders(conn) == {"w"}
    assert take(engine) == ["b"]


def test_a_queue_gives_only_its_own_hosts(engine: Engine) -> None:
    names = [f"wire{n}" for n in range(30)]
    add(engine, *names)
    with reading(engine) as conn:
        due = leases.buckets_due(conn, NOW)
    assert due == sorted({bucket_of(f"{name}.example") for name in names})
    taken = {bucket: take(engine, bucket=bucket) for bucket in due}
    assert sorted(name for some in taken.values() for name in some) == sorted(names)
    assert all(bucket_of(f"{name}.example") == bucket for bucket, some in taken.items() for name in some)
    with reading(engine) as conn:
        assert leases.buckets_due(conn, NOW) == [], "all are held"


def test_a_source_from_before_there_were_queues_gets_one(engine: Engine) -> None:
    add(engine, "wire", "blog")
    with writing(engine) as conn:
        conn.execute(update(sources).values(host=None, bucket=None))
        leases.place(conn)
        assert {one.id: one.host for one in polls.every(conn)} == {
            "wire": "wire.example",
            "blog": "blog.example",
        }
    assert take(engine, bucket=bucket_of("wire.example")) == ["wire"]
    assert take(engine, bucket=bucket_of("blog.example")) == ["blog"]


def test_what_a_clock_that_ran_ahead_wrote_is_mended(engine: Engine) -> None:
    ahead = NOW + timedelta(days=2)
    add(engine, "polled", "held", "punctual")
    with writing(engine) as conn:
        polls.finish(conn, [finished("polled", finished_at=ahead, next_poll_at=ahead + HOUR)])
        polls.finish(conn, [finished("punctual", next_poll_at=NOW + HOUR)])
    assert take(engine, now=ahead) == ["held", "punctual"]
    with writing(engine) as conn:
        leases.release(conn, ["punctual"])
    assert take(engine) == []
    with writing(engine) as conn:
        leases.mend(conn, NOW, LEASE)
    assert sorted(take(engine)) == ["held", "polled"]


def test_mending_leaves_alone_what_is_as_it_should_be(engine: Engine) -> None:
    add(engine, "wire")
    assert take(engine) == ["wire"]
    with writing(engine) as conn:
        leases.mend(conn, NOW + timedelta(minutes=1), LEASE)
        assert leases.holders(conn) == {"w"}
    assert take(engine, now=NOW - timedelta(minutes=3)) == []


def test_clocks_may_be_five_minutes_apart(engine: Engine) -> None:
    near, far = NOW + timedelta(minutes=5), NOW + timedelta(minutes=5, seconds=1)
    add(engine, "polled-near", "polled-far", "taken-near", "taken-far")
    with writing(engine) as conn:
        for name, moment in (("near", near), ("far", far)):
            polls.finish(conn, [finished(f"polled-{name}", finished_at=moment, next_poll_at=NOW + HOUR)])
            leases.take_due(conn, moment, limit=1, lease=LEASE, worker=name, only=[f"taken-{name}"])
        leases.mend(conn, NOW, LEASE)
        assert leases.holders(conn) == {"near"}
    assert sorted(take(engine)) == ["polled-far", "taken-far"]


def test_a_wait_is_no_failure_and_no_success(engine: Engine) -> None:
    add(engine, "wire")
    with writing(engine) as conn:
        polls.finish(conn, [finished("wire", outcome="unavailable", error="It is down.", failures=1)])
        waited = {"outcome": "waiting", "error": "Enough.", "pace": "it waits", "failures": 1}
        polls.finish(conn, [finished("wire", next_poll_at=NOW + HOUR, **waited)])
        after = polls.get(conn, "wire")
    assert after is not None
    assert (after.last_error, after.failures, after.pace) == ("It is down.", 1, "it waits")
    assert (after.last_ok_at, after.next_poll_at) == (None, NOW + HOUR)


def test_a_source_moves_to_the_queue_of_the_host_that_it_really_asks(engine: Engine) -> None:
    add(engine, "wire")
    with writing(engine) as conn:
        polls.finish(conn, [finished("wire", host="api.example")])
    assert take(engine, bucket=bucket_of("api.example")) == ["wire"]


def test_a_worker_is_silent_when_it_stopped_or_was_not_heard_of(engine: Engine) -> None:
    with writing(engine) as conn:
        for name in ("alive", "dead", "stopped"):
            workers.begin(conn, name, "machine", 7, NOW)
        workers.beat(conn, "alive", NOW + HOUR)
        workers.end(conn, ["stopped"], NOW + HOUR)
        assert workers.silent(conn, NOW + timedelta(minutes=30)) == {"dead", "stopped"}
        workers.forget(conn, NOW + timedelta(days=1, minutes=30))
        assert [one.id for one in workers.every(conn)] == ["alive"]
        workers.begin(conn, "alive", "machine", 8, NOW + 2 * HOUR)
        assert [one.process for one in workers.every(conn)] == [8]
