"""What a person said of one text outweighs what the text tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Lexicon
from matcher.corrections import Correction
from matcher.read import Matcher
from tests.builders import a_stored_event, an_account

MATCHER = Matcher(
    Lexicon(accounts={one.id: one for one in (an_account("Norvik Labs"), an_account("Gravel"))})
)


def said(account: str, words: str, *, is_own: bool = True) -> Correction:
    return Correction(account=account, words=words, is_own=is_own, by="Ada")


def test_the_words_that_a_person_names_are_linked_with_the_person_as_the_reason() -> None:
    event = a_stored_event("Quarry People raises $20 million", text="")
    assert not MATCHER.read(event).mentions
    (match,) = MATCHER.read(event, [said("gravel", "Quarry People")]).matches
    assert (match.account, match.kind) == ("gravel", "funding_early")
    assert [(one.sentence, one.spans[0].quote) for one in match.features] == [
        ("Ada said so of this text", "Quarry People")
    ]


def test_of_two_accounts_at_one_place_the_one_that_is_meant_stays() -> None:
    event = a_stored_event("Norvik Labs raises $20 million", text="")
    assert {one.account for one in MATCHER.read(event).matches} == {"norvik-labs"}
    reading = MATCHER.read(event, [said("gravel", "Norvik Labs")])
    assert {one.account for one in reading.matches} == {"gravel"}


def test_an_account_that_is_not_meant_is_neither_linked_nor_in_doubt() -> None:
    event = a_stored_event("Norvik Labs raises $20 million", text="Norvik Labs is based in Oslo.")
    reading = MATCHER.read(event, [said("norvik-labs", "Norvik Labs", is_own=False)])
    assert not {one.account for one in reading.mentions} - {None}
    assert not reading.abstentions
    assert not {one.account for one in reading.matches} - {None}


@pytest.mark.parametrize("words", ["", "Tarn Systems"])
def test_words_that_stand_no_more_link_nothing(words: str) -> None:
    reading = MATCHER.read(a_stored_event("Norvik Labs raises $20 million"), [said("gravel", words)])
    assert {one.account for one in reading.mentions} == {"norvik-labs"}


def test_an_account_that_is_meant_stays_linked_where_a_revision_says_other_words_of_it() -> None:
    reading = MATCHER.read(
        a_stored_event("Norvik Labs raises $20 million"), [said("norvik-labs", "Norvik Oy")]
    )
    assert {one.account for one in reading.mentions} == {"norvik-labs"}


@given(st.text(max_size=60), st.text(max_size=8), st.booleans())
def test_any_correction_of_any_text_leaves_spans_that_lie_in_it(title: str, words: str, own: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    event = a_stored_event(title, text="")
    for mention in MATCHER.read(event, [said("gravel", words, is_own=own)]).mentions:
        text = event.title if mention.span.field == "title" else event.text
        assert text[mention.span.start : mention.span.end] == mention.span.quote
