from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitors.pace import DAY, EVERY, after_failure, after_success
from tests.builders import NOW

FIVE_MINUTES = timedelta(minutes=5)


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
