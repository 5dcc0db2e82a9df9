from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from earmark.lifecycle import Cause, Stage
from earmark.types import Changes, Judgement, Outcome, StoredEvent, Transition, TriggerState, Verdict
from storage import accounts, events, history
from storage.engine import Engine, reading, writing
from storage.figures import (
    Judged,
    RuleActed,
    accounts_by_kind,
    accounts_waiting,
    acted_by_rule,
    by_kind_and_day,
    first_trigger_at,
    judged,
    newest_events,
    newest_triggers,
    outcomes_by_kind,
    reached,
    some_of_kind,
    standing,
)
from tests.builders import NOW, a_stored_event, ago, an_account, days
from tests.storage.nouns import a_story, a_told_match, a_trigger


def told(engine: Engine, *events_of_it: StoredEvent, **changes: Any) -> str:
    """Store a trigger with the events that tell it, and return its id."""
    story = a_story(*(a_told_match(event) for event in events_of_it), id=f"story-{events_of_it[0].id}")
    trigger = a_trigger(story, **changes)
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        events.insert(conn, events_of_it)
        history.save(conn, Changes(stories=(story,), triggers=(trigger,)), NOW)
    return trigger.id


def an_event_of(name: str, **changes: Any) -> StoredEvent:
    return a_stored_event(id=name, external_id=name, **changes)


def day(year: int, month: int, number: int) -> int:
    return (date(year, month, number) - date(1970, 1, 1)).days


def test_a_day_is_that_of_the_zone_also_after_the_clock_was_turned(engine: Engine) -> None:
    # In Berlin both are past midnight: in October at two hours from UTC, in November at one.
    told(engine, an_event_of("a"), created_at=datetime(2026, 10, 24, 22, 30, tzinfo=UTC))
    told(engine, an_event_of("b"), created_at=datetime(2026, 11, 1, 22, 30, tzinfo=UTC))
    told(engine, an_event_of("c"), created_at=datetime(2026, 11, 1, 23, 30, tzinfo=UTC))
    with reading(engine) as conn:
        berlin = by_kind_and_day(conn, ago(60), NOW, ZoneInfo("Europe/Berlin"))
        utc = by_kind_and_day(conn, ago(60), NOW, UTC)
        lately = by_kind_and_day(conn, ago(20), NOW, UTC)
        none = by_kind_and_day(conn, NOW, NOW, UTC)
    kind = "funding_early"
    assert berlin == {(kind, day(2026, 10, 25)): 1, (kind, day(2026, 11, 1)): 1, (kind, day(2026, 11, 2)): 1}
    assert utc == {(kind, day(2026, 10, 24)): 1, (kind, day(2026, 11, 1)): 2}
    assert lately == {(kind, day(2026, 11, 1)): 2}
    assert none == {}


def test_a_rule_is_a_kind_of_the_source_that_was_first(engine: Engine) -> None:
    told(
        engine,
        an_event_of("late", source="wire", seen_at=ago(1)),
        an_event_of("early", source="board", seen_at=ago(2)),
        created_at=ago(2),
        state=TriggerState.ACCEPTED,
    )
    told(engine, an_event_of("other", source="wire"), created_at=ago(2))
    told(engine, an_event_of("gone", source="wire"), created_at=ago(2), state=TriggerState.MERGED)
    with reading(engine) as conn:
        found = acted_by_rule(conn, ago(5))
        assert acted_by_rule(conn, NOW) == []
        waiting = {one.source: one.waiting for one in acted_by_rule(conn, ago(5), fresh=ago(3))}
        assert waiting == {"board": 0, "wire": 1}
    assert found == [
        RuleActed(source="board", kind="funding_early", triggers=1, acted_on=1),
        RuleActed(source="wire", kind="funding_early", triggers=1, acted_on=0),
    ]


def test_accounts_are_counted_once_for_each_kind_and_only_while_something_waits(engine: Engine) -> None:
    told(engine, an_event_of("a"))
    told(engine, an_event_of("b"))
    told(engine, an_event_of("c"), state=TriggerState.DISMISSED, ended_at=NOW, kind="layoffs")
    with reading(engine) as conn:
        assert accounts_by_kind(conn, ["funding_early", "layoffs"]) == {"funding_early": 1}
        assert accounts_waiting(conn) == 1


