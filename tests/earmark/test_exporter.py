"""The plan that every exporter shares, and how it is taken back."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from earmark.contract import Change, Delivery, Exporter, Found, Receipt, Wanted, inverse
from earmark.types import Outgoing


class Cabinet(Exporter):
    kind = "cabinet"

    def wanted(self, outgoing: Outgoing) -> Sequence[Wanted]:
        del outgoing
        return ()

    async def find(self, wanted: Sequence[Wanted], delivery: Delivery) -> Mapping[tuple[str, str], Found]:
        del wanted, delivery
        return {}

    async def apply(self, changes: Sequence[Change], delivery: Delivery) -> Sequence[Receipt]:
        del changes, delivery
        return ()


COMPANY = Wanted(
    object="company", key="norvik", fields={"earmark_stage": "hot"}, blanks={"industry": "Software"}
)
NOTE = Wanted(object="note", key="t1", fields={"body": "Raised."}, parent="norvik")


def a_company(**fields: Any) -> Mapping[tuple[str, str], Found]:
    return {("company", "norvik"): Found(remote_id="9001", fields=fields)}


def test_what_is_not_there_is_created_with_its_blanks() -> None:
    company, note = Cabinet().plan([COMPANY, NOTE], {})
    assert (company.action, company.after) == ("create", {"industry": "Software", "earmark_stage": "hot"})
    assert (note.action, note.parent, note.parent_id) == ("create", "norvik", None)


def test_a_field_of_theirs_is_filled_when_empty_and_never_overwritten() -> None:
    [filled] = Cabinet().plan([COMPANY], a_company(industry=None, earmark_stage="hot"))
    assert (filled.action, filled.before, filled.after) == (
        "update",
        {"industry": None},
        {"industry": "Software"},
    )
    [kept] = Cabinet().plan([COMPANY], a_company(industry="Shipping", earmark_stage="hot"))
    assert (kept.action, kept.reason) == ("skip", "it is up to date")


def test_a_company_that_must_not_be_touched_bars_what_hangs_on_it() -> None:
    found = {("company", "norvik"): Found(remote_id="9001", against="it is a customer")}
    assert [(each.action, each.reason) for each in Cabinet().plan([COMPANY, NOTE], found)] == [
        ("skip", "it is a customer"),
        ("skip", "it is a customer"),
    ]


def test_a_note_hangs_on_the_company_that_was_found() -> None:
    _, note = Cabinet().plan([COMPANY, NOTE], a_company(industry="x", earmark_stage="hot"))
    assert note.parent_id == "9001"


def test_a_number_that_comes_back_as_text_is_no_change() -> None:
    [change] = Cabinet().plan(
        [Wanted(object="company", key="norvik", fields={"score": 81})], a_company(score="81")
    )
    assert change.action == "skip"


def test_undo_puts_back_only_what_is_still_ours() -> None:
    done = Change(
        action="update",
        object="company",
        key="norvik",
        remote_id="9001",
        before={"stage": "cold", "industry": None},
        after={"stage": "hot", "industry": "Software"},
    )
    back = inverse(done, {"stage": "hot", "industry": "Shipping"})
    assert (back.action, back.before, back.after) == ("update", {"stage": "hot"}, {"stage": "cold"})
    assert inverse(done, {"stage": "warm", "industry": "Shipping"}).action == "skip"
    assert inverse(done, None).reason == "it is no longer there"


def test_what_was_made_is_removed_unless_somebody_worked_on_it() -> None:
    made = Change(action="create", object="note", key="t1", remote_id="7", after={"body": "Raised."})
    assert inverse(made, {"body": "Raised."}).action == "delete"
    changed = inverse(made, {"body": "Raised. Called them."})
    assert (changed.action, changed.reason) == ("skip", "somebody changed body")


VALUES = st.one_of(st.none(), st.text(max_size=4), st.integers(0, 9))
FIELDS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@given(there=FIELDS, ours=FIELDS, blanks=FIELDS)
def test_a_plan_that_was_applied_plans_nothing_more_and_its_inverse_restores(
    there: dict[str, Any], ours: dict[str, Any], blanks: dict[str, Any]
) -> None:
    wanted = Wanted(object="company", key="norvik", fields=ours, blanks=blanks)
    [change] = Cabinet().plan([wanted], a_company(**there))
    applied = {**there, **change.after}
    [again] = Cabinet().plan([wanted], a_company(**applied))
    assert again.action == "skip"
    if change.action == "update":
        assert {**applied, **inverse(change, applied).after} == {**dict.fromkeys(change.after), **there}
