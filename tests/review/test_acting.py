"""What a person chooses on a row: carried out, told, and taken back to what was before."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from earmark.errors import ConfigError
from earmark.types import UNTIL_NEWS, Changes, Lexicon, Role
from matcher.act import VERBS
from matcher.decide import decide
from matcher.stories import key_of
from review import deeds
from review.account import account_view, trigger_view
from review.deeds import Deed, Target
from review.moments import in_zone
from review.plain import plain
from storage import accounts, events, history, standing, triggers
from storage.engine import Engine, connect, migrate, reading, writing
from tests.builders import NOW, a_match, a_stored_event, ago, an_account
from tests.matcher.pasts import a_reading

LATER = NOW + timedelta(seconds=3)
DEEDS: dict[str, dict[str, Any]] = {
    "accept": {},
    "assign": {"value": "bo"},
    "contacted": {"value": "mail"},
    "dismiss": {"value": "off_topic"},
    "outcome": {"value": "reply"},
    "remark": {"text": "Ask for Ida."},
    "snooze": {"until": NOW + timedelta(days=4)},
    "suppress": {"value": "customer"},
    "unsuppress": {},
}
VERDICTS = ("wrong_account", "too_old", "duplicate", "customer_or_open_deal", "not_now", "other", "good")
_GROWS = ("transitions", "judgements")


@pytest.fixture
def engine(tmp_path: Any) -> Iterator[Engine]:
    made = connect(f"sqlite:///{tmp_path}/acting.db")
    migrate(made)
    yield made
    made.dispose()


def _row(engine: Engine, name: str = "Norvik Labs", kind: str = "funding_early") -> Target:
    """Tell of an account one thing, and return its row."""
    account = an_account(name)
    key, id_ = f"a:{account.id}", f"{account.id}-{kind}"
    event = a_stored_event(
        f"{name} {kind}", id=id_, external_id=id_, fingerprint=id_, url=f"https://wire.example/{id_}"
    )
    role = Role.RAISER if kind.startswith("funding") else Role.SUBJECT
    with writing(engine) as conn:
        accounts.upsert(conn, [account])
        history.save(conn, Changes(accounts=(account,)), NOW)
        events.insert(conn, [event])
        past = history.load(conn, [key], NOW, NOW)
        match = a_match(event, account=account.id, kind=kind, role=role)
        history.save(conn, decide([a_reading(match)], past, Lexicon(), ago(0.5)), ago(0.5))
        [trigger] = triggers.of_account(conn, account.id)
    return Target(name=name, account=account.id, trigger=trigger.id)


def _conversation(engine: Engine) -> Target:
    event = a_stored_event("Our router is slow", author="kim", url="https://forum.example/1")
    match = a_match(event, account=None, kind="problem_described", role=Role.SUBJECT, problem="slow")
    with writing(engine) as conn:
        events.insert(conn, [event])
        past = history.load(conn, [key_of(match)], NOW, NOW)
        history.save(conn, decide([a_reading(match)], past, Lexicon(), NOW), NOW)
        [trigger] = [one for one in triggers.every_open(conn) if one.account is None]
    return Target(name="The conversation", trigger=trigger.id)


def _do(
    engine: Engine, verb: str, *rows: Target, by: str = "ann", **more: Any
) -> tuple[list[str], list[str]]:
    now, seen = more.pop("now", NOW), more.pop("seen", None)
    return deeds.do(engine, Deed(verb=verb, by=by, **more), rows, now=now, zone=UTC, seen=seen)


def _undo(engine: Engine, by: str = "ann", **more: Any) -> list[str]:
    return deeds.undo(engine, by, now=NOW, zone=UTC, **more)


def _views(engine: Engine, row: Target) -> Any:
    """Return all that is shown of a row, less the log of what was done, which only grows."""
    with reading(engine) as conn:
        trigger = triggers.get(conn, row.trigger or "")
        assert trigger is not None
        account = accounts.get(conn, row.account) if row.account else None
        whole = [trigger_view(conn, trigger, NOW), account and account_view(conn, account, NOW)]
    return plain(
        [{f.name: getattr(one, f.name) for f in fields(one) if f.name not in _GROWS} for one in whole if one]
    )


def test_every_verb_is_tried_here() -> None:
    assert {*DEEDS, "undo"} == set(VERBS)


@pytest.mark.parametrize("verb", DEEDS)
def test_after_undo_all_is_as_it_was(engine: Engine, verb: str) -> None:
    row = _row(engine)
    if verb == "unsuppress":
        _do(engine, "suppress", row, value="legal", by="bo")
    before = _views(engine, row)
    done, failed = _do(engine, verb, row, **DEEDS[verb])
    assert done
    assert not failed
    if verb != "remark":
        assert _views(engine, row) != before
    [said, *_] = _undo(engine)
    assert said.startswith("Took back: Norvik Labs")
    assert _views(engine, row) == before


@pytest.mark.parametrize("verdict", VERDICTS)
def test_after_undo_of_any_verdict_all_is_as_it_was(engine: Engine, verdict: str) -> None:
    row = _row(engine)
    before = _views(engine, row)
    _do(engine, "dismiss", row, value=verdict)
    assert _views(engine, row) != before
    _undo(engine)
    assert _views(engine, row) == before


@pytest.mark.parametrize("verb", ["accept", "dismiss", "contacted"])
def test_after_undo_a_conversation_is_as_it_was(engine: Engine, verb: str) -> None:
    row = _conversation(engine)
    before = _views(engine, row)
    _do(engine, verb, row, **DEEDS[verb])
    assert _views(engine, row) != before
    _undo(engine)
    assert _views(engine, row) == before


def test_undo_goes_back_without_limit_through_accounts_and_conversations(engine: Engine) -> None:
    rows = [_row(engine, f"Norvik {letter}") for letter in "ABC"] + [_conversation(engine)]
    before = [_views(engine, row) for row in rows]
    for row, verb in zip(rows, ("dismiss", "snooze", "contacted", "dismiss"), strict=True):
        _do(engine, verb, row, **(DEEDS[verb] if verb != "dismiss" else {"value": "other"}))
    said = [_undo(engine)[0] for _ in rows]
    assert ["conversation" in one for one in said] == [True, False, False, False]
    assert ["Norvik C" in said[1], "Norvik B" in said[2], "Norvik A" in said[3]] == [True] * 3
    assert [_views(engine, row) for row in rows] == before
    assert _undo(engine) == ["There is nothing of yours left to undo."]


def test_undo_without_a_name_takes_back_nothing_of_others(engine: Engine) -> None:
    row = _row(engine)
    _do(engine, "dismiss", row, by="bo", value="other")
    assert _undo(engine, "ann") == ["There is nothing of yours left to undo."]
    assert "Dismissed" in _undo(engine, "ann", target=row)[0], "but a named one may be taken back by anybody"


def test_who_is_second_is_told_who_was_first_and_nothing_is_doubled(engine: Engine) -> None:
    row = _row(engine)
    with reading(engine) as conn:
        seen = standing.newest(conn)
    _do(engine, "dismiss", row, by="ada", value="off_topic", seen=seen)
    after = _views(engine, row)
    done, failed = _do(engine, "dismiss", row, by="bo", value="too_old", seen=seen, now=LATER)
    assert done == [
        "Norvik Labs: ada was quicker, 3 seconds ago: Dismissed a trigger as off topic. Nothing was changed."
    ]
    assert not failed
    assert _views(engine, row) == after


@pytest.mark.parametrize("verb", ["contacted", "snooze", "assign", "outcome", "suppress"])
def test_two_reps_never_do_the_same_to_one_account(engine: Engine, verb: str) -> None:
    row = _row(engine)
    with reading(engine) as conn:
        seen = standing.newest(conn)
    _do(engine, verb, row, by="ada", seen=seen, **DEEDS[verb])
    [said], _ = _do(engine, verb, row, by="bo", seen=seen, now=LATER, **DEEDS[verb])
    assert "ada was quicker" in said
    with reading(engine) as conn:
        assert len(standing.since(conn, row.account or "", 0)) == 1
        seen = standing.newest(conn)
    again, _ = _do(engine, "remark", row, by="bo", seen=seen, now=LATER, text="Now I know.")
    assert again == ["Norvik Labs: Remark: Now I know."]


def test_a_verdict_on_what_another_ended_says_so_even_from_an_old_page(engine: Engine) -> None:
    row = _conversation(engine)
    _do(engine, "dismiss", row, by="ada", value="other")
    [said], _ = _do(engine, "accept", row, by="bo", now=LATER)
    assert "ada was quicker, 3 seconds ago: Dismissed as other." in said


def test_what_fails_for_one_row_keeps_none_of_the_others(engine: Engine) -> None:
    rows = [_row(engine, "Norvik A"), _conversation(engine), _row(engine, "Norvik B")]
    done, failed = _do(engine, "snooze", *rows, until=NOW + timedelta(days=2))
    assert [one.split(":")[0] for one in done] == ["Norvik A", "Norvik B"]
    assert failed == [
        "The conversation: A conversation has no account to snooze; accept or dismiss it instead."
    ]


def test_an_account_chosen_by_two_of_its_reasons_is_acted_on_once(engine: Engine) -> None:
    row = _row(engine)
    twin = Target(name=row.name, account=row.account)
    done, _ = _do(engine, "contacted", row, twin, row, value="call")
    assert done == ["Norvik Labs: Contacted by call."]


def test_a_snooze_ends_and_is_told_in_the_zone_of_the_team(engine: Engine) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    until, tomorrow = deeds.until_of("tomorrow", NOW, berlin), NOW.date() + timedelta(days=1)
    deed = Deed(verb="snooze", by="ann", until=until)
    row = _row(engine)
    done, _ = deeds.do(engine, deed, [row], now=NOW, zone=berlin)
    assert done == [f"Norvik Labs: Snoozed until {tomorrow} 08:00."]
    with reading(engine) as connection:
        account = accounts.get(connection, row.account or "")
    assert account is not None
    assert account.snoozed_until == datetime.combine(tomorrow, time(8), berlin)
    assert deeds.undo(engine, "ann", now=NOW, zone=berlin)[0].endswith("08:00.")


def test_what_only_looks_like_a_moment_stays_as_it_was_written() -> None:
    assert in_zone("2026-99-99 10:00 UTC, she said", ZoneInfo("Europe/Berlin")).startswith(
        "2026-99-99 10:00 UTC"
    )


def test_wrong_account_says_what_is_learned(engine: Engine) -> None:
    done, _ = _do(engine, "dismiss", _row(engine), value="wrong_account")
    assert done[0] == "Norvik Labs: Dismissed a trigger as wrong account."
    assert "counts against the rule" in done[1]


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("", None),
        ("later", NOW + timedelta(hours=3)),
        ("tomorrow", datetime(2026, 11, 22, 7, tzinfo=UTC)),
        ("monday", datetime(2026, 11, 23, 7, tzinfo=UTC)),
        ("trigger", UNTIL_NEWS),
        ("3d", NOW + timedelta(days=3)),
        ("2026-12-01", datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ("2026-12-01T10:00", datetime(2026, 12, 1, 9, tzinfo=UTC)),
    ],
)
def test_an_end_is_meant_in_the_zone_of_the_team(text: str, until: datetime | None) -> None:
    assert deeds.until_of(text, NOW, ZoneInfo("Europe/Berlin")) == until


@pytest.mark.parametrize("text", ["soon", "2026-11-01", "9999-01-01", "32.13.2026", "\x00", "-1d"])
def test_an_end_that_can_not_be_says_what_to_write(text: str) -> None:
    with pytest.raises(ConfigError, match=r"[Cc]hoose"):
        deeds.until_of(text, NOW, UTC)


def test_targets_beyond_a_territory_are_not_there(engine: Engine) -> None:
    from storage.scope import Scope  # noqa: PLC0415 - only this test has a territory

    row = _row(engine)
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account("Norvik Labs", owner="bo")])
        ids = [row.trigger or "", "gone"]
        found, missing = deeds.targets_of(conn, ids, ["norvik-labs"], Scope(names=frozenset({"ann"})))
    assert not found
    assert len(missing) == 3
