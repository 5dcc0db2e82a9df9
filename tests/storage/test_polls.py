from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earmark.errors import ConfigError
from storage import leases, polls, retention
from storage.engine import Engine, reading, writing
from storage.polls import Configured, Finished, Validators
from tests.builders import NOW, ago, days
from tests.storage.databases import emptied

LEASE = timedelta(minutes=5)


def sourced(engine: Engine, *ids: str, at: datetime = NOW) -> None:
    with writing(engine) as conn:
        for source_id in ids:
            polls.add(conn, source_id, "feed", {"url": f"https://{source_id}.example/feed"}, at)


def taken(
    engine: Engine, now: datetime = NOW, *, worker: str = "w1", limit: int = 10, **more: Any
) -> list[str]:
    with writing(engine) as conn:
        due = leases.take_due(conn, now, limit=limit, lease=LEASE, worker=worker, **more)
        return [source.id for source in due]


def a_finished(**changes: Any) -> Finished:
    fields: dict[str, Any] = {
        "source": "wire",
        "started_at": NOW,
        "finished_at": NOW + timedelta(seconds=2),
        "outcome": "new",
        "next_poll_at": NOW + timedelta(hours=1),
    }
    return Finished(**(fields | changes))


def finish(engine: Engine, *finished: Finished) -> Configured:
    with writing(engine) as conn:
        polls.finish(conn, finished)
    with reading(engine) as conn:
        configured = polls.get(conn, finished[-1].source)
    assert configured is not None
    return configured


def test_a_source_comes_back_as_it_was_added(engine: Engine) -> None:
    options = {"url": "https://wire.example/feed", "every": "PT1H", "tags": ["a", "b"], "deep": {"n": 1}}
    with writing(engine) as conn:
        polls.add(conn, "wire", "feed", options, NOW)
        assert polls.get(conn, "wire") == Configured(
            id="wire", kind="feed", options=options, next_poll_at=NOW, host="wire.example"
        )
        assert polls.get(conn, "unknown") is None
        assert [source.id for source in polls.every(conn)] == ["wire"]


def test_an_id_that_is_taken_is_refused(engine: Engine) -> None:
    sourced(engine, "wire")
    with pytest.raises(ConfigError, match="'wire' already"):
        sourced(engine, "wire")


def test_a_finished_poll_is_remembered_whole(engine: Engine) -> None:
    sourced(engine, "wire")
    page = Validators(etag='W/"é-1"', last_modified="Sat, 21 Nov 2026 08:00:00 GMT", body_hash="ab")
    told = finish(
        engine,
        a_finished(
            state={"seen": [1, {"a": None}]}, pages={"https://wire.example/feed": page}, seen=9, new=3
        ),
    )
    assert told.state == {"seen": [1, {"a": None}]}
    assert told.pages == {"https://wire.example/feed": page}
    assert told.first_polled_at == told.last_ok_at == NOW + timedelta(seconds=2)
    assert told.next_poll_at == NOW + timedelta(hours=1)
    with reading(engine) as conn:
        assert polls.recent(conn, "wire") == [a_finished(seen=9, new=3)]


def test_a_failure_keeps_state_pages_and_the_last_good_time(engine: Engine) -> None:
    sourced(engine, "wire")
    page = Validators(etag='"1"')
    good = finish(engine, a_finished(state={"a": 1}, pages={"https://wire.example/feed": page}))
    bad = a_finished(outcome="unavailable", error="Timed out.", failures=4, finished_at=NOW + days(1))
    told = finish(engine, bad)
    assert told == replace(good, failures=4, last_error="Timed out.")
    assert finish(engine, a_finished(outcome="unchanged")).last_error is None


def test_a_first_poll_that_failed_is_no_first_poll(engine: Engine) -> None:
    sourced(engine, "wire")
    assert finish(engine, a_finished(outcome="changed", error="HTML.")).first_polled_at is None
    assert finish(engine, a_finished(outcome="unchanged")).first_polled_at is not None


def test_a_page_with_an_endless_address_is_remembered(engine: Engine) -> None:
    sourced(engine, "wire")
    url = "https://wire.example/" + "a" * 6_000
    pages = {url: Validators(etag="1"), url + "b": Validators(etag="2")}
    assert finish(engine, a_finished(pages=pages)).pages == pages


def test_a_refused_source_rests_until_a_person_looks(engine: Engine) -> None:
    sourced(engine, "wire")
    refused = a_finished(outcome="refused", error="410", paused_reason="It is gone (410).", next_poll_at=NOW)
    assert finish(engine, refused).paused_reason == "It is gone (410)."
    assert taken(engine) == []
    assert taken(engine, only=["wire"]) == ["wire"]
    assert finish(engine, a_finished(outcome="unavailable", error="x")).paused_reason == "It is gone (410)."
    assert finish(engine, a_finished(outcome="unchanged")).paused_reason is None


def test_a_person_ends_a_pause_by_enabling(engine: Engine) -> None:
    sourced(engine, "wire", at=NOW + days(9))
    with writing(engine) as conn:
        assert polls.pause(conn, "wire", "Robots forbid it.")
        assert polls.set_enabled(conn, "wire", True, NOW)
        assert not polls.set_enabled(conn, "unknown", True)
    assert taken(engine) == ["wire"]


