"""The builders build what the tests think they build."""

from dataclasses import fields, is_dataclass

import pytest

from earmark import types
from earmark.types import Certainty, Role
from tests.builders import NOW, a_fact, a_match, a_span, a_stored_event, ago, an_account, an_event, days


@pytest.mark.parametrize("name", [name for name in types.__all__ if is_dataclass(getattr(types, name))])
def test_every_noun_is_frozen_slotted_and_keyword_only(name: str) -> None:
    noun = getattr(types, name)
    assert noun.__dataclass_params__.frozen
    assert all(field.kw_only for field in fields(noun))
    assert not hasattr(noun, "__dict__") or "__slots__" in vars(noun)


def test_a_builder_changes_what_it_is_told_and_nothing_else() -> None:
    assert an_event("Osk Ltd opens in Riga").title == "Osk Ltd opens in Riga"
    assert an_event(author="A. Berg") == an_event(author="A. Berg")
    assert an_account("Osk Ltd").id == "osk-ltd"
    assert a_match(role=Role.INVESTOR, certainty=Certainty.RUMOUR).role is Role.INVESTOR


def test_a_span_quotes_the_text_it_points_at() -> None:
    event = a_stored_event(text="The round was led by Fjord Capital.")
    span = a_span(event, "Fjord Capital", field="text")
    assert event.text[span.start : span.end] == span.quote == "Fjord Capital"
    assert a_fact("investors", ("Fjord Capital",), event, "raises").span == a_span(event, "raises")


def test_ages_count_back_from_the_fixed_now() -> None:
    assert ago(2) + days(2) == NOW
    assert NOW.tzinfo is not None
