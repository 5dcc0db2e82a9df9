import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from earmark.types import Event, Trigger, TriggerState
from monitors import pipeline
from monitors.sweep import sweep
from storage import events, triggers
from storage.engine import Engine, connect, reading
from storage.tables import outbox
from tests.builders import NOW, ago, an_account, an_event, days
from tests.monitors.line import alive, all_stories, contents, lexicon_of, poll, prepared, stage, told
from tests.storage.databases import emptied
from tests.storage.lists import on_list


def funding(
    number: int = 1, title: str = "Norvik Labs raises $20 million in Series B", **changes: Any
) -> Event:
    return an_event(title, external_id=f"f{number}", url=f"https://wire{number}.example/{number}", **changes)


def why_now(trigger: Trigger) -> str:
    assert trigger.note is not None
    return " ".join(each.text for each in trigger.note.sentences if each.section == "why_now")


TELLINGS = [
    funding(1, published_at=ago(3)),
    funding(2, "Norvik Labs secures $20M Series B led by Harbour Peak Ventures", published_at=ago(2.9)),
    funding(3, "Norvik Labs raises $22 million in Series B", published_at=ago(2.5)),
    funding(4, "Norvik Labs appoints Dana Holt as chief revenue officer", published_at=ago(2)),
    funding(5, "Norvik Labs to open office in Lisbon", published_at=ago(1)),
    funding(6, "Brightquay Systems lays off 120 employees", published_at=ago(1)),
]
ACCOUNTS = (an_account(), an_account("Brightquay Systems"))


def test_a_funding_round_makes_a_cold_account_outreach_ready(engine: Engine) -> None:
    prepared(engine)
    assert stage(engine) == "cold"
    written = poll(engine, [funding()])
    assert (written.new, written.triggers, written.promoted) == (1, 1, 1)
    assert stage(engine) == "outreach_ready"
    with reading(engine) as conn:
        (trigger,) = on_list(conn, NOW)
    assert trigger.kind == "funding_early"
    assert "$20" in why_now(trigger)


def test_the_same_bytes_twice_change_nothing(engine: Engine) -> None:
    prepared(engine, *ACCOUNTS)
    poll(engine, TELLINGS)
    before = contents(engine)
    again = poll(engine, TELLINGS, now=NOW)
    assert (again.new, again.revised, again.known) == (0, 0, len(TELLINGS))
    assert contents(engine) == before


def test_one_story_of_three_outlets_is_one_trigger(engine: Engine) -> None:
    prepared(engine, sources=("wire", "herald", "gazette"))
    for source, event in zip(("wire", "herald", "gazette"), TELLINGS[:3], strict=True):
        poll(engine, [event], source=source)
    (story,) = all_stories(engine)
    assert len(story.matches) == 3
    assert len(alive(engine)) == 1


def test_a_repeated_report_alerts_nobody_again(engine: Engine) -> None:
    prepared(engine)
    poll(engine, [funding(1)])
    with reading(engine) as conn:
        first = conn.execute(select(func.count()).select_from(outbox)).scalar_one()
    poll(engine, [funding(2, "Norvik Labs secures $20M Series B")], now=NOW + days(0.1))
    with reading(engine) as conn:
        assert conn.execute(select(func.count()).select_from(outbox)).scalar_one() == first == 1


def test_backfill_is_listed_and_promotes_but_is_never_exported_by_itself(engine: Engine) -> None:
    prepared(engine)
    written = poll(engine, [funding(1, published_at=ago(5))], first=True)
    assert written.triggers == 1
    assert stage(engine) == "outreach_ready"
    with reading(engine) as conn:
        assert conn.execute(select(func.count()).select_from(outbox)).scalar_one() == 0


def test_the_baseline_is_kept_and_never_a_trigger(engine: Engine) -> None:
    prepared(engine)
    old, undated = funding(1, published_at=ago(40)), funding(2, published_at=None)
    written = poll(engine, [old, undated], first=True)
    assert (written.new, written.baseline, written.triggers) == (2, 2, 0)
    assert stage(engine) == "cold"
    edited = poll(engine, [funding(1, "Norvik Labs raises $21 million in Series B", published_at=ago(40))])
    assert (edited.revised, edited.triggers) == (1, 0)


def test_an_edited_entry_updates_its_story_in_place(engine: Engine) -> None:
    prepared(engine)
    poll(engine, [funding(1)])
    (before,) = alive(engine)
    written = poll(engine, [funding(1, "Norvik Labs raises $25 million in Series B")], now=NOW + days(0.1))
    assert (written.revised, written.triggers) == (1, 0)
    (story,) = all_stories(engine)
    assert [fact.value for fact in story.facts if fact.key == "amount"] == [25_000_000]
    with reading(engine) as conn:
        (trigger,) = triggers.every_open(conn)
    assert "$25" in why_now(trigger)
    assert before[:2] == ("norvik-labs", "funding_early")


