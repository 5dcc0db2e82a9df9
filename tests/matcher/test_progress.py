"""How far a compound has come is said condition by condition."""

import pytest

from earmark.rulebook import parse
from earmark.types import Reading
from matcher.progress import Progress, progress, words_of
from matcher.shipped import shipped, shipped_text
from tests.builders import NOW, days
from tests.matcher.pasts import ACCOUNT, a_history, told
from tests.matcher.test_compound import BOOK, TWO_OF_THREE, _event, _funding, _job, _layoffs


def _of(*some: Reading, at: float = 0) -> Progress:
    past = told([some], a_history(), BOOK).pasts[ACCOUNT]
    return progress(BOOK.compounds[0], past, BOOK, NOW + days(at))


def test_partial_progress_names_what_is_there_and_what_is_missing() -> None:
    found = _of(_funding(12))
    assert (found.met, found.needed, found.holds) == (1, 2, False)
    assert found.sentence == (
        "1 of 2: funding ✓ 12 d ago, hiring role (sales) ✗ missing in the last 30 d, "
        "layoffs ✓ none in the last 45 d"
    )


def test_all_that_is_wanted_and_nothing_that_bars_it_holds() -> None:
    assert _of(_funding(12), _job(5)).holds
    barred = _of(_funding(12), _job(5), _layoffs(3))
    assert not barred.holds
    assert [(step.met, step.found) for step in barred.steps][-1] == (False, "3 d ago")


def test_progress_is_that_of_its_moment() -> None:
    later = _of(_funding(12), _job(5), at=40)
    assert [step.found for step in later.steps][:2] == ["52 d ago", "missing: 45 d ago is too long"]
    assert _of(_funding(12), at=-1).met == 0, "it was not known then"


def test_what_counts_later_says_from_when() -> None:
    book = parse('[[compounds]]\nid = "b"\nname = "B"\nrule = "exec_hire 14-75 d"\n').lexicon({}, 1)
    past = told([[_event("exec_hire", 4)]], a_history(), book).pasts[ACCOUNT]
    (step,) = progress(book.compounds[0], past, book, NOW).steps
    assert (step.met, step.found) == (False, "4 d ago, counts from day 14")


def test_so_many_of_them_are_counted_against_what_is_needed() -> None:
    past = told([[_funding(3)]], a_history(), TWO_OF_THREE).pasts[ACCOUNT]
    found = progress(TWO_OF_THREE.compounds[0], past, TWO_OF_THREE, NOW)
    assert (found.met, found.needed) == (1, 2)


def test_what_is_shipped_is_a_rulebook_and_each_table_alone_is_one() -> None:
    whole = parse(shipped_text()).compounds
    assert [one.id for one in whole] == list(shipped())
    for name, text in shipped().items():
        (one,) = parse(text).compounds
        assert one.id == name
        assert all(words_of(condition) for condition in one.as_type().conditions)


@pytest.mark.parametrize("name", shipped())
def test_no_shipped_compound_asks_longer_than_its_kinds_live(name: str) -> None:
    (one,) = parse(shipped()[name]).lexicon({}, 1).compounds
    kinds = parse("").lexicon({}, 1).kinds
    for condition in one.conditions:
        assert condition.within <= max(kinds[kind].expires for kind in condition.kinds)