def test_some_triggers_of_a_kind_wait_the_best_first(engine: Engine) -> None:
    ids = [told(engine, an_event_of(name)) for name in "ab"]
    told(engine, an_event_of("c"), state=TriggerState.DISMISSED, ended_at=NOW)
    with reading(engine) as conn:
        assert set(some_of_kind(conn, "funding_early", limit=9)) == set(ids)
        assert set(some_of_kind(conn, None, limit=9)) == set(ids)
        assert len(some_of_kind(conn, None, limit=1)) == 1
        assert some_of_kind(conn, "layoffs", limit=9) == []


def test_the_newest_few_begin_at_the_time_of_the_last_of_them(engine: Engine) -> None:
    for number, name in enumerate("abc"):
        told(engine, an_event_of(name, published_at=ago(number + 1)), created_at=ago(number + 1))
    with reading(engine) as conn:
        assert newest_triggers(conn, 2, ago(30)) == newest_events(conn, 2, ago(30)) == ago(2)
        assert newest_triggers(conn, 9, ago(30)) == newest_events(conn, 9, ago(30)) == ago(30)
        assert first_trigger_at(conn) == ago(3)


def test_before_the_first_trigger_there_is_none(engine: Engine) -> None:
    with reading(engine) as conn:
        assert first_trigger_at(conn) is None
        assert set(standing(conn).values()) == {0}


def a_move(name: str, after: Stage, **changes: Any) -> Transition:
    fields: dict[str, Any] = {
        "id": name,
        "account": "norvik-labs",
        "at": ago(1),
        "before": Stage.COLD,
        "after": after,
        "cause": Cause.CONTACTED,
        "actor": "ida",
        "reason": "",
    }
    return Transition(**(fields | changes))


def test_an_account_came_into_a_stage_unless_that_was_taken_back(engine: Engine) -> None:
    first = a_move("1", Stage.OUTREACH_READY)
    moves = (
        first,
        replace(first, id="2"),
        a_move("3", Stage.CONTACTED),
        a_move("4", Stage.OUTREACH_READY, before=Stage.CONTACTED, undoes="3"),
        a_move("5", Stage.WARM, at=ago(40)),
        a_move("6", Stage.COLD),
    )
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        history.save(conn, Changes(transitions=moves), NOW)
    with reading(engine) as conn:
        assert reached(conn, ago(30)) == {"outreach_ready": 1}
        assert standing(conn)["cold"] == 1


def test_outcomes_are_counted_by_account(engine: Engine) -> None:
    came = [
        Outcome(id=name, account="norvik-labs", trigger=None, outcome="meeting", by="ida", at=at)
        for name, at in (("1", ago(1)), ("2", ago(2)), ("3", ago(40)))
    ]
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        history.save(conn, Changes(outcomes=tuple(came)), NOW)
    with reading(engine) as conn:
        assert outcomes_by_kind(conn, ago(30)) == {"meeting": 1}
        assert outcomes_by_kind(conn, NOW + days(1)) == {}


def test_of_several_verdicts_on_a_trigger_the_last_holds(engine: Engine) -> None:
    one, other = told(engine, an_event_of("a")), told(engine, an_event_of("b"))
    said = (
        Judgement(id="1", trigger=one, verdict=Verdict.OFF_TOPIC, by="ida", at=ago(3)),
        Judgement(id="2", trigger=one, verdict=Verdict.GOOD, by="ole", at=ago(2)),
        Judgement(id="3", trigger=other, verdict=Verdict.TOO_OLD, by="ole", at=ago(2)),
    )
    with writing(engine) as conn:
        history.save(conn, Changes(judgements=said), NOW)
    with reading(engine) as conn:
        (found,) = judged(conn, ago(30))
        assert judged(conn, ago(1)) == []
    assert found == Judged(score=found.score, is_good=True)
    assert 0 < found.score <= 100
