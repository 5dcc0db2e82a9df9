"""Headlines about nobody's account: which of them tell of one thing."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.echoes import Headline, echoes, stems
from tests.builders import NOW

OTHERS = (
    "Ferry timetable changes for winter",
    "Council repaints the old swimming pool",
    "Bakers argue about the price of rye",
    "A quiet week for the orchard growers",
    "Schoolchildren plant four hundred lime trees",
    "Choir festival moves to the harbour hall",
    "Snow closes the mountain road to Aldersund",
    "Lighthouse keeper retires at seventy",
)


def headline(title: str, day: float = 0, **changes: Any) -> Headline:
    return Headline(id=changes.pop("id", title), title=title, at=NOW - timedelta(days=day), **changes)


def groups(*told: Headline, **changes: Any) -> set[frozenset[str]]:
    """Return the groups of more than one headline, read among others that have nothing to do with them."""
    of = echoes([*told, *(headline(title, day=9) for title in OTHERS)], **changes)
    parts: dict[str, set[str]] = {}
    for id_, first in of.items():
        parts.setdefault(first, set()).add(id_)
    return {frozenset(part) for part in parts.values() if len(part) > 1}


BRIDGE = (
    "Tarnholm bridge shut after barge collision",
    "Barge hits Tarnholm bridge, forcing it to close",
    "Engineers inspect Tarnholm bridge after barge strike",
)


def test_three_ways_to_tell_one_thing_are_one_group() -> None:
    assert groups(*map(headline, BRIDGE)) == {frozenset(BRIDGE)}


def test_what_shares_only_common_words_stays_apart() -> None:
    assert (
        groups(headline("Grain prices rise in spring"), headline("Wages rise for nurses in Wales")) == set()
    )


@pytest.mark.parametrize("others", [0, 400])
def test_a_handful_of_headlines_is_judged_as_among_hundreds(others: int) -> None:
    crowd = [headline(f"Item {n} of parish {n * 7919}", id=f"o{n}") for n in range(others)]
    told = [headline(title, id=str(n)) for n, title in enumerate(BRIDGE)]
    apart = headline("Grain prices rise in spring", id="apart")
    of = echoes([*told, apart, *crowd])
    assert of["0"] == of["1"] == of["2"] != of["apart"]


def test_a_single_headline_that_tells_of_two_things_joins_no_two_groups() -> None:
    mill = [f"Aldersund paper mill fire {word}" for word in ("overnight", "roof", "warehouse")]
    strike = [f"Fjordgate dockers strike {word}" for word in ("cranes", "traffic", "exports")]
    bridge = "Aldersund paper mill fire, Fjordgate dockers strike"
    found = groups(*map(headline, [*mill, *strike, bridge]))
    assert not any(set(mill) & part and set(strike) & part for part in found)
    assert any(set(mill) <= part for part in found)
    assert any(set(strike) <= part for part in found)


def test_the_same_words_a_week_later_tell_another_thing() -> None:
    assert groups(headline(BRIDGE[0]), headline(BRIDGE[1], day=7)) == set()


def test_two_headlines_that_claim_different_kinds_must_be_alike_the_more() -> None:
    one, other = "Ossa Health hires many more night nurses", "Regulator fines Ossa care homes after inquest"
    hiring, legal = frozenset({"hiring"}), frozenset({"legal"})
    assert groups(headline(one), headline(other))
    assert not groups(headline(one, families=hiring), headline(other, families=legal))


@pytest.mark.parametrize("verdict", [True, False])
def test_who_knows_the_facts_decides(*, verdict: bool) -> None:
    one, other = "Ossa Health hires chief nurse", "Ossa Health hires chief surgeon"
    found = groups(
        headline(one), headline(other), told=lambda a, b: verdict if {a, b} == {one, other} else None
    )
    assert (found == {frozenset({one, other})}) is verdict


def test_a_headline_that_resembles_two_things_does_not_chain_them() -> None:
    mill = [f"Fire destroys Aldersund paper mill {word}" for word in ("overnight", "roof", "warehouse")]
    strike = [f"Dockers strike halts Fjordgate port {word}" for word in ("cranes", "traffic", "exports")]
    both = "Aldersund mill fire and Fjordgate dockers strike: the day"
    found = groups(*map(headline, [*mill, *strike, both]))
    assert not any(set(mill) & part and set(strike) & part for part in found)


WORDS = st.sampled_from(
    ["barge", "bridge", "closes", "Tarnholm", "mill", "fire", "strike", "hires", "Ossa", "300"]
)
TOLD = st.lists(st.tuples(st.lists(WORDS, max_size=7).map(" ".join), st.integers(0, 4)), max_size=12)


@given(TOLD, st.randoms(use_true_random=False))
def test_the_groups_do_not_depend_on_the_order(told: list[tuple[str, int]], chance: random.Random) -> None:
    headlines = [headline(title, day, id=str(n)) for n, (title, day) in enumerate(told)]
    shuffled = headlines[:]
    chance.shuffle(shuffled)
    assert echoes(shuffled) == echoes(headlines)


@given(TOLD)
def test_every_headline_is_in_the_group_of_its_earliest(told: list[tuple[str, int]]) -> None:
    headlines = {str(n): headline(title, day, id=str(n)) for n, (title, day) in enumerate(told)}
    found = echoes(list(headlines.values()))
    assert set(found) == set(headlines)
    for id_, first in found.items():
        assert found[first] == first
        assert (headlines[first].at, first) <= (headlines[id_].at, id_)


def test_stems_bring_the_forms_of_a_word_together() -> None:
    assert stems("Acquires, acquired, acquiring the mills") == ["acquir", "acquir", "acquir", "mill"]
