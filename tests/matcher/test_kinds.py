import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.triggers import CATALOGUE
from earmark.types import Certainty, Claim, Fact, Hint, HintKind, StoredEvent
from matcher.kinds import claims
from matcher.lexicon import language
from tests.builders import a_stored_event, ago, cpu_seconds

FOLDER = Path(__file__).parent / "cases"


def cases(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((FOLDER / name).read_text("utf-8"))["cases"]
    return rows


def facts_of(found: tuple[Claim, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for claim in found:
        for fact in claim.facts:
            facts.setdefault(fact.key, fact.value)
    return facts


def kinds_of(title: str, **changes: Any) -> set[str]:
    return {claim.kind for claim in claims(a_stored_event(title, **changes))}


@pytest.mark.parametrize("case", cases("kinds.toml"), ids=lambda case: case["text"][:50])
def test_a_headline_claims_exactly_what_it_says(case: dict[str, Any]) -> None:
    found = claims(a_stored_event(case["text"]))
    assert sorted(claim.kind for claim in found) == sorted(case["kinds"]), case["why"]
    if "certainty" in case:
        assert {str(claim.certainty) for claim in found} == {case["certainty"]}, case["why"]
    facts = facts_of(found)
    for key, value in case.get("facts", {}).items():
        wanted = tuple(value) if isinstance(value, list) else value
        assert facts.get(key) == (Decimal(wanted) if isinstance(wanted, int) else wanted), case["why"]


@pytest.mark.parametrize("case", cases("kinds-traps.toml"), ids=lambda case: case["text"][:50])
def test_what_only_sounds_like_news_claims_nothing(case: dict[str, Any]) -> None:
    assert sorted(kinds_of(case["text"])) == sorted(case["kinds"]), case["why"]


def test_there_are_enough_cases() -> None:
    assert len(cases("kinds.toml")) >= 120
    assert len(cases("kinds-traps.toml")) >= 60


def test_every_frame_and_veto_speaks_of_kinds_of_the_catalogue() -> None:
    known = {*CATALOGUE, "funding"}
    frames = {cue.frame.kinds for row in language().cues.values() for cue in row}
    assert {kind for kinds in frames for kind in kinds} <= known
    assert {kind for veto in language().vetoes for kind in veto.kinds} <= known


def spans_of(claim: Claim) -> Iterator[tuple[str, int, int, str]]:
    for span in (claim.evidence, *(fact.span for fact in claim.facts if fact.span)):
        yield span.field, span.start, span.end, span.quote


def assert_spans_are_exact(event: StoredEvent, found: tuple[Claim, ...]) -> None:
    for claim in found:
        for field, start, end, quote in spans_of(claim):
            text = event.title if field == "title" else event.text
            assert text[start:end] == quote
            assert quote.strip() == quote != ""


WORDS = """raises buys names acquires launches CEO $20 million Series B of in for to as Norvik Halden’s said
; | — € 12% jobs"""
words = st.sampled_from([*WORDS.split(), "\n"])


@given(st.lists(words, max_size=40).map(" ".join), st.lists(words, max_size=60).map(" ".join))
def test_every_span_of_every_claim_lies_exactly_in_its_text(title: str, text: str) -> None:
    event = a_stored_event(title, text=text)
    assert_spans_are_exact(event, claims(event))


@given(st.text(max_size=300), st.text(max_size=600))
def test_any_text_whatever_is_read_without_a_fault(title: str, text: str) -> None:
    event = a_stored_event(title, text=text)
    assert_spans_are_exact(event, claims(event))


@given(st.sampled_from([case["text"] for case in cases("kinds.toml")]))
def test_the_same_event_gives_the_same_claims(title: str) -> None:
    event = a_stored_event(title)
    assert claims(event) == claims(event)


def test_every_fact_has_a_span() -> None:
    for case in cases("kinds.toml"):
        for claim in claims(a_stored_event(case["text"])):
            assert all(isinstance(fact, Fact) and fact.span for fact in claim.facts)


def test_a_claim_of_the_body_weighs_less_than_one_of_the_headline() -> None:
    line = "Norvik Labs acquires Pebble Software."
    (first, _) = claims(a_stored_event("Norvik Labs acquires Pebble Software"))
    late = claims(a_stored_event("News from Leeds", text="It rained. " * 5 + line))
    assert late
    assert late[0].evidence.field == "text"
    assert late[0].confidence < first.confidence


def test_a_sentence_without_a_headline_is_read_like_one() -> None:
    title = claims(a_stored_event("Norvik Labs acquires Pebble Software"))
    body = claims(a_stored_event("", text="Norvik Labs acquires Pebble Software"))
    assert [(claim.kind, claim.confidence) for claim in title] == [
        (claim.kind, claim.confidence) for claim in body
    ]


def test_the_body_adds_the_facts_that_the_headline_lacks() -> None:
    event = a_stored_event(
        "Norvik Labs raises Series B",
        text="Norvik Labs raised $20 million in the round led by Quill Partners.",
    )
    (claim,) = claims(event)
    facts = {fact.key: fact for fact in claim.facts}
    assert facts["round"].value == "Series B"
    assert facts["amount"].value == 20_000_000
    span = facts["amount"].span
    assert span is not None
    assert span.field == "text"


def test_only_the_opening_of_a_long_body_is_read() -> None:
    body = "The valley is quiet in spring. " * 60 + "Norvik Labs acquires Pebble Software."
    assert claims(a_stored_event("A walk along the canal", text=body)) == ()


def test_last_year_is_judged_from_the_day_of_the_event() -> None:
    title = "Norvik Labs acquired Pebble Software in 2026"
    assert kinds_of(title, published_at=ago(1)) == {"acquires", "acquired_or_merged"}
    assert kinds_of(title, published_at=datetime(2027, 3, 1, tzinfo=UTC)) == set()


def test_a_headline_that_is_a_round_up_silences_its_body() -> None:
    assert kinds_of("Deals digest of the week", text="Norvik Labs acquires Pebble Software.") == set()


def test_a_job_posting_claims_its_role_and_the_tools_that_it_asks_for() -> None:
    event = a_stored_event(
        "Head of Sales",
        text="You know Salesforce. Last year we raised $20 million.",
        hints=(Hint(kind=HintKind.BOARD, value="norvik"),),
    )
    found = {claim.kind: claim for claim in claims(event)}
    assert set(found) == {"hiring_role", "hiring_names_tool"}
    assert [fact.value for fact in found["hiring_names_tool"].facts] == ["Salesforce"]
    assert_spans_are_exact(event, tuple(found.values()))


def test_a_denial_is_claimed_as_a_denial() -> None:
    found = claims(a_stored_event("Granite Group denies plans to acquire Pebble Software"))
    assert {claim.certainty for claim in found} == {Certainty.DENIED}


def test_a_correction_that_says_no_denies_what_its_body_repeats() -> None:
    body = "An earlier report said that Orrin Robotics was in talks to be acquired by Falk Industrie."
    found = claims(
        a_stored_event("Correction: Orrin Robotics is not in talks with Falk Industrie", text=body)
    )
    assert {(claim.kind, claim.certainty) for claim in found} == {
        ("acquires", Certainty.DENIED),
        ("acquired_or_merged", Certainty.DENIED),
    }


def test_a_rumour_that_both_sides_deny_further_down_is_denied() -> None:
    title = "Orrin Robotics said to be in talks to buy Pebble Software"
    rumour, denied = (
        claims(a_stored_event(title, text=text))
        for text in ("Shares were flat.", "Both companies deny this.")
    )
    assert {claim.certainty for claim in rumour} == {Certainty.RUMOUR}
    assert {claim.certainty for claim in denied} == {Certainty.DENIED}


RUNNING = {
    "The Leeds company said on Tuesday that it had agreed to buy Tessel for £40 million.": {
        "acquires",
        "acquired_or_merged",
    },
    "Norvik Labs has brought in Ada Berg, formerly of Halden, to run its finance function.": {"exec_hire"},
    "Ms Berg will take up the role of chief financial officer in January.": {"exec_hire"},
    "Mr Ashby, who has led the group since 2019, will stand down in March.": {"exec_departure"},
    "The round was led by Quill Partners.": {"funding_early"},
    "Hollin Foods is to close its factory in Wrexham with the loss of 180 jobs.": {"layoffs"},
    "About 90 people will lose their jobs under the plan.": {"layoffs"},
    "Revenue for the six months to September rose 7% to £212 million.": {"earnings_guidance"},
    "Attackers gained access to the system and copied the details of 30,000 guests.": {"security_incident"},
    "The board has approved a Rs 1,200 crore expansion of its module factory in Gujarat.": {"facility_capex"},
    "Tarn Freight will move its payroll from Ledgerly to Tallystone.": {"tech_switch_or_removal"},
    "Orrin Retail has put its Polish business up for sale.": {"divest_spinoff"},
    "The company has filed for protection from its creditors.": {"bankruptcy_or_closing"},
    "Lark Energy said it had secured a £30 million loan from Tern Bank.": {"funding_debt_grant"},
    "The start-up has now raised a total of $48 million.": set(),
    "She previously served as chief marketing officer at Pelican Foods.": set(),
    "He joined the firm in 2011 as a trainee.": set(),
    "In 2018 it acquired a rival in Porto.": set(),
    "If the deal goes through, the group would cut 300 jobs.": set(),
    "The merger, announced in 2021, was later abandoned.": set(),
}


@pytest.mark.parametrize("sentence", RUNNING)
def test_a_sentence_of_a_body_claims_what_is_news_in_it_and_no_history(sentence: str) -> None:
    assert kinds_of("News from the wire", text=sentence) == RUNNING[sentence]


HOSTILE = {
    "one letter": "a" * 50_000,
    "verbs": "Acme acquires " * 3_500,
    "launches": "launch to " * 5_000,
    "stakes": "buys a majority stake in " * 2_000,
    "money": "$1,000,000 " * 4_500,
    "digits": "1," * 25_000,
    "quotes": "'s " * 16_000,
    "blanks": " " * 49_999 + "x",
    "bars": "a | " * 12_000,
    "hyphens": "a-" * 25_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_costs_no_more_than_a_moment(name: str) -> None:
    event = a_stored_event(HOSTILE[name], text=HOSTILE[name])
    assert cpu_seconds(lambda: claims(event)) < 2  # a runaway pattern takes minutes
