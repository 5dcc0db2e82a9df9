"""Forms of the list: what they do, what they say, and how it is taken back."""

import re

import pytest

from earmark.types import Action, TriggerState
from review.acting import carry_out
from storage import accounts, audit, latency, outbox, rulebook, targets, transitions, triggers
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import a_team, csrf_of, entered

ROW = re.compile(r'data-row="([0-9a-f]+)"(?! data-conversation)')
SAID = re.compile(r'role="status"[^>]*>([^<]*)<')


def _row(page: Served, place: int = 1) -> tuple[str, str]:
    """Return trigger and account of a row of an account."""
    trigger = ROW.findall(page.get("/").text)[place]
    with reading(page.app.state.desk.engine) as conn:
        found = triggers.get(conn, trigger)
    assert found is not None
    assert found.account is not None
    return trigger, found.account


def _said(page: Served, path: str, form: dict[str, object]) -> str:
    """Send a form and return what the page says after the way back."""
    answer = page.post(path, form)
    assert answer.status_code == 303, answer.text
    shown = page.get(answer.headers["location"])
    found = [text.strip() for text in SAID.findall(shown.text) if text.strip()]
    return found[0] if found else ""


def _state(engine: Engine, trigger: str) -> TriggerState:
    with reading(engine) as conn:
        found = triggers.get(conn, trigger)
    assert found is not None
    return found.state


def test_a_dismissal_takes_the_row_off_and_says_so_and_undo_brings_it_back(
    page: Served, engine: Engine
) -> None:
    trigger, _ = _row(page)
    said = _said(page, "/act", {"verb": "dismiss off_topic", "trigger": trigger})
    assert "Dismissed a trigger as off topic." in said
    assert "see Learned" in said
    assert _state(engine, trigger) is TriggerState.DISMISSED
    assert f'data-row="{trigger}"' not in page.get("/").text
    assert f'data-row="{trigger}"' in page.get("/?state=dismissed").text
    assert "Took back" in _said(page, "/undo", {})
    assert _state(engine, trigger) is TriggerState.OPEN
    assert f'data-row="{trigger}"' in page.get("/").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"verb": "accept"}, "Accepted"),
        ({"verb": "contacted", "value": "call"}, "Contacted by call"),
        ({"verb": "snooze tomorrow"}, "Snoozed until 2026-11-22"),
        ({"verb": "snooze", "until": "trigger"}, "Snoozed until the next trigger"),
        ({"verb": "assign me"}, "Assigned to"),
        ({"verb": "outcome meeting"}, "Outcome: meeting"),
        ({"verb": "suppress customer"}, "Suppressed as customer"),
        ({"verb": "remark", "text": "Ask for Ida."}, "Remark: Ask for Ida."),
        ({"verb": "dismiss", "value": "not_now", "until": "2026-12-24"}, "Not now: snoozed until 2026-12-2"),
    ],
)
def test_each_verb_is_a_plain_form(page: Served, form: dict[str, object], said: str) -> None:
    trigger, _ = _row(page)
    assert said in _said(page, "/act", {**form, "trigger": trigger})


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"verb": "explode"}, "There is no action"),
        ({"verb": "dismiss because"}, "is no verdict"),
        ({"verb": "snooze"}, "needs an end"),
        ({"verb": "snooze", "until": "1999-01-01"}, "not a day within"),
        ({"verb": "outcome maybe"}, "is no outcome"),
        ({"verb": "remark"}, "needs words"),
        ({"verb": "accept", "trigger": "no-such-one"}, "There is no reason"),
        ({"verb": "accept", "trigger": []}, "Nothing was chosen"),
    ],
)
def test_what_can_not_be_done_is_said_and_changes_nothing(
    page: Served, engine: Engine, form: dict[str, object], said: str
) -> None:
    trigger, account = _row(page)
    assert said in _said(page, "/act", {"trigger": trigger, **form})
    with reading(engine) as conn:
        assert not [move for move in transitions.of_account(conn, account) if move.actor == "owner"]


