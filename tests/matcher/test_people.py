"""People of the user's list: named in a story, moved, able to introduce; never guessed."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from earmark.types import Contact, Lexicon, Match, Reading, Suppression
from matcher.people import (
    CHAMPION,
    known_people,
    matching_personas,
    moved_champions,
    referral_paths,
)
from matcher.read import Matcher
from tests.builders import a_match, a_stored_event, ago, an_account
from tests.matcher.pasts import a_history, told
from tests.storage.nouns import a_story


def a_contact(name: str = "Ada Lind", account: str = "norvik-labs", **changes: Any) -> Contact:
    return Contact(**({"id": name.lower(), "account": account, "name": name} | changes))


def test_a_contact_whom_the_story_names_is_known_with_the_words_that_name_them() -> None:
    event = a_stored_event(text="“We grew,” said Ada Lind, chief technology officer of Norvik Labs.")
    contact = a_contact(title="CTO", since=ago(900), relation="champion")
    (person,) = known_people(a_story(a_match(event)), [contact])
    assert person.contact == contact
    assert event.text[person.span.start : person.span.end] == person.span.quote == "Ada Lind"
    assert person.sentence == "Ada Lind, CTO, is your champion since 2024."


@pytest.mark.parametrize(
    ("contact", "text"),
    [
        (a_contact("Ada"), "Ada spoke."),
        (a_contact("Ada Lind", "osk"), "Ada Lind spoke."),
        (a_contact("Ada Lind"), "Ada Lindqvist spoke."),
        (a_contact("Ada Lind"), "Ada and Bo Lind spoke."),
    ],
)
def test_half_a_name_or_another_account_is_nobody_we_know(contact: Contact, text: str) -> None:
    assert known_people(a_story(a_match(a_stored_event(text=text))), [contact]) == ()


ACCOUNTS = {one.id: one for one in (an_account("Norvik Labs"), an_account("Oskarion Freight"))}


def read(title: str, text: str = "", **changes: Any) -> Reading:
    champion = a_contact(relation="champion", **changes)
    matcher = Matcher(Lexicon(accounts=ACCOUNTS, champions=(champion,)))
    return matcher.read(a_stored_event(title, text=text, url=None))


def kinds(reading: Reading) -> set[tuple[str | None, str]]:
    return {(match.account, match.kind) for match in reading.matches}


def test_a_champion_hired_by_another_account_is_a_reason_there_and_told_once() -> None:
    reading = read(
        "Oskarion Freight appoints Ada Lind as chief technology officer",
        "Ada Lind was chief architect of Norvik Labs before.",
    )
    told = [match for match in reading.matches if match.account == "oskarion-freight"]
    assert [match.kind for match in told] == [CHAMPION]
    feature = told[0].features[-1]
    assert feature.sentence == "Ada Lind was your champion at Norvik Labs"
    assert [span.quote for span in feature.spans] == ["Ada Lind"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_plain_hire_told_elsewhere_is_no_second_reason_beside_the_champions_move(
    order: tuple[int, ...],
) -> None:
    lexicon = Lexicon(accounts=ACCOUNTS, champions=(a_contact(relation="champion"),))
    tellings = (
        ("Oskarion Freight appoints Ada Lind as chief technology officer", "She comes from Norvik Labs."),
        ("Oskarion Freight names Ada Lind CTO", "The carrier said so on Monday."),
        ("Oskarion Freight hires Ada Lind as its CTO", "The carrier confirmed it today."),
    )
    texts = [
        a_stored_event(title, text=text, id=f"event-{n}", external_id=f"{n}", url=f"https://{n}.example/a")
        for n, (title, text) in enumerate(tellings)
    ]
    matcher = Matcher(lexicon)
    account = ACCOUNTS["oskarion-freight"]
    history = told([[matcher.read(texts[n])] for n in order], a_history(account), lexicon)
    (trigger,) = history.pasts["a:oskarion-freight"].triggers
    assert trigger.kind == CHAMPION
    assert trigger.note is not None
    assert "hired someone who knows you" in trigger.note.headline


@pytest.mark.parametrize(
    ("title", "text", "changes"),
    [
        ("Oskarion Freight appoints Ada Lind as chief technology officer", "", {}),
        (
            "Oskarion Freight appoints Eva Lind as chief technology officer",
            "She was with Norvik Labs before.",
            {},
        ),
        (
            "Oskarion Freight appoints Ada Lind as chief technology officer",
            "She was with Norvik Labs before.",
            {"account": "oskarion-freight"},
        ),
    ],
)
def test_a_namesake_is_no_champion(title: str, text: str, changes: dict[str, Any]) -> None:
    reading = read(title, text, **changes)
    assert ("oskarion-freight", "exec_hire") in kinds(reading)
    assert not any(kind == CHAMPION for _, kind in kinds(reading))


def test_without_champions_nothing_moves() -> None:
    reading = read("Oskarion Freight appoints Ada Lind as chief technology officer", "Of Norvik Labs.")
    assert moved_champions(reading, Lexicon(accounts=ACCOUNTS)) == ()


def test_who_can_introduce_comes_best_first_with_relatives_that_buy() -> None:
    account = an_account("Norvik Labs", parent="norvik-group")
    customer = Suppression(reason="customer", by="Kim")
    group = an_account("Norvik Group", suppression=customer)
    unit = an_account("Norvik Marine", parent="norvik-labs", suppression=replace(customer, reason="rival"))
    people = [
        a_contact("Bo Frid", relation="customer", since=ago(700)),
        a_contact("Cy Holm", "norvik-group", relation="Referrer"),
        a_contact("Di Mo", relation="blocker"),
        a_contact("Ed Ro", "elsewhere", relation="referrer"),
    ]
    paths = referral_paths(account, people, [group, unit])
    assert [one.sentence for one in paths] == [
        "Cy Holm at Norvik Group, its parent, is your referrer: ask for an introduction.",
        "Bo Frid there is your customer since 2024: ask for an introduction.",
        "Norvik Group, its parent, is your customer.",
    ]
    assert [one.contact.name if one.contact else None for one in paths] == ["Cy Holm", "Bo Frid", None]


@pytest.mark.parametrize(
    ("title", "personas", "found"),
    [
        ("VP of Sales", ("vice president sales", "CFO"), ("vice president sales",)),
        ("Chief Financial Officer", ("CFO", "CEO"), ("CFO",)),
        ("Senior Director, IT Security", ("Head of IT",), ("Head of IT",)),
        ("Sales Assistant", ("VP Sales",), ()),
        (None, ("CFO",), ()),
        ("CTO", ("", "of"), ()),
    ],
)
def test_a_title_is_a_persona_however_it_is_written(
    title: str | None, personas: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert matching_personas(title, personas) == found


def test_a_match_without_a_person_moves_nobody() -> None:
    match: Match = a_match(kind="exec_hire")
    reading = Reading(event=match.event, matches=(match,))
    lexicon = Lexicon(accounts=ACCOUNTS, champions=(a_contact(),))
    assert moved_champions(reading, lexicon) == ()
