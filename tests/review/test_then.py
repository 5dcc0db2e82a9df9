"""An account as it stood on a day: the states of its reasons and what people had decided by then."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earmark.lifecycle import Stage
from earmark.types import Action, TriggerState
from review.account import AccountView, account_view
from review.acting import carry_out
from storage import accounts, triggers
from storage.engine import Engine, connect, migrate, reading
from tests.builders import NOW, an_account, days
from tests.monitors.line import poll, prepared
from tests.monitors.test_joins import ROUND

HOUR = timedelta(hours=1)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = connect(f"sqlite:///{tmp_path / 'earmark.db'}")
    migrate(engine)
    prepared(engine, an_account(owner="ann"))
    poll(engine, [ROUND], now=NOW)
    return engine


def do(engine: Engine, verb: str, at: datetime, **fields: object) -> None:
    action = Action(verb=verb, by="ann", **fields)  # type: ignore[arg-type]  # a test names fields of its own
    carry_out(engine, action, now=at, zone=UTC)


def shown(engine: Engine, at: datetime) -> AccountView:
    with reading(engine) as conn:
        account = accounts.get(conn, "norvik-labs")
        assert account is not None
        return account_view(conn, account, at)


def test_a_day_shows_what_stood_then_and_not_what_became_of_it(engine: Engine) -> None:
    with reading(engine) as conn:
        (trigger,) = triggers.find(conn)
    do(engine, "accept", NOW + HOUR, trigger=trigger.id)
    do(engine, "assign", NOW + 2 * HOUR, account="norvik-labs", value="ben")
    do(engine, "dismiss", NOW + 3 * HOUR, trigger=trigger.id, value="off_topic")
    do(engine, "suppress", NOW + 4 * HOUR, account="norvik-labs", value="rival")
    moments = (NOW, NOW + 1.5 * HOUR, NOW + 2.5 * HOUR, NOW + 3.5 * HOUR, NOW + 5 * HOUR)
    seen = [shown(engine, moment) for moment in moments]
    assert [[each.trigger.state for each in (*view.reasons, *view.ended)] for view in seen] == [
        [TriggerState.OPEN],
        [TriggerState.ACCEPTED],
        [TriggerState.ACCEPTED],
        [TriggerState.DISMISSED],
        [TriggerState.DISMISSED],
    ]
    assert [view.account.owner for view in seen] == ["ann", "ann", "ben", "ben", "ben"]
    assert [view.account.suppression is None for view in seen] == [True, True, True, True, False]
    assert [view.stage for view in seen] == [Stage.OUTREACH_READY] * 3 + [Stage.COLD] * 2
    assert [view.account.stage for view in seen] == [view.stage for view in seen]
    assert seen[0].reasons[0].score.total > 0


def test_before_everything_it_is_cold_and_has_no_reason(engine: Engine) -> None:
    view = shown(engine, NOW - days(1))
    assert (view.stage, view.reasons, view.ended, view.account.owner) == (Stage.COLD, (), (), "ann")
