import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.english import english, spelled_american
from matcher.vocabulary import Commonness, commonness
from tests.house.tree import run_python


@pytest.mark.parametrize(
    ("word", "tier"),
    [
        ("house", Commonness.EVERYDAY),
        ("target", Commonness.EVERYDAY),
        ("gravel", Commonness.ORDINARY),
        ("espionage", Commonness.ORDINARY),
        ("troubleshoot", Commonness.RARE),
        ("norvik", Commonness.NONE),
        ("podcast", Commonness.ORDINARY),
        ("ceo", Commonness.EVERYDAY),
    ],
)
def test_a_word_is_as_ordinary_as_its_use(word: str, tier: Commonness) -> None:
    assert commonness(word.encode()) is tier


@pytest.mark.parametrize("word", ["nokia", "siemens", "samsung", "starbucks", "lego", "exxon"])
def test_a_brand_that_the_dictionary_lists_is_no_word(word: str) -> None:
    assert commonness(word.encode()) is Commonness.NONE


def test_a_rare_form_of_a_known_word_is_a_word() -> None:
    assert commonness(b"gusted") is Commonness.RARE


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("organise", "organize"),
        ("organisations", "organizations"),
        ("colour", "color"),
        ("travelled", "traveled"),
        ("theatre", "theater"),
        ("advise", "advize"),  # both spellings are asked for, so the wrong one does no harm
        ("four", "four"),
        ("hour", "hour"),
    ],
)
def test_british_spelling_is_read_as_american(british: str, american: str) -> None:
    assert spelled_american(british) == american
    assert commonness(british.encode()) >= Commonness.ORDINARY


@given(st.text(alphabet="abcdefgilmnorstuz", max_size=12))
def test_any_letters_have_a_tier(word: str) -> None:
    assert commonness(word.encode()) in set(Commonness)


def test_the_dictionary_is_read_only_when_a_text_is() -> None:
    done = run_python("-c", "import matcher.read, sys; print('spellchecker' in sys.modules)")
    assert done.stdout.strip() == "False", done.stderr


def test_the_dictionary_is_read_once_and_soon() -> None:
    english.cache_clear()
    start = time.process_time()
    english()
    first = time.process_time() - start
    assert english() is english()
    assert first < 5  # a tenth of that on a quick machine
