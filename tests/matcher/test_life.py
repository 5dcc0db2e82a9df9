"""A whole life of an account: any order of news, actions and time keeps to the table, and undo restores."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from earmark.errors import EarmarkError
from earmark.lifecycle import TRANSITIONS, Stage
from earmark.rulebook import parse
from earmark.types import Action, History, Past, Reading
from matcher.act import OUTCOMES, SUPPRESSIONS, act
from matcher.agenda import wakes_at
from matcher.decide import decide
from tests.builders import NOW, days
from tests.matcher.pasts import ACCOUNT, a_history, readings, stored

TEAM = parse(
    """
targets = ["crm"]
[[reps]]
id = "ann"
manager = "boss"
[[reps]]
id = "bo"
most = 3
[[reps]]
id = "boss"
most = 0
[[compounds]]
id = "both"
name = "Both"
rule = "funding <= 50 d AND exec_hire 2-40 d AND NOT layoffs <= 15 d"
"""
).lexicon({}, 1)

VERBS = {
    "accept": ("",),
    "assign": ("ann", "bo"),
    "contacted": ("phone",),
    "dismiss": ("off_topic", "customer_or_open_deal", "not_now", "too_old"),
    "outcome": tuple(OUTCOMES),
    "snooze": ("",),
    "suppress": SUPPRESSIONS,
    "undo": ("",),
    "unsuppress": ("",),
}
_OF_TRIGGERS = {"accept", "dismiss"}

steps = st.lists(
    st.tuples(
        st.sampled_from(("news", "sweep", "wait", *VERBS, *VERBS)),
        st.integers(0, 20),
        st.integers(0, 6),
    ),
    max_size=14,
)


def _action(verb: str, number: int, past: Past, now: datetime) -> Action | None:
    target: dict[str, Any] = {"account": "norvik-labs"}
    if verb in _OF_TRIGGERS:
        if not past.triggers:
            return None
        target = {"trigger": past.triggers[number % len(past.triggers)].id}
    value = VERBS[verb][number % len(VERBS[verb])]
    until = now + days(1 + number) if verb in {"snooze", "suppress", "dismiss"} else None
    return Action(verb=verb, by="ann", value=value, until=until, **target)


def _done(history: History, action: Action | None, now: datetime) -> History | None:
    """Return the history after an action, or None when it does not fit."""
    try:
        return None if action is None else stored(history, act(action, history, TEAM, now))
    except EarmarkError:
        return None


def _lived(some: list[Reading], course: list[tuple[str, int, int]], *, lazy: bool = False) -> History:
    history, now, left = a_history(), NOW, list(some)
    for what, number, wait in course:
        now += days(wait / 4)
        if what == "news" and left:
            history = stored(history, decide([left.pop()], history, TEAM, now))
        elif what == "sweep" and not lazy:
            history = stored(history, decide((), history, TEAM, now))
        elif what in VERBS:
            history = _done(history, _action(what, number, history.pasts[ACCOUNT], now), now) or history
    return stored(history, decide((), history, TEAM, now + days(1)))


@given(readings(), steps)
def test_every_move_is_one_of_the_table_and_follows_the_one_before(
    some: list[Reading], course: list[tuple[str, int, int]]
) -> None:
    past = _lived(some, course).pasts[ACCOUNT]
    stage = Stage.COLD
    for move in past.transitions:
        note(f"{move.at} {move.before} {move.cause} {move.after} {move.reason}")
        assert move.before is stage
        assert move.reason
        assert move.actor
        if move.after is not move.before and move.undoes is None:
            assert TRANSITIONS[move.before, move.cause] is move.after
        stage = move.after
    assert past.account
    assert past.account.stage is stage
    assert len({move.id for move in past.transitions}) == len(past.transitions)


@given(readings(), steps, st.sampled_from(sorted(set(VERBS) - {"undo"})), st.integers(0, 20))
def test_undo_gives_back_the_account_and_its_triggers_as_they_were(
    some: list[Reading], course: list[tuple[str, int, int]], verb: str, number: int
) -> None:
    now = NOW + days(40)
    history = _lived(some, course)
    history = stored(history, decide((), history, TEAM, now))
    before = history.pasts[ACCOUNT]
    done = _done(history, _action(verb, number, before, now), now)
    if done is None or len(done.pasts[ACCOUNT].transitions) == len(before.transitions):
        return
    back = _done(done, Action(verb="undo", by="ann", account="norvik-labs"), now)
    assert back is not None
    after = back.pasts[ACCOUNT]
    assert after.account == before.account
    assert {t.id: (t.state, t.ended_at) for t in after.triggers} == {
        t.id: (t.state, t.ended_at) for t in before.triggers
    }


@given(readings(), steps)
def test_sweeps_in_between_change_nothing_in_the_end(
    some: list[Reading], course: list[tuple[str, int, int]]
) -> None:
    punctual, lazy = _lived(some, course), _lived(some, course, lazy=True)
    assert _shape(punctual.pasts[ACCOUNT]) == _shape(lazy.pasts[ACCOUNT])


def _shape(past: Past) -> tuple[object, ...]:
    """Return the past without who was given it and when: that depends on when somebody looked."""
    account = past.account and replace(past.account, owner=None)
    moves = [
        (move.at, move.before, move.after, move.cause, move.trigger)
        for move in past.transitions
        if not move.reason.startswith("Given to ")
    ]
    return (
        account,
        sorted(moves, key=repr),
        {(t.id, t.state, t.ended_at, t.expires_at) for t in past.triggers},
    )


@given(readings(), steps)
def test_the_agenda_is_never_behind(some: list[Reading], course: list[tuple[str, int, int]]) -> None:
    history, now, left = a_history(), NOW, list(some)
    for what, number, wait in course:
        now += days(wait / 4)
        if what == "news" and left:
            history = stored(history, decide([left.pop()], history, TEAM, now))
        elif what in VERBS:
            history = _done(history, _action(what, number, history.pasts[ACCOUNT], now), now) or history
        else:
            history = stored(history, decide((), history, TEAM, now))
            due = wakes_at(history.pasts[ACCOUNT], TEAM)
            assert due is None or due > now
