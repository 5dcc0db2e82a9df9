from collections.abc import Iterator
from concurrent.futures import Future
from threading import Event

import pytest

from review.counting import Counts


@pytest.fixture
def counts() -> Iterator[Counts]:
    made = Counts(patience=0.05)
    yield made
    made.close()


def test_what_is_quick_is_there_at_once_and_counted_anew_each_time(counts: Counts) -> None:
    numbers = iter(range(9))
    assert counts.get("a", lambda: next(numbers)) == 0
    assert counts.get("a", lambda: next(numbers)) == 1


def test_what_takes_long_goes_on_and_is_there_when_it_is_asked_for_again(counts: Counts) -> None:
    gate, begun = Event(), []

    def count() -> str:
        begun.append(1)
        gate.wait(10)
        return "counted"

    assert counts.get("a", count) is None
    assert counts.get("a", count) is None
    gate.set()
    for _ in range(200):
        if found := counts.get("a", count):
            break
    assert found == "counted"
    assert begun == [1]


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("no")])
def test_what_fails_fails_for_who_asked_and_is_counted_again_for_the_next(
    counts: Counts, error: Exception
) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(type(error), match="no"):
        counts.get("a", fails)
    assert counts.get("a", lambda: 1) == 1


def test_a_count_that_ends_in_the_moment_that_nobody_waits_any_longer_is_told(
    counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(Future[int]):
        def result(self, timeout: float | None = None) -> int:
            if timeout is not None:
                self.set_result(7)
                raise TimeoutError
            return super().result()

    monkeypatch.setattr(counts._pool, "submit", lambda _: Late())
    assert counts.get("a", lambda: 7) == 7
