"""What people do: accept, dismiss, contact, snooze, suppress, report an outcome, and take it back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import EarmarkError
from earmark.lifecycle import Cause, Stage
from earmark.types import (
    Account,
    Action,
    Changes,
    History,
    Lexicon,
    Past,
    Reading,
    Role,
    Suppression,
    Transition,
    TriggerState,
    Verdict,
    Was,
)
from matcher.act import OUTCOMES, SUPPRESSIONS, act
from matcher.decide import act as act_of_decide
from matcher.decide import decide
from matcher.memory import as_it_was, remembered
from tests.builders import NOW, a_match, a_stored_event, ago, an_account, days
from tests.matcher.pasts import ACCOUNT, SILENT, a_history, a_reading, is_nothing, readings, stored, told

EXPORTING = Lexicon(targets=("crm",))


def _ready() -> History:
    return told([[a_reading(a_match())]], a_history(), now=ago(0.5))


def _doing(verb: str, value: str = "", **changes: Any) -> Action:
    return Action(verb=verb, by="ann", value=value, **({"account": "norvik-labs"} | changes))


def _on_trigger(history: History, verb: str, value: str = "", **changes: Any) -> Action:
    (trigger,) = history.pasts[ACCOUNT].triggers
    return _doing(verb, value, trigger=trigger.id, **changes)


def _past(history: History, *actions: Action) -> Past:
    for action in actions:
        history = stored(history, act(action, history, SILENT, NOW))
    return history.pasts[ACCOUNT]


def _account(past: Past) -> Account:
    assert past.account
    return past.account


def test_decide_offers_act_as_well() -> None:
    assert act_of_decide is act


def test_accepting_keeps_the_account_ready_and_judges_the_trigger_good() -> None:
    history = _ready()
    changes = act(_on_trigger(history, "accept"), history, SILENT, NOW)
    assert [trigger.state for trigger in changes.triggers] == [TriggerState.ACCEPTED]
    assert [judgement.verdict for judgement in changes.judgements] == [Verdict.GOOD]
    (move,) = changes.transitions
    assert (move.before, move.after, move.actor) == (Stage.OUTREACH_READY, Stage.OUTREACH_READY, "ann")


def test_an_account_that_rises_again_on_the_same_trigger_is_told_of_under_another_key() -> None:
    event = a_stored_event("Norvik Labs wins a prize")
    weak = a_reading(a_match(event, kind="award_recognition", role=Role.SUBJECT))
    history, keys = told([[weak]], a_history()), list[str]()
    for verb in ("accept", "undo", "accept", "undo", "accept"):
        changes = act(_on_trigger(history, verb), history, EXPORTING, NOW + timedelta(minutes=len(keys)))
        keys += [f"{sent.topic} {sent.key}" for sent in changes.outgoing]
        history = stored(history, changes)
    assert len(keys) == len(set(keys)) == 5
    assert [key.split()[0] for key in keys] == ["account.promoted", *["account.stage_changed"] * 4]


def test_accepting_a_weak_trigger_promotes_a_cold_account_and_holds_it_until_it_expires() -> None:
    event = a_stored_event("Norvik Labs wins a prize")
    weak = a_reading(a_match(event, kind="award_recognition", role=Role.SUBJECT))
    history = told([[weak]], a_history())
    changes = act(_on_trigger(history, "accept"), history, EXPORTING, NOW)
    assert changes.accounts[0].stage is Stage.OUTREACH_READY
    assert [sent.topic for sent in changes.outgoing] == ["account.promoted"]
    history = stored(history, changes)
    (trigger,) = history.pasts[ACCOUNT].triggers
    assert changes.due[ACCOUNT] == trigger.expires_at


def test_dismissing_the_last_trigger_makes_the_account_cold() -> None:
    history = _ready()
    changes = act(
        _on_trigger(history, "dismiss", "wrong_account", text="the other Norvik"), history, SILENT, NOW
    )
    assert [(t.state, t.ended_at) for t in changes.triggers] == [(TriggerState.DISMISSED, NOW)]
    assert [(j.verdict, j.text) for j in changes.judgements] == [(Verdict.WRONG_ACCOUNT, "the other Norvik")]
    assert changes.accounts[0].stage is Stage.COLD
    assert [move.cause for move in changes.transitions] == [Cause.TRIGGERS_GONE]


def test_dismissing_one_of_two_triggers_leaves_the_account_ready() -> None:
    event = a_stored_event("Norvik Labs names Ada Berg CFO", id="event-h")
    hire = a_reading(a_match(event, kind="exec_hire", role=Role.SUBJECT))
    history = told([[a_reading(a_match()), hire]], a_history())
    first = history.pasts[ACCOUNT].triggers[0]
    past = _past(history, _doing("dismiss", "off_topic", trigger=first.id))
    assert _account(past).stage is Stage.OUTREACH_READY


def test_dismissing_for_an_open_deal_suppresses_the_account_until_a_day_and_undo_ends_that() -> None:
    history = _ready()
    dismissal = _on_trigger(history, "dismiss", "customer_or_open_deal", until=NOW + days(40))
    expected = Suppression(reason="open_deal", by="ann", until=NOW + days(40))
    assert _account(_past(history, dismissal)).suppression == expected
    assert _account(_past(history, dismissal, _doing("undo"))).suppression is None


def test_accepting_what_speaks_against_contact_promotes_nothing() -> None:
    event = a_stored_event("Norvik Labs chose a rival")
    match = a_match(event, kind="chose_rival", role=Role.SUBJECT)
    history = told([[a_reading(match)]], a_history())
    past = _past(history, _on_trigger(history, "accept"))
    assert _account(past).stage is Stage.COLD
    assert [move.actor for move in past.transitions] == ["earmark", "ann"]


def test_accepting_does_not_promote_a_suppressed_account() -> None:
    account = an_account(suppression=Suppression(reason="opt_out", by="ann"))
    history = told([[a_reading(a_match())]], a_history(account))
    assert _account(_past(history, _on_trigger(history, "accept"))).stage is Stage.COLD


def test_news_of_a_dismissed_story_does_not_open_it_again() -> None:
    history = _ready()
    history = stored(history, act(_on_trigger(history, "dismiss", "off_topic"), history, SILENT, NOW))
    twin = a_stored_event(id="event-2", publisher="Fjord Post", fingerprint="2" * 24)
    past = told([[a_reading(a_match(twin))]], history).pasts[ACCOUNT]
    assert [trigger.state for trigger in past.triggers] == [TriggerState.DISMISSED]
    assert _account(past).stage is Stage.COLD


def test_contacting_moves_trigger_and_account() -> None:
    history = _ready()
    past = _past(history, _on_trigger(history, "contacted", "phone"))
    assert [trigger.state for trigger in past.triggers] == [TriggerState.CONTACTED]
    assert (_account(past).stage, _account(past).stage_since) == (Stage.CONTACTED, NOW)
    assert past.transitions[-1].reason == "Contacted by phone."


def test_contacting_an_account_contacts_all_its_live_triggers() -> None:
    past = _past(_ready(), _doing("contacted"))
    assert [trigger.state for trigger in past.triggers] == [TriggerState.CONTACTED]


@pytest.mark.parametrize(
    ("outcome", "stage"),
    [
        ("reply", Stage.WARM),
        ("meeting", Stage.HOT),
        ("opportunity", Stage.HOT),
        ("lost", Stage.COOLING),
        ("no_answer", Stage.CONTACTED),
        ("won", Stage.CONTACTED),
    ],
)
def test_each_outcome_moves_a_contacted_account_by_the_table(outcome: str, stage: Stage) -> None:
    history = a_history(an_account(stage=Stage.CONTACTED, stage_since=ago(1)))
    changes = act(_doing("outcome", outcome), history, SILENT, NOW)
    assert _account(stored(history, changes).pasts[ACCOUNT]).stage is stage
    assert len(changes.transitions) == 1


def test_all_outcomes_are_tested() -> None:
    assert set(OUTCOMES) == {"reply", "meeting", "opportunity", "lost", "no_answer", "won"}


def test_who_was_won_is_suppressed_as_a_customer() -> None:
    past = _past(_ready(), _doing("outcome", "won"))
    assert _account(past).suppression == Suppression(reason="customer", by="ann")


def test_a_pair_that_is_not_in_the_table_is_recorded_as_a_stay() -> None:
    changes = act(_doing("outcome", "lost"), a_history(), SILENT, NOW)
    (move,) = changes.transitions
    assert (move.before, move.after, move.cause) == (Stage.COLD, Stage.COLD, Cause.LOST)
    assert not changes.accounts


def test_snoozing_needs_an_end_in_the_future() -> None:
    with pytest.raises(EarmarkError, match="Norvik Labs needs an end in the future"):
        act(_doing("snooze"), _ready(), SILENT, NOW)
    account = _account(_past(_ready(), _doing("snooze", until=NOW + days(4))))
    assert (account.snoozed_until, account.stage) == (NOW + days(4), Stage.OUTREACH_READY)


@pytest.mark.parametrize("reason", SUPPRESSIONS)
def test_suppressing_keeps_the_stage_and_ends_by_a_person(reason: str) -> None:
    history = _ready()
    past = _past(history, _doing("suppress", reason))
    assert (_account(past).stage, _account(past).suppression) == (
        Stage.OUTREACH_READY,
        Suppression(reason=reason, by="ann"),
    )
    assert _account(_past(history, _doing("suppress", reason), _doing("unsuppress"))).suppression is None


def test_the_machine_may_not_end_a_suppression() -> None:
    history = a_history(an_account(suppression=Suppression(reason="opt_out", by="ann")))
    with pytest.raises(EarmarkError, match="Only a person"):
        act(replace(_doing("unsuppress"), by="earmark"), history, SILENT, NOW)


def test_an_account_whose_suppression_ends_is_promoted_by_what_came_meanwhile() -> None:
    history = a_history(an_account(suppression=Suppression(reason="rival", by="ann")))
    past = _past(told([[a_reading(a_match())]], history), _doing("unsuppress"))
    assert _account(past).stage is Stage.OUTREACH_READY
    assert [move.actor for move in past.transitions] == ["ann", "earmark"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (_doing("hug"), "no action 'hug'"),
        (_doing("accept", account="nobody"), "no account nobody"),
        (_doing("accept", trigger="nothing"), "no trigger nothing"),
        (_doing("accept"), "name a trigger"),
        (_doing("outcome", "rain"), "'rain' is no outcome"),
        (_doing("suppress", "mood"), "'mood' is no reason"),
        (_doing("suppress", "rival", until=ago(1)), "end in the past"),
        (_doing("undo"), "nothing to undo"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(action: Action, words: str) -> None:
    with pytest.raises(EarmarkError, match=words):
        act(action, _ready(), SILENT, NOW)


def test_an_unknown_verdict_is_refused() -> None:
    history = _ready()
    with pytest.raises(EarmarkError, match="'meh' is no verdict"):
        act(_on_trigger(history, "dismiss", "meh"), history, SILENT, NOW)


def test_doing_what_is_done_changes_nothing() -> None:
    history = _ready()
    for verb in ("accept", "dismiss"):
        action = _on_trigger(history, verb)
        history = stored(history, act(action, history, SILENT, NOW))
        assert is_nothing(act(action, history, SILENT, NOW))


def test_a_conversation_is_accepted_dismissed_and_opened_again() -> None:
    event = a_stored_event("What do you use for invoices?", thread_url="https://forum.example/t/1")
    match = a_match(event, account=None, kind="asks_recommendation", role=Role.SUBJECT)
    history = told([[a_reading(match)]], History())
    (key,) = history.pasts
    (trigger,) = history.pasts[key].triggers
    for verb, state in (
        ("accept", TriggerState.ACCEPTED),
        ("dismiss", TriggerState.DISMISSED),
        ("undo", TriggerState.OPEN),
    ):
        action = Action(verb=verb, by="ann", trigger=trigger.id)
        changes = act(action, history, SILENT, NOW)
        assert [each.state for each in changes.triggers] == [state]
        assert not changes.transitions
        history = stored(history, changes)
    with pytest.raises(EarmarkError, match="no account to snooze"):
        act(Action(verb="snooze", by="ann", trigger=trigger.id), history, SILENT, NOW)


def _any_action(draw: st.DrawFn, past: Past) -> Action:
    verb = draw(
        st.sampled_from(("accept", "dismiss", "contacted", "snooze", "suppress", "unsuppress", "outcome"))
    )
    values = {
        "dismiss": [verdict.value for verdict in Verdict],
        "suppress": list(SUPPRESSIONS),
        "outcome": list(OUTCOMES),
        "contacted": ["", "phone", "mail"],
    }
    live = [trigger.id for trigger in past.triggers if trigger.state is TriggerState.OPEN]
    needs = verb in ("accept", "dismiss")
    trigger = draw(st.sampled_from(live)) if needs and live else None
    return Action(
        verb=verb if trigger or not needs else "contacted",
        by=draw(st.sampled_from(("ann", 'b"o;b'))),
        account="norvik-labs",
        trigger=trigger,
        value=draw(st.sampled_from(values[verb])) if verb in values and (trigger or not needs) else "",
        text=draw(st.sampled_from(("", "as agreed"))),
        until=NOW + days(draw(st.integers(1, 50))),
    )


@st.composite
def _deeds(draw: st.DrawFn) -> tuple[History, Action]:
    some: list[Reading] = draw(readings())
    account = an_account(
        stage=draw(st.sampled_from(list(Stage))),
        stage_since=draw(st.sampled_from((None, ago(2)))),
        snoozed_until=draw(st.sampled_from((None, NOW + days(9)))),
        suppression=draw(
            st.sampled_from((None, Suppression(reason="do not call", by="c;rm", until=NOW + days(30))))
        ),
    )
    history = told([some], a_history(account))
    for _ in range(draw(st.integers(0, 2))):
        action = _any_action(draw, history.pasts[ACCOUNT])
        history = stored(history, act(action, history, SILENT, NOW))
    return history, _any_action(draw, history.pasts[ACCOUNT])


@given(_deeds())
def test_undo_gives_the_account_and_its_triggers_back(deed: tuple[History, Action]) -> None:
    history, action = deed
    before = history.pasts[ACCOUNT]
    done = act(action, history, SILENT, NOW)
    history = stored(history, done)
    after = _past(history, _doing("undo"))
    assert after.account == before.account
    assert [(t.id, t.state, t.ended_at) for t in after.triggers] == [
        (t.id, t.state, t.ended_at) for t in before.triggers
    ]
    undo = next(move for move in after.transitions if move.undoes is not None and move.id not in _ids(before))
    (undone,) = [move for move in after.transitions if move.id == undo.undoes]
    assert undone in done.transitions
    assert len({move.id for move in after.transitions}) == len(after.transitions)


def _ids(past: Past) -> set[str]:
    return {move.id for move in past.transitions}


@given(_deeds(), st.integers(1, 3))
def test_undoing_again_and_again_walks_back_to_where_people_began(
    deed: tuple[History, Action], times: int
) -> None:
    history, action = deed
    start = history.pasts[ACCOUNT]
    seen = [start.account]
    for _ in range(times):
        history = stored(history, act(action, history, SILENT, NOW))
        if history.pasts[ACCOUNT].account == seen[-1] and action.trigger:
            return  # it was done already
        seen.append(history.pasts[ACCOUNT].account)
    for expected in reversed(seen[:-1]):
        history = stored(history, act(_doing("undo"), history, SILENT, NOW))
        assert history.pasts[ACCOUNT].account == expected


def test_undo_of_one_trigger_leaves_what_was_done_to_another() -> None:
    event = a_stored_event("Norvik Labs names Ada Berg CFO", id="event-h")
    hire = a_reading(a_match(event, kind="exec_hire", role=Role.SUBJECT))
    history = told([[a_reading(a_match()), hire]], a_history())
    one, other = history.pasts[ACCOUNT].triggers
    past = _past(
        history,
        _doing("dismiss", "off_topic", trigger=one.id),
        _doing("dismiss", "too_old", trigger=other.id),
        _doing("undo", trigger=one.id),
    )
    states = {trigger.id: trigger.state for trigger in past.triggers}
    assert states == {one.id: TriggerState.OPEN, other.id: TriggerState.DISMISSED}
    assert _account(past).stage is Stage.OUTREACH_READY


def test_undo_weeks_later_does_not_bring_an_expired_trigger_back() -> None:
    history = _ready()
    history = stored(history, act(_on_trigger(history, "dismiss"), history, SILENT, NOW))
    late = NOW + days(400)
    past = stored(history, act(_doing("undo"), history, SILENT, late)).pasts[ACCOUNT]
    assert [trigger.state for trigger in past.triggers] == [TriggerState.EXPIRED]
    assert _account(past).stage is Stage.COLD


def test_the_memory_of_a_move_that_has_none_is_none() -> None:
    move = Transition(
        id="1", account="norvik-labs", at=NOW, before=Stage.COLD, after=Stage.COLD,
        cause=Cause.LOST, actor="ann", reason="They said no.",
    )  # fmt: skip
    assert as_it_was(move, a_history().pasts[ACCOUNT]) is None


def test_the_memory_names_only_what_changed() -> None:
    past = a_history().pasts[ACCOUNT]
    assert remembered(past, past) == Was()


def test_a_move_by_a_person_is_sent_and_so_is_its_undo() -> None:
    history = _ready()
    done = act(_on_trigger(history, "contacted"), history, EXPORTING, NOW)
    assert [sent.topic for sent in done.outgoing] == ["account.stage_changed"]
    history = stored(history, done)
    undone: Changes = act(_doing("undo"), history, EXPORTING, NOW)
    assert [sent.payload["after"] for sent in undone.outgoing] == ["outreach_ready"]
    assert is_nothing(decide((), stored(history, undone), EXPORTING, NOW))


def test_the_reason_of_a_meeting_stays_in_sight_and_a_hot_one_too_after_a_call() -> None:
    history = _ready()
    (trigger,) = history.pasts[ACCOUNT].triggers
    past = _past(history, _on_trigger(history, "contacted"), _doing("outcome", "meeting"))
    assert (_account(past).stage, past.triggers[0].state) == (Stage.HOT, TriggerState.ACCEPTED)
    past = _past(
        history, _on_trigger(history, "contacted"), _doing("outcome", "meeting"), _doing("contacted")
    )
    assert past.triggers[0].state is TriggerState.ACCEPTED
    back = _past(history, _on_trigger(history, "contacted"), _doing("outcome", "meeting"), _doing("undo"))
    assert (_account(back).stage, back.triggers[0].state) == (Stage.CONTACTED, TriggerState.CONTACTED)
    assert trigger.id == back.triggers[0].id


@pytest.mark.parametrize("result", ["no_answer", "reply", "lost"])
def test_other_outcomes_bring_no_reason_back(result: str) -> None:
    history = _ready()
    past = _past(history, _on_trigger(history, "contacted"), _doing("outcome", result))
    assert past.triggers[0].state is TriggerState.CONTACTED
