"""The note: every figure, name and date of a claim is proven; what is erased is gone; it fits a screen."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.triggers import CATALOGUE, Polarity
from earmark.types import (
    Account,
    Basis,
    Certainty,
    Contact,
    Fact,
    IcpRule,
    Lexicon,
    Match,
    Note,
    Play,
    Problem,
    Reading,
    Role,
    Score,
    Sentence,
    Span,
    StoredEvent,
    Trigger,
)
from matcher.decide import decide
from matcher.layout import LONGEST, as_markdown, as_text
from matcher.note import ERASED, erase, note_of, quoted
from matcher.note import as_text as as_text_of_note
from matcher.plays import render, template_for
from matcher.proof import unproven
from matcher.scripts import PLAYS
from tests.builders import NOW, a_fact, a_match, a_span, a_stored_event, ago, an_account
from tests.matcher.pasts import a_history, a_reading, readings

ROBOTICS = an_account(industry="Robotics", size=240, country="Germany", tier="1")


def _triggers(
    some: list[Reading], account: Account = ROBOTICS, lexicon: Lexicon | None = None
) -> list[Trigger]:
    return list(decide(some, a_history(account), lexicon or Lexicon(), NOW).triggers)


def _note(*matches: Match, lexicon: Lexicon | None = None, account: Account = ROBOTICS) -> Note:
    (trigger,) = _triggers([a_reading(match) for match in matches], account, lexicon)
    assert trigger.note
    return trigger.note


def _funding(**changes: Any) -> Match:
    event = a_stored_event(publisher="Fjord Post", **changes)
    facts = (
        a_fact("amount", Decimal(20_000_000), event, "$20 million"),
        a_fact("round", "Series B", event, "Series B"),
    )
    return a_match(event, facts=facts)


def _section(note: Note, section: str) -> list[str]:
    return [sentence.text for sentence in note.sentences if sentence.section == section]


@given(readings())
def test_every_figure_name_and_date_of_a_note_is_proven(some: list[Reading]) -> None:
    for trigger in _triggers(some):
        assert trigger.note
        assert unproven(trigger.note, ROBOTICS) == []


@given(readings())
def test_every_span_of_a_note_is_what_the_event_says_there(some: list[Reading]) -> None:
    events = {reading.event.id: reading.event for reading in some}
    for trigger in _triggers(some):
        assert trigger.note
        for sentence in trigger.note.sentences:
            for span in sentence.spans:
                assert _said(events[span.event], span)[span.start : span.end] == span.quote
                assert span.quote in sentence.text or sentence.section == "why_now"


def _said(event: StoredEvent, span: Span) -> str:
    """What an event says in the field that a span names."""
    if span.field.endswith("_at"):
        return f"{getattr(event, span.field):%Y-%m-%d}"
    return str(getattr(event, span.field))


@given(readings())
def test_every_sentence_states_its_basis_and_what_it_needs(some: list[Reading]) -> None:
    for trigger in _triggers(some):
        assert trigger.note
        for sentence in trigger.note.sentences:
            if sentence.basis is Basis.EVIDENCE:
                assert sentence.spans
            else:
                assert sentence.field


@pytest.mark.parametrize("planted", ["It raised 21 million.", "It hired Ivo.", "It happened on 2026-11-19."])
def test_a_planted_claim_is_found(planted: str) -> None:
    note = _note(_funding())
    assert unproven(note, ROBOTICS) == []
    spans = next(sentence.spans for sentence in note.sentences if sentence.basis is Basis.EVIDENCE)
    lie = Sentence(section="why_now", text=planted, basis=Basis.EVIDENCE, spans=spans)
    assert len(unproven(replace(note, sentences=(*note.sentences, lie)), ROBOTICS)) == 1


def test_a_planted_name_in_the_headline_is_found() -> None:
    assert unproven(replace(_note(_funding()), headline="Tessel raised money"), ROBOTICS) == ["Tessel"]


def test_the_words_of_the_catalogue_claim_no_figure_and_no_name() -> None:
    for kind in CATALOGUE.values():
        assert not any(character.isdigit() or character.isupper() for character in kind.words)


def test_why_now_is_told_from_the_facts_in_the_words_of_the_source() -> None:
    note = _note(_funding())
    assert note.headline == "Norvik Labs raised money"
    assert _section(note, "why_now") == ["It raised money: $20 million, Series B (2026-11-20)."]


def test_the_evidence_is_quoted_word_by_word_with_outlet_day_and_link() -> None:
    assert _section(_note(_funding()), "evidence") == [
        "“Norvik Labs raises $20 million Series B” Fjord Post, 2026-11-20, https://wire.example/entry-1",
        "Unconfirmed, one source",
    ]


def test_a_fact_that_the_source_gives_as_data_is_cited_as_such() -> None:
    event = a_stored_event("Norvik Labs files a notice", publisher="Register")
    note = _note(a_match(event, facts=(Fact(key="amount", value=Decimal(5_000_000)),)))
    sentence = note.sentences[0]
    assert "5000000" in sentence.text
    assert [span.field for span in sentence.spans] == ["facts.amount", "published_at"]
    assert unproven(note, ROBOTICS) == []


def test_outlets_that_disagree_are_named() -> None:
    one = _funding()
    event = a_stored_event("Norvik Labs raises $22 million", id="event-2", publisher="Baltic Wire")
    other = a_match(
        event, facts=(a_fact("amount", Decimal(22_000_000), event, "$22 million"),), confidence=0.6
    )
    note = _note(one, other)
    assert "Not all agree: Baltic Wire says $22 million." in _section(note, "why_now")
    assert unproven(note, ROBOTICS) == []


def test_one_text_with_two_figures_is_no_dispute() -> None:
    event = a_stored_event("Norvik Labs raises $20 million, $90 million in all", publisher="Fjord Post")
    sure, unsure = (
        a_match(event, facts=(a_fact("amount", Decimal(amount), event, words),), confidence=share)
        for amount, words, share in ((20_000_000, "$20 million", 0.9), (90_000_000, "$90 million", 0.6))
    )
    (trigger,) = _triggers([a_reading(sure, unsure)])
    assert trigger.note
    assert len(_section(trigger.note, "why_now")) == 1


def test_a_quote_loses_its_full_stop_inside_our_sentence() -> None:
    event = a_stored_event("Norvik Labs grows.", publisher="Fjord Post")
    match = a_match(event, kind="customer_win", role=Role.SUBJECT, evidence=(a_span(event, event.title),))
    assert _section(_note(match), "opener")[0].startswith("I read “Norvik Labs grows”. What")


def test_people_are_named_only_as_the_source_or_the_users_list_names_them() -> None:
    event = a_stored_event("Norvik Labs names Ada Berg CFO")
    facts = (a_fact("person", "Ada Berg", event, "Ada Berg"), a_fact("role", "CFO", event, "CFO"))
    match = a_match(event, kind="exec_hire", role=Role.SUBJECT, facts=facts)
    contacts = (
        Contact(id="1", account="norvik-labs", name="Ben Ost"),
        Contact(id="2", account="norvik-labs", name="Zoe Lind", title="COO", relation="champion"),
    )
    (trigger,) = decide([a_reading(match)], a_history(ROBOTICS, contacts=contacts), Lexicon(), NOW).triggers
    assert trigger.note
    assert _section(trigger.note, "who") == [
        "Ada Berg, CFO (named by the source)",
        "Ask for: the new leader, their chief of staff",
        "Zoe Lind, COO, champion (on your list; ask for an introduction)",
        "Ben Ost (on your list)",
    ]
    assert _section(trigger.note, "opener") == [
        "Congratulations to Ada Berg on the new role. What should look different after the first quarter?"
    ]


def test_the_record_and_the_rules_that_hold_are_the_fit() -> None:
    rule = IcpRule(field="size", op="at_least", value=100, sentence="large enough")
    note = _note(_funding(), lexicon=Lexicon(icp=(rule,)))
    assert _section(note, "fit") == ["Robotics, Germany, 240 employees, tier 1", "large enough (size: 240)"]


def test_a_rumour_is_labelled_and_nobody_is_congratulated_on_it() -> None:
    note = _note(replace(_funding(), certainty=Certainty.RUMOUR))
    assert note.headline.startswith("Rumour: ")
    assert any("rumour, not a fact" in text for text in _section(note, "why_now"))
    assert "Congratulations" not in " ".join(_section(note, "opener"))


def test_the_users_play_comes_before_ours_and_unknown_keys_are_left_out() -> None:
    play = Play(
        id="mine",
        kind="funding_early",
        personas=("Head of Sales",),
        talk=("{account} has {amount}", "asked about {weather}"),
        opener="{account}: about the {round}",
    )
    note = _note(_funding(), lexicon=Lexicon(plays=(play,)))
    assert _section(note, "talk") == ["Norvik Labs has $20 million"]
    assert _section(note, "opener") == ["Norvik Labs: about the Series B"]
    assert "Ask for: Head of Sales" in _section(note, "who")
    assert {sentence.field for sentence in note.sentences if sentence.section in ("talk", "opener")} == {
        "mine"
    }


@pytest.mark.parametrize("opener", ["Hello {account}!", "{quote} " + "word " * 50, "{weather}"])
def test_an_opener_without_evidence_or_too_long_or_unknown_gives_way(opener: str) -> None:
    note = _note(_funding(), lexicon=Lexicon(plays=(Play(id="mine", opener=opener),)))
    assert _section(note, "opener") == [
        "Congratulations on the Series B. What has to work differently before the new people start?"
    ]


def test_filling_a_play_never_reads_braces_in_what_was_fetched() -> None:
    template = template_for("*", (Play(id="mine", opener="{quote}"),))
    (line,) = [
        line
        for line in render(template, {"quote": "{account}", "account": "x"}, {"quote"})
        if line.section == "opener"
    ]
    assert line.text == "{account}"


def test_there_is_a_play_for_every_reason_to_call() -> None:
    reasons = {kind.key for kind in CATALOGUE.values() if kind.polarity is not Polarity.SUPPRESS}
    assert reasons - PLAYS.keys() == set()
    assert PLAYS.keys() - CATALOGUE.keys() == {"*"}


def test_our_openers_are_short_and_start_from_the_evidence() -> None:
    for play in PLAYS.values():
        assert "{" in play.opener
        assert len(play.opener.split()) <= 25
        assert len(play.talk) <= 3


def test_what_is_erased_is_gone_from_every_sentence() -> None:
    note = _note(_funding())
    gone = erase(note, "event-1")
    rest = " ".join(sentence.text for sentence in gone.sentences)
    assert "$20 million" not in rest
    assert "Fjord" not in rest
    assert _section(gone, "why_now") == [ERASED]
    assert all(s.basis is Basis.ERASED and not s.spans for s in gone.sentences if s.text == ERASED)
    assert erase(note, "another") == note


def test_a_long_quote_is_cut_at_a_blank_and_stays_a_quote() -> None:
    event = a_stored_event("Norvik Labs " + "moves " * 100)
    span = quoted(a_span(event, event.title))
    assert len(span.quote) <= 280
    assert event.title[span.start : span.end] == span.quote
    assert not span.quote.endswith("mov")


def _wide(length: int) -> Note:
    many = tuple(
        Sentence(section=section, text=f"{number} " + "w" * length, basis=Basis.PLAY, field="play")
        for section in ("why_now", "evidence", "fit", "who", "talk", "opener", "next")
        for number in range(4)
    )
    return Note(ref="r" * 24, headline="Norvik Labs raised money", sentences=many)


@given(st.integers(0, 900))
def test_a_note_of_any_length_as_text_is_never_too_long(length: int) -> None:
    score = Score(fit=1.0, intent=0.9, freshness=0.5, confidence=0.8)
    assert len(as_text(_wide(length), score)) <= LONGEST


def test_a_note_as_text_has_its_sections_in_order() -> None:
    match = _funding()
    (trigger,) = _triggers([a_reading(match)])
    assert trigger.note
    lines = as_text_of_note(trigger.note, trigger.score).splitlines()
    assert lines[0] == f"Norvik Labs raised money · score {trigger.score.total:g}"
    titles = [line[:9].strip() for line in lines[1:] if line[:9].strip()]
    assert titles == ["WHY NOW", "EVIDENCE", "FIT", "SCORE", "WHO", "TALK", "OPENER", "NEXT", "REF"]


def test_fetched_text_can_break_neither_lines_nor_markup() -> None:
    event = a_stored_event("Norvik Labs raises\n# $20 million [x](y) \x1b[31m<b>", published_at=ago(1))
    note = _note(a_match(event, evidence=(a_span(event, event.title),)))
    text, markdown = as_text(note), as_markdown(note)
    assert "\x1b" not in text + markdown
    assert "\n# " not in markdown
    assert "\\[x\\](y)" in markdown
    assert "\\<b\\>" in markdown


def test_a_conversation_has_a_note_without_an_account() -> None:
    event = a_stored_event(
        "What do you use for invoices?", publisher="Forum", thread_url="https://forum.example/t/1"
    )
    match = a_match(event, account=None, kind="asks_recommendation", role=Role.SUBJECT)
    (trigger,) = decide([a_reading(match)], a_history(), Lexicon(), NOW).triggers
    assert trigger.note
    assert trigger.note.headline == "Somebody in public asks for a recommendation"
    assert unproven(trigger.note, None) == []


def test_the_talk_track_goes_from_the_users_problem_to_the_consequence_and_the_question() -> None:
    problem = Problem(id="invoicing", name="Invoices take days")
    note = _note(replace(_funding(), problem="invoicing"), lexicon=Lexicon(problems=(problem,)))
    first, consequence, question = _section(note, "talk")
    assert first == "Problem: Invoices take days"
    assert consequence == PLAYS["funding_early"].talk[1]
    assert question.startswith("Ask: ")


def test_a_note_follows_from_its_story_alone() -> None:
    (trigger,) = _triggers([a_reading(_funding())])
    (story,) = decide([a_reading(_funding())], a_history(ROBOTICS), Lexicon(), NOW).stories
    assert note_of(trigger, story, account=ROBOTICS, contacts=(), lexicon=Lexicon()) == trigger.note
