"""What a person writes of an account, and a snooze that the next trigger ends."""

import pytest

from earmark.errors import EarmarkError
from earmark.types import UNTIL_NEWS, Account, Action, History, Role
from matcher.act import act
from matcher.decide import decide
from tests.builders import NOW, a_match, a_stored_event, ago, days
from tests.matcher.pasts import ACCOUNT, SILENT, a_history, a_reading, stored, told


def _ready() -> History:
    return told([[a_reading(a_match())]], a_history(), now=ago(0.5))


def _done(history: History, verb: str, **more: object) -> History:
    action = Action(verb=verb, by="ann", account="norvik-labs", **more)  # type: ignore[arg-type]  # by test
    return stored(history, act(action, history, SILENT, NOW))


def _news(history: History, kind: str) -> History:
    event = a_stored_event(f"Norvik Labs {kind}", id=kind, external_id=kind, fingerprint=kind)
    reading = a_reading(a_match(event, kind=kind, role=Role.SUBJECT))
    later = NOW + days(1)
    return stored(history, decide([reading], history, SILENT, later))


def _account(history: History) -> Account:
    account = history.pasts[ACCOUNT].account
    assert account is not None
    return account


def test_a_remark_is_kept_and_moves_nothing() -> None:
    before = _ready()
    after = _done(before, "remark", text=" She is back on Monday. ")
    assert after.pasts[ACCOUNT].transitions[-1].reason == "Remark: She is back on Monday."
    assert _account(after) == _account(before)
    assert after.pasts[ACCOUNT].triggers == before.pasts[ACCOUNT].triggers


def test_a_remark_is_taken_back_like_any_action() -> None:
    written = _done(_ready(), "remark", text="Ask for Ida.")
    back = _done(written, "undo")
    assert back.pasts[ACCOUNT].transitions[-1].reason == "Took back: Remark: Ask for Ida."
    with pytest.raises(EarmarkError, match="nothing to undo"):
        _done(back, "undo")


def test_a_remark_without_words_is_none() -> None:
    with pytest.raises(EarmarkError, match="needs words"):
        _done(_ready(), "remark", text="  ")


def test_a_snooze_until_the_next_trigger_ends_with_it() -> None:
    asleep = _done(_ready(), "snooze", until=UNTIL_NEWS)
    assert asleep.pasts[ACCOUNT].transitions[-1].reason == "Snoozed until the next trigger."
    assert _account(asleep).snoozed_until == UNTIL_NEWS
    assert _account(_news(asleep, "exec_hire")).snoozed_until is None


def test_what_speaks_against_contact_does_not_wake_it() -> None:
    asleep = _done(_ready(), "snooze", until=UNTIL_NEWS)
    assert _account(_news(asleep, "hiring_freeze")).snoozed_until == UNTIL_NEWS


def test_a_snooze_until_a_day_is_not_ended_by_a_trigger() -> None:
    asleep = _done(_ready(), "snooze", until=NOW + days(9))
    assert _account(_news(asleep, "exec_hire")).snoozed_until == NOW + days(9)


def test_only_a_snooze_ends_with_the_next_trigger() -> None:
    for verb, value in (("suppress", "customer"), ("outcome", "won")):
        with pytest.raises(EarmarkError, match="Only a snooze ends with the next trigger"):
            _done(_ready(), verb, value=value, until=UNTIL_NEWS)


def test_not_now_until_the_next_trigger_says_so() -> None:
    history = _ready()
    (trigger,) = history.pasts[ACCOUNT].triggers
    action = Action(verb="dismiss", by="ann", trigger=trigger.id, value="not_now", until=UNTIL_NEWS)
    asleep = stored(history, act(action, history, SILENT, NOW))
    assert asleep.pasts[ACCOUNT].transitions[-1].reason == "Not now: snoozed until the next trigger."
    assert _account(_news(asleep, "exec_hire")).snoozed_until is None
