from decimal import Decimal
from typing import Any

import pytest

from earmark.types import Fact, FactValue
from matcher.kinds import claims
from matcher.names_in_text import name_after, name_before, person_after, person_before
from matcher.rounds import round_kind
from tests.builders import a_stored_event


def facts_of(title: str, **changes: Any) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {}
    for claim in claims(a_stored_event(title, **changes)):
        for fact in claim.facts:
            facts.setdefault(fact.key, fact.value)
    return facts


def test_amount_valuation_and_revenue_are_kept_apart() -> None:
    facts = facts_of("Norvik Labs raises $40 million at $900 million valuation on revenue of $30 million")
    assert facts["amount"] == 40_000_000
    assert facts["valuation"] == 900_000_000
    assert facts["revenue"] == 30_000_000


def test_a_price_per_share_is_no_amount() -> None:
    assert "amount" not in facts_of("Granite Group acquires Pebble Software at $12 per share")


def test_an_undisclosed_sum_is_no_amount() -> None:
    assert "amount" not in facts_of("Granite Group acquires Pebble Software for an undisclosed sum")


@pytest.mark.parametrize(
    ("title", "investors"),
    [
        ("Norvik Labs raises $9 million led by Quill Partners", ("Quill Partners",)),
        (
            "Norvik Labs raises $9 million from Quill Partners, Rook Capital and Alder",
            ("Quill Partners", "Rook Capital", "Alder"),
        ),
        ("Quill-backed Norvik Labs raises $9 million", ("Quill",)),
        ("AI-backed Norvik Labs raises $9 million", None),
        ("Quill Partners leads Norvik's Series B round", ("Quill Partners",)),
    ],
)
def test_investors_are_those_who_are_named_as_such(title: str, investors: tuple[str, ...] | None) -> None:
    assert facts_of(title).get("investors") == investors


@pytest.mark.parametrize(
    ("title", "headcount", "percent"),
    [
        ("Halden cuts 1,200 jobs, 14% of its workforce", 1200, 14),
        ("Halden lays off 90", 90, None),
        ("Halden to cut 1 in 5 jobs", None, None),
        ("Halden cuts 5% of staff", None, 5),
        ("Halden lays off 40 workers in 2026 overhaul", 40, None),
    ],
)
def test_head_counts_and_shares_of_staff(title: str, headcount: int | None, percent: int | None) -> None:
    facts = facts_of(title)
    assert facts.get("headcount") == headcount
    assert facts.get("percent") == (None if percent is None else Decimal(percent))


@pytest.mark.parametrize(
    ("title", "person", "role"),
    [
        ("Norvik Labs names Priya Anand CFO", "Priya Anand", "CFO"),
        ("Norvik Labs appoints ex-Halden finance head Priya Anand as its new CFO", "Priya Anand", "CFO"),
        ("Norvik Labs appoints Halden CEO Priya Anand to its board", "Priya Anand", "board"),
        ("Norvik Labs CFO Priya Anand steps down", "Priya Anand", "CFO"),
        ("Norvik’s Priya Anand steps down as president", "Priya Anand", "president"),
        ("Norvik Labs names new interim head of sales", None, "interim head of sales"),
        (
            "Norvik Labs appoints Jan van der Berg as managing director",
            "Jan van der Berg",
            "managing director",
        ),
    ],
)
def test_the_person_and_the_job_that_is_taken_or_left(title: str, person: str | None, role: str) -> None:
    facts = facts_of(title)
    assert facts.get("person") == person
    assert facts.get("role") == role


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Granite Group ", "Granite Group"),
        ("Granite Group agrees to ", "Granite Group"),
        ("Granite Group is said to be in talks to ", "Granite Group"),
        ("Slate, a rival of Pebble founded by students, ", "Slate"),
        ("Singapore's Granite ", "Granite"),
        ("Fintech startup Granite ", "Granite"),
        ("Granite (NYSE: GRN) ", "Granite"),
        ("Granite sweetens offer to ", "Granite"),
        ("Watchdog clears Granite's ", "Granite"),
        ("", None),
        ("the ", None),
    ],
)
def test_the_name_before_a_verb_is_the_bare_name(words: str, name: str | None) -> None:
    place = name_before(words)
    assert (words[place[0] : place[1]] if place else None) == name


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (" Pebble Software for $2 million", "Pebble Software"),
        (" a 74% stake in Pebble for $2 million", "Pebble"),
        (" Swiss hotel startup Pebble.io in all-cash deal", "Pebble.io"),
        (" Rook's software brand Pebble", "Pebble"),
        (" a self-driving tractor startup", None),
        (" 200 trucks", None),
        ("", None),
    ],
)
def test_the_name_behind_a_verb_is_the_bare_name(words: str, name: str | None) -> None:
    text = "Granite buys" + words
    place = name_after(text, len("Granite buys"))
    assert (text[place[0] : place[1]] if place else None) == name


