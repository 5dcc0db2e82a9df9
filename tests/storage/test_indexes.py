from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from earmark.lifecycle import Stage
from earmark.types import Changes, TriggerState
from storage import (
    accounts,
    conversations,
    digests,
    directory,
    events,
    fitting,
    history,
    leases,
    listing,
    outbox,
    polls,
    readings,
    standing,
    transitions,
    triggers,
)
from storage.engine import Connection, Engine, reading, writing
from storage.wanted import Order, State, Wanted
from tests.builders import NOW, an_account, days
from tests.storage.nouns import a_story, a_told_match, a_trigger, some_events

Question = Callable[[Connection], object]

QUESTIONS: dict[str, Question] = {
    "what a source knows": lambda conn: events.known(conn, "wire", ["a", "b"], ["c"]),
    "some events": lambda conn: events.get(conn, ["a", "b"]),
    "the newest events": events.find,
    "the past": lambda conn: history.load(conn, ["a:a", "c:b", "t:c"], NOW, NOW),
    "the pasts of events": lambda conn: history.keys_of(conn, ["a"]),
    "what is due": lambda conn: history.due(conn, NOW),
    "which sources are due": lambda conn: leases.take_due(conn, NOW, limit=9, lease=days(1), worker="w"),
    "how a source was polled": lambda conn: polls.recent(conn, "wire"),
    "what waits in the outbox": lambda conn: outbox.pending(conn, NOW),
    "one trigger": lambda conn: triggers.get(conn, "a"),
    "whom people contacted": lambda conn: standing.contacted(conn, NOW, NOW),
    "the triggers of an account": lambda conn: triggers.of_account(conn, "a"),
    "the stage at a time": lambda conn: transitions.stage_at(conn, "a", NOW),
    "the doubts about an account": lambda conn: readings.abstentions(conn, "a"),
    "the contacts of an account": lambda conn: accounts.contacts(conn, ["a"]),
}


