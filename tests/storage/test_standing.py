"""What people did and did not take back."""

from typing import Any

from earmark.types import Action, Changes, Lexicon
from matcher.act import act
from storage import accounts, history, standing
from storage.engine import Connection, Engine, writing
from tests.builders import NOW, an_account, days


def do(conn: Connection, verb: str, account: str, **more: Any) -> None:
    past = history.load(conn, [f"a:{account}"], NOW, NOW)
    action = Action(verb=verb, by="ann", account=account, **more)
    history.save(conn, act(action, past, Lexicon(), NOW), NOW)


def test_whom_people_contacted_is_told_unless_that_was_taken_back(engine: Engine) -> None:
    listed = [an_account(name) for name in ("Norvik", "Oskarion", "Quillby")]
    with writing(engine) as conn:
        accounts.upsert(conn, listed)
        history.save(conn, Changes(accounts=tuple(listed)), NOW)
        for name in ("norvik", "oskarion"):
            do(conn, "contacted", name, value="call")
        do(conn, "snooze", "norvik", until=NOW + days(3))
        do(conn, "undo", "norvik")
        do(conn, "outcome", "quillby", value="no_answer")
        assert standing.contacted(conn, NOW, NOW) == {"norvik", "oskarion"}
        do(conn, "undo", "oskarion")
        assert standing.contacted(conn, NOW, NOW) == {"norvik"}
        assert standing.contacted(conn, NOW + days(1), NOW + days(2)) == set()