def test_a_job_without_a_name_names_nobody() -> None:
    text = "Granite taps Halden executive as CFO"
    assert person_after(text, len("Granite taps")) is None
    assert person_before("Granite chief executive ") is None


def a_fact(key: str, value: FactValue) -> Fact:
    return Fact(key=key, value=value)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ((a_fact("round", "Seed"),), "funding_seed"),
        ((a_fact("round", "pre-seed"), a_fact("amount", Decimal(90_000_000))), "funding_seed"),
        ((a_fact("round", "Series A"),), "funding_early"),
        ((a_fact("round", "series b"), a_fact("amount", Decimal(400_000_000))), "funding_early"),
        ((a_fact("round", "Series C"),), "funding_growth"),
        ((a_fact("amount", Decimal(2_000_000)), a_fact("currency", "USD")), "funding_seed"),
        ((a_fact("amount", Decimal(20_000_000)), a_fact("currency", "EUR")), "funding_early"),
        ((a_fact("amount", Decimal(200_000_000)), a_fact("currency", "USD")), "funding_growth"),
        ((a_fact("amount", Decimal(100_000_000)), a_fact("currency", "INR")), "funding_seed"),
        ((), "funding_early"),
    ],
)
def test_the_name_of_the_round_decides_then_the_amount(facts: tuple[Fact, ...], kind: str) -> None:
    assert round_kind(facts, "") == kind


@pytest.mark.parametrize(
    ("title", "facts"),
    [
        ("Norvik raises $25-30 million from Quill Partners", {"amount": 25_000_000, "currency": "USD"}),
        ("Norvik to raise up to €50 million", {"amount": 50_000_000, "currency": "EUR"}),
        ("Norvik secures 7,5 Mio. Euro", {"amount": 7_500_000, "currency": "EUR"}),
        ("Norvik raises INR 40 lakh", {"amount": 4_000_000, "currency": "INR"}),
        (
            "Norvik raises Rs 1,200 crore at Rs 9,000 crore valuation",
            {"amount": 12_000_000_000, "valuation": 90_000_000_000},
        ),
        (
            "Norvik raises $90m Series E led by Quill Partners with participation from Alder",
            {
                "lead_investor": "Quill Partners",
                "investors": ("Quill Partners", "Alder"),
                "round": "Series E",
            },
        ),
        ("Norvik to open office in New York", {"location": "New York"}),
        ("Norvik cuts a fifth of staff", {"percent": 20}),
        ("Norvik to hire 300 engineers in Bengaluru by March 2027", {"headcount": 300, "date": "2027-03"}),
        ("Norvik names Ada Berg chief marketing officer", {"function": "marketing", "seniority": "c_level"}),
        ("Norvik promotes Tom Reed to head of sales", {"function": "sales", "seniority": "director"}),
        ("Granite buys Halden's payroll unit", {"seller": "Halden", "acquirer": "Granite"}),
        ("Norvik launches Tidewatch Pro in Spain", {"product": "Tidewatch Pro"}),
        ("Norvik invites bids for payroll by 12 January 2027", {"deadline": "2027-01-12"}),
        ("Granite Group CFO Tom Ashby stepped down in June", {"date": None}),
    ],
)
def test_each_key_of_a_fact(title: str, facts: dict[str, FactValue | None]) -> None:
    found = facts_of(title)
    assert {key: found.get(key) for key in facts} == facts
