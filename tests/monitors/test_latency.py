from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitors.latency import Spread, door_of, ledger, spread
from storage.latency import Arrival, Listing
from tests.builders import NOW

SECONDS = st.integers(0, 10**7).map(lambda number: timedelta(seconds=number))


def arrival(source: str, minutes: int, missed: int | None = None) -> Arrival:
    missed_at = None if missed is None else NOW + timedelta(minutes=missed)
    return Arrival(
        source=source, published_at=NOW, missed_at=missed_at, seen_at=NOW + timedelta(minutes=minutes)
    )


def listing(source: str, seconds: int, contacted: int | None = None, **changes: Any) -> Listing:
    listed = NOW + timedelta(seconds=seconds)
    fields: dict[str, Any] = {
        "source": source,
        "trigger": "t",
        "account": "norvik-labs",
        "published_at": NOW - timedelta(minutes=30),
        "missed_at": None,
        "seen_at": NOW,
        "matched_at": listed - timedelta(seconds=1),
        "listed_at": listed,
        "notified_at": None,
        "opened_at": None,
        "contacted_at": None if contacted is None else listed + timedelta(hours=contacted),
    }
    return Listing(**(fields | changes))


def test_each_source_has_its_own_steps() -> None:
    wire, board = ledger(
        [arrival("wire", number) for number in range(100, 0, -1)] + [arrival("board", 7)],
        [listing("wire", 2, contacted=5), listing("wire", 4), listing("board", 1)],
    )[::-1]
    assert wire.published_to_fetched == Spread(
        count=100, p50=timedelta(minutes=50), p95=timedelta(minutes=95)
    )
    assert wire.fetched_to_listed == Spread(count=2, p50=timedelta(seconds=2), p95=timedelta(seconds=4))
    assert wire.fetched_to_matched == Spread(count=2, p50=timedelta(seconds=1), p95=timedelta(seconds=3))
    assert wire.matched_to_listed == Spread(count=2, p50=timedelta(seconds=1), p95=timedelta(seconds=1))
    assert wire.listed_to_contacted == Spread(count=1, p50=timedelta(hours=5), p95=timedelta(hours=5))
    assert board.published_to_fetched is not None
    assert board.published_to_fetched.p95 == timedelta(minutes=7)
    assert board.listed_to_contacted is None


def test_a_date_ahead_of_us_is_no_delay_and_nothing_is_no_number() -> None:
    (early,) = ledger([arrival("wire", -9)], [])
    assert early.published_to_fetched == Spread(count=1, p50=timedelta(), p95=timedelta())
    assert early.fetched_to_listed is None
    assert ledger([], []) == []


def test_a_delay_is_the_sources_while_it_was_polled_and_did_not_show_it_and_ours_after_that() -> None:
    (wire,) = ledger([arrival("wire", 60, missed=45), arrival("wire", 60, missed=-15)], [])
    assert wire.hidden == Spread(count=2, p50=timedelta(), p95=timedelta(minutes=45))
    assert wire.waited == Spread(count=2, p50=timedelta(minutes=15), p95=timedelta(minutes=60))
    (unknown,) = ledger([arrival("wire", 60)], [])
    assert unknown.hidden is None


def test_told_and_opened_count_from_the_list() -> None:
    made = NOW + timedelta(seconds=4)
    rows = [listing("wire", 4, notified_at=made + timedelta(seconds=9), opened_at=made + timedelta(hours=2))]
    (wire,) = ledger([], [*rows, listing("wire", 4)])
    assert wire.listed_to_notified == Spread(count=1, p50=timedelta(seconds=9), p95=timedelta(seconds=9))
    assert wire.listed_to_opened == Spread(count=1, p50=timedelta(hours=2), p95=timedelta(hours=2))


def test_most_of_the_time_lies_at_one_door() -> None:
    rows = [listing("wire", 2)]
    assert ledger([arrival("wire", 60, missed=55)], rows)[0].door == "source"
    assert ledger([arrival("wire", 60, missed=5)], rows)[0].door == "earmark"
    assert ledger([arrival("wire", 60, missed=5)], [listing("wire", 2, contacted=7)])[0].door == "team"
    assert ledger([], []) == []
    assert door_of(listing("wire", 2)) == "earmark"
    assert door_of(listing("wire", 2, missed_at=NOW - timedelta(minutes=1))) == "source"
    assert door_of(listing("wire", 2, contacted=1)) == "team"
    assert door_of(listing("wire", 2, published_at=None)) is None


@given(SECONDS, SECONDS, SECONDS)
def test_what_is_the_sources_and_what_is_ours_make_the_whole(
    published: timedelta, missed: timedelta, seen: timedelta
) -> None:
    moments = Arrival(source="wire", published_at=NOW + published, missed_at=NOW + missed, seen_at=NOW + seen)
    (row,) = ledger([moments], [])
    assert row.hidden is not None
    assert row.waited is not None
    assert row.published_to_fetched is not None
    assert row.hidden.p50 + row.waited.p50 == row.published_to_fetched.p50


@given(st.lists(SECONDS, min_size=1))
def test_percentiles_are_spans_that_were_and_hold_what_they_say(spans: list[timedelta]) -> None:
    found = spread(spans)
    assert found is not None
    assert {found.p50, found.p95} <= set(spans)
    assert sum(span <= found.p50 for span in spans) >= len(spans) * 0.5
    assert sum(span <= found.p95 for span in spans) >= len(spans) * 0.95
    assert sum(span < found.p95 for span in spans) < len(spans) * 0.95
