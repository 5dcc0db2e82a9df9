from dataclasses import replace

import pytest

from earmark.errors import ConfigError
from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import Account, Changes, Judgement, Suppression, Trigger, TriggerState, Verdict
from storage import accounts, events, history, judgements, triggers
from storage.engine import Engine, reading, writing
from tests.builders import NOW, ago, an_account, days
from tests.storage.lists import on_list
from tests.storage.nouns import a_story, a_told_match, a_trigger, some_events

READY = an_account(stage=Stage.OUTREACH_READY)


def given(engine: Engine, account: Account, *held: Trigger) -> None:
    told = some_events(len(held))
    tales = [
        a_story(a_told_match(event, account=trigger.account), id=trigger.story)
        for event, trigger in zip(told, held, strict=True)
    ]
    with writing(engine) as conn:
        accounts.upsert(conn, [account])
        events.insert(conn, told)
        history.save(conn, Changes(stories=tuple(tales), triggers=held), NOW)


def numbered(number: int, **changes: object) -> Trigger:
    trigger = replace(a_trigger(), id=f"trigger-{number}", story=f"story-{number}")
    return replace(trigger, **changes)  # type: ignore[arg-type]  # a test names fields of its own


def shown(engine: Engine) -> list[str]:
    with reading(engine) as conn:
        return [trigger.id for trigger in on_list(conn, NOW)]


def test_the_best_score_of_today_comes_first(engine: Engine) -> None:
    given(engine, READY, *(numbered(n) for n in range(3)))
    with writing(engine) as conn:
        triggers.refresh(conn, {"trigger-1": 80.0, "trigger-2": 99.5, "unknown": 1.0})
    assert shown(engine) == ["trigger-2", "trigger-1", "trigger-0"]


@pytest.mark.parametrize(
    ("changes", "reachable"),
    [
        ({}, True),
        ({"stage": Stage.COLD}, False),
        ({"stage": Stage.COOLING}, False),
        ({"stage": Stage.HOT}, True),
        ({"snoozed_until": NOW + days(1)}, False),
        ({"snoozed_until": NOW}, True),
        ({"suppression": Suppression(reason="opt_out", by="Kim")}, False),
        ({"suppression": Suppression(reason="customer", by="Kim", until=NOW + days(1))}, False),
    ],
)
def test_only_an_account_that_may_be_called_is_on_the_list(
    engine: Engine,
    changes: dict[str, object],
    reachable: bool,  # noqa: FBT001 - a case
) -> None:
    account = replace(READY, **changes)  # type: ignore[arg-type]  # the case names the fields
    given(engine, account, numbered(1))
    assert shown(engine) == (["trigger-1"] if reachable else [])


def test_only_what_waits_for_a_person_is_on_the_list(engine: Engine) -> None:
    held = [
        numbered(1),
        numbered(2, state=TriggerState.ACCEPTED),
        numbered(3, state=TriggerState.DISMISSED),
        numbered(4, polarity=Polarity.SUPPRESS),
        numbered(5, expires_at=NOW),
        numbered(6, account=None),
        numbered(7, polarity=Polarity.CAUTION),
    ]
    given(engine, READY, *held)
    assert sorted(shown(engine)) == ["trigger-1", "trigger-2", "trigger-6", "trigger-7"]
    with reading(engine) as conn:
        waiting = {trigger.id for trigger in triggers.every_open(conn)}
        assert waiting == {f"trigger-{n}" for n in (1, 2, 4, 5, 6, 7)}


def test_a_person_means_a_trigger_by_the_beginning_of_its_id_a_program_by_all_of_it(engine: Engine) -> None:
    given(engine, READY, numbered(1), numbered(10), numbered(2))
    with reading(engine) as conn:
        assert triggers.meant(conn, "trigger-2") == numbered(2)
        assert triggers.meant(conn, "trigger-10") == numbered(10)
        assert triggers.meant(conn, "trigger-1") == numbered(1)
        assert triggers.meant(conn, "") is None
        assert triggers.meant(conn, "%") is None
        with pytest.raises(ConfigError, match="Several triggers begin with 'trig'"):
            triggers.meant(conn, "trig")
        assert triggers.get(conn, "trigger-1") == numbered(1)
        assert triggers.get(conn, "trig") is None
        assert triggers.get(conn, "") is None


def test_the_newest_triggers_are_found_by_kind_state_account_and_time(engine: Engine) -> None:
    old = numbered(1, created_at=ago(5), kind="funding_seed", state=TriggerState.EXPIRED)
    new, other = numbered(2), numbered(3, account=None, created_at=ago(1))
    given(engine, READY, old, new, other)
    with reading(engine) as conn:
        assert triggers.find(conn) == [new, other, old]
        assert triggers.find(conn, limit=1) == [new]
        assert triggers.find(conn, kind="funding_seed") == [old]
        assert triggers.find(conn, state="expired") == [old]
        assert triggers.find(conn, since=ago(1)) == [new, other]
        assert triggers.of_account(conn, "norvik-labs") == [new, old]
        assert triggers.find(conn, account="unknown") == []


def test_the_verdicts_on_a_trigger_stay_in_order(engine: Engine) -> None:
    given(engine, READY, numbered(1))
    said = [
        Judgement(id=f"j-{n}", trigger="trigger-1", verdict=verdict, by="Kim", at=ago(n), text="why")
        for n, verdict in enumerate([Verdict.GOOD, Verdict.DUPLICATE])
    ]
    with writing(engine) as conn:
        history.save(conn, Changes(judgements=tuple(said)), NOW)
        assert judgements.of_trigger(conn, "trigger-1") == said[::-1]
