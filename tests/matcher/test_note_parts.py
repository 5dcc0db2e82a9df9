"""The parts of a note: quote and marks, reports, people, case studies, next steps; and its three forms."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.lifecycle import Cause, Stage
from earmark.rulebook import parse
from earmark.rulebook.placeholders import PLACEHOLDERS, check_placeholders
from earmark.types import (
    Account,
    Basis,
    Contact,
    Feature,
    Hint,
    HintKind,
    Lexicon,
    Match,
    Note,
    Play,
    Problem,
    Proof,
    Role,
    Sentence,
    Suppression,
    Transition,
    Trigger,
    TriggerState,
)
from matcher.decide import decide
from matcher.layout import LONGEST, as_html, as_markdown, as_text
from matcher.note import ERASED, note_of, quoted
from matcher.plays import steps_for
from matcher.proof import unproven
from matcher.scripts import IN_PUBLIC, PLAYS
from matcher.steps import closest_proof, next_steps, touches_of, with_next_steps
from tests.builders import NOW, a_fact, a_match, a_span, a_stored_event, ago, an_account
from tests.house.tree import ROOT
from tests.matcher.pasts import ACCOUNT, a_history, a_reading, told

ROBOTICS = an_account(industry="Industrial Robotics", size=240)
TITLES = st.text(min_size=1, max_size=900)


def _trigger(*matches: Match, lexicon: Lexicon | None = None, **past: Any) -> Trigger:
    history = a_history(past.pop("account", ROBOTICS), **past)
    (trigger,) = decide([a_reading(match) for match in matches], history, lexicon or Lexicon(), NOW).triggers
    assert trigger.note
    return trigger


def _note(*matches: Match, lexicon: Lexicon | None = None, **past: Any) -> Note:
    note = _trigger(*matches, lexicon=lexicon, **past).note
    assert note
    return note


def _section(note: Note, section: str) -> list[str]:
    return [sentence.text for sentence in note.sentences if sentence.section == section]


def _teller(number: int, publisher: str, title: str = "", **changes: Any) -> Match:
    event = a_stored_event(
        title or f"Norvik Labs raises $20 million, report {number}",
        id=f"event-{number}",
        external_id=f"entry-{number}",
        publisher=publisher,
        fingerprint=f"{number:024x}",
        **changes,
    )
    return a_match(event, confidence=0.9 - number / 100)


def test_the_words_that_make_the_match_are_marked_within_the_quote() -> None:
    event = a_stored_event("Norvik Labs raises $20 million Series B", publisher="Fjord Post")
    name = Feature(name="name", value=1, weight=1, sentence="", spans=(a_span(event, "Norvik Labs"),))
    facts = (a_fact("amount", 20, event, "$20 million"), a_fact("round", "Series B", event, "Series B"))
    note = _note(a_match(event, facts=facts, features=(name,)))
    assert "“«Norvik Labs» raises «$20 million» «Series B»” Fjord Post" in as_text(note)
    assert "“**Norvik Labs** raises **$20 million** **Series B**” Fjord Post" in as_markdown(note)
    assert "“<mark>Norvik Labs</mark> raises <mark>$20 million</mark>" in as_html(note)


@given(st.text("ab ", max_size=400), st.text("ab ", max_size=400))
def test_a_quote_holds_the_match_wherever_it_stands(before: str, after: str) -> None:
    title = f"x{before} $20 million {after}x"
    event = a_stored_event(title, publisher="Fjord Post")
    whole, match = a_span(event, title), a_span(event, "$20 million")
    span = quoted(whole, around=match)
    assert len(span.quote) <= 280
    assert span.start <= match.start < match.end <= span.end
    assert title[span.start : span.end] == span.quote


def test_a_quote_from_the_middle_says_that_something_is_left_out() -> None:
    title = "very " * 100 + "Norvik Labs raises $20 million " + "indeed " * 100
    event = a_stored_event(title, publisher="Fjord Post")
    match = a_match(event, facts=(a_fact("amount", 20, event, "$20 million"),))
    (quote, *_) = _section(_note(match), "evidence")
    assert quote.startswith("“…very ")
    assert "…” Fjord Post" in quote
    assert "$20 million" in quote


def test_the_other_reports_are_counted_and_copies_are_no_independent_ones() -> None:
    one, two, three = (_teller(n, outlet) for n, outlet in enumerate(("Fjord Post", "Baltic Wire", "Herold")))
    copy = replace(three, event=replace(three.event, fingerprint=one.event.fingerprint))
    assert _section(_note(one, two, three), "evidence")[1:] == ["+2 more reports, 2 independent"]
    assert _section(_note(one, two, copy), "evidence")[1:] == ["+2 more reports, 1 independent"]
    assert _section(_note(one, two), "evidence")[1:] == ["+1 more report, 1 independent"]


def test_several_reports_of_one_outlet_are_one_source_and_unconfirmed() -> None:
    note = _note(_teller(0, "Fjord Post"), _teller(1, "Fjord Post"))
    assert _section(note, "evidence")[1:] == ["+1 more report, 0 independent", "Unconfirmed, one source"]


def test_what_the_company_itself_says_is_not_called_unconfirmed() -> None:
    hint = Hint(kind=HintKind.DOMAIN, value="norviklabs.example", strength=1.0)
    note = _note(_teller(0, "Norvik Labs", hints=(hint,)))
    assert "Unconfirmed, one source" not in _section(note, "evidence")


def test_a_person_whom_the_source_names_is_known_as_your_contact() -> None:
    event = a_stored_event("Norvik Labs names Ada Berg CFO")
    facts = (a_fact("person", "Ada Berg", event, "Ada Berg"), a_fact("role", "CFO", event, "CFO"))
    contacts = (
        Contact(id="1", account="norvik-labs", name="Zoe Lind", relation="champion"),
        Contact(
            id="2",
            account="norvik-labs",
            name="Ada Berg",
            title="CTO",
            since=datetime(2024, 5, 1, tzinfo=UTC),
        ),
    )
    match = a_match(event, kind="exec_hire", role=Role.SUBJECT, facts=facts)
    note = _note(match, contacts=contacts)
    assert [text for text in _section(note, "who") if "Ask" not in text] == [
        "Ada Berg, CFO (named by the source)",
        "Named by the source: Ada Berg, CTO, is your contact since 2024.",
        "Zoe Lind, champion (on your list; ask for an introduction)",
    ]
    assert unproven(note, ROBOTICS) == []


def test_a_customer_in_the_same_group_is_a_way_to_an_introduction() -> None:
    customer = an_account("Norvik Holding", suppression=Suppression(reason="customer", by="ida"))
    child = replace(ROBOTICS, parent=customer.id)
    note = _note(_teller(0, "Fjord Post"), account=child, relatives=(an_account("Norvik Marine"), customer))
    assert "Norvik Holding, its parent, is your customer." in _section(note, "who")
    alone = _note(_teller(0, "Fjord Post"), account=child, relatives=(an_account("Norvik Marine"),))
    assert not any("customer" in text for text in _section(alone, "who"))


def test_a_contact_elsewhere_is_no_contact_of_the_account() -> None:
    stranger = Contact(id="1", account="tessel", name="Zoe Lind", relation="referrer")
    note = _note(_teller(0, "Fjord Post"), contacts=(stranger,))
    assert "Zoe" not in " ".join(_section(note, "who"))


PROOFS = (
    Proof(id="any", text="Tessel saved a day a week."),
    Proof(id="robots", text="Ombra ships twice as fast.", industry="Robotics"),
    Proof(id="invoices", text="Quill bills in a day.", problem="invoicing"),
    Proof(id="both", text="Atlas does both.", problem="invoicing", industry="robotics"),
)


@pytest.mark.parametrize(
    ("problem", "industry", "told"),
    [
        ("invoicing", "Industrial Robotics", "both"),
        ("invoicing", "Banking", "invoices"),
        (None, "Robotics", "robots"),
        ("hiring", "Robotics", "robots"),
        ("hiring", "Banking", "any"),
        (None, None, "any"),
    ],
)
def test_the_closest_case_study_is_told(problem: str | None, industry: str | None, told: str) -> None:
    proof = closest_proof(PROOFS, problem, industry)
    assert proof
    assert proof.id == told


def test_a_case_study_about_something_else_is_never_told() -> None:
    assert closest_proof(PROOFS[1:], "hiring", "Banking") is None


def test_the_case_study_stands_in_the_talk_track_with_its_link() -> None:
    proof = Proof(
        id="p", text="Ombra ships twice as fast.", url="https://us.example/ombra", industry="robotics"
    )
    note = _note(_teller(0, "Fjord Post"), lexicon=Lexicon(proofs=(proof,)))
    assert _section(note, "talk")[-1] == "Proof: Ombra ships twice as fast. (https://us.example/ombra)"
    assert '<a href="https://us.example/ombra" rel="noopener noreferrer nofollow">' in as_html(note)


def _next(trigger: Trigger, account: Account | None, touches: int, *plays: Play) -> str:
    assert trigger.note
    return _section(with_next_steps(trigger.note, trigger, account, Lexicon(plays=plays), touches), "next")[0]


def test_the_next_step_follows_the_touches_and_then_the_stage() -> None:
    trigger, play = _trigger(_teller(0, "Fjord Post")), Play(id="mine", steps=("call", "mail"))
    cold = replace(ROBOTICS, stage=Stage.OUTREACH_READY)
    assert _next(trigger, cold, 0, play) == "Step 1 of 2: call"
    assert _next(trigger, cold, 1, play) == "Step 2 of 2: mail"
    assert _next(trigger, cold, 2, play) == "All 2 steps are done: note the outcome, or let it cool"
    contacted = replace(trigger, state=TriggerState.CONTACTED)
    assert _next(contacted, cold, 0, play) == "Step 2 of 2: mail"
    assert _next(trigger, replace(ROBOTICS, stage=Stage.WARM), 1, play).startswith("Warm: ")
    assert _next(trigger, replace(ROBOTICS, stage=Stage.HOT), 1, play).startswith("Hot: answer today")


def test_the_users_steps_for_the_kind_come_before_those_for_all_and_ours() -> None:
    own, every = Play(id="own", kind="layoffs", steps=("wait",)), Play(id="every", steps=("call",))
    assert steps_for("layoffs", (every, own)) == ("own", ("wait",))
    assert steps_for("ipo_filing", (every, own)) == ("every", ("call",))
    assert steps_for("ipo_filing", ())[0] == "ours:*"
    assert "answer in the thread" in steps_for("asks_recommendation", (), conversation=True)[1][0]


def test_touches_count_from_the_reason_on_and_those_taken_back_do_not_count() -> None:
    trigger = _trigger(_teller(0, "Fjord Post"))

    def move(number: int, days: float, undoes: str | None = None) -> Transition:
        return Transition(
            id=str(number),
            account="norvik-labs",
            at=NOW.replace(hour=12) if days == 0 else ago(days),
            before=Stage.COLD,
            after=Stage.CONTACTED,
            cause=Cause.CONTACTED,
            actor="ida",
            reason="",
            undoes=undoes,
        )

    assert touches_of(trigger, [move(1, 5), move(2, 0), move(3, 0)]) == 2
    assert touches_of(trigger, [move(2, 0), move(3, 0, undoes="2")]) == 0


def test_the_evidence_says_how_old_it_is_when_it_is_read() -> None:
    note = _note(_teller(0, "Fjord Post"))
    assert "2026-11-20, https://wire.example/entry-1 (1 day ago)" in as_text(note, at=NOW)
    assert "(today)" in as_text(note, at=ago(1))
    assert "ago" not in as_text(note)


def test_a_story_whose_texts_are_gone_says_that_its_evidence_was_removed() -> None:
    match = _teller(0, "Fjord Post")
    trigger = _trigger(match)
    (story,) = decide([a_reading(match)], a_history(ROBOTICS), Lexicon(), NOW).stories
    blank = replace(match, event=replace(match.event, title="", text=""), facts=(), evidence=(), features=())
    gone = replace(story, matches=(blank,), facts=())
    note = note_of(trigger, gone, account=ROBOTICS, contacts=(), lexicon=Lexicon())
    assert _section(note, "why_now") == [ERASED]
    assert _section(note, "evidence") == [ERASED]
    assert all(sentence.spans for sentence in note.sentences if sentence.basis is Basis.EVIDENCE)


@given(TITLES, TITLES, st.integers(0, 5))
def test_a_note_about_any_text_fits_in_1200_characters_and_keeps_its_sections(
    title: str, text: str, people: int
) -> None:
    event = a_stored_event(
        f"{title} $20 million", text=text, publisher=title[:500], url=f"https://w.example/{text}"
    )
    match = a_match(event, facts=(a_fact("amount", 20, event, "$20 million"),), problem="p")
    contacts = tuple(Contact(id=str(n), account="norvik-labs", name=f"{title} {n}") for n in range(people))
    lexicon = Lexicon(problems=(Problem(id="p", name=text),), proofs=(Proof(id="q", text=text),))
    trigger = _trigger(match, contacts=contacts, lexicon=lexicon)
    assert trigger.note
    plain = as_text(trigger.note, trigger.score, at=NOW)
    assert len(plain) <= LONGEST
    for section in ("WHY NOW", "EVIDENCE", "NEXT", "REF"):
        assert f"\n{section}" in plain


class _Page(HTMLParser):
    """What a browser would make of a note: its elements with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=y>',
        "javascript:alert(1)",
        "&lt;b&gt;",
        "\x02\x0e",
        "'",
    ]
)


