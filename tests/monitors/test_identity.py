from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SourceChanged
from earmark.types import Mark, StoredEvent
from monitors.identity import Arrivals, cleaned, identified, sort_out
from storage.events import Known, Seen
from tests.builders import NOW, ago, an_event


def known_of(*events: StoredEvent) -> Known:
    return Known(
        ids={
            event.external_id: Seen(
                id=event.id,
                fingerprint=event.fingerprint,
                revision=event.revision,
                mark=event.mark,
                seen_at=event.seen_at,
            )
            for event in events
        },
        twins=frozenset((event.canonical_url or "", event.fingerprint) for event in events),
        fingerprints=frozenset(event.fingerprint for event in events),
    )


def stored(title: str = "Norvik Labs raises $20 million", **changes: Any) -> StoredEvent:
    return identified(cleaned(an_event(title, **changes), NOW), source="wire", now=NOW)


def sort(
    *events: StoredEvent,
    known: Known | None = None,
    unstable_ids: bool = False,
    first_poll: bool = False,
    backfill: timedelta | Literal["all"] = timedelta(days=30),
) -> Arrivals:
    return sort_out(
        events,
        known or known_of(),
        unstable_ids=unstable_ids,
        first_poll=first_poll,
        backfill=backfill,
        now=NOW,
    )


def test_an_unknown_id_is_new() -> None:
    event = stored()
    assert sort(event) == Arrivals(new=(event,))


def test_a_known_id_with_the_same_words_is_dropped() -> None:
    event = stored()
    assert sort(event, known=known_of(event)) == Arrivals(known=1)


def test_a_known_id_with_other_words_is_a_revision_of_the_same_event() -> None:
    first = stored()
    edited = stored("Norvik Labs raises $22 million")
    (revised,) = sort(edited, known=known_of(first)).revised
    assert (revised.id, revised.revision) == (first.id, 2)
    assert revised.fingerprint != first.fingerprint


def test_a_revision_keeps_the_mark_and_the_moment_of_the_first_sight() -> None:
    first = replace(stored(published_at=None), mark=Mark.BASELINE, seen_at=ago(9))
    (revised,) = sort(stored("Norvik Labs raises $22 million"), known=known_of(first)).revised
    assert (revised.mark, revised.seen_at) == (Mark.BASELINE, ago(9))


def test_a_rotated_id_with_the_same_link_and_words_is_the_same_event() -> None:
    first = stored()
    again = stored(external_id="other", url="https://WIRE.example/entry-1?utm_source=rss#top")
    assert sort(again, known=known_of(first)) == Arrivals(known=1)


def test_the_same_words_under_another_link_are_another_event() -> None:
    first = stored()
    other = stored(external_id="other", url="https://wire.example/entry-2")
    assert len(sort(other, known=known_of(first)).new) == 1


def test_the_words_alone_decide_only_where_ids_are_known_to_rotate() -> None:
    first = stored()
    rotated = stored(external_id="other", url="https://news.example/articles/CBMi123")
    assert sort(rotated, known=known_of(first), unstable_ids=True) == Arrivals(known=1)


def test_one_id_twice_in_one_page_counts_once() -> None:
    event = stored()
    arrivals = sort(event, replace(event, fingerprint="0" * 24))
    assert arrivals.new == (event,)
    assert arrivals.known == 1


def test_one_entry_under_two_ids_of_one_page_counts_once() -> None:
    twins = [stored(external_id=name) for name in "ab"]
    assert sort(*twins) == Arrivals(new=(twins[0],), known=1)
    linkless = [stored(external_id=name, url=None) for name in "ab"]
    assert sort(*linkless) == Arrivals(new=tuple(linkless))
    assert sort(*linkless, unstable_ids=True) == Arrivals(new=(linkless[0],), known=1)


def test_backfill_ends_to_the_second() -> None:
    last = stored(external_id="a", url=None, published_at=ago(30))
    first = stored(external_id="b", url=None, published_at=ago(30) - timedelta(seconds=1))
    assert [event.mark for event in sort(last, first, first_poll=True).new] == [Mark.BACKFILL, Mark.BASELINE]


def test_the_first_poll_marks_backfill_and_baseline() -> None:
    fresh = stored(external_id="a", url=None)
    old = stored(external_id="b", url=None, published_at=ago(31))
    undated = stored(external_id="c", url=None, published_at=None)
    marks = {event.external_id: event.mark for event in sort(fresh, old, undated, first_poll=True).new}
    assert marks == {"a": Mark.BACKFILL, "b": Mark.BASELINE, "c": Mark.BASELINE}
    everything = sort(fresh, old, undated, first_poll=True, backfill="all").new
    assert [event.mark for event in everything] == [Mark.BACKFILL, Mark.BACKFILL, Mark.BASELINE]


def test_later_polls_are_live_whatever_the_date_says() -> None:
    old = stored(published_at=ago(400))
    undated = stored(external_id="b", url=None, published_at=None)
    assert {event.mark for event in sort(old, undated).new} == {Mark.LIVE}


