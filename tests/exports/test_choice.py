"""Who is left out of a file, and why."""

from typing import Any

import pytest

from earmark.lifecycle import Stage
from earmark.triggers import Polarity
from earmark.types import Suppression, TriggerState
from exports.choice import choose
from exports.profiles import PROFILES
from tests.builders import NOW, ago, days
from tests.exports.lines import a_contact, a_conversation, a_line, a_ready_account

HUBSPOT, LEMLIST, LEADS = PROFILES["hubspot-companies"], PROFILES["lemlist"], PROFILES["salesforce-leads"]


@pytest.mark.parametrize("reason", ["customer", "open_deal", "opt_out", "rival", "legal"])
@pytest.mark.parametrize("name", PROFILES)
def test_a_suppressed_account_is_in_no_file(name: str, reason: str) -> None:
    account = a_ready_account(suppression=Suppression(reason=reason, by="ada"), crm_ids={"salesforce": "1"})
    choice = choose(PROFILES[name], [a_line(account)], {account.id: [a_contact()]}, NOW)
    assert choice.lines == ()
    assert [(one.name, one.reason) for one in choice.left_out] == [
        ("Norvik Labs", f"suppressed: {reason.replace('_', ' ')}")
    ]


def test_a_suppression_that_is_over_holds_nothing_back() -> None:
    over = a_ready_account(suppression=Suppression(reason="rival", by="ada", until=NOW))
    still = a_ready_account(suppression=Suppression(reason="rival", by="ada", until=NOW + days(9)))
    assert len(choose(HUBSPOT, [a_line(over)], {}, NOW).lines) == 1
    assert (
        choose(HUBSPOT, [a_line(still)], {}, NOW).left_out[0].reason == "suppressed until 2026-11-30: rival"
    )


@pytest.mark.parametrize(
    ("account", "trigger", "reason"),
    [
        ({"stage": Stage.COLD}, {}, "its stage is cold"),
        ({"stage": Stage.CONTACTED}, {}, "its stage is contacted"),
        ({"snoozed_until": NOW + days(2)}, {}, "snoozed until 2026-11-23"),
        ({}, {"expires_at": ago(3)}, "its reason ended on 2026-11-18"),
        ({}, {"state": TriggerState.DISMISSED}, "its trigger is dismissed"),
        ({}, {"polarity": Polarity.SUPPRESS, "kind": "chose_rival"}, "speaks against contact: chose_rival"),
    ],
)
def test_who_is_not_ready_is_left_out_of_a_crm_and_stands_in_the_full_file(
    account: dict[str, Any], trigger: dict[str, Any], reason: str
) -> None:
    line = a_line(a_ready_account(**account), **trigger)
    assert [one.reason for one in choose(HUBSPOT, [line], {}, NOW).left_out] == [reason]
    assert choose(PROFILES["triggers"], [line], {}, NOW).lines == (line,)


def test_a_snooze_that_is_over_and_a_hot_account_go_out() -> None:
    line = a_line(a_ready_account(stage=Stage.HOT, snoozed_until=NOW))
    assert choose(HUBSPOT, [line], {}, NOW).lines == (line,)


def test_conversations_stand_in_the_full_file_only() -> None:
    assert len(choose(PROFILES["excel"], [a_conversation()], {}, NOW).lines) == 1
    left = choose(HUBSPOT, [a_conversation()], {}, NOW).left_out
    assert [(one.account, one.reason) for one in left] == [(None, "a conversation: it has no account")]


def test_an_account_goes_out_once_with_its_best_reason_and_is_not_told_as_left_out() -> None:
    lines = [
        a_line(id="b", score=50),
        a_line(id="a", score=80),
        a_line(id="old", score=90, expires_at=ago(1)),
    ]
    choice = choose(HUBSPOT, lines, {}, NOW)
    assert [line.trigger.id for line in choice.lines] == ["a"]
    assert choice.left_out == ()


def test_an_account_is_left_out_once_however_many_triggers_it_has() -> None:
    cold = a_ready_account(stage=Stage.COLD)
    choice = choose(HUBSPOT, [a_line(cold, id=str(number)) for number in range(5)], {}, NOW)
    assert len(choice.left_out) == 1


def test_a_task_is_one_per_trigger_and_needs_the_id_of_the_crm() -> None:
    known = a_ready_account(crm_ids={"salesforce": "001"})
    unknown = a_ready_account("Zephyrine Bio", crm_ids={"hubspot": "1"})
    lines = [a_line(known, id="a"), a_line(known, id="b"), a_line(unknown)]
    choice = choose(PROFILES["salesforce-tasks"], lines, {}, NOW)
    assert [line.trigger.id for line in choice.lines] == ["a", "b"]
    assert choice.left_out[0].reason.startswith("no salesforce id")


def test_a_file_of_persons_has_the_users_own_contacts_and_each_address_once() -> None:
    contacts = {
        "norvik-labs": [
            a_contact(5, email="=cmd@evil.example"),
            a_contact(4, email=None),
            a_contact(3, email="PERSON1@norviklabs.example"),
            a_contact(2),
            a_contact(1),
        ]
    }
    lines = [a_line(), a_line(a_ready_account("Zephyrine Bio"))]
    choice = choose(LEMLIST, lines, contacts, NOW)
    assert [line.contact and line.contact.id for line in choice.lines] == ["contact-1", "contact-2"]
    assert [one.reason for one in choice.left_out] == [
        "the same e-mail address is in the file already",
        "the contact has no e-mail address",
        "the e-mail address of the contact is none",
        "no contact of yours is there",
    ]


def test_a_lead_needs_no_address_but_a_name() -> None:
    contacts = {"norvik-labs": [a_contact(1, email=None), a_contact(2, name=" ")]}
    choice = choose(LEADS, [a_line()], contacts, NOW)
    assert [line.contact and line.contact.id for line in choice.lines] == ["contact-1"]
    assert [one.reason for one in choice.left_out] == ["the contact has no name"]


def test_nothing_is_lost_each_account_is_in_the_file_or_told() -> None:
    names = [f"Company {number}" for number in range(40)]
    stages = list(Stage)
    lines = [
        a_line(a_ready_account(name, stage=stages[number % len(stages)])) for number, name in enumerate(names)
    ]
    choice = choose(HUBSPOT, lines, {}, NOW)
    told = {one.name for one in choice.left_out}
    held = {line.account.name for line in choice.lines if line.account}
    assert told | held == set(names)
    assert not told & held


def test_the_accounts_of_other_owners_are_left_out_where_one_is_named() -> None:
    lines = [
        a_line(),
        a_line(a_ready_account("Zephyrine Bio", owner="Bo Frid")),
        a_line(a_ready_account("Oskarion", owner=None)),
        a_line(a_ready_account("Closed", owner="Bo Frid", suppression=Suppression(reason="legal", by="ada"))),
    ]
    choice = choose(HUBSPOT, lines, {}, NOW, owner=" ada lind ")
    assert [line.trigger.account for line in choice.lines] == ["norvik-labs"]
    assert {one.name: one.reason for one in choice.left_out} == {
        "Zephyrine Bio": "its owner is Bo Frid",
        "Oskarion": "it has no owner",
        "Closed": "suppressed: legal",
    }