def test_an_entry_that_is_edited_away_takes_its_reason_with_it(engine: Engine) -> None:
    prepared(engine)
    poll(engine, [funding(1)])
    poll(engine, [funding(1, "Correction: this page was published by mistake")], now=NOW + days(0.1))
    assert alive(engine) == []
    assert stage(engine) == "cold"


def test_an_entry_that_is_taken_back_and_restored_is_the_same_story_and_alerts_once(engine: Engine) -> None:
    prepared(engine)
    poll(engine, [funding(1)])
    (before,) = all_stories(engine)
    poll(engine, [funding(1, "Correction: this page was published by mistake")], now=NOW + days(0.1))
    poll(engine, [funding(1)], now=NOW + days(0.2))
    assert [story.id for story in all_stories(engine)] == [before.id]
    assert len(alive(engine)) == 1
    assert stage(engine) == "outreach_ready"
    with reading(engine) as conn:
        topics = conn.execute(select(outbox.c.topic)).scalars().all()
    assert topics.count("account.promoted") == 1


def test_a_crash_between_two_batches_loses_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(engine)
    many = [funding(n, f"Norvik Labs signs customer number {n}") for n in range(12)]
    monkeypatch.setattr(pipeline, "BATCH", 5)
    insert, calls = events.insert, []

    def failing(conn: Any, new: Any) -> frozenset[str]:
        calls.append(len(new))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return insert(conn, new)

    monkeypatch.setattr(events, "insert", failing)
    with pytest.raises(KeyboardInterrupt):
        poll(engine, many)
    monkeypatch.setattr(events, "insert", insert)
    written = poll(engine, many)
    assert (written.new, written.known) == (7, 5)
    with reading(engine) as conn:
        assert events.count(conn) == 12


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(order=st.permutations(TELLINGS), cuts=st.sets(st.integers(1, len(TELLINGS) - 1)))
def test_any_order_of_arrival_gives_the_same_stories(
    engine: Engine, order: list[Event], cuts: set[int]
) -> None:
    emptied(engine)
    prepared(engine, *ACCOUNTS)
    poll(engine, TELLINGS)
    expected = told(engine), alive(engine), stage(engine), stage(engine, "brightquay-systems")
    assert len(expected[0]) == 4
    emptied(engine)
    prepared(engine, *ACCOUNTS)
    start = 0
    for cut in [*sorted(cuts), len(order)]:
        poll(engine, order[start:cut])
        start = cut
    assert (told(engine), alive(engine), stage(engine), stage(engine, "brightquay-systems")) == expected


def test_two_workers_that_tell_one_story_make_one(engine: Engine) -> None:
    names = [f"wire{n}" for n in range(6)]
    prepared(engine, sources=names)
    url = engine.url.render_as_string(hide_password=False)
    ready = threading.Barrier(len(names))
    faults: list[BaseException] = []

    def worker(name: str, number: int) -> None:
        own = connect(url)
        try:
            ready.wait()
            for turn in range(3):
                poll(own, [funding(number * 10 + turn, published_at=ago(1))], source=name)
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            faults.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=worker, args=(name, n)) for n, name in enumerate(names, start=1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    (story,) = all_stories(engine)
    assert len(story.matches) == 18
    with reading(engine) as conn:
        assert len(triggers.find(conn, account="norvik-labs")) == 1
        assert conn.execute(select(func.count()).select_from(outbox)).scalar_one() == 1


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(moments=st.lists(st.floats(0.01, 399), max_size=12))
def test_a_late_sweep_ends_where_a_punctual_one_does(engine: Engine, moments: list[float]) -> None:
    def after(sweeps: list[float]) -> dict[str, Any]:
        emptied(engine)
        prepared(engine, *ACCOUNTS)
        poll(engine, TELLINGS)
        lexicon = lexicon_of(engine)
        for moment in sorted(sweeps):
            sweep(engine, lexicon, NOW + days(moment))
        return contents(engine, less=("polls", "sources", "counters", "transitions", "outbox"))

    assert after([*moments, 400]) == after([400])
    assert stage(engine) == "cold"
    assert alive(engine) == []
    with reading(engine) as conn:
        assert {each.state for each in triggers.of_account(conn, "norvik-labs")} == {TriggerState.EXPIRED}