@contextmanager
def overheard(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def hear(_conn: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        said.append((statement, values))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_a_busy_question_never_reads_a_whole_table(sqlite_engine: Engine, question: Question) -> None:
    with overheard(sqlite_engine) as said, writing(sqlite_engine) as conn:
        question(conn)
    asked = [(statement, values) for statement, values in said if statement.startswith("SELECT")]
    assert asked
    with writing(sqlite_engine) as conn:
        for statement, values in asked:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            # Along an index, and only until enough is found, is fine.
            words = statement.split()
            along = "INDEX" if "LIMIT" in words and "WHERE" not in words else "no index"
            steps = [row.detail for row in plan]
            whole = [step for step in steps if step.startswith("SCAN") and along not in step]
            assert not whole, f"{whole} in {statement}"


@pytest.mark.parametrize(
    "question",
    [
        lambda conn: directory.reasons_of(conn, ["a", "b"]),
        lambda conn: digests.waiting(conn, ["a", "b"]),
        lambda conn: conversations.leaf(conn, NOW),
        lambda conn: conversations.counts(conn, NOW),
    ],
    ids=["reasons", "what waits", "conversations", "their number"],
)
def test_what_some_accounts_have_is_not_looked_for_among_all_that_is_open(
    sqlite_engine: Engine, question: Question
) -> None:
    with overheard(sqlite_engine) as said, writing(sqlite_engine) as conn:
        question(conn)
    asked = [(statement, values) for statement, values in said if "FROM triggers" in statement]
    assert asked
    with writing(sqlite_engine) as conn:
        for statement, values in asked:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert any("account" in row.detail for row in plan), plan


@pytest.mark.parametrize(
    ("wanted", "orders"),
    [
        (Wanted(tiers=("A",)), "waiting_score"),
        (Wanted(owners=frozenset({"ann"}), kinds=("exec_hire", "funding_early")), "waiting_score"),
        (Wanted(problems=("churn",), order=Order.ENDING), "waiting_end"),
        (Wanted(kinds=("exec_hire",), order=Order.ENDING), "waiting_end"),
        (Wanted(kinds=("exec_hire",), order=Order.NEWEST), "created_at_id"),
        (Wanted(stages=("cold",), order=Order.NEWEST, state=State.EVERYTHING), "created_at_id"),
        (Wanted(tiers=("A",), order=Order.ENDED, state=State.DISMISSED), "state_ended_at_id"),
    ],
    ids=str,
)
def test_behind_some_steps_of_the_list_indexes_say_what_is_near(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch, wanted: Wanted, orders: str
) -> None:
    _list(sqlite_engine, TriggerState.DISMISSED if wanted.state is State.DISMISSED else TriggerState.OPEN)
    monkeypatch.setattr(listing, "_STEPS", 1)
    monkeypatch.setattr(fitting, "_FEW", -1)
    monkeypatch.setattr(fitting, "_FEW_ACCOUNTS", -1)
    with overheard(sqlite_engine) as said, reading(sqlite_engine) as conn:
        listing.page(conn, wanted, NOW)
    [asked] = [(statement, values) for statement, values in said if "+triggers.rowid IN" in statement]
    with reading(sqlite_engine) as conn:
        plan = [row.detail for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1])]
    assert any("triggers USING INDEX ix_triggers_" + orders in step for step in plan), plan
    assert not any("ORDER BY" in step for step in plan), plan
    near = "waiting_account (account=? AND kind" if wanted.state is State.TODAY else "account (account=?)"
    assert any(f"some USING INDEX ix_triggers_{near}" in step.replace("COVERING ", "") for step in plan), plan
    assert not any(step.startswith("SCAN triggers") and "INDEX" not in step for step in plan), plan


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(problems=("churn",)),
        Wanted(mark="backfill", order=Order.NEWEST),
        Wanted(kinds=("exec_hire", "funding_early"), order=Order.ENDING),
        Wanted(kinds=("exec_hire", "funding_early"), state=State.SNOOZED),
        Wanted(mark="backfill", order=Order.NEWEST, state=State.EVERYTHING),
        Wanted(problems=("churn",), order=Order.NEWEST, state=State.DISMISSED),
    ],
    ids=str,
)
def test_what_few_have_is_found_by_indexes_and_looked_up_one_by_one(
    sqlite_engine: Engine, wanted: Wanted
) -> None:
    _list(sqlite_engine, TriggerState.DISMISSED if wanted.state is State.DISMISSED else TriggerState.OPEN)
    with overheard(sqlite_engine) as said, reading(sqlite_engine) as conn:
        listing.page(conn, wanted, NOW)
    asked = [(statement, values) for statement, values in said if statement.startswith("SELECT")]
    assert not any("+triggers.rowid IN" in statement for statement, _ in asked), "no order is gone along"
    rows = [
        place
        for place, (statement, _) in enumerate(asked)
        if "WHERE triggers.rowid IN (" in " ".join(statement.split())
    ]
    assert rows
    with reading(sqlite_engine) as conn:
        for place, (statement, values) in enumerate(asked):
            plan = [row.detail for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert place not in rows or "INTEGER PRIMARY KEY" in plan[0], plan
            whole = [step for step in plan if step.split()[:2] in (["SCAN", "triggers"], ["SCAN", "some"])]
            assert not [step for step in whole if "INDEX" not in step], plan


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(stages=("warm",)),
        Wanted(unowned=True, order=Order.ENDING),
        Wanted(stages=("warm",), order=Order.NEWEST, state=State.EVERYTHING),
    ],
    ids=str,
)
def test_what_few_accounts_have_is_looked_up_by_account(sqlite_engine: Engine, wanted: Wanted) -> None:
    _list(sqlite_engine, TriggerState.OPEN)
    with overheard(sqlite_engine) as said, reading(sqlite_engine) as conn:
        assert len(listing.page(conn, wanted, NOW)) == 1
    rows = [(statement, values) for statement, values in said if "WHERE triggers.account IN (?)" in statement]
    assert rows
    with reading(sqlite_engine) as conn:
        for statement, values in rows:
            plan = [row.detail for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert "account (account=?" in plan[0] or "INTEGER PRIMARY KEY" in plan[0], plan


def _list(engine: Engine, state: TriggerState) -> None:
    told = some_events(2)
    tales = [a_story(a_told_match(event), id=event.id) for event in told]
    ended = None if state is TriggerState.OPEN else NOW
    held = [a_trigger(tale, id=tale.id, state=state, ended_at=ended) for tale in tales]
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account(stage=Stage.WARM)])
        events.insert(conn, told)
        history.save(conn, Changes(stories=tuple(tales), triggers=tuple(held)), NOW)


def test_the_check_sees_a_table_that_is_read_whole(sqlite_engine: Engine) -> None:
    with pytest.raises(AssertionError, match="SCAN accounts"):
        test_a_busy_question_never_reads_a_whole_table(sqlite_engine, partial(accounts.find, text="norvik"))