def test_a_source_that_is_off_is_not_polled(engine: Engine) -> None:
    sourced(engine, "wire")
    with writing(engine) as conn:
        polls.set_enabled(conn, "wire", False)
    assert taken(engine) == []


def test_a_poll_of_a_source_that_was_removed_meanwhile_is_dropped(engine: Engine) -> None:
    sourced(engine, "wire", "blog")
    with writing(engine) as conn:
        assert polls.remove(conn, "wire")
        assert not polls.remove(conn, "wire")
    page = {"https://wire.example": Validators(etag="1")}
    finish(engine, a_finished(source="wire", pages=page, state={}), a_finished(source="blog"))
    with reading(engine) as conn:
        assert polls.get(conn, "wire") is None
        assert polls.recent(conn, "wire") == []


def test_the_longest_due_is_taken_first_and_held(engine: Engine) -> None:
    sourced(engine, "late", at=ago(2))
    sourced(engine, "soon", at=NOW + days(1))
    sourced(engine, "now", at=NOW)
    assert taken(engine, limit=1) == ["late"]
    assert taken(engine, worker="w2") == ["now"]
    assert taken(engine, worker="w2") == []
    assert taken(engine, NOW + LEASE) == ["late", "now"]


def test_what_another_worker_holds_is_not_given_even_by_name(engine: Engine) -> None:
    sourced(engine, "wire")
    assert taken(engine) == ["wire"]
    assert taken(engine, worker="w2", only=["wire"]) == []
    with writing(engine) as conn:
        leases.release(conn, ["wire"])
    assert taken(engine, worker="w2", only=["wire"]) == ["wire"]


def test_a_finished_poll_gives_its_source_back(engine: Engine) -> None:
    sourced(engine, "wire")
    taken(engine)
    finish(engine, a_finished(next_poll_at=NOW))
    assert taken(engine, worker="w2") == ["wire"]


def test_two_hundred_polls_are_written_at_once(engine: Engine) -> None:
    names = [f"s{number:03}" for number in range(200)]
    sourced(engine, *names)
    pages = {"https://x.example": Validators(body_hash="a")}
    last = finish(engine, *(a_finished(source=name, outcome="unchanged", pages=pages) for name in names))
    assert last.pages == pages
    assert taken(engine, limit=500) == []


def test_many_workers_take_each_source_once(engine: Engine) -> None:
    names = [f"s{number:02}" for number in range(60)]
    sourced(engine, *names)

    def work(worker: int) -> list[str]:
        mine: list[str] = []
        while batch := taken(engine, worker=f"w{worker}", limit=4):
            mine += batch
        return mine

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, range(4)))
    # A worker may find all that is due in the hands of others and stop; what nobody took is still due.
    rest = taken(engine, worker="last", limit=100)
    assert sorted(name for share in (*shares, rest) for name in share) == names


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["take", "finish", "release", "crash"]), st.integers(1, 3), st.integers(0, 9)
        ),
        max_size=8,
    )
)
def test_no_source_is_ever_in_two_hands(engine: Engine, steps: list[tuple[str, int, int]]) -> None:
    emptied(engine)
    sourced(engine, "a", "b", "c")
    now, held = NOW, dict[str, datetime]()
    for verb, limit, minutes in steps:
        now += timedelta(minutes=minutes)
        if verb == "take":
            for name in taken(engine, now, limit=limit):
                assert held.get(name, now) <= now
                held[name] = now + LEASE
        elif verb == "finish" and held:
            name, _ = held.popitem()
            finish(engine, a_finished(source=name, next_poll_at=now))
        elif verb == "release":
            with writing(engine) as conn:
                leases.release(conn, held)
            held.clear()


def test_the_log_of_polls_is_forgotten_after_a_month(engine: Engine) -> None:
    sourced(engine, "wire")
    finish(engine, a_finished(finished_at=ago(31)), a_finished(finished_at=ago(29)))
    with writing(engine) as conn:
        assert retention.prune(conn, NOW) == 1
        assert [poll.finished_at for poll in polls.recent(conn, "wire")] == [ago(29)]


def test_rhythm_pace_silence_and_moves_are_remembered(engine: Engine) -> None:
    sourced(engine, "wire")
    url, rhythm = "https://wire.example/feed", (ago(3), ago(1))
    moved = Validators(moved_to="https://new.example/feed", moved_at=ago(2), moved_times=2)
    told = finish(
        engine, a_finished(rhythm=rhythm, pace="every hour", silent_since=ago(1), pages={url: moved})
    )
    assert (told.rhythm, told.pace, told.silent_since) == (rhythm, "every hour", ago(1))
    assert told.pages == {url: moved}
    failed = finish(engine, a_finished(outcome="unavailable", error="It is down."))
    assert (failed.rhythm, failed.pace, failed.silent_since) == (rhythm, "every hour", ago(1))
    spoken = finish(engine, a_finished(outcome="unchanged", pages={url: Validators(etag="1")}))
    assert (spoken.rhythm, spoken.silent_since) == (rhythm, None)
    assert spoken.pages == {url: Validators(etag="1")}
