"""Rows of the day, from triggers."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from earmark.triggers import CATALOGUE
from earmark.types import Account, Span
from review.today import fit_line, kind_words, rows_of, surest
from tests.builders import NOW, a_match, a_span, a_stored_event, ago, an_account
from tests.review.triggers import a_story, a_trigger


def test_a_row_has_what_is_read_in_three_seconds() -> None:
    account = replace(an_account(), industry="Robotics", country="Norway", size=1240, tier="A", owner="Ada")
    more = a_trigger(id="trigger-2", story="story-2")
    story = a_story(publishers=("wire.example", "post.example"))
    (row,) = rows_of([[a_trigger(), more]], {account.id: account}, {"story-1": story}, CATALOGUE, NOW)
    assert row.fit == "tier A · 1,240 staff · Norway · Robotics"
    assert (row.name, row.owner, row.more, row.reports) == ("Norvik Labs", "Ada", 1, 2)
    assert row.kind_words == CATALOGUE["funding_early"].words
    assert row.happened == "Norvik Labs raises $20 million Series B"
    assert 0 < row.score < 81


def test_a_conversation_is_named_by_who_wrote() -> None:
    event = a_stored_event("Which CRM do you use?", author="lena")
    match = a_match(event, account=None, kind="asks_recommendation")
    story = a_story((match,), account=None)
    for author, name in (("lena", "lena"), (None, "Somebody in public")):
        told = replace(match, event=replace(event, author=author))
        (row,) = rows_of(
            [[a_trigger(account=None)]], {}, {"story-1": replace(story, matches=(told,))}, CATALOGUE, NOW
        )
        assert (row.account, row.stage, row.name) == (None, None, name)


def test_the_words_that_prove_it_stand_in_the_row_when_the_headline_does_not_hold_them() -> None:
    event = a_stored_event("Market notes", text="Rates rose.\nNorvik Labs raised $20 million.")
    start = event.text.index("Norvik")
    span = Span(event=event.id, field="text", start=start, end=len(event.text), quote=event.text[start:])
    story = a_story((a_match(event, evidence=(span,)),))
    (row,) = rows_of([[a_trigger()]], {}, {"story-1": story}, CATALOGUE, NOW)
    assert row.happened == "Norvik Labs raised $20 million."


def test_a_trigger_whose_story_is_gone_is_left_out() -> None:
    assert rows_of([[a_trigger()]], {}, {}, CATALOGUE, NOW) == []


def test_a_very_long_headline_is_cut() -> None:
    event = a_stored_event("Norvik Labs raises " + "very " * 300 + "much")
    (row,) = rows_of([[a_trigger()]], {}, {"story-1": a_story((a_match(event),))}, CATALOGUE, NOW)
    assert len(row.happened) <= 281


def test_a_kind_that_the_catalogue_lost_still_has_words() -> None:
    assert kind_words("gone_kind") == "gone kind"


@given(st.permutations([0.3, 0.5, 0.9, 0.9]))
def test_the_surest_match_does_not_depend_on_the_order(confidences: list[float]) -> None:
    matches = tuple(
        a_match(a_stored_event(id=f"e{number}", published_at=ago(number)), confidence=confidence)
        for number, confidence in enumerate(confidences)
    )
    best = surest(a_story(matches))
    assert best.confidence == 0.9
    assert best.event.order == min(one.event.order for one in matches if one.confidence == 0.9)


def test_a_conversation_is_called_as_its_thread_whatever_it_is_that_proves_it() -> None:
    event = a_stored_event("Is a close of 12 days normal?", text="We use spreadsheets. What do you use?")
    match = a_match(event, account=None, evidence=(a_span(event, "What do you use?", "text"),))
    story = a_story((match,), account=None)
    (row,) = rows_of([[a_trigger(account=None)]], {}, {"story-1": story}, CATALOGUE, NOW)
    assert row.happened == "Is a close of 12 days normal?"


def test_the_fit_line_leaves_out_what_the_record_does_not_say() -> None:
    assert fit_line(Account(id="a", name="A")) == ""
    assert fit_line(Account(id="a", name="A", country="Norway", size=3)) == "3 staff · Norway"
