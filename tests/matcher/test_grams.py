import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.lexicon import Veto, language
from matcher.lexicon.grams import letters_of, need_of

BOUND = [veto for veto in language().vetoes if need_of(veto.pattern)]


def test_most_classes_of_texts_are_told_by_letters_that_they_need() -> None:
    assert len(BOUND) >= len(language().vetoes) - 1


@pytest.mark.parametrize("veto", BOUND, ids=lambda veto: veto.name)
@given(data=st.data())
def test_whatever_a_class_matches_holds_letters_that_it_needs(data: st.DataObject, veto: Veto) -> None:
    text = data.draw(st.from_regex(veto.pattern))
    need = need_of(veto.pattern)
    assert need
    for written in (text, text.swapcase(), text.replace(" ", "\n")):
        if veto.pattern.search(written):
            assert need.met(letters_of(written)), written


@pytest.mark.parametrize(
    ("pattern", "text", "other"),
    [
        (r"\bmarket\s(?:size|report)\b", "The MARKET  size", "the store size"),
        (r"(?:deal|buy)s?", "two deals", "two trades"),
        (r"^(?:why|is)\s", "Is it", "This is it"),
        (r"^[35]\b|^\sten\b", "5 ways", "ways 5"),
        (r"kind", "\u212aIND", "sort"),  # the sign of Kelvin is a k
        (r"risk", "r\u0131\u017fk", "rest"),  # a dotless i, a long s
    ],
)
def test_letters_are_needed_whatever_their_case(pattern: str, text: str, other: str) -> None:
    compiled = re.compile(pattern, re.IGNORECASE)
    need = need_of(compiled)
    assert need
    assert bool(compiled.search(re.sub(r" +", " ", text)))
    assert need.met(letters_of(text))
    assert not need.met(letters_of(other))


@pytest.mark.parametrize("pattern", [r"(?:market)?", r"\w+ly", r"ab|market", r"(?:market|\d+)"])
def test_a_pattern_that_needs_nothing_in_particular_says_so(pattern: str) -> None:
    assert need_of(re.compile(pattern)) is None
