from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.pace import DAY, EVERY, MOMENTS, Next, after_failure, after_success, gap, in_words, learned
from monitors.wishes import KEY, Wishes, skipped
from tests.builders import NOW, ago

FIVE_MINUTES = timedelta(minutes=5)
MOMENTS_OF_NEWS = st.lists(
    st.floats(-400, 3).map(lambda number: NOW + timedelta(days=number)), max_size=MOMENTS * 2
)


def polled(rhythm: Sequence[datetime] = (), now: datetime = NOW, **changes: str) -> Next:
    return after_success("wire", now, every=None, floor=FIVE_MINUTES, headers=changes, rhythm=rhythm)


def each(span: timedelta, times: int = 12) -> tuple[datetime, ...]:
    """Return a rhythm of news at equal distances, the last one just now."""
    return tuple(NOW - span * number for number in reversed(range(times)))


def test_a_source_is_polled_at_its_own_pace() -> None:
    following = after_success("wire", NOW, every=timedelta(hours=1), floor=FIVE_MINUTES, headers={})
    assert timedelta(hours=1) <= following.at - NOW <= timedelta(hours=1.1)
    assert following.failures == 0


def test_the_floor_of_the_kind_wins_over_a_hasty_setting() -> None:
    following = after_success("wire", NOW, every=timedelta(seconds=1), floor=FIVE_MINUTES, headers={})
    assert following.at - NOW >= FIVE_MINUTES


def test_max_age_slows_a_source_that_has_no_pace_of_its_own_down_but_never_beyond_a_day() -> None:
    def pause(age: str, every: timedelta | None = None) -> timedelta:
        headers = {"cache-control": f"public, max-age={age}"}
        following = after_success("wire", NOW, every=every, floor=FIVE_MINUTES, headers=headers)
        return following.at - NOW

    assert pause("7200") >= timedelta(hours=2)
    assert pause("7200", every=timedelta(minutes=10)) < timedelta(hours=1)
    assert pause("99999999999999999999") <= EVERY * 1.1
    assert pause("31536000") <= DAY * 1.1
    assert pause("-5") <= EVERY * 1.1


@given(failures=st.integers(1, 10_000))
def test_failures_back_off_to_a_day_and_never_stop(failures: int) -> None:
    following = after_failure("wire", NOW, result="unavailable", failures=failures)
    assert FIVE_MINUTES <= following.at - NOW <= DAY * 1.1
    later = after_failure("wire", NOW, result="unavailable", failures=failures + 1)
    assert later.at >= following.at


def test_the_pause_that_a_host_asks_for_is_kept_and_bounded() -> None:
    asked = after_failure("wire", NOW, result="unavailable", failures=1, retry_after=timedelta(hours=3))
    absurd = after_failure("wire", NOW, result="unavailable", failures=1, retry_after=timedelta(days=4000))
    assert asked.at == NOW + timedelta(hours=3)
    assert absurd.at == NOW + DAY


def test_a_refusal_is_asked_again_the_next_day() -> None:
    following = after_failure("wire", NOW, result="refused", failures=9, status=403)
    assert following.at - NOW >= DAY
    assert following.reason is None


def test_only_a_page_gone_twice_and_a_forbidden_address_wait_for_a_person() -> None:
    assert after_failure("wire", NOW, result="refused", failures=1, status=410).reason is None
    gone = after_failure("wire", NOW, result="refused", failures=2, status=410)
    assert gone.reason
    forbidden = after_failure("wire", NOW, result="refused", failures=1, status=None)
    assert forbidden.reason


def test_two_sources_of_one_pace_do_not_meet_at_one_moment() -> None:
    moments = {
        after_success(f"wire-{n}", NOW, every=None, floor=FIVE_MINUTES, headers={}).at for n in range(50)
    }
    assert len(moments) == 50


