"""What is counted over a long list: at hand at once, or counted beside."""

import threading
from collections.abc import Iterator
from datetime import UTC
from functools import partial
from pathlib import Path

import pytest

from earmark.errors import StorageError
from review import remembered
from review.length import length
from review.listing import Asked, Listing, asked_of
from review.remembered import at_hand
from storage.counters import CHANGES, bump
from storage.engine import Connection, Engine, connect, migrate, reading, writing
from storage.wanted import Part, Place
from tests.builders import NOW


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = connect(f"sqlite:///{tmp_path}/earmark.db")
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def long_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list is a long one."""
    monkeypatch.setattr("review.remembered.tally.is_long", lambda *_: True)


def _beside() -> None:
    for one in threading.enumerate():
        if one.name == "count":
            one.join(30)


def _asked(engine: Engine, value: int) -> int | None:
    with reading(engine) as connection:
        return at_hand(connection, "number", lambda _: value)


def test_of_a_short_list_what_is_asked_is_counted_at_once(engine: Engine) -> None:
    assert _asked(engine, 3) == 3


@pytest.mark.usefixtures("long_list")
def test_of_a_long_list_nothing_is_waited_for(engine: Engine) -> None:
    assert _asked(engine, 3) is None
    _beside()
    assert _asked(engine, 4) == 3
    with writing(engine) as connection:
        bump(connection, CHANGES)
    assert _asked(engine, 5) == 3, "the old count, while the new one is made"


@pytest.mark.usefixtures("long_list")
def test_a_count_that_failed_is_made_again(engine: Engine) -> None:
    def fails(_: Connection) -> int:
        raise StorageError("The disk is full.")

    with reading(engine) as connection:
        assert at_hand(connection, "number", fails) is None
        _beside()
        assert at_hand(connection, "number", lambda _: 7) is None
        _beside()
        assert at_hand(connection, "number", lambda _: 8) == 7


@pytest.mark.usefixtures("long_list")
def test_several_counts_are_made_one_after_the_other(engine: Engine) -> None:
    begun, most = list[str](), list[int]()

    def count(key: str, _: Connection) -> str:
        begun.append(key)
        most.append(sum(one.name == "count" for one in threading.enumerate()))
        return key

    with reading(engine) as connection:
        for key in "abc":
            assert at_hand(connection, key, partial(count, key)) is None
        assert begun == [], "who asks has the answer first"
        _beside()
        assert (begun, most) == (["a", "b", "c"], [1, 1, 1])
        assert [at_hand(connection, key, lambda _: "anew") for key in "abc"] == ["a", "b", "c"]


@pytest.mark.usefixtures("long_list")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_count_that_breaks_keeps_no_other_back(engine: Engine) -> None:
    with reading(engine) as connection:
        assert at_hand(connection, "broken", lambda _: 1 // 0) is None
        _beside()
        assert at_hand(connection, "number", lambda _: 7) is None
        _beside()
        assert at_hand(connection, "number", lambda _: 8) == 7


def _page(after: str = "") -> Asked:
    return asked_of([("after", after)], frozenset(), NOW, UTC)


@pytest.mark.parametrize(
    ("many", "words"), [(None, "over 0"), (212, "212"), (1_000, "1,000"), (1_001, "over 1,000")]
)
def test_the_length_of_a_list_is_told_as_far_as_it_is_counted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, many: int | None, words: str
) -> None:
    monkeypatch.setattr("review.length.at_hand", lambda *_: many)
    with reading(engine) as connection:
        assert length(connection, _page(), Listing(groups=(), next_after="x"), NOW) == words
        assert length(connection, _page(), Listing(groups=()), NOW) == "0", (
            "a whole list is counted by itself"
        )


def test_of_a_page_further_on_it_is_only_known_that_there_are_many(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_LONG", -1)
    place = Place(part=Part.REST, value=1.0, trigger="t")
    with reading(engine) as connection:
        asked = _page(f"{place.part}~{place.value!r}~{place.trigger}")
        assert asked.after == place
        assert length(connection, asked, Listing(groups=()), NOW) in {"many", "0"}
    _beside()
