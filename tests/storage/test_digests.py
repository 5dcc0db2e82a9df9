"""Digests that are due: taken by one hand, told through a moment, tried again as the same."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from storage import digests
from storage.digests import Schedule
from storage.engine import Engine, reading, writing
from tests.builders import NOW

MINUTE = timedelta(minutes=1)
DUE = Schedule(user="ada", every="daily", hour=8, through=NOW - timedelta(days=1), next_at=NOW - MINUTE)


def keep(engine: Engine, *schedules: Schedule) -> None:
    with writing(engine) as connection:
        for each in schedules:
            digests.keep(connection, each)


def take(engine: Engine, *, later: timedelta = timedelta()) -> Schedule | None:
    with writing(engine) as connection:
        return digests.take(connection, NOW + later, NOW + later, NOW + later + 5 * MINUTE)


def test_what_is_due_is_taken_once_the_longest_due_first(engine: Engine) -> None:
    keep(
        engine,
        DUE,
        replace(DUE, user="bob", next_at=NOW - 2 * MINUTE),
        replace(DUE, user="cy", next_at=NOW + MINUTE),
    )
    taken = [take(engine), take(engine), take(engine)]
    assert [each and each.user for each in taken] == ["bob", "ada", None]


def test_what_nobody_finished_is_taken_again_when_the_lease_is_over_and_shows_it(engine: Engine) -> None:
    keep(engine, DUE)
    first, second = take(engine), take(engine, later=6 * MINUTE)
    assert first is not None
    assert second is not None
    assert (first.lease_until, second.lease_until) == (None, NOW + 5 * MINUTE)


def test_what_was_told_moves_the_mark(engine: Engine) -> None:
    keep(engine, DUE)
    taken = take(engine)
    assert taken is not None
    with writing(engine) as connection:
        digests.done(connection, taken, through=NOW, next_at=NOW + timedelta(days=1), sent_at=NOW)
    with reading(engine) as connection:
        held = digests.get(connection, "ada")
    assert held is not None
    assert (held.through, held.next_at, held.sent_at) == (NOW, NOW + timedelta(days=1), NOW)
    assert (held.lease_until, held.failures, held.last_error) == (None, 0, None)


@pytest.mark.parametrize(("query", "through"), [("", NOW - MINUTE), ("stage=hot", DUE.through)])
def test_a_schedule_that_was_changed_meanwhile_stays_and_what_was_told_is_not_told_again(
    engine: Engine, query: str, through: datetime
) -> None:
    keep(engine, DUE)
    taken = take(engine)
    assert taken is not None
    following = NOW + timedelta(days=5)
    keep(engine, replace(DUE, every="weekly", query=query, through=NOW, next_at=following))
    with writing(engine) as connection:
        digests.done(connection, taken, through=NOW - MINUTE, next_at=NOW + MINUTE, sent_at=NOW)
        digests.failed(connection, taken, "No.", NOW + MINUTE)
    with reading(engine) as connection:
        held = digests.get(connection, "ada")
    assert held is not None
    assert (held.every, held.next_at, held.failures) == ("weekly", following, 0)
    assert held.through == through, "of another view nothing was told"


def test_who_began_anew_meanwhile_is_told_from_then_on(engine: Engine) -> None:
    keep(engine, DUE)
    taken = take(engine)
    assert taken is not None
    with writing(engine) as connection:
        digests.remove(connection, "ada")
    keep(engine, replace(DUE, through=NOW, next_at=NOW + timedelta(days=1)))
    with writing(engine) as connection:
        digests.done(connection, taken, through=NOW - MINUTE, next_at=NOW + MINUTE, sent_at=NOW)
    with reading(engine) as connection:
        held = digests.get(connection, "ada")
    assert held is not None
    assert (held.through, held.sent_at) == (NOW, None)


def test_a_failure_waits_and_is_counted(engine: Engine) -> None:
    keep(engine, DUE)
    for number in (1, 2):
        taken = take(engine, later=(number - 1) * 10 * MINUTE)
        assert taken is not None
        with writing(engine) as connection:
            digests.failed(connection, taken, "The server is away.", NOW + number * 10 * MINUTE)
    assert take(engine, later=15 * MINUTE) is None
    with reading(engine) as connection:
        (held,) = digests.every(connection)
    assert (held.failures, held.last_error, held.next_at) == (2, "The server is away.", DUE.next_at)


def test_who_leaves_is_told_nothing_more(engine: Engine) -> None:
    keep(engine, DUE)
    with writing(engine) as connection:
        assert digests.remove(connection, "ada")
        assert not digests.remove(connection, "ada")
    assert take(engine) is None
