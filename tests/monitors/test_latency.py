from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitors.latency import Spread, ledger, spread
from storage.latency import Arrival, Listing
from tests.builders import NOW

SECONDS = st.integers(0, 10**7).map(lambda number: timedelta(seconds=number))


def arrival(source: str, minutes: int) -> Arrival:
    return Arrival(source=source, published_at=NOW, seen_at=NOW + timedelta(minutes=minutes))


def listing(source: str, seconds: int, contacted: int | None = None) -> Listing:
    listed = NOW + timedelta(seconds=seconds)
    at = None if contacted is None else listed + timedelta(hours=contacted)
    return Listing(source=source, trigger="t", seen_at=NOW, listed_at=listed, contacted_at=at)


def test_each_source_has_its_own_steps() -> None:
    wire, board = ledger(
        [arrival("wire", number) for number in range(100, 0, -1)] + [arrival("board", 7)],
        [listing("wire", 2, contacted=5), listing("wire", 4), listing("board", 1)],
    )[::-1]
    assert wire.published_to_fetched == Spread(
        count=100, p50=timedelta(minutes=50), p95=timedelta(minutes=95)
    )
    assert wire.fetched_to_listed == Spread(count=2, p50=timedelta(seconds=2), p95=timedelta(seconds=4))
    assert wire.listed_to_contacted == Spread(count=1, p50=timedelta(hours=5), p95=timedelta(hours=5))
    assert board.published_to_fetched is not None
    assert board.published_to_fetched.p95 == timedelta(minutes=7)
    assert board.listed_to_contacted is None


def test_a_date_ahead_of_us_is_no_delay_and_nothing_is_no_number() -> None:
    (early,) = ledger([arrival("wire", -9)], [])
    assert early.published_to_fetched == Spread(count=1, p50=timedelta(), p95=timedelta())
    assert early.fetched_to_listed is None
    assert ledger([], []) == []


@given(st.lists(SECONDS, min_size=1))
def test_percentiles_are_spans_that_were_and_hold_what_they_say(spans: list[timedelta]) -> None:
    found = spread(spans)
    assert found is not None
    assert {found.p50, found.p95} <= set(spans)
    assert sum(span <= found.p50 for span in spans) >= len(spans) * 0.5
    assert sum(span <= found.p95 for span in spans) >= len(spans) * 0.95
    assert sum(span < found.p95 for span in spans) < len(spans) * 0.95