@given(news=MOMENTS_OF_NEWS, more=MOMENTS_OF_NEWS)
def test_a_rhythm_is_the_same_in_whatever_order_and_however_often_it_is_told(
    news: list[datetime], more: list[datetime]
) -> None:
    rhythm = learned(learned((), news, NOW), more, NOW)
    assert rhythm == learned(learned((), reversed(more), NOW), news, NOW)
    assert rhythm == learned(rhythm, [*news, *more], NOW)
    assert list(rhythm) == sorted(set(rhythm))
    assert len(rhythm) <= MOMENTS
    assert all(moment <= NOW for moment in rhythm)


@given(news=MOMENTS_OF_NEWS, later=st.floats(0, 400))
def test_the_pace_keeps_its_bounds_and_slows_while_nothing_comes(news: list[datetime], later: float) -> None:
    rhythm = learned((), news, NOW)
    now, then = polled(rhythm).at - NOW, polled(rhythm, NOW + timedelta(days=later)).at - NOW
    assert FIVE_MINUTES <= now <= timedelta(hours=3) * 1.1
    quiet = then - timedelta(days=later)
    assert quiet >= now / 1.1 - timedelta(seconds=1), "jitter is up to a tenth"


@given(minutes=st.integers(1, 100_000), faster=st.integers(2, 50))
def test_a_busier_source_is_never_polled_less(minutes: int, faster: int) -> None:
    slow = polled(each(timedelta(minutes=minutes * faster)))
    quick = polled(each(timedelta(minutes=minutes)))
    assert quick.at <= slow.at


@pytest.mark.parametrize(
    ("rhythm", "pace"),
    [
        ((), "every 30 min, until its rhythm is known"),
        (each(timedelta(hours=8), 2), "every 30 min, until its rhythm is known"),
        (each(timedelta(hours=8), 20), "every 30 min, because it has news about 3 times a day"),
        (each(timedelta(days=2), 20), "every 3 h, because it has news about once in 2 days"),
        (each(timedelta(days=30), 20), "every 3 h, because it has news about once in 30 days"),
        (
            each(timedelta(minutes=10), 20),
            "every 5 min, the least that its kind allows; because it has news about 144 times a day",
        ),
    ],
)
def test_the_pace_is_explained(rhythm: Sequence[datetime], pace: str) -> None:
    assert polled(rhythm).pace == pace


def test_the_wish_of_a_feed_slows_down_and_never_speeds_up() -> None:
    def pause(asked: timedelta, every: timedelta | None = None) -> Next:
        return after_success(
            "wire", NOW, every=every, floor=FIVE_MINUTES, headers={}, wishes=Wishes(every=asked)
        )

    assert pause(timedelta(hours=3)).at >= NOW + timedelta(hours=3)
    assert "the feed asks" in (pause(timedelta(hours=3)).pace or "")
    assert pause(timedelta(seconds=1)).at >= NOW + EVERY
    assert pause(timedelta(days=900)).at <= NOW + DAY * 1.1
    chosen = pause(timedelta(hours=3), every=timedelta(minutes=10))
    assert chosen.at <= NOW + timedelta(minutes=11)
    assert "you set it" in (chosen.pace or "")


@pytest.mark.parametrize(
    ("headers", "hours"),
    [
        ({"expires": "Sat, 21 Nov 2026 12:00:00 GMT", "date": "Sat, 21 Nov 2026 09:00:00 GMT"}, 3),
        ({"expires": "Sat, 21 Nov 2026 09:00:00 GMT", "date": "Sat, 21 Nov 2026 12:00:00 GMT"}, 0.5),
        ({"expires": "Sat, 21 Nov 2026 12:00:00 GMT"}, 0.5),
        ({"expires": "0", "date": "Sat, 21 Nov 2026 09:00:00 GMT"}, 0.5),
        ({"expires": "Wed, 21 Nov 9999 99:00:00", "date": "never"}, 0.5),
        (
            {
                "cache-control": "no-cache, max-age=0",
                "expires": "Sat, 21 Nov 2026 12:00:00 GMT",
                "date": "Sat, 21 Nov 2026 09:00:00 GMT",
            },
            0.5,
        ),
        ({"cache-control": "max-age=٣٦٠٠٠"}, 0.5),
    ],
)
def test_expires_counts_by_the_clock_of_its_host_and_garbage_not_at_all(
    headers: dict[str, str], hours: float
) -> None:
    wait = after_success("wire", NOW, every=None, floor=FIVE_MINUTES, headers=headers).at - NOW
    assert timedelta(hours=hours) <= wait <= timedelta(hours=hours * 1.1)


