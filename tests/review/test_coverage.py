"""Which kinds of reason the sources of today can show of an account."""

from typing import Any

from earmark.triggers import CATALOGUE, Polarity
from review.coverage import Coverage, coverage_of, watchers
from sources.registry import kinds
from storage.polls import Configured
from tests.builders import NOW, ago, an_account, days

NORVIK = an_account()
OTHER = an_account("Oskarion Freight", domains=("oskarion.example",))
LISTED = {NORVIK.id: NORVIK, OTHER.id: OTHER}


def a_source(name: str, kind: str, fails: int = 0, **options: Any) -> Configured:
    return Configured(
        id=name,
        kind=kind,
        options=options,
        next_poll_at=NOW + days(1),
        last_ok_at=ago(0.1),
        failures=fails,
        last_error="It is down." if fails else None,
    )


def covered(*sources: Configured) -> Coverage:
    return coverage_of(NORVIK, LISTED, sources, kinds(), NOW)


def test_without_sources_everything_is_a_blind_spot_and_few_kinds_would_end_most_of_it() -> None:
    found = covered()
    wanted = {key for key, kind in CATALOGUE.items() if kind.polarity is Polarity.BUY}
    assert set(found.blind) == wanted
    assert not found.shown
    assert not found.by_chance
    assert 2 <= len(found.remedies) <= 6
    added = [key for remedy in found.remedies for key in remedy.adds]
    assert len(added) == len(set(added)), "each adds something of its own"
    assert set(added) <= wanted


def test_what_its_own_sources_show_is_seen_and_what_those_of_others_show_is_not() -> None:
    own = a_source("board", "jobs", company=NORVIK.name)
    found = covered(own, a_source("theirs", "statuspage", company=OTHER.name))
    assert (found.own, found.general) == (("board",), ())
    assert found.shown["hiring_role"] == ("board",)
    assert "account_outage" in found.blind
    assert {key for remedy in found.remedies for key in remedy.adds} <= {*found.blind, *found.by_chance}
    assert "jobs" not in {each.kind for each in found.remedies}


def test_a_feed_of_its_own_shows_what_the_account_tells_there_and_nothing_surely() -> None:
    found = covered(
        a_source("blog", "feed", company=NORVIK.name), a_source("board", "jobs", company=NORVIK.name)
    )
    assert found.shown["hiring_role"] == ("board",)
    assert found.if_told["funding_seed"] == ("blog",)
    assert "funding_seed" not in found.shown
    assert {"asks_recommendation", "demo_requested"} <= set(found.blind), "nobody tells that of itself"
    assert "demo_requested" in {key for one in found.remedies for key in one.adds}


def test_the_general_press_shows_by_chance_but_a_buyers_voice_wherever_it_is_heard() -> None:
    found = covered(a_source("wire", "wire"), a_source("forum", "lobsters"))
    assert found.general == ("wire", "forum")
    assert "funding_seed" in found.by_chance
    assert found.shown["asks_recommendation"] == ("forum",)
    assert "asks_recommendation" not in found.by_chance


def test_a_source_that_fails_or_is_of_an_unknown_kind_shows_nothing() -> None:
    broken = a_source("board", "jobs", fails=3, company=NORVIK.name)
    found = covered(broken, a_source("strange", "no_such_kind"))
    assert (found.ill, found.shown) == (("board",), {})
    assert "hiring_role" in found.blind


def test_an_account_is_watched_by_its_name_or_a_part_of_its_host() -> None:
    domain = NORVIK.domains[0]
    sources = [
        a_source("a", "feed", url=f"https://blog.{domain}/feed"),
        a_source("b", "webpage", url="https://www.oskarion.example/news"),
        a_source("c", "feed", url="https://[broken"),
        a_source("d", "feed", url="https://wire.example/feed"),
    ]
    assert watchers(LISTED, sources) == {NORVIK.id: ["a"], OTHER.id: ["b"]}