def test_many_rows_are_done_at_once_and_what_fails_is_told(page: Served, engine: Engine) -> None:
    rows = [_row(page, place) for place in (1, 2, 3)]
    chosen = [trigger for trigger, _ in rows]
    said = _said(page, "/act", {"verb": "contacted mail", "trigger": [*chosen, "gone"]})
    assert said.count("Contacted by mail") == 3
    assert "There is no reason" in said
    assert {_state(engine, trigger) for trigger in chosen} == {TriggerState.CONTACTED}
    for _ in rows:
        page.post("/undo")
    assert {_state(engine, trigger) for trigger in chosen} == {TriggerState.OPEN}


def test_our_script_gets_the_part_with_what_was_said(page: Served) -> None:
    trigger, _ = _row(page)
    answer = page.post(
        "/act", {"verb": "accept", "trigger": trigger, "back": "/?stage=hot"}, headers={"x-earmark": "part"}
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Accepted" in answer.text
    wrong = page.post("/act", {"verb": "explode", "trigger": trigger}, headers={"x-earmark": "part"})
    assert wrong.status_code == 422
    assert "There is no action" in wrong.text


def test_who_is_second_on_one_row_is_told_so(page: Served, engine: Engine) -> None:
    trigger, account = _row(page)
    seen = re.search(r'name="seen" value="(\d+)"', page.get("/").text)
    assert seen
    zone = page.app.state.desk.settings.team.zone
    carry_out(engine, Action(verb="contacted", by="ada", account=account), now=NOW, zone=zone)
    said = _said(page, "/act", {"verb": "contacted mail", "trigger": trigger, "seen": seen[1]})
    assert "ada was quicker" in said
    with reading(engine) as conn:
        moves = [move for move in transitions.of_account(conn, account) if move.cause == "contacted"]
    assert [move.actor for move in moves] == ["ada"]


def test_the_way_back_never_leads_elsewhere(page: Served) -> None:
    trigger, _ = _row(page)
    for back in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = page.post("/act", {"verb": "accept", "trigger": trigger, "back": back})
        assert answer.headers["location"] == "/"


def test_an_export_goes_into_the_outbox_of_the_default_target_once(page: Served, engine: Engine) -> None:
    trigger, account = _row(page)
    assert "Add one on the page Exports" in _said(page, "/export", {"trigger": trigger})
    refused = page.post("/export", {"trigger": trigger}, headers={"x-earmark": "part"})
    assert refused.status_code == 422
    assert "There is no target yet" in refused.text
    with writing(engine) as conn:
        targets.add(conn, "hook", "webhook", {"url": "https://hook.example/in"}, NOW)
    assert "goes to hook with the next delivery" in _said(page, "/export", {"trigger": trigger})
    _said(page, "/export", {"trigger": trigger})
    with reading(engine) as conn:
        held = [parcel.outgoing for parcel in outbox.find(conn, target="hook")]
        deeds = [deed.verb for deed in audit.recent(conn)]
    assert [one.account for one in held] == [account]
    assert held[0].payload["account"] == account
    assert "export" in deeds


def test_what_is_suppressed_is_not_exported(page: Served, engine: Engine) -> None:
    trigger, account = _row(page)
    with writing(engine) as conn:
        targets.add(conn, "hook", "webhook", {"url": "https://hook.example/in"}, NOW)
    _said(page, "/act", {"verb": "suppress legal", "trigger": trigger})
    assert "is not handed to hook: suppressed" in _said(page, "/export", {"trigger": trigger})
    with reading(engine) as conn:
        assert not outbox.find(conn, target="hook")
        assert accounts.get(conn, account) is not None


def test_the_first_look_at_a_row_is_noted(page: Served, engine: Engine) -> None:
    trigger, _ = _row(page)
    assert page.post("/opened", {"trigger": trigger}).status_code == 204
    with writing(engine) as conn:
        assert latency.opened(conn, [trigger], NOW) == 0, "it was noted already"


def test_undo_with_nothing_to_undo_says_so(page: Served) -> None:
    assert "nothing of yours left" in _said(page, "/undo", {})
    trigger, account = _row(page)
    assert "nothing to undo" in _said(page, "/undo", {"account": account})
    assert "no such account" in _said(page, "/undo", {"account": "gone"})
    assert "There is no reason" in _said(page, "/undo", {"trigger": trigger[:5] + "gone"})


def _of_kind(engine: Engine, account: str, kind: str) -> str:
    with reading(engine) as conn:
        return next(one.id for one in triggers.of_account(conn, account) if one.kind == kind)


def test_of_which_reason_one_is_a_duplicate_is_chosen_and_undo_parts_them(
    page: Served, engine: Engine
) -> None:
    before = _of_kind(engine, "norviklabs.example", "funding_early")
    twin = _of_kind(engine, "norviklabs.example", "new_office_or_market")
    shown = page.get(f"/?pick={twin}").text
    assert re.search(rf'<select name="of">.*<option value="{before}">', shown)
    form: dict[str, object] = {"verb": "dismiss duplicate", "trigger": twin, "of": before}
    assert f"Joined a duplicate to trigger {before[:8]}" in _said(page, "/act", form)
    assert _state(engine, twin) is TriggerState.MERGED
    assert _state(engine, before) is TriggerState.OPEN
    assert "Took back" in _said(page, "/undo", {})
    assert _state(engine, twin) is TriggerState.OPEN
    with reading(engine) as conn:
        found = {one.id: one.story for one in triggers.of_account(conn, "norviklabs.example")}
    assert found[twin] != found[before]


def test_what_is_no_other_reason_of_the_account_is_no_duplicate_of_it(page: Served, engine: Engine) -> None:
    twin = _of_kind(engine, "norviklabs.example", "funding_early")
    other = _of_kind(engine, "skyhollow.example", "funding_early")
    for of in (other, twin, "gone"):
        answer = page.post(
            "/act",
            {"verb": "dismiss duplicate", "trigger": twin, "of": of},
            headers={"x-earmark": "part"},
        )
        assert answer.status_code == 422
    assert _state(engine, twin) is TriggerState.OPEN
    said = _said(page, "/act", {"verb": "dismiss off_topic", "trigger": twin, "of": other})
    assert "as off topic" in said, "what is chosen beside Duplicate is of no matter to another verdict"


def test_a_row_is_assigned_to_any_of_the_team(page: Served, engine: Engine) -> None:
    trigger, account = _row(page)
    a_team(engine)
    with entered(page, "max") as client:
        html = client.get("/").text
        assert 'value="assign rea"' in html
        form = {"verb": "assign rea", "trigger": trigger, "csrf": csrf_of(client)}
        assert client.post("/act", data=form).status_code == 303
        with reading(engine) as conn:
            assert accounts.of(conn, [account])[account].owner == "rea"
        form = {"verb": "assign to", "to": "ron", "trigger": trigger, "csrf": csrf_of(client)}
        client.post("/act", data=form)
    with reading(engine) as conn:
        assert accounts.of(conn, [account])[account].owner == "ron"


def test_where_the_rulebook_has_reps_these_are_offered_and_all_beyond_nine(
    page: Served, engine: Engine
) -> None:
    text = "".join(f'\n[[reps]]\nid = "rep-{number}"\nname = "Rep {number}"\n' for number in range(12))
    with writing(engine) as conn:
        _, before = rulebook.latest(conn) or (0, "")
        rulebook.save(conn, before + text, "test", NOW)
    html = page.get("/").text
    assert 'value="assign rep-8" data-key="9"' in html
    assert '<option value="rep-11">Rep 11</option>' in html
    trigger, account = _row(page)
    said = _said(page, "/act", {"verb": "assign to", "to": "rep-11", "trigger": trigger})
    assert "Assigned to rep-11" in said
    with reading(engine) as conn:
        assert accounts.of(conn, [account])[account].owner == "rep-11"
