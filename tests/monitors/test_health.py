import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.contract import Source
from monitors.finish import finished
from monitors.health import State, address_of, health_of, is_silent, sighted
from monitors.parse import ParsePool
from monitors.poll import Outcome, poll_source
from sources.registry import build
from storage.polls import Configured, Finished, Validators
from tests.builders import NOW, a_stored_event, ago, days
from tests.monitors.hostile import Handler, Hostile, a_fetcher, answer

DAILY = tuple(NOW + days(number) for number in range(-12, 1))
OLD, NEW = "https://old.example/feed", "https://new.example/feed"
FEED = (
    b"<rss version='2.0'><channel><title>Wire</title><item><guid>1</guid>"
    b"<title>Norvik Labs opens an office</title><link>https://wire.example/1</link>"
    b"<pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>"
)


def a_source(**changes: Any) -> Configured:
    fields: dict[str, Any] = {
        "id": "wire",
        "kind": "feed",
        "options": {},
        "next_poll_at": NOW + timedelta(minutes=20),
        "last_ok_at": ago(0.1),
        "first_polled_at": ago(30),
    }
    return Configured(**(fields | changes))


def a_feed(**options: Any) -> Source:
    return build("feed", {"url": "https://wire.example/feed", **options})


def told(
    before: Configured, *, now: datetime = NOW, error: str | None = None, source: Source | None = None
) -> Finished:
    outcome = Outcome(
        source="wire", result="unavailable" if error else "unchanged", started_at=now, error=error
    )
    return finished(before, source or a_feed(), outcome, now)


def after(before: Configured, poll: Finished) -> Configured:
    changes: dict[str, Any] = {
        "failures": poll.failures,
        "silent_since": before.silent_since if poll.error else poll.silent_since,
        "rhythm": before.rhythm if poll.rhythm is None else poll.rhythm,
        "last_error": poll.error,
    }
    return a_source(**changes)


def test_a_source_is_silent_when_it_breaks_its_own_rhythm() -> None:
    def silent(rhythm: tuple[datetime, ...], later: float) -> bool:
        return is_silent(rhythm, NOW + days(later), expect_every=None, since=ago(90))

    assert not silent(DAILY, 9)
    assert silent(DAILY, 11)
    assert not silent(DAILY[-5:], 300), "too little is known of it"
    hot = tuple(NOW - timedelta(minutes=10 * number) for number in range(20, -1, -1))
    assert not silent(hot, 3.9), "a long weekend"
    assert silent(hot, 4.1)
    holidays = (*(moment - days(20) for moment in DAILY), NOW)
    assert not silent(holidays, 59), "it has been away for twenty days before"
    assert silent(holidays, 61)


def test_the_users_word_on_silence_counts_from_the_first_poll() -> None:
    def silent(rhythm: tuple[datetime, ...], since: datetime | None, hours: int = 48) -> bool:
        return is_silent(rhythm, NOW, expect_every=timedelta(hours=hours), since=since)

    assert silent((), ago(3))
    assert not silent((), ago(1))
    assert not silent((), None)
    assert not silent((ago(1),), ago(30))
    assert silent((ago(1),), ago(30), hours=12)


@given(st.lists(st.floats(0, 100).map(ago), min_size=1, max_size=20), st.floats(0, 200), st.floats(0, 200))
def test_silence_only_ends_by_news(rhythm: list[datetime], sooner: float, more: float) -> None:
    moments = tuple(sorted(rhythm))
    first = is_silent(moments, NOW + days(sooner), expect_every=None, since=None)
    later = is_silent(moments, NOW + days(sooner + more), expect_every=None, since=None)
    assert later or not first


def test_silence_is_said_once_when_it_begins_and_once_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "monitors.finish")
    source = a_source(rhythm=DAILY)
    for later in (1, 11, 12, 13):
        source = after(source, told(source, now=NOW + days(later)))
    assert [record.message for record in caplog.records] == ["source silent"]
    assert source.silent_since == NOW + days(11)
    source = after(source, told(source, now=NOW + days(14), error="It is down."))
    assert source.silent_since == NOW + days(11), "a failure says nothing about silence"
    outcome = Outcome(source="wire", result="new", started_at=NOW + days(15))
    news = [a_stored_event(published_at=NOW + days(15))]
    spoken = finished(source, a_feed(), outcome, NOW + days(15), news=news)
    assert spoken.silent_since is None
    assert spoken.rhythm is not None
    assert spoken.rhythm[-1] == NOW + days(15)
    assert [record.message for record in caplog.records] == [
        "source silent",
        "source failing",
        "source works again",
        "source speaks again",
    ]


def test_a_failing_source_is_said_once_down_and_once_up(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "monitors.finish")
    source = a_source()
    for error in ("It is down.", "It is down.", "It is still down.", None, None):
        source = after(source, told(source, error=error))
    said = [(record.levelname, record.message) for record in caplog.records]
    assert said == [("WARNING", "source failing"), ("INFO", "source works again")]


