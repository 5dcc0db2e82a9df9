"""Routing on the straight line: who was given what is counted with the decision that gives it."""

from earmark.types import Event
from monitors.sweep import sweep
from storage import accounts, rulebook, transitions, triggers
from storage.engine import Engine, reading, writing
from tests.builders import NOW, an_account, an_event, days
from tests.monitors.line import lexicon_of, poll, prepared

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


def test_an_account_that_has_an_owner_keeps_it(engine: Engine) -> None:
    prepared(engine, an_account(owner="Ida"))
    with writing(engine) as conn:
        rulebook.save(conn, RULES, by="test", at=NOW)
    poll(engine, [_funding("Norvik Labs")])
    assert _owners(engine) == {"norvik-labs": "Ida"}
    with reading(engine) as conn:
        assert all(one.offered_to is None for one in triggers.every_open(conn))
