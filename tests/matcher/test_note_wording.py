"""What a rep reads: the quote agrees with the figure, nothing is said twice, a champion is named as one."""

from decimal import Decimal

from earmark.types import Certainty, Feature, IcpRule, Lexicon, Match, Note, Role
from matcher.decide import decide
from tests.builders import NOW, a_fact, a_match, a_span, a_stored_event, ago, an_account
from tests.matcher.pasts import a_history, a_reading


def _note(*matches: Match) -> Note:
    history = a_history(an_account())
    (trigger,) = decide([a_reading(match) for match in matches], history, Lexicon(), NOW).triggers
    assert trigger.note is not None
    return trigger.note


def _said(note: Note, section: str) -> list[str]:
    return [sentence.text for sentence in note.sentences if sentence.section == section]


def _a_raise(title: str, amount: int, words: str, **changes: object) -> Match:
    event = a_stored_event(
        title, id=title, external_id=title, fingerprint=title, publisher=f"{words}.example"
    )
    return a_match(event, **({"facts": (a_fact("amount", Decimal(amount), event, words),)} | changes))


def test_after_a_correction_the_quote_is_of_one_who_tells_the_corrected_figure() -> None:
    wrong = [
        _a_raise(
            f"Norvik Labs raises $42 million, says paper {number}", 42_000_000, "$42 million", confidence=0.97
        )
        for number in range(3)
    ]
    right = _a_raise(
        "Correction: Norvik Labs raises $24 million",
        24_000_000,
        "$24 million",
        certainty=Certainty.CORRECTED,
        confidence=0.8,
    )
    note = _note(*wrong, right)
    assert "$24 million" in _said(note, "why_now")[0]
    assert "$24 million" in _said(note, "evidence")[0]
    assert any("$42 million" in text for text in _said(note, "why_now")[1:]), "that others differ is said"


def test_the_account_is_not_told_that_it_is_itself_the_buyer() -> None:
    event = a_stored_event("Norvik Labs acquires Tessel")
    facts = (
        a_fact("acquirer", "Norvik Labs", event, "Norvik Labs"),
        a_fact("target", "Tessel", event, "Tessel"),
    )
    buys = _note(a_match(event, kind="acquires", role=Role.ACQUIRER, facts=facts))
    assert _said(buys, "why_now") == ["It acquires a company: Tessel (2026-11-20)."]


def test_a_person_and_the_role_are_one_phrase() -> None:
    event = a_stored_event("Norvik Labs appoints Ingrid Maas as CFO")
    facts = (a_fact("person", "Ingrid Maas", event, "Ingrid Maas"), a_fact("role", "cfo", event, "CFO"))
    note = _note(a_match(event, kind="exec_hire", role=Role.SUBJECT, facts=facts))
    assert _said(note, "why_now") == ["It has a new executive: Ingrid Maas as CFO (2026-11-20)."]


def test_a_figure_and_a_tool_are_put_as_a_person_would() -> None:
    event = a_stored_event("Norvik Labs to hire 80 people in Chicago")
    facts = (a_fact("headcount", 80, event, "80"), a_fact("location", "Chicago", event, "Chicago"))
    note = _note(a_match(event, kind="hiring_surge", role=Role.SUBJECT, facts=facts))
    assert _said(note, "why_now") == ["It hires many people: 80 people, in Chicago (2026-11-20)."]
    event = a_stored_event("Norvik Labs leaves Spendaro")
    tool = a_fact("tool", "Spendaro", event, "Spendaro")
    note = _note(a_match(event, kind="tech_switch_or_removal", role=Role.SUBJECT, facts=(tool,)))
    assert _said(note, "why_now") == ["It leaves a technology: Spendaro (2026-11-20)."]


def test_a_round_says_from_whom_the_money_is() -> None:
    event = a_stored_event("Norvik Labs raises $42 million from Fjordgate")
    facts = (
        a_fact("amount", Decimal(42_000_000), event, "$42 million"),
        a_fact("investors", ("Fjordgate",), event, "Fjordgate"),
    )
    note = _note(a_match(event, facts=facts))
    assert _said(note, "why_now") == ["It raised money: $42 million, from Fjordgate (2026-11-20)."]


def test_a_role_without_a_person_is_the_role_that_is_hired_for() -> None:
    event = a_stored_event("Norvik Labs is hiring an Account Executive")
    facts = (a_fact("role", "Account Executive", event, "Account Executive"),)
    note = _note(a_match(event, kind="hiring_role", role=Role.SUBJECT, facts=facts))
    assert _said(note, "why_now") == ["It hires for a role: Account Executive (2026-11-20)."]


def test_what_speaks_against_an_account_is_said_only_where_it_holds() -> None:
    rules = (
        IcpRule(field="tier", op="is", value="C", sentence="Tier C waits", weight=-1.0),
        IcpRule(field="tier", op="is", value="A", sentence="Tier A comes first", weight=1.0),
    )
    match = a_match(a_stored_event("Norvik Labs raises money"))
    for tier, said in (
        ("A", ["Tier A comes first (tier: A)"]),
        ("C", ["Tier C waits (tier: C)", "not met: Tier A comes first (tier: C)"]),
    ):
        history = a_history(an_account(tier=tier))
        (trigger,) = decide([a_reading(match)], history, Lexicon(icp=rules), NOW).triggers
        assert trigger.note
        assert _said(trigger.note, "fit")[1:] == said


def test_a_champion_who_moved_is_named_with_the_account_where_we_know_them() -> None:
    event = a_stored_event("Norvik Labs appoints Ada Lind", published_at=ago(2))
    feature = Feature(
        name="champion",
        value=1.0,
        weight=1.0,
        sentence="Ada Lind was your champion at Oskarion Freight",
        spans=(a_span(event, "Ada Lind"),),
    )
    note = _note(a_match(event, kind="champion_move", role=Role.SUBJECT, features=(feature,)))
    assert "Ada Lind was your champion at Oskarion Freight" in _said(note, "who")
