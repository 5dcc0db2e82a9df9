from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import hosts
from storage.engine import Engine, reading, writing
from storage.hosts import BUCKETS, Host, bucket_of, host_of
from tests.builders import NOW

LATER = NOW + timedelta(hours=2)


def standing(engine: Engine, day: str = "2026-11-21", *, at_least: int = 0) -> list[Host]:
    with reading(engine) as conn:
        return hosts.standing(conn, day, NOW, at_least=at_least)


def note(engine: Engine, day: str = "2026-11-21", **asked: int) -> None:
    with writing(engine) as conn:
        hosts.note(conn, day, {f"{name}.example": number for name, number in asked.items()}, {})


def test_requests_of_a_day_add_up_and_a_new_day_begins_at_nothing(engine: Engine) -> None:
    note(engine, a=3, b=1)
    note(engine, a=4)
    assert [(one.host, one.requests) for one in standing(engine)] == [("a.example", 7), ("b.example", 1)]
    note(engine, "2026-11-22", a=2)
    assert [(one.host, one.requests) for one in standing(engine, "2026-11-22")] == [("a.example", 2)]
    assert [one.host for one in standing(engine)] == ["b.example"]


def test_of_two_pauses_the_longer_one_stays_whoever_tells_first(engine: Engine) -> None:
    for until in (NOW + timedelta(hours=1), LATER, NOW + timedelta(minutes=1)):
        with writing(engine) as conn:
            hosts.note(conn, "2026-11-21", {}, {"a.example": until})
    note(engine, a=1)
    (host,) = standing(engine, "2026-11-30")
    assert (host.blocked_until, host.requests) == (LATER, 1)


def test_a_pause_that_is_over_and_a_host_that_was_asked_little_are_left_out(engine: Engine) -> None:
    with writing(engine) as conn:
        hosts.note(conn, "2026-11-21", {"a.example": 9}, {"a.example": NOW - timedelta(seconds=1)})
    assert standing(engine, at_least=10) == []
    assert len(standing(engine, at_least=9)) == 1


@given(st.text(max_size=80))
def test_a_host_is_always_in_the_same_queue(host: str) -> None:
    assert 0 <= bucket_of(host) < BUCKETS
    assert bucket_of(host) == bucket_of(host)


def test_the_queues_are_even() -> None:
    sizes = [0] * BUCKETS
    for number in range(10_000):
        sizes[bucket_of(f"www.company-{number}.example")] += 1
    assert max(sizes) < 2 * min(sizes)
    assert bucket_of("wire.example") == bucket_of("wire.example"), "on every machine, not by Python's hash"


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"url": "https://Wire.Example:8443/feed?x=1"}, "wire.example"),
        ({"base_url": "https://a.example", "url": "https://b.example/x"}, "b.example"),
        ({"site": "https://a.example"}, "a.example"),
        ({"tags": ["https://a.example"], "query": "x"}, "hackernews"),
        ({"url": "https://[broken"}, "hackernews"),
        ({"url": "env:SECRET"}, "hackernews"),
        ({}, "hackernews"),
    ],
)
def test_the_host_of_a_source_is_read_from_its_options(options: dict[str, object], host: str) -> None:
    assert host_of("hackernews", options) == host