@given(st.lists(HOSTILE | st.text(max_size=20), min_size=1, max_size=6).map("".join), HOSTILE)
def test_no_fetched_character_is_an_element_or_an_attribute_of_the_page(title: str, link: str) -> None:
    event = a_stored_event(title + " x", publisher=title, url=f"https://w.example/{link}")
    note = _note(a_match(event, evidence=(a_span(event, event.title),)))
    page = _Page()
    page.feed(as_html(note))
    page.close()
    assert {tag for tag, _ in page.elements} <= {"article", "h3", "dl", "dt", "dd", "mark", "a", "p"}
    for tag, attributes in page.elements:
        if tag == "a":
            assert str(attributes["href"]).startswith("https://w.example/")
            assert attributes["rel"] == "noopener noreferrer nofollow"
            assert set(attributes) == {"href", "rel"}
        else:
            assert set(attributes) <= {"class"}


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "ftp://w.example/x", "//w.example"]
)
def test_only_web_links_become_links(link: str) -> None:
    note = _note(_teller(0, "Fjord Post", url=link))
    assert "<a " not in as_html(note)
    assert html.escape(link) in as_html(note)


def test_a_link_of_the_evidence_is_one() -> None:
    (link,) = re.findall(r"<a [^>]*>[^<]*</a>", as_html(_note(_teller(0, "Fjord Post"))))
    assert link == (
        '<a href="https://wire.example/entry-1" rel="noopener noreferrer nofollow">https://wire.example/entry-1</a>'
    )


