"""What every CRM is told: texts within their length, times within the window, values that say the same."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.contract import Change, Found, Wanted
from earmark.lifecycle import Stage
from earmark.testing import a_promotion
from exports.company import (
    KEY,
    bearing,
    by_ref,
    claimed,
    cut,
    due_at,
    held,
    is_urgent,
    moment,
    note_body,
    own_fields,
    plain,
    ref_in,
    remote_id_of,
    subject,
    task_text,
    unmade,
    words,
)

TOLD = a_promotion().payload


@given(st.text(max_size=400), st.integers(60, 300), st.text("abc-_019", min_size=1, max_size=30))
def test_the_text_of_a_task_ends_with_its_mark_within_the_length(text: str, most: int, ref: str) -> None:
    written = task_text({"why_now": text, "link": "https://x.example"}, ref, most)
    assert len(written) <= most
    assert ref_in(written) == ref
    assert len(cut(text, most)) <= most
    written.encode()


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-11-21T09:00:00.000000000Z", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("2026-11-21T10:00:00+01:00", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("2026-11-21T09:00:00.1234567Z", datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-21 09:00", datetime(2026, 11, 21, 9, tzinfo=UTC)),
        ("2026-13-41T09:00:00Z", None),
        ("20261121", None),
        (None, None),
    ],
)
def test_a_time_is_read_in_every_form_that_crms_write(value: Any, time: datetime | None) -> None:
    assert moment(value) == time


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [
        ("81.5", "81.50", True),
        (81.0, "81", True),
        ("2026-11-19T08:00:00Z", "2026-11-19T08:00:00.000Z", True),
        ("<p>Raised <b>$25M</b></p><p>ref: t-1</p>", "<div>Raised $25M<br>ref: t-1</div>", True),
        ("Raised &amp; hired", "Raised & hired", True),
        ("Raised $25M", "Raised $25M. Called Ida.", False),
        ("hot", "", False),
        ("hot", None, False),
        ("2026-11-19T08:00:00Z", "2026-11-20T08:00:00Z", False),
        ("…", "?", False),
    ],
)
def test_a_value_in_another_dress_is_still_ours(ours: Any, theirs: Any, is_same: bool) -> None:  # noqa: FBT001 - a parameter
    assert (held({"field": ours}, {"field": theirs})["field"] is ours) is is_same


def test_what_the_crm_has_beside_ours_stays_as_it_is() -> None:
    assert held({"mine": "1", "new": "2"}, {"mine": "1.0", "theirs": "x"}) == {"mine": "1", "theirs": "x"}


@pytest.mark.parametrize(
    ("payload", "day"),
    [
        ({}, "2026-11-20"),
        ({"at": "2026-11-25T08:00:00+00:00"}, "2026-11-26"),
        ({"closes_at": "2026-11-19T12:00:00+00:00"}, "2026-11-19"),
        ({"opens_at": None}, "2027-01-03"),
        ({"opens_at": None, "closes_at": "soon"}, None),
    ],
)
def test_a_task_is_due_within_the_window(payload: dict[str, Any], day: str | None) -> None:
    due = due_at({**TOLD, **payload})
    assert (f"{due:%Y-%m-%d}" if due else None) == day


def test_the_subject_names_the_company_once() -> None:
    assert subject(TOLD, 100) == "Call: Larkspur Foundry raised money"
    assert subject({**TOLD, "headline": "Raised money"}, 100) == "Call Larkspur Foundry: Raised money"
    assert subject({**TOLD, "headline": None}, 100) == "Call Larkspur Foundry"
    assert len(subject({**TOLD, "headline": "x " * 300}, 80)) <= 80


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("ab  cd", 5, "ab…"), ("abc", 1, "…"), ("", 5, "")],
)
def test_a_text_that_is_too_long_ends_with_a_sign_of_it(text: str, most: int, short: str) -> None:
    assert cut(text, most) == short


def test_a_task_tells_what_a_rep_needs_in_the_order_in_which_it_is_needed() -> None:
    told = {
        "why_now": "Raised.",
        "who": "Ask Ida.",
        "opener": "Hello.",
        "next": "Call.",
        "link": "https://x.example",
    }
    assert task_text(told, "t-1", 200) == "Raised.\nAsk Ida.\nHello.\nCall.\nhttps://x.example\nref: t-1"
    assert task_text(told, "t-1", 19) == "Raised.\nA…\nref: t-1"
    assert task_text({}, "t-1", 200) == "ref: t-1"


def test_a_subject_is_one_line_of_words() -> None:
    assert subject({"name": "Norvik", "headline": "It  raised\n money"}, 80) == "Call Norvik: It raised money"


@pytest.mark.parametrize(
    ("payload", "urgent"),
    [
        ({"stage": "hot"}, True),
        ({"stage": "warm", "score": 50}, True),
        ({"stage": "warm", "score": 50.5}, True),
        ({"stage": "warm", "score": 49.9}, False),
        ({"stage": "warm", "score": "90"}, False),
        ({}, False),
    ],
)
def test_a_task_is_urgent_when_the_account_is_hot_or_scores_high(
    payload: dict[str, Any],
    urgent: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert is_urgent(payload) is urgent


def test_an_account_that_nobody_should_call_is_worth_no_new_company() -> None:
    worth = {stage for stage in Stage if bearing({"stage": stage.value})}
    assert worth == {Stage.OUTREACH_READY, Stage.CONTACTED, Stage.WARM, Stage.HOT}


@pytest.mark.parametrize(
    ("ids", "remote_id"),
    [({"hubspot": 81}, "81"), ({"hubspot": ""}, None), ({"attio": "1"}, None), (None, None)],
)
def test_the_id_of_a_crm_is_the_one_in_the_users_file(ids: Any, remote_id: str | None) -> None:
    assert remote_id_of({"crm_ids": ids}, "hubspot") == remote_id


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (7, "7"), (" a\x07b\tc\nd ", "ab\tc\nd"), ("\u200b\ud800x", "?x"), ("", "")],
)
def test_words_are_what_any_crm_takes(value: Any, text: str) -> None:
    assert words(value) == text


def test_what_is_said_is_what_stands_between_the_marks() -> None:
    assert plain(" <p>Raised</p><b>$25M</b> &amp; hired ") == "Raised  $25M  & hired"


def test_a_note_goes_out_as_it_is_dressed_if_it_bears_its_mark_and_fits() -> None:
    dressed = "<h1>Raised</h1><p>ref: t-1</p>"
    told = {"note_html": dressed, "note_text": "Raised & hired\nCall Ida", "headline": "Norvik"}
    assert note_body(told, "t-1", len(dressed)) == dressed
    lines = "<p>Raised &amp; hired</p><p>Call Ida</p><p>ref: t-2</p>"
    assert note_body(told, "t-2", 200) == lines, "another mark"
    assert note_body(told | {"note_html": dressed * 20}, "t-1", 400) == lines.replace("t-2", "t-1")
    assert note_body({"headline": "Norvik"}, "t-1", 200) == "<p>Norvik</p><p>ref: t-1</p>"
    assert note_body({}, "<t>", 200) == "<p>ref: &lt;t&gt;</p>"


def test_a_note_that_is_too_long_ends_before_its_mark() -> None:
    told = {"note_text": "\n".join(["a" * 200, "b" * 5, "c" * 200, "d" * 200])}
    body = note_body(told, "t-1", 100)
    # 85 are left beside the mark: a line is cut to an eighth of what is left each time.
    assert body == f"<p>{'a' * 9}…</p><p>{'b' * 5}</p><p>{'c' * 6}…</p><p>{'d' * 4}…</p><p>ref: t-1</p>"
    assert note_body({"note_text": "abcdef"}, "t-1", 22) == "<p>ref: t-1</p>"


def test_own_fields_are_all_that_a_delivery_knows() -> None:
    told = {
        "account": "norvik",
        "stage": "hot",
        "kind": "funding_early",
        "score": 81.0,
        "headline": "Norvik raises",
        "why_now": "y" * 1_000,
        "link": "https://x.example",
        "happened_at": "2026-11-19T10:00:00+02:00",
    }
    assert own_fields(told) == {
        "earmark_account_key": "norvik",
        "earmark_stage": "hot",
        "earmark_trigger_type": "funding_early",
        "earmark_trigger_score": "81",
        "earmark_trigger_summary": "Norvik raises\n" + "y" * 985 + "…",
        "earmark_trigger_url": "https://x.example",
        "earmark_last_trigger_at": "2026-11-19T08:00:00Z",
    }


def test_what_is_not_known_is_no_field() -> None:
    assert own_fields({"account": "acc-16", "stage": "warm", "score": None}) == {
        KEY: "acc-16",
        "earmark_stage": "warm",
    }


def test_the_oldest_text_about_a_trigger_counts() -> None:
    assert by_ref({"1": "Old ref: t-1", "2": "<p>ref: t-1</p>", "3": None, "4": "ref: t-2 and more"}) == {
        "t-1": "1"
    }


def test_only_companies_that_would_be_new_are_left_out() -> None:
    wanted = [Wanted(object="company", key="a"), Wanted(object="note", key="b")]
    changes = [
        Change(action="update", object="company", key="a", after={"x": 1}),
        Change(action="create", object="note", key="b", after={"x": 1}),
    ]
    assert unmade(wanted, changes, {"a": "it is cold", "b": "it is cold"}) == changes
    [left, _] = unmade(wanted, [replace(changes[0], action="create"), changes[1]], {"a": "it is cold"})
    assert (left.action, left.after, left.reason) == ("skip", {}, "it is cold")


def test_a_company_that_an_account_has_already_is_its_own() -> None:
    one = Wanted(object="company", key="a")
    mine = Found(remote_id="1", fields={KEY: "a"})
    assert claimed(iter([(one, mine), (one, mine)])) == {("company", "a"): mine}


def test_a_company_of_the_crm_belongs_to_one_account() -> None:
    first, second, third = (Wanted(object="company", key=key) for key in "abc")
    there = Found(remote_id="1")
    kept = claimed(
        iter([(first, there), (second, there), (third, Found(remote_id="2", fields={KEY: "other"}))])
    )
    assert [kept[("company", key)].against for key in "abc"] == [
        "",
        "the CRM has it as the company of the account a",
        "the CRM has it as the company of the account other",
    ]


def test_what_would_hang_on_a_company_that_is_not_made_is_not_made_either() -> None:
    wanted = [
        Wanted(object="company", key="a"),
        Wanted(object="note", key="t", parent="a"),
        Wanted(object="note", key="u", parent="b"),
    ]
    changes = [Change(action="create", object=one.object, key=one.key, after={"x": 1}) for one in wanted]
    plan = unmade(wanted, changes, {"a": "it is cold", "b": "it is cold too"})
    assert [(each.action, each.reason) for each in plan] == [
        ("skip", "it is cold"),
        ("skip", "it is cold"),
        ("create", ""),
    ]


@given(st.text(max_size=200))
def test_words_can_be_sent_and_are_words_again(text: str) -> None:
    written = words(text)
    assert words(written) == written
    assert "\0" not in written
    written.encode()
