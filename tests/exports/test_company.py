"""What every CRM is told: texts within their length, times within the window, values that say the same."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.contract import Change, Found, Wanted
from earmark.testing import a_promotion
from exports.company import (
    KEY,
    by_ref,
    claimed,
    cut,
    due_at,
    held,
    moment,
    own_fields,
    ref_in,
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


def test_what_is_not_known_is_no_field() -> None:
    assert own_fields({"account": "acc-16", "stage": "warm", "score": None}) == {
        KEY: "acc-16",
        "earmark_stage": "warm",
    }


def test_the_oldest_text_about_a_trigger_counts() -> None:
    assert by_ref({"1": "Old ref: t-1", "2": "<p>ref: t-1</p>", "3": None, "4": "ref: t-2 and more"}) == {
        "t-1": "1"
    }


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
