"""Routing: owners by territory and in turn, and hot reasons that nobody takes."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.lifecycle import Stage
from earmark.types import (
    Action,
    History,
    Hours,
    Lexicon,
    Mark,
    Past,
    Reading,
    Rep,
    Role,
    Suppression,
    Trigger,
)
from matcher.agenda import wakes_at
from matcher.decide import act, decide
from matcher.routing import owner_for
from tests.builders import NOW, a_match, a_stored_event, an_account, days
from tests.matcher.pasts import ACCOUNT, a_history, a_reading, readings, stored, told

MONDAY = datetime.fromisoformat("2026-11-23T10:00:00+00:00")
ANN, BO, CY, BOSS = (
    Rep(id="ann", name="Ann Lind", manager="boss"),
    Rep(id="bo", manager="boss"),
    Rep(id="cy", territories=("Nordics",), manager="boss"),
    Rep(id="boss", most=0),
)
TEAM = Lexicon(reps=(ANN, BO, CY, BOSS), targets=("crm",))
TODAY = MONDAY.date()
FIVE = timedelta(minutes=5)


def _demo(**changes: Any) -> Reading:
    event = a_stored_event("Demo request", id="demo", published_at=MONDAY, seen_at=MONDAY, **changes)
    return a_reading(a_match(event, kind="demo_requested", role=Role.SUBJECT))


def _asked(now: datetime = MONDAY, lexicon: Lexicon = TEAM, **changes: Any) -> History:
    return told([[_demo()]], a_history(an_account(**changes)), lexicon, now)


def _trigger(history: History) -> Trigger:
    (trigger,) = history.pasts[ACCOUNT].triggers
    return trigger


def _swept(history: History, *moments: datetime, lexicon: Lexicon = TEAM) -> History:
    for moment in sorted(moments):
        history = stored(history, decide((), history, lexicon, moment))
    return history


def _offers(past: Past) -> list[str]:
    return [move.reason for move in past.transitions if "working minutes" in move.reason]


def test_the_territory_decides_first_and_others_go_in_turn() -> None:
    north = an_account(territory="nordics")
    found = owner_for(north, TEAM.reps, {"cy": 9}, TODAY)
    assert found == (CY, "territory nordics")
    other = owner_for(an_account(), TEAM.reps, {"ann": 1}, TODAY)
    assert other == (BO, "in turn")


def test_who_is_away_or_at_the_cap_is_left_out() -> None:
    away = replace(BO, away=((date(2026, 11, 20), date(2026, 11, 23)),))
    capped = replace(ANN, most=2)
    team = (capped, away, BOSS)
    assert owner_for(an_account(), team, {"ann": 1}, TODAY) == (capped, "in turn")
    assert owner_for(an_account(), team, {"ann": 2}, TODAY) is None
    back = owner_for(an_account(), team, {"ann": 2}, date(2026, 11, 24))
    assert back == (away, "in turn")


@given(st.sets(st.text("abcdefgh", min_size=1, max_size=6), min_size=12, max_size=60))
def test_in_turn_means_that_nobody_has_two_more_than_another(names: set[str]) -> None:
    loads: Counter[str] = Counter()
    for name in sorted(names):
        found = owner_for(an_account(name), TEAM.reps, loads, TODAY)
        assert found
        loads[found[0].id] += 1
    assert loads["boss"] == 0
    assert abs(loads["ann"] - loads["bo"]) <= 1


def test_a_promoted_account_that_nobody_owns_gets_an_owner_and_the_crm_hears_of_it() -> None:
    changes = decide([a_reading(a_match())], a_history(), TEAM, NOW)
    (account,) = changes.accounts
    assert account.owner in {"ann", "bo"}
    assert changes.transitions[-1].reason.startswith("Given to ")
    (sent,) = changes.outgoing
    assert (sent.topic, sent.payload["owner"]) == ("account.promoted", account.owner)
    same = decide([a_reading(a_match())], a_history(), TEAM, NOW)
    assert same.accounts == changes.accounts, "a replay finds the same"


def test_the_accounts_of_one_decision_go_in_turn_and_an_owner_stays() -> None:
    names = [f"Norvik {letter}" for letter in "ABCDEFGH"]
    listed = [an_account(name) for name in names] + [an_account("Owned", owner="Ida")]
    history = History(pasts={f"a:{each.id}": Past(account=each) for each in listed})
    told_of = [
        a_reading(a_match(a_stored_event(id=each.id, fingerprint=each.id), account=each.id))
        for each in listed
    ]
    changes = decide(told_of, history, TEAM, NOW)
    owners = Counter(each.owner for each in changes.accounts)
    assert owners == {"ann": 4, "bo": 4, "Ida": 1}
    more = decide(told_of, history, TEAM, NOW, {"ann": 6})
    assert Counter(each.owner for each in more.accounts) == {"ann": 1, "bo": 7, "Ida": 1}


def test_when_nobody_has_room_the_account_waits_for_the_morning() -> None:
    full = Lexicon(reps=(replace(ANN, most=1),))
    changes = decide([a_reading(a_match())], a_history(), full, MONDAY, {"ann": 1})
    assert changes.accounts[0].owner is None
    assert changes.due[ACCOUNT] == datetime.fromisoformat("2026-11-24T09:00:00+00:00")
    history = stored(a_history(), changes)
    morning = changes.due[ACCOUNT]
    assert morning
    assert _swept(history, morning, lexicon=full).pasts[ACCOUNT].account == replace(
        changes.accounts[0], owner="ann"
    )


def test_an_account_that_a_person_made_hot_is_given_to_somebody_by_the_next_sweep() -> None:
    meeting = Action(verb="outcome", by="ann", account="norvik-labs", value="meeting")
    history = a_history()
    changes = act(meeting, history, TEAM, MONDAY)
    assert changes.due[ACCOUNT] == MONDAY
    account = _swept(stored(history, changes), MONDAY).pasts[ACCOUNT].account
    assert account
    assert (account.stage, account.owner is None) == (Stage.HOT, False)


@pytest.mark.parametrize(
    "account",
    [
        an_account(suppression=Suppression(reason="opt_out", by="ann")),
        an_account(stage=Stage.CONTACTED, stage_since=NOW),
    ],
)
def test_who_is_not_to_be_called_gets_no_owner(account: Any) -> None:
    history = told([[a_reading(a_match())]], a_history(account), TEAM)
    assert history.pasts[ACCOUNT].account == account


def test_a_hot_reason_is_offered_to_the_owner_then_to_the_next_then_to_the_manager() -> None:
    history = _asked(owner="Ann Lind")
    assert (_trigger(history).offered_to, _trigger(history).offered_at) == ("ann", MONDAY)
    assert wakes_at(history.pasts[ACCOUNT], TEAM) == MONDAY + FIVE
    one = _swept(history, MONDAY + FIVE)
    assert (_trigger(one).offered_to, _trigger(one).offered_at) == ("bo", MONDAY + FIVE)
    two = _swept(one, MONDAY + 2 * FIVE)
    assert _trigger(two).offered_to == "boss"
    assert _offers(two.pasts[ACCOUNT]) == [
        "Nobody took it in five working minutes: from ann to bo.",
        "Nobody took it in five working minutes: from bo to boss.",
    ]
    assert _trigger(_swept(two, MONDAY + days(1))).offered_to == "boss", "nobody comes after the manager"
    account = two.pasts[ACCOUNT].account
    assert account
    assert (account.owner, account.stage) == ("Ann Lind", Stage.WARM)


def test_a_minute_before_it_is_still_the_owners() -> None:
    assert _trigger(_swept(_asked(), MONDAY + FIVE - timedelta(seconds=1))).offered_at == MONDAY


def test_outside_working_hours_it_waits_and_heads_the_morning() -> None:
    night = MONDAY.replace(hour=22)
    history = _swept(_asked(night), night + timedelta(hours=8))
    assert _trigger(history).offered_at == night
    assert not _offers(history.pasts[ACCOUNT])
    morning = datetime.fromisoformat("2026-11-24T09:05:00+00:00")
    assert wakes_at(history.pasts[ACCOUNT], TEAM) == morning
    assert len(_offers(_swept(history, morning).pasts[ACCOUNT])) == 1


def test_the_clock_of_the_team_decides_also_when_it_is_changed() -> None:
    berlin = replace(TEAM, hours=Hours(zone="Europe/Berlin"))
    saturday = datetime.fromisoformat("2026-10-24T12:00:00+00:00")
    history = _asked(saturday, berlin)
    assert wakes_at(history.pasts[ACCOUNT], berlin) == datetime.fromisoformat("2026-10-26T09:05:00+01:00")


@pytest.mark.parametrize(
    ("verb", "value"),
    [("accept", ""), ("contacted", "phone"), ("dismiss", "off_topic"), ("snooze", ""), ("assign", "cy")],
)
def test_whoever_does_something_about_it_has_taken_it(verb: str, value: str) -> None:
    history = _asked()
    target = {"trigger": _trigger(history).id} if verb in {"accept", "dismiss"} else {}
    until = MONDAY + days(1) if verb == "snooze" else None
    action = Action(verb=verb, by="ann", value=value, until=until, **({"account": "norvik-labs"} | target))
    taken = stored(history, act(action, history, TEAM, MONDAY + timedelta(minutes=2)))
    later = _swept(taken, MONDAY + days(2))
    heir = value if verb == "assign" else _trigger(history).offered_to
    assert _trigger(later).offered_to == heir, "whom it is assigned to, it is offered to"
    assert not _offers(later.pasts[ACCOUNT])


def test_what_was_taken_back_was_not_taken() -> None:
    history = _asked()
    for verb, minute in (("accept", 1), ("undo", 2)):
        action = Action(verb=verb, by="ann", trigger=_trigger(history).id)
        history = stored(history, act(action, history, TEAM, MONDAY + timedelta(minutes=minute)))
    assert _trigger(_swept(history, MONDAY + FIVE)).offered_to != _trigger(history).offered_to


def test_backfill_news_and_teams_without_reps_are_offered_to_nobody() -> None:
    old = told([[_demo(mark=Mark.BACKFILL)]], a_history(), TEAM, MONDAY)
    assert _trigger(old).offered_to is None
    assert _trigger(told([[a_reading(a_match())]], a_history(), TEAM, MONDAY)).offered_to is None
    assert _trigger(_asked(lexicon=Lexicon())).offered_to is None


def test_an_absent_owner_hears_of_it_later_and_news_of_it_offer_it_once() -> None:
    away = replace(TEAM, reps=(replace(ANN, away=((TODAY, TODAY),)), BO, BOSS))
    history = _asked(lexicon=away, owner="ann")
    assert _trigger(history).offered_to == "bo"
    again = told([[_demo(revision=2)]], history, away, MONDAY + timedelta(minutes=1))
    assert (_trigger(again).offered_to, _trigger(again).offered_at) == ("bo", MONDAY)


@given(readings(), st.lists(st.integers(0, 3000), max_size=6), st.sampled_from((None, "ann", "Ida")))
def test_a_late_sweep_hands_over_like_punctual_ones(
    some: list[Reading], minutes: list[int], owner: str | None
) -> None:
    history = told([[_demo(), *some]], a_history(an_account(owner=owner)), TEAM, MONDAY)
    when = [MONDAY + timedelta(minutes=number) for number in minutes]
    end = MONDAY + days(3)
    assert _swept(history, *when, end) == _swept(history, end)


def test_who_is_offered_it_next_is_told_at_once_and_once() -> None:
    history = _asked()
    first = _trigger(history).offered_to
    moment = wakes_at(history.pasts[ACCOUNT], TEAM)
    assert moment is not None
    changes = decide((), history, TEAM, moment)
    (told_of,) = [each for each in changes.outgoing if each.topic == "account.handed_over"]
    after = stored(history, changes)
    heir = _trigger(after).offered_to
    assert (told_of.payload["owner"], told_of.payload["offered_from"]) == (heir, first)
    assert told_of.payload["trigger"] == _trigger(after).id
    assert heir is not None
    assert heir in told_of.key
    assert not decide((), after, TEAM, moment).outgoing
    again = decide((), history, TEAM, moment)
    assert [each.key for each in again.outgoing] == [each.key for each in changes.outgoing], (
        "one key an offer"
    )


def test_a_hot_reason_that_is_given_to_nobody_waits_for_nobody() -> None:
    history = _asked()
    action = Action(verb="assign", by="boss", account="norvik-labs")
    taken = stored(history, act(action, history, TEAM, MONDAY + timedelta(minutes=2)))
    assert (_trigger(taken).offered_to, _trigger(taken).offered_at) == (None, None)


def _assigned(history: History, verb: str, value: str, minute: int) -> History:
    action = Action(verb=verb, by="boss", account="norvik-labs", value=value)
    return stored(history, act(action, history, TEAM, MONDAY + timedelta(minutes=minute)))


@pytest.mark.parametrize("heir", ["cy", ""])
def test_who_was_asked_before_an_assignment_is_asked_again_when_it_is_taken_back(heir: str) -> None:
    before = _asked(owner="ann")
    assigned = _assigned(before, "assign", heir, 1)
    assert _trigger(assigned).offered_to == (heir or None)
    undone = _assigned(assigned, "undo", "", 2)
    was, now = before.pasts[ACCOUNT], undone.pasts[ACCOUNT]
    assert (now.account, now.triggers) == (was.account, was.triggers)
    assert _trigger(_swept(undone, MONDAY + FIVE)) == _trigger(_swept(before, MONDAY + FIVE))


def test_an_assignment_that_is_taken_back_leaves_a_later_one_as_it_is() -> None:
    history = _assigned(_assigned(_asked(owner="ann"), "assign", "bo", 1), "assign", "cy", 2)
    first = next(move for move in history.pasts[ACCOUNT].transitions if move.reason == "Assigned to bo.")
    undone = _assigned(history, "undo", first.id, 3)
    assert undone.pasts[ACCOUNT].account == history.pasts[ACCOUNT].account
    assert _trigger(undone) == _trigger(history)