def test_identity_follows_from_source_and_external_id_alone() -> None:
    one = identified(an_event("A", external_id="x"), source="wire", now=NOW)
    two = identified(an_event("B", external_id="x"), source="wire", now=ago(3))
    assert one.id == two.id
    assert identified(an_event("A", external_id="x"), source="other", now=NOW).id != one.id


def test_a_date_from_the_future_or_without_a_zone_is_no_date() -> None:
    assert cleaned(an_event(published_at=NOW + timedelta(days=3)), NOW).published_at is None
    assert cleaned(an_event(published_at=datetime(2026, 11, 1)), NOW).published_at is None  # noqa: DTZ001 - the fault
    tomorrow = NOW + timedelta(days=1)
    assert cleaned(an_event(published_at=tomorrow, occurred_at=tomorrow), NOW) == an_event(
        published_at=tomorrow, occurred_at=tomorrow
    )
    late = tomorrow + timedelta(seconds=1)
    assert cleaned(an_event(published_at=late, occurred_at=late), NOW).occurred_at is None


def test_long_ids_that_begin_alike_stay_apart() -> None:
    long = "https://wire.example/?q=" + "x" * 1_000
    one, other = (cleaned(an_event(external_id=long + end), NOW).external_id for end in ("1", "2"))
    assert one != other
    assert len(one) <= 1_000
    for whole in ("short", "x" * 1_000):
        assert cleaned(an_event(external_id=whole), NOW).external_id == whole


def test_what_is_too_long_is_cut() -> None:
    event = an_event("t" * 2_001, text="x" * 50_001, author="a" * 501, url="https://a.example/" + "u" * 4_000)
    told = cleaned(event, NOW)
    assert [len(value or "") for value in (told.title, told.text, told.author, told.url)] == [
        2_000,
        50_000,
        500,
        4_000,
    ]
    assert cleaned(told, NOW) == told


def test_an_identity_is_the_same_in_every_release() -> None:
    long = cleaned(an_event(external_id="x" * 1_001), NOW)
    assert long.external_id == "x" * 968 + "28b9d3d3fa3ba9c8d5c6e62d8422ed7a"
    event = identified(an_event(text="The round."), source="wire", now=NOW, trust=0.5)
    assert (event.id, event.fingerprint) == ("c471bce9597d12c3bfee9dda", "8c2f5ce1606fb3e5cde73a4a")
    assert (event.canonical_url, event.seen_at, event.trust) == ("https://wire.example/entry-1", NOW, 0.5)


def test_signs_that_no_database_stores_are_blanks_and_line_ends_stay() -> None:
    told = cleaned(an_event("a\0b\tc\nd\x7f", external_id="e\x1b1"), NOW)
    assert (told.title, told.external_id) == ("a b\tc\nd ", "e 1")


def test_only_web_links_are_kept() -> None:
    for url in ("javascript:alert(1)", "file:///etc/passwd", "//host/x", "tag:a,2026:1", "http://[bad"):
        told = cleaned(an_event(url=url, thread_url=url), NOW)
        assert (told.url, told.thread_url) == (None, None)
    assert cleaned(an_event(url="https://wire.example/a"), NOW).url == "https://wire.example/a"


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_source_says_can_be_stored(title: str, text: str) -> None:
    event = cleaned(an_event(title, text=text, author=title), NOW)
    for value in (event.title, event.text, event.author or ""):
        value.encode("utf-8")
        assert "\x00" not in value
        assert "\x1b" not in value


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz"), st.sampled_from("12")), max_size=20)
)
def test_what_was_just_stored_is_known_the_next_time(rows: list[tuple[str, str, str]]) -> None:
    events = [stored(f"title {t}", external_id=i, url=f"https://wire.example/{u}") for i, t, u in rows]
    arrivals = sort(*events)
    again = sort(*events, known=known_of(*arrivals.new))
    assert (again.new, again.revised) == ((), ())


@pytest.mark.parametrize(
    ("event", "fault"),
    [
        ({"title": "x"}, "a dict where an event belongs"),
        (None, "a NoneType where an event belongs"),
        (an_event(external_id=7), "external_id is a int"),
        (an_event(text=None), "text is a NoneType"),
        (an_event(published_at="today"), "published_at is a str"),
        (an_event(occurred_at="today"), "occurred_at is a str"),
        (an_event(author=7), "author is a int"),
        *(
            (an_event(**dict[str, Any]({name: None})), name)
            for name in ("external_id", "title", "hints", "facts")
        ),
        (an_event(hints=["norvik"]), "hints is a list"),
        (an_event(facts=[1]), "facts is a list"),
        (an_event(hints=("norvik",)), "hints are no hints"),
        (an_event(facts=(1,)), "facts are no facts"),
    ],
)
def test_what_is_no_event_is_told_as_a_fault_of_its_kind(event: Any, fault: str) -> None:
    with pytest.raises(SourceChanged, match=fault):
        cleaned(event, NOW)