def test_a_sentence_that_was_erased_is_said_once_a_section() -> None:
    gone = Sentence(section="who", text=ERASED, basis=Basis.ERASED)
    note = Note(ref="r", headline="Norvik Labs raised money", sentences=(gone, gone))
    assert as_text(note).count(ERASED) == 1


def test_our_own_plays_use_only_what_the_users_may_use() -> None:
    for play in (*PLAYS.values(), IN_PUBLIC):
        for text in (*play.talk, play.opener, *play.steps):
            check_placeholders(text)


def test_the_page_on_notes_says_what_may_be_used_and_its_example_is_a_rulebook() -> None:
    page = (ROOT / "docs" / "notes.md").read_text("utf-8")
    named = set(re.findall(r"`\{(\w+)\}`", page))
    assert named == PLACEHOLDERS
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    lexicon = parse(example).lexicon({}, 1)
    assert len(lexicon.plays) == len(lexicon.proofs) == 1


def test_a_fact_loses_the_full_stop_of_its_sentence() -> None:
    event = a_stored_event("Norvik Labs raises $20 million.", publisher="Fjord Post")
    note = _note(a_match(event, facts=(a_fact("amount", 20, event, "$20 million."),)))
    assert _section(note, "why_now") == ["It raised money: $20 million (2026-11-20)."]


