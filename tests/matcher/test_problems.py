import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Problem
from matcher.problems import problems_in
from tests.builders import a_stored_event

CALLS = Problem(
    id="missed-calls",
    name="Missed calls",
    phrases=("miss calls", "nobody answers the phone"),
    not_phrases=("missed call of the week",),
    rivals=("Corvidphone",),
)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("We miss calls every day", "miss calls"),
        ("We are missing so many calls", "missing so many calls"),
        ("MISSED CALLS cost us money", "MISSED CALLS"),
        ("At noon nobody answers the phones", "nobody answers the phones"),
    ],
)
def test_a_phrase_is_found_in_other_forms_and_quoted_as_written(text: str, quote: str) -> None:
    (match,) = problems_in(a_stored_event("A post", text=text), [CALLS])
    assert match.problem == "missed-calls"
    assert match.spans[0].quote == quote


@pytest.mark.parametrize(
    "text", ["Dismiss callers politely", "The missed call of the week: we miss calls", "quiet", ""]
)
def test_other_words_and_excluded_texts_are_no_match(text: str) -> None:
    assert problems_in(a_stored_event("A post", text=text), [CALLS]) == ()


def test_a_rival_is_named_and_counts_less_than_a_phrase() -> None:
    (rival,) = problems_in(a_stored_event("Corvidphone again"), [CALLS])
    (both,) = problems_in(a_stored_event("Corvidphone makes us miss calls"), [CALLS])
    assert rival.rivals == ("Corvidphone",)
    assert rival.confidence < both.confidence <= 1


def test_the_surest_problem_comes_first() -> None:
    other = Problem(id="aaa", name="Valves", rivals=("Norvik",))
    found = problems_in(
        a_stored_event("Norvik Labs: we miss calls and nobody answers the phone"), [other, CALLS]
    )
    assert [match.problem for match in found] == ["missed-calls", "aaa"]


def test_an_empty_phrase_matches_nothing() -> None:
    assert problems_in(a_stored_event("anything"), [Problem(id="x", name="X", phrases=("", " ", "?!"))]) == ()


@given(st.text(max_size=300), st.text(min_size=1, max_size=20))
def test_any_phrase_and_text_give_exact_spans(text: str, phrase: str) -> None:
    event = a_stored_event("", text=text)
    for match in problems_in(event, [Problem(id="x", name="X", phrases=(phrase,))]):
        for span in match.spans:
            assert event.text[span.start : span.end] == span.quote
