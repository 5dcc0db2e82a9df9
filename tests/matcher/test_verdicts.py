"""What people say: outcomes with the reason of the outreach, verdicts that hide, and undo by id."""

from dataclasses import replace

import pytest

from earmark.errors import EarmarkError
from earmark.types import (
    Action,
    Changes,
    History,
    Lexicon,
    Past,
    Rep,
    Role,
    Suppression,
    TriggerState,
    Verdict,
)
from matcher.act import act
from matcher.verdicts import NOT_NOW, reason_of
from tests.builders import NOW, a_match, a_stored_event, ago, an_account, days
from tests.matcher.pasts import ACCOUNT, SILENT, a_history, a_reading, stored, told

HIRE = a_match(
    a_stored_event("Norvik Labs names Ada Berg CFO", id="event-h"), kind="exec_hire", role=Role.SUBJECT
)


def ready() -> History:
    return told([[a_reading(a_match()), a_reading(HIRE)]], a_history(an_account(owner="ann")), now=ago(0.5))


def ids(history: History) -> dict[str, str]:
    return {trigger.kind: trigger.id for trigger in history.pasts[ACCOUNT].triggers}


def doing(verb: str, value: str = "", trigger: str | None = None, days_on: float = 0) -> Action:
    account = "norvik-labs" if trigger is None else None
    until = NOW + days(days_on) if days_on else None
    return Action(verb=verb, by="ben", account=account, trigger=trigger, value=value, until=until)


def done(history: History, *actions: Action, lexicon: Lexicon = SILENT) -> tuple[History, Changes]:
    changes = Changes()
    for number, action in enumerate(actions):
        changes = act(action, history, lexicon, NOW + days(number / 100))
        history = stored(history, changes)
    return history, changes


def past_of(history: History) -> Past:
    return history.pasts[ACCOUNT]


def test_an_outcome_belongs_to_the_trigger_that_the_outreach_was_logged_for() -> None:
    history = ready()
    for kind, trigger in ids(history).items():
        _, changes = done(history, doing("contacted", "phone", trigger), doing("outcome", "meeting"))
        (outcome,) = changes.outcomes
        assert (outcome.trigger, outcome.outcome, outcome.by) == (trigger, "meeting", "ben"), kind


def test_of_an_outreach_for_the_whole_account_the_strongest_reason_counts() -> None:
    history = ready()
    expected = max(
        past_of(history).triggers, key=lambda one: one.score.fit * one.score.intent * one.score.confidence
    ).id
    _, changes = done(history, doing("contacted"), doing("outcome", "reply"))
    assert changes.outcomes[0].trigger == expected


def test_without_a_logged_outreach_it_is_what_was_accepted_and_then_the_strongest() -> None:
    history = ready()
    weaker = min(past_of(history).triggers, key=lambda one: one.score.intent).id
    assert reason_of(past_of(history)) != weaker
    history, changes = done(history, doing("accept", trigger=weaker), doing("outcome", "no_answer"))
    assert changes.outcomes[0].trigger == weaker
    assert reason_of(Past(account=an_account())) is None


def test_an_outreach_that_was_taken_back_is_no_reason() -> None:
    first, second = ids(ready()).values()
    history, _ = done(ready(), doing("contacted", "", first), doing("contacted", "", second), doing("undo"))
    assert reason_of(past_of(history)) == first


def test_every_action_is_kept_as_it_was_done_and_what_changed_nothing_is_not() -> None:
    history = ready()
    action = doing("assign", "cleo")
    history, changes = done(history, action)
    assert changes.actions == (action,)
    again = act(action, history, SILENT, NOW)
    assert (again.actions, again.transitions, again.accounts) == ((), (), ())


def test_an_account_is_assigned_to_reps_of_the_team_only() -> None:
    team = Lexicon(reps=(Rep(id="cleo"), Rep(id="dan")))
    history, changes = done(ready(), doing("assign", "cleo"), lexicon=team)
    assert [account.owner for account in changes.accounts] == ["cleo"]
    assert changes.transitions[0].reason == "Assigned to cleo."
    with pytest.raises(EarmarkError, match="'eve' is no rep; give one of cleo, dan"):
        act(doing("assign", "eve"), history, team, NOW)
    history, changes = done(history, doing("assign"), lexicon=team)
    assert changes.accounts[0].owner is None
    history, changes = done(history, doing("undo"), doing("undo"), lexicon=team)
    assert changes.accounts[0].owner == "ann"


def test_not_now_snoozes_the_account_and_leaves_the_trigger_for_later() -> None:
    trigger = ids(ready())["exec_hire"]
    history, changes = done(ready(), doing("dismiss", "not_now", trigger))
    account = past_of(history).account
    assert account is not None
    assert account.snoozed_until == NOW + NOT_NOW
    assert {one.state for one in past_of(history).triggers} == {TriggerState.OPEN}
    assert [one.verdict for one in changes.judgements] == [Verdict.NOT_NOW]
    _, changes = done(ready(), doing("dismiss", "not_now", trigger, days_on=5))
    assert changes.accounts[0].snoozed_until == NOW + days(5)
    with pytest.raises(EarmarkError, match="needs an end in the future"):
        act(doing("dismiss", "not_now", trigger, days_on=-1), ready(), SILENT, NOW)


def test_undo_takes_back_what_was_said() -> None:
    trigger = ids(ready())["exec_hire"]
    history, changes = done(ready(), doing("dismiss", "off_topic", trigger))
    (judgement,) = changes.judgements
    _, changes = done(history, doing("undo"))
    assert changes.taken_back == (judgement.id,)
    history, changes = done(history, doing("contacted"), doing("outcome", "won"))
    (outcome,) = changes.outcomes
    assert done(history, doing("undo"))[1].taken_back == (outcome.id,)


def test_undo_by_id_leaves_what_people_changed_after_it() -> None:
    trigger = ids(ready())["exec_hire"]
    history, changes = done(ready(), doing("dismiss", "customer_or_open_deal", trigger, days_on=40))
    said = changes.judgements[0].id
    history, _ = done(history, doing("suppress", "legal"), doing("assign", "cleo"))
    history, changes = done(history, doing("undo", said[:8]))
    account = past_of(history).account
    assert account is not None
    assert account.suppression == Suppression(reason="legal", by="ben")
    assert account.owner == "cleo"
    assert {one.state for one in past_of(history).triggers} == {TriggerState.OPEN}
    assert changes.taken_back == (said,)
    with pytest.raises(EarmarkError, match="nothing to undo"):
        act(doing("undo", said[:8]), history, SILENT, NOW)


def test_a_conversation_gives_its_verdicts_back() -> None:
    event = a_stored_event("What do you use for invoices?", thread_url="https://forum.example/t/1")
    match = a_match(event, account=None, kind="asks_recommendation", role=Role.SUBJECT)
    history = told([[a_reading(match)]], History())
    (past,) = history.pasts.values()
    accept = act(doing("accept", trigger=past.triggers[0].id), history, SILENT, NOW)
    history = stored(history, accept)
    undone = act(doing("undo", trigger=past.triggers[0].id), history, SILENT, NOW)
    assert {one.id for one in accept.judgements} <= set(undone.taken_back)
    again = act(doing("accept", trigger=past.triggers[0].id), stored(history, undone), SILENT, ago(-1))
    assert again.judgements[0].id == accept.judgements[0].id
    assert replace(again.judgements[0], at=NOW) == accept.judgements[0]