def test_a_demo_request_is_quoted_in_the_writers_words_and_answered_first() -> None:
    words = "We lose receipts every month and need a tool before March."
    event = a_stored_event("Demo request", text=f"Hello,\n\n{words}\n\nAda")
    match = a_match(event, kind="demo_requested", role=Role.SUBJECT)
    history = told([[a_reading(match)]], a_history(), Lexicon())
    (trigger,) = history.pasts[ACCOUNT].triggers
    account = history.pasts[ACCOUNT].account
    assert trigger.note
    assert f"They wrote: \u201c{words}\u201d" in _section(trigger.note, "evidence")
    assert account is not None
    steps = [each.text for each in next_steps(trigger, account, Lexicon())]
    assert (account.stage, steps[0]) == (
        Stage.WARM,
        "Answer now, to what was asked; offer two times for the demo",
    )
    assert next(next_steps(trigger, account, Lexicon(), 1)).text.startswith("Warm: ")
    hot = replace(account, stage=Stage.HOT)
    assert next(next_steps(trigger, hot, Lexicon())).text.startswith("Hot: ")


def test_a_champion_who_moved_and_is_a_contact_now_stands_in_the_note_once() -> None:
    event = a_stored_event("Norvik Labs names Ada Berg CFO")
    facts = (a_fact("person", "Ada Berg", event, "Ada Berg"),)
    moved = Feature(
        name="champion",
        value=1.0,
        weight=1.0,
        sentence="Ada Berg knows you from Oskarion.",
        spans=(a_span(event, "Ada Berg"),),
    )
    contacts = (Contact(id="1", account="norvik-labs", name="Ada Berg", title="CFO"),)
    match = a_match(event, kind="exec_hire", role=Role.SUBJECT, facts=facts, features=(moved,))
    who = " ".join(_section(_note(match, contacts=contacts), "who"))
    assert "Ada Berg knows you from Oskarion." in who
    assert "is your contact" not in who
    assert "on your list" not in who
