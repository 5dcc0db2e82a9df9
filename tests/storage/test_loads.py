"""What reps were given is counted by the hour, in the transaction that gives it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from earmark.rulebook import parse
from earmark.types import Changes, Lexicon, Rep, Role, TriggerState
from matcher.decide import decide
from matcher.hours import day_begins
from storage import accounts, events, history, loads, triggers
from storage.engine import Engine, reading, writing
from tests.builders import NOW, a_match, a_stored_event, an_account
from tests.matcher.pasts import a_reading

MORNING = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_day_is_the_sum_of_its_hours(engine: Engine) -> None:
    with writing(engine) as conn:
        for hours, owner in ((-1, "ann"), (0, "ann"), (5, "ann"), (9, "bo"), (25, "ann")):
            loads.count(conn, [owner], MORNING + timedelta(hours=hours))
    with reading(engine) as conn:
        assert loads.given(conn, ["ann", "bo", "cy"], MORNING, MORNING + timedelta(hours=10)) == {
            "ann": 2,
            "bo": 1,
            "cy": 0,
        }


def test_an_account_that_gets_its_first_owner_counts_once(engine: Engine) -> None:
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account(), an_account("Owned", owner="bo")])
        for owner in ("ann", "ann", "cy"):
            history.save(conn, Changes(accounts=(an_account(owner=owner),)), NOW)
        history.save(conn, Changes(accounts=(an_account("Owned", owner="ann"),)), NOW)
        found = loads.given(conn, ["ann", "bo", "cy"], MORNING, NOW)
    assert found == {"ann": 1, "bo": 0, "cy": 0}


def test_the_cap_of_a_day_holds_over_many_decisions(engine: Engine) -> None:
    team = Lexicon(reps=(Rep(id="ann", most=2), Rep(id="bo", most=1)))
    owners = []
    for number in range(5):
        account = an_account(f"Norvik {number}")
        event = a_stored_event(id=f"e{number}", external_id=f"e{number}", fingerprint=f"{number}")
        with writing(engine) as conn:
            accounts.upsert(conn, [account])
            events.insert(conn, [event])
            key = f"a:{account.id}"
            past = history.load(conn, [key], NOW, NOW)
            given = loads.given(conn, ["ann", "bo"], day_begins(NOW, team.hours), NOW)
            told = a_reading(replace(a_match(event), account=account.id))
            history.save(conn, decide([told], past, team, NOW, given), NOW)
            owners.append(accounts.of(conn, [account.id])[account.id].owner)
    assert sorted(map(str, owners)) == ["None", "None", "ann", "ann", "bo"]


def test_a_compound_survives_its_database_and_what_was_said_of_it_is_not_forgotten(engine: Engine) -> None:
    rule = '[[compounds]]\nid = "both"\nname = "Both"\nrule = "funding <= 90 d AND acquires <= 90 d"\n'
    book = parse(rule).lexicon({}, 1)
    first, second, late = (
        a_stored_event(id=name, external_id=name, published_at=NOW - timedelta(days=age), fingerprint=name)
        for name, age in (("one", 20), ("two", 10), ("three", 85))
    )
    kinds = (("funding_early", Role.RAISER), ("acquires", Role.ACQUIRER), ("product_launch", Role.SUBJECT))
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        events.insert(conn, [first, second, late])
        for event, (kind, role) in zip((first, second, late), kinds, strict=True):
            moment = event.order[0]
            past = history.load(conn, ["a:norvik-labs"], moment, moment)
            told = a_reading(a_match(event, kind=kind, role=role))
            changes = decide([told], past, book, NOW)
            if event is late:
                assert not [each for each in changes.triggers if each.kind == "both"]
            history.save(conn, changes, NOW)
            for each in triggers.find(conn, kind="both"):
                triggers.save(conn, [replace(each, state=TriggerState.DISMISSED, ended_at=NOW)])
        (both,) = triggers.find(conn, kind="both")
    assert both.state is TriggerState.DISMISSED