@pytest.mark.parametrize(
    ("changes", "state", "words", "remedy"),
    [
        ({}, "ok", "Next in 20 min.", ""),
        ({"pace": "every 25 min, because"}, "ok", "Next in 20 min; every 25 min, because.", ""),
        ({"last_ok_at": None}, "new", "Not polled yet.", ""),
        (
            {"last_ok_at": None, "pace": "it waits: Its host wants a pause. It is tried again."},
            "new",
            "Not polled yet. Next in 20 min; it waits: Its host wants a pause. It is tried again.",
            "",
        ),
        ({"enabled": False, "failures": 3}, "paused", "Paused by a person; last good 2.4 h ago.", "resume"),
        (
            {"paused_reason": "Gone.", "failures": 2, "last_error": "HTTP 410."},
            "stopped",
            "HTTP 410. It is not asked again (last good 2.4 h ago).",
            "resume",
        ),
        (
            {"failures": 3, "last_error": "It is down.", "silent_since": NOW},
            "failing",
            "It is down. Failed 3 times in a row, last good 2.4 h ago, next try in 20 min.",
            "sources test wire",
        ),
        ({"next_poll_at": ago(1), "silent_since": NOW}, "late", "Due for 24 h; last good 2.4 h ago.", "up"),
        (
            {"silent_since": NOW, "rhythm": tuple(moment - days(20) for moment in DAILY)},
            "silent",
            "It answers, but has had no news for 20 days, where some every 24 h are usual.",
            "sources test wire",
        ),
        (
            {"silent_since": NOW},
            "silent",
            "It answers, but has had no news since it was added.",
            "sources test wire",
        ),
    ],
)
def test_a_source_fares_in_plain_words(
    changes: dict[str, Any], state: State, words: str, remedy: str
) -> None:
    health = health_of(a_source(**changes), NOW)
    assert (health.state, health.words) == (state, words)
    assert remedy in health.remedy
    assert bool(remedy) == bool(health.remedy)


def test_a_move_is_adopted_after_three_sightings_over_a_day() -> None:
    page: Validators | None = None
    adopted = []
    for hours in (0, 1, 2, 23, 24, 25):
        now = NOW + timedelta(hours=hours)
        page = sighted(Validators(), NEW, page, now)
        adopted.append(address_of(OLD, page, now))
    assert adopted == [OLD, OLD, OLD, OLD, NEW, NEW]
    rare = sighted(Validators(), NEW, sighted(Validators(), NEW, None, NOW), NOW + days(9))
    assert address_of(OLD, rare, NOW + days(99)) == OLD, "seen twice only"


@given(st.lists(st.tuples(st.sampled_from([NEW, "https://other.example/", None]), st.integers(0, 30))))
def test_only_the_same_target_without_a_break_is_ever_adopted(seen: list[tuple[str | None, int]]) -> None:
    page: Validators | None = None
    now = NOW
    run: list[tuple[str | None, datetime]] = []
    for target, hours in seen:
        now += timedelta(hours=hours)
        page = sighted(Validators(etag="1"), target, page, now)
        run = [*run, (target, now)] if run and run[-1][0] == target else [(target, now)]
        sure = target is not None and len(run) >= 3 and now - run[0][1] >= timedelta(hours=24)
        assert address_of(OLD, page, now) == (target if sure else OLD)


class Anchored(Source):
    """Reads one feed, with headers if it is told so."""

    kind: ClassVar[str] = "anchored"
    url: str
    headers: dict[str, str]

    async def poll(self, poll: Any) -> Any:
        page = await poll.get(self.url, headers=self.headers)
        for event in (await poll.feed(page)).events:
            yield event


def visit(
    served: dict[str, Handler], *, failures: int = 0, headers: dict[str, str] | None = None
) -> tuple[Outcome, list[str], Validators | None]:
    """Poll /old once, whose move to /new has stood for two days; say what was asked for and what stands."""

    async def run() -> tuple[Outcome, list[str], Validators | None]:
        async with Hostile(dict(served)) as server, a_fetcher(server) as fetcher, ParsePool() as pool:
            old = server.url("/old")
            page = Validators(moved_to=server.url("/new"), moved_at=ago(2), moved_times=3)
            before = a_source(pages={old: page}, failures=failures)
            source = Anchored(url=old, headers=headers or {})
            outcome = await poll_source(before, source, fetcher, pool, NOW)
            return outcome, [seen.target for seen in server.seen], outcome.pages.get(old)

    return asyncio.run(run())


MOVED = answer(b"", "Location: /new", status="301 Moved")


def test_an_adopted_address_is_asked_directly_and_stays() -> None:
    outcome, asked, page = visit({"/old": MOVED, "/new": answer(FEED)})
    assert (asked, len(outcome.events)) == (["/new"], 1)
    assert page is not None
    assert page.moved_times == 3


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "500 Oops", "403 Forbidden"])
def test_an_adopted_address_that_fails_gives_way_to_the_old_one(status: str) -> None:
    outcome, asked, page = visit({"/old": answer(FEED), "/new": answer(b"", status=status)})
    assert asked == ["/new", "/old"]
    assert (outcome.error, len(outcome.events)) == (None, 1)
    assert page is not None
    assert page.moved_to is None


def test_after_a_failure_the_old_address_is_asked_so_that_a_poisoned_move_heals() -> None:
    outcome, asked, page = visit({"/old": answer(FEED), "/new": answer(b"parked")}, failures=1)
    assert (asked, outcome.error) == (["/old"], None)
    assert page is not None
    assert page.moved_to is None


def test_what_only_the_first_host_may_see_is_not_told_to_a_new_address() -> None:
    _, asked, _ = visit({"/old": answer(FEED), "/new": answer(FEED)}, headers={"Authorization": "Bearer x"})
    assert asked == ["/old"]


def test_a_move_is_noted_from_the_answer_and_forgotten_without_it() -> None:
    def seen(served: dict[str, Handler]) -> Validators:
        _, _, page = visit(served, failures=1)
        assert page is not None
        return page

    assert seen({"/old": MOVED, "/new": answer(FEED)}).moved_times == 4
    later = answer(b"", "Location: /new", status="302 Found")
    assert seen({"/old": later, "/new": answer(FEED)}).moved_to is None