def test_a_burst_counts_once() -> None:
    burst = [ago(1) + timedelta(seconds=number) for number in range(50)]
    assert gap(learned((), burst, NOW), NOW) is None


def test_an_entry_kept_on_top_for_years_is_no_rhythm() -> None:
    assert gap((NOW - timedelta(days=400), *each(timedelta(hours=2), 8)), NOW) == timedelta(hours=2)


def test_spans_in_words() -> None:
    assert [in_words(timedelta(minutes=number)) for number in (0, 25, 100, 360, 3000)] == [
        "1 min",
        "25 min",
        "1.7 h",
        "6 h",
        "2 days",
    ]


def test_a_folder_or_mailbox_of_ones_own_is_looked_into_however_rarely_it_has_news() -> None:
    rare = each(timedelta(days=30), 20)
    minute = timedelta(minutes=1)
    own = after_success("drop", NOW, every=None, floor=minute, headers={}, rhythm=rare)
    assert own.at - NOW <= EVERY * 1.1


@pytest.mark.parametrize(
    ("head", "hours", "days"),
    [
        (b"<skipHours><hour>1</hour><hour> 2 </hour></skipHours>", {1, 2}, set()),
        (b"<skipHours>\n<hour>24</hour><hour>99</hour><hour>x</hour></skipHours>", {0}, set()),
        (b"<skipDays><day>Saturday</day><day>SUNDAY</day><day>Someday</day></skipDays>", set(), {5, 6}),
        (
            b"<skipHours>" + b"".join(b"<hour>%d</hour>" % n for n in range(24)) + b"</skipHours>",
            set(),
            set(),
        ),
        (b"<skipHours><hour>1</hour>", set(), set()),
        (b"", set(), set()),
        (b"x" * 70_000 + b"<skipHours><hour>1</hour></skipHours>", set(), set()),
    ],
)
def test_the_hours_and_days_that_a_feed_names_are_read(head: bytes, hours: set[int], days: set[int]) -> None:
    assert skipped(b"<rss><channel>" + head) == (frozenset(hours), frozenset(days))


@given(
    hours=st.frozensets(st.integers(0, 23), max_size=23),
    days=st.frozensets(st.integers(0, 6), max_size=6),
    minutes=st.integers(0, 20_000),
)
def test_a_feed_is_left_alone_in_its_hours_and_never_for_longer_than_a_day(
    hours: frozenset[int], days: frozenset[int], minutes: int
) -> None:
    moment = NOW + timedelta(minutes=minutes)
    then = Wishes(hours=hours, days=days).next_open(moment)
    assert moment <= then <= moment + DAY
    closed = then.hour in hours or then.weekday() in days
    assert not closed or then == moment + DAY


def test_hours_to_skip_move_the_next_poll_and_the_users_word_does_not_heed_them() -> None:
    night = Wishes(hours=frozenset(range(9, 12)))  # NOW is 09:00
    own = after_success("wire", NOW, every=None, floor=FIVE_MINUTES, headers={}, wishes=night)
    set_by_user = after_success("wire", NOW, every=EVERY, floor=FIVE_MINUTES, headers={}, wishes=night)
    assert own.at >= NOW + timedelta(hours=3)
    assert set_by_user.at <= NOW + EVERY * 1.1


@given(every=st.none() | st.timedeltas(timedelta(seconds=1), DAY), hours=st.frozensets(st.integers(0, 23)))
def test_wishes_are_remembered_while_the_feed_is_unchanged(
    every: timedelta | None, hours: frozenset[int]
) -> None:
    wishes = Wishes(every=every, hours=hours)
    assert Wishes.remembered({"cursor": 1, **wishes.kept()}) == wishes
    assert Wishes.remembered({KEY: "nonsense"}) == Wishes.remembered({}) == Wishes()
