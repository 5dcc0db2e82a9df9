"""The list of a day: as long as the day, hot first, and what was left out with its reason."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pytest

from earmark.lifecycle import Stage
from earmark.types import Action, Changes, Lexicon, Role, Suppression
from matcher.act import act
from matcher.decide import decide
from matcher.stories import key_of
from review import listing
from review.day import Day, LeftOut, day, left_out
from storage import accounts, events, history, rulebook
from storage.engine import Engine, connect, migrate, reading, writing
from tests.builders import NOW, a_match, a_stored_event, ago, an_account, days
from tests.matcher.pasts import a_reading

MIDNIGHT = NOW.replace(hour=0)
REPS = '[[reps]]\nid = "ann"\nname = "Ann Lind"\n[[reps]]\nid = "bo"\n[[reps]]\nid = "boss"\nmost = 0\n'


@pytest.fixture
def engine(tmp_path: Any) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path}/day.db")
    migrate(engine)
    yield engine
    engine.dispose()


def _told(engine: Engine, name: str, *kinds: str, now: datetime = NOW, **changes: Any) -> str:
    """Tell of an account one thing of each kind, the first the freshest, and return its id."""
    account = an_account(name, **changes)
    key = f"a:{account.id}"
    with writing(engine) as conn:
        accounts.upsert(conn, [account])
        history.save(conn, Changes(accounts=(account,)), now)
        for number, kind in enumerate(kinds):
            id_ = f"{account.id}-{kind}"
            event = a_stored_event(
                f"{name} {kind}", id=id_, external_id=id_, fingerprint=id_, published_at=ago(1 + number)
            )
            events.insert(conn, [event])
            role = Role.RAISER if kind.startswith("funding") else Role.SUBJECT
            match = a_match(event, account=account.id, kind=kind, role=role)
            past = history.load(conn, [key], now, now)
            history.save(conn, decide([a_reading(match)], past, Lexicon(), now), now)
    return account.id


def _do(engine: Engine, verb: str, account: str, **more: Any) -> None:
    with writing(engine) as conn:
        past = history.load(conn, [f"a:{account}"], NOW, NOW)
        changes = act(Action(verb=verb, by="ann", account=account, **more), past, Lexicon(), NOW)
        history.save(conn, changes, NOW)


def _day(engine: Engine, touches: int = 40, **more: Any) -> Day:
    with reading(engine) as conn:
        return day(conn, NOW, touches=touches, since=MIDNIGHT, **more)


def _left_out(engine: Engine, touches: int = 40, **more: Any) -> list[LeftOut]:
    with reading(engine) as conn:
        return list(left_out(conn, NOW, touches=touches, since=MIDNIGHT, **more))


def _names(found: Day) -> list[str]:
    return [row.name for row in found.rows]


def _voices(engine: Engine, count: int, kind: str = "problem_described") -> None:
    with writing(engine) as conn:
        for number in range(count):
            event = a_stored_event(
                f"Post {number}",
                id=f"{kind}-{number}",
                external_id=f"{kind}-{number}",
                fingerprint=f"{kind}-{number}",
                url=f"https://forum.example/{kind}/{number}",
                author=f"{kind} {number}",
                published_at=ago(0.1),
            )
            events.insert(conn, [event])
            match = a_match(event, account=None, kind=kind, role=Role.SUBJECT, problem="everything")
            key = key_of(match)
            past = history.load(conn, [key], NOW, NOW)
            history.save(conn, decide([a_reading(match)], past, Lexicon(), NOW), NOW)


def test_a_problem_that_every_post_names_pushes_nothing_else_off_the_list(engine: Engine) -> None:
    _voices(engine, 6)
    _voices(engine, 2, "asks_recommendation")
    _told(engine, "Norvik Labs", "event_participation")
    everything = _day(engine, 9)
    assert len(everything.rows) == 9
    assert [row.kind for row in everything.rows[:5]] == [
        *["asks_recommendation"] * 2,
        *["problem_described"] * 2,
        "event_participation",
    ]
    assert "Norvik Labs" in _names(_day(engine, 8))
    assert [one.why for one in _left_out(engine, 8)] == [
        "too many name the problem 'everything': see earmark rules try"
    ]


@pytest.mark.parametrize("step", [1, 2, 50])
def test_the_page_puts_a_problem_that_every_post_names_last_too(engine: Engine, step: int) -> None:
    _voices(engine, 6)
    _voices(engine, 2, "asks_recommendation")
    _told(engine, "Norvik Labs", "event_participation")
    whole, after = list[str](), ""
    words = list[str]()
    with reading(engine) as conn:
        while len(whole) < 9:  # which of two that are worth the same comes first is of no matter
            asked = listing.asked_of([("after", after)], frozenset(), NOW, UTC)
            found = listing.rows(conn, asked, NOW, limit=step, touches=9)
            whole += [row.kind for row in found.rows]
            words += [group.words for group in found.groups]
            after = found.next_after
            assert bool(after) is (len(whole) < 9)
    assert whole == [row.kind for row in _day(engine, 9).rows]
    assert "More that only name one problem: is its rule too wide?" in words


def test_where_nothing_is_named_too_often_the_page_has_no_last_part(engine: Engine) -> None:
    _voices(engine, 2)
    with reading(engine) as conn:
        asked = listing.asked_of([], frozenset(), NOW, UTC)
        found = listing.rows(conn, asked, NOW, touches=9)
    assert [group.words for group in found.groups] == [""]


def test_a_day_holds_as_many_rows_as_touches_are_left(engine: Engine) -> None:
    for letter in "ABCD":
        _told(engine, f"Norvik {letter}", "funding_early")
    assert (len(_day(engine, 3).rows), _day(engine, 3).total) == (3, 4)
    _do(engine, "contacted", "norvik-a")
    found = _day(engine, 3)
    assert (len(found.rows), found.total, found.made) == (2, 3, 1)
    assert [one.why for one in _left_out(engine, 3) if one.account != "norvik-a"] == [
        "the day is full: 3 touches, 1 of them made"
    ]
    _do(engine, "undo", "norvik-a")
    assert len(_day(engine, 3).rows) == 3, "a touch that was taken back is none"
    assert len(_day(engine, 1, everything=True).rows) == 4


def test_a_touch_stays_one_when_something_else_is_taken_back_and_an_answer_is_none(engine: Engine) -> None:
    for letter in "ABC":
        _told(engine, f"Norvik {letter}", "funding_early")
    _do(engine, "contacted", "norvik-a")
    _do(engine, "snooze", "norvik-a", until=NOW + days(3))
    _do(engine, "undo", "norvik-a")
    assert _day(engine, 3).made == 1, "the snooze was taken back, not the call"
    _do(engine, "outcome", "norvik-b", value="no_answer")
    assert _day(engine, 3).made == 1, "nobody answered a call of yesterday"


def test_one_row_per_account_the_best_reason_first_and_the_others_inside(engine: Engine) -> None:
    _told(engine, "Norvik Labs", "award_recognition", "funding_early", "exec_hire")
    (row,) = _day(engine).rows
    assert row.kind == "funding_early"
    assert row.more == 2
    assert row.reasons == ("has a new executive", "won an award")


def test_hot_accounts_come_first(engine: Engine) -> None:
    _told(engine, "Cold News", "funding_early", "exec_hire")
    _told(engine, "Hot Lead", "award_recognition", stage=Stage.HOT, stage_since=ago(1))
    assert _names(_day(engine, 1)) == ["Hot Lead"]


def test_one_source_alone_is_said_to_be_unconfirmed(engine: Engine) -> None:
    _told(engine, "Norvik Labs", "funding_early")
    assert _day(engine).rows[0].unconfirmed


@pytest.mark.parametrize(
    ("changes", "kind", "why"),
    [
        (
            {"suppression": Suppression(reason="open_deal", by="ann")},
            "funding_early",
            "never contact: open deal",
        ),
        ({"snoozed_until": NOW + days(3)}, "funding_early", "snoozed until 2026-11-24"),
        (
            {"stage": Stage.CONTACTED, "stage_since": ago(1)},
            "funding_early",
            "contacted: an answer is waited",
        ),
        ({}, "award_recognition", "cold: a score of 17 is under the threshold of 20"),
        ({}, "hiring_freeze", "it speaks against contact"),
    ],
)
def test_what_is_not_on_the_list_says_why(
    engine: Engine, changes: dict[str, Any], kind: str, why: str
) -> None:
    _told(engine, "Norvik Labs", kind, **changes)
    found = _day(engine)
    assert (found.rows, found.barred) == ((), 1)
    assert [one.why[: len(why)] for one in _left_out(engine)] == [why]


def test_a_score_is_never_told_as_large_as_the_threshold_that_it_misses(engine: Engine) -> None:
    _told(engine, "Norvik Labs", "mention_neutral")
    [one] = _left_out(engine)
    above = ceil(one.score)
    assert above == round(one.score), "a score that is rounded up"
    with writing(engine) as conn:
        rulebook.save(conn, f"threshold = {above}\n", by="test", at=NOW)
    [one] = _left_out(engine)
    told = re.search(r"a score of ([\d.]+) is under the threshold of (\d+)", one.why)
    assert told, one.why
    assert float(told[1]) < float(told[2]) == above


def test_each_rep_has_a_share_of_the_day(engine: Engine) -> None:
    with writing(engine) as conn:
        rulebook.save(conn, REPS, by="test", at=NOW)
    _told(engine, "Hers", "funding_early", owner="Ann Lind")
    _told(engine, "Also Hers", "funding_early", owner="ann")
    _told(engine, "His", "funding_early", owner="bo")
    _told(engine, "Nobodys", "funding_early")
    found = _day(engine, 40, owner="ann")
    assert sorted(_names(found)) == ["Also Hers", "Hers"]
    assert found.touches == 20, "the manager works no accounts"
    _do(engine, "contacted", "his")
    assert _day(engine, owner="Ann Lind").made == 0


def test_an_empty_past_is_an_empty_day(engine: Engine) -> None:
    found = _day(engine)
    assert (found.rows, found.total, found.barred, _left_out(engine)) == ((), 0, 0, [])
