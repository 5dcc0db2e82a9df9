"""Routing on the straight line: who was given what is counted with the decision that gives it."""

from datetime import datetime, timedelta

from earmark.types import Event, Fact, Hint, HintKind
from monitors.sweep import sweep
from review.day import day
from review.today import Row
from storage import accounts, rulebook, transitions, triggers
from storage.engine import Engine, reading, writing
from tests.builders import NOW, an_account, an_event, days
from tests.monitors.line import lexicon_of, poll, prepared

MONDAY = datetime.fromisoformat("2026-11-23T10:00:00+00:00")
RULES = """\
targets = ["crm"]
[[reps]]
id = "ann"
most = 1
manager = "boss"
[[reps]]
id = "boss"
most = 0
"""


def _team(engine: Engine, *names: str) -> Engine:
    prepared(engine, *(an_account(name) for name in names))
    with writing(engine) as conn:
        rulebook.save(conn, RULES, by="test", at=NOW)
    return engine


def _funding(name: str) -> Event:
    return an_event(
        f"{name} raises $20 million Series B", external_id=name, url=f"https://wire.example/{name[:4]}"
    )


def _owners(engine: Engine) -> dict[str, str | None]:
    with reading(engine) as conn:
        return {key: account.owner for key, account in accounts.every(conn).items()}


def test_a_cap_holds_from_one_poll_to_the_next_until_the_morning(engine: Engine) -> None:
    _team(engine, "Norvik Labs", "Qorvane Freight")
    poll(engine, [_funding("Norvik Labs")])
    poll(engine, [_funding("Qorvane Freight")])
    assert _owners(engine) == {"norvik-labs": "ann", "qorvane-freight": None}
    assert sweep(engine, lexicon_of(engine), NOW + days(0.1)) == 0, "nothing is tried again on that day"
    monday = NOW + days(2)
    sweep(engine, lexicon_of(engine), monday)
    assert _owners(engine) == {"norvik-labs": "ann", "qorvane-freight": "ann"}
    with reading(engine) as conn:
        (given,) = [
            move for move in transitions.of_account(conn, "qorvane-freight") if "Given" in move.reason
        ]
    assert (given.at, given.before, given.after) == (monday, "outreach_ready", "outreach_ready")


def test_a_demo_request_goes_from_the_owner_to_the_manager_and_the_list_says_who_should_answer(
    engine: Engine,
) -> None:
    _team(engine, "Norvik Labs")
    demo = an_event(
        "Demo request by Norvik Labs",
        external_id="demo",
        published_at=MONDAY,
        hints=(Hint(kind=HintKind.DOMAIN, value="norviklabs.example", strength=1.0),),
        facts=(Fact(key="signal", value="demo_request"),),
    )
    poll(engine, [demo], now=MONDAY)

    def row() -> Row:
        with reading(engine) as conn:
            (only,) = day(conn, MONDAY, touches=9, since=MONDAY).rows
        return only

    assert (row().kind, row().stage, row().offered_to) == ("demo_requested", "warm", "ann")
    sweep(engine, lexicon_of(engine), MONDAY + timedelta(minutes=4))
    assert row().offered_to == "ann"
    sweep(engine, lexicon_of(engine), MONDAY + timedelta(minutes=5))
    assert row().offered_to == "boss"
    with reading(engine) as conn:
        last = transitions.of_account(conn, "norvik-labs")[-1]
    assert (last.at, last.reason) == (
        MONDAY + timedelta(minutes=5),
        "Nobody took it in five working minutes: from ann to boss.",
    )


def test_an_account_that_has_an_owner_keeps_it(engine: Engine) -> None:
    prepared(engine, an_account(owner="Ida"))
    with writing(engine) as conn:
        rulebook.save(conn, RULES, by="test", at=NOW)
    poll(engine, [_funding("Norvik Labs")])
    assert _owners(engine) == {"norvik-labs": "Ida"}
    with reading(engine) as conn:
        assert all(one.offered_to is None for one in triggers.every_open(conn))
