"""After undo the database answers as it did before the action: every verb, on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from earmark.lifecycle import Stage
from earmark.types import Action, Verdict
from matcher.act import OUTCOMES, SUPPRESSIONS, VERBS, act
from matcher.score import score_at
from monitors.effects import look_again
from monitors.sweep import sweep
from storage import accounts, history, judgements, outcomes, rulebook, stories, triggers
from storage.engine import Engine, reading, writing
from storage.tables import agenda
from tests.builders import NOW, ago, an_account, an_event, days
from tests.monitors.line import lexicon_of, poll, prepared
from tests.storage.lists import on_list

pytestmark = pytest.mark.slow

ACCOUNT = "norvik-labs"
TOLD = (
    an_event("Norvik Labs raises $20 million Series B"),
    an_event(
        "Norvik Labs appoints Ingrid Maas as chief financial officer",
        external_id="hire",
        url="https://wire.example/hire",
        published_at=ago(3),
    ),
)
LATER = NOW + timedelta(minutes=7)
DEEDS = [
    ("accept", ""),
    *(("dismiss", verdict.value) for verdict in Verdict),
    ("contacted", "phone"),
    *(("outcome", outcome) for outcome in OUTCOMES),
    ("remark", ""),
    ("snooze", ""),
    *(("suppress", reason) for reason in SUPPRESSIONS),
    ("unsuppress", ""),
    ("assign", "ben"),
    ("assign", ""),
]
OF_A_TRIGGER = ("accept", "dismiss")


def do(engine: Engine, action: Action) -> None:
    with writing(engine) as conn:
        trigger = triggers.get(conn, action.trigger) if action.trigger else None
        story = stories.get(conn, trigger.story) if trigger else None
        key = story.key if story else f"a:{action.account}"
        past = history.load(conn, [key], NOW - days(3650), NOW)
        changes = act(action, past, rulebook.lexicon(conn), LATER)
        if changes.taken_back:
            judgements.take_back(conn, changes.taken_back, LATER)
            changes = act(action, past, rulebook.lexicon(conn), LATER)
        history.save(conn, changes, LATER)
        look_again(conn, key, changes, LATER)


def answers(engine: Engine) -> dict[str, Any]:
    """Return all that is told of the account, but for the log of what was done; scores as of one moment."""
    with reading(engine) as conn:
        lexicon = rulebook.lexicon(conn)
        held = sorted(triggers.find(conn, limit=None), key=lambda one: one.id)
        return {
            "accounts": accounts.every(conn),
            "triggers": [replace(one, score=score_at(one, LATER, lexicon.kinds)) for one in held],
            "stories": [stories.get(conn, one.story) for one in held],
            "today": [one.id for one in on_list(conn, LATER)],
            "judgements": [judgements.of_trigger(conn, one.id) for one in held],
            "outcomes": outcomes.of_accounts(conn, [ACCOUNT]),
            "learned": (lexicon.records, dict(lexicon.kinds)),
            "agenda": sorted(map(tuple, conn.execute(select(agenda)))),
        }


def begun(engine: Engine) -> Engine:
    prepared(engine, an_account(owner="ann"))
    poll(engine, TOLD)
    return engine


def test_every_verb_is_undone() -> None:
    assert {verb for verb, _ in DEEDS} == VERBS.keys() - {"undo"}


@pytest.mark.parametrize(("verb", "value"), DEEDS)
def test_after_undo_the_answers_are_those_before(engine: Engine, verb: str, value: str) -> None:
    begun(engine)
    if verb == "unsuppress":
        do(engine, Action(verb="suppress", by="ann", account=ACCOUNT, value="rival"))
    before = answers(engine)
    trigger = before["triggers"][0].id
    action = Action(
        verb=verb,
        by="ben",
        account=None if verb in OF_A_TRIGGER else ACCOUNT,
        trigger=trigger if verb in OF_A_TRIGGER else None,
        value=value,
        text="They met us at the fair" if verb == "remark" else "",
        until=LATER + days(9) if verb == "snooze" else None,
        of=before["triggers"][1].id if value == "duplicate" else None,
    )
    do(engine, action)
    assert verb == "remark" or answers(engine) != before
    do(engine, Action(verb="undo", by="ben", account=ACCOUNT))
    assert answers(engine) == before


@pytest.mark.parametrize("verdict", [None, Verdict.OFF_TOPIC, Verdict.GOOD])
def test_a_conversation_is_as_before_when_its_verdict_is_taken_back(
    engine: Engine, verdict: Verdict | None
) -> None:
    prepared(engine)
    question = an_event(
        "What do you use instead of Billhaus for invoices?",
        text="We want to leave Billhaus. Which tool would you recommend for invoices?",
        thread_url="https://forum.example/t/1",
        url="https://forum.example/t/1",
    )
    poll(engine, [question])
    before = answers(engine)
    (trigger,) = before["triggers"]
    verb = "accept" if verdict is Verdict.GOOD else "dismiss"
    for _ in range(2):
        value = "" if verb == "accept" or verdict is None else verdict.value
        do(engine, Action(verb=verb, by="ann", trigger=trigger.id, value=value))
        with reading(engine) as conn:
            assert [one.verdict for one in judgements.of_trigger(conn, trigger.id)] == [
                verdict or Verdict.OTHER
            ]
        do(engine, Action(verb="undo", by="ann", trigger=trigger.id))
        assert answers(engine) == before


def several(engine: Engine, count: int, threshold: float) -> dict[str, Any]:
    """Let as many accounts be promoted by news of one kind, and return what is told of them all."""
    letters = "abcdefghijklmnopqrst"[:count]
    prepared(engine, *(an_account(f"Norvik{letter} Labs") for letter in letters))
    with writing(engine) as conn:
        rulebook.save(conn, f'threshold = {threshold}\ntargets = ["crm"]\n', by="test", at=NOW)
    poll(
        engine,
        [
            an_event(
                f"Norvik{letter} Labs raises $20 million Series B",
                external_id=letter,
                url=f"https://wire.example/{letter}",
            )
            for letter in letters
        ],
    )
    before = answers(engine)
    assert {one.stage for one in before["accounts"].values()} == {Stage.OUTREACH_READY}
    assert len(before["triggers"]) == count
    return before


def test_a_verdict_that_cools_its_account_by_its_own_weight_is_undone_to_the_second(engine: Engine) -> None:
    before = several(engine, 1, 70)
    for verb, value in (("dismiss", "off_topic"), ("undo", "")):
        do(engine, Action(verb=verb, by="ann", trigger=before["triggers"][0].id, value=value))
    assert answers(engine) == before


@pytest.mark.parametrize("back", [1, -1])
def test_when_much_that_was_taught_is_taken_back_one_sweep_makes_all_as_before(
    engine: Engine, back: int
) -> None:
    before = several(engine, 12, 20)
    names = [one.id for one in before["triggers"]]
    for name in names:
        do(engine, Action(verb="dismiss", by="ann", trigger=name, value="off_topic"))
    assert not answers(engine)["today"]
    for name in names[::back]:
        do(engine, Action(verb="undo", by="ann", trigger=name))
    assert answers(engine)["triggers"] != before["triggers"], (
        "those that were taken back first know no better"
    )
    sweep(engine, lexicon_of(engine), LATER)
    assert answers(engine) == before


def test_who_cooled_under_many_verdicts_is_ready_again_after_one_sweep(engine: Engine) -> None:
    before = several(engine, 12, 50)
    names = [one.id for one in before["triggers"]]
    for verb, value in (("dismiss", "off_topic"), ("undo", "")):
        for name in names:
            do(engine, Action(verb=verb, by="ann", trigger=name, value=value))
    assert Stage.COLD in {one.stage for one in answers(engine)["accounts"].values()}
    sweep(engine, lexicon_of(engine), LATER)
    after = answers(engine)
    assert [replace(one, stage_since=None) for one in after.pop("accounts").values()] == [
        replace(one, stage_since=None) for one in before.pop("accounts").values()
    ]
    assert after == before
