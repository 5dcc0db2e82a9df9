"""The catalogue of trigger kinds: complete, consistent, and fit to be shown."""

from datetime import timedelta

import pytest

from earmark.triggers import CATALOGUE, CONVERSATIONS, Polarity, TriggerKind
from earmark.types import Role
from matcher.tellings import FAMILIES

_NOTHING = timedelta(0)
_EVERY = pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.key)


def test_the_catalogue_has_fifty_two_reasons_ten_suppressors_and_three_signals() -> None:
    assert sorted(kind.number for kind in CATALOGUE.values()) == list(range(1, 66))
    assert {kind.group for kind in CATALOGUE.values() if kind.number > 52} == {"suppressor", "engagement"}
    stops = [kind for kind in CATALOGUE.values() if kind.group == "suppressor"]
    assert all(kind.polarity is Polarity.SUPPRESS for kind in stops)


@_EVERY
def test_a_kind_opens_before_it_closes_and_ends_last(kind: TriggerKind) -> None:
    assert _NOTHING <= kind.opens < kind.closes <= kind.expires
    assert kind.half_life > _NOTHING


@_EVERY
def test_a_kind_belongs_to_roles_that_exist(kind: TriggerKind) -> None:
    assert kind.roles
    assert kind.roles <= {role.value for role in Role}
    assert Role.FORMER_EMPLOYER not in kind.roles


@_EVERY
def test_a_kind_is_worth_something_unless_it_suppresses(kind: TriggerKind) -> None:
    assert 0.0 <= kind.intent <= 1.0
    assert kind.intent > 0 or kind.polarity is Polarity.SUPPRESS


@_EVERY
def test_a_kind_continues_the_sentence_that_begins_with_it(kind: TriggerKind) -> None:
    assert kind.words
    assert kind.words == kind.words.strip().lower()
    assert kind.why
    assert not kind.words.endswith(".")


def test_who_buys_and_who_is_bought_are_two_reasons() -> None:
    buyer, bought = CATALOGUE["acquires"], CATALOGUE["acquired_or_merged"]
    assert (set(buyer.roles), set(bought.roles)) == ({"acquirer"}, {"target"})
    assert (buyer.polarity, bought.polarity) == (Polarity.BUY, Polarity.CAUTION)
    assert buyer.family == bought.family


def test_an_investor_is_never_the_one_who_raised() -> None:
    rounds = [kind for kind in CATALOGUE.values() if kind.family == "funding"]
    assert len(rounds) == 4
    assert all("investor" not in kind.roles for kind in rounds)


def test_a_new_executive_is_not_called_on_the_first_day() -> None:
    assert CATALOGUE["exec_hire"].opens == timedelta(days=14)


def test_conversations_are_the_voices_of_buyers() -> None:
    assert {CATALOGUE[key].group for key in CONVERSATIONS} == {"voice of the buyer"}
    assert len(CONVERSATIONS) == 7


def test_what_people_ask_in_public_fades_in_days() -> None:
    for key in ("asks_recommendation", "compares_or_alternatives", "competitor_complaint"):
        assert CATALOGUE[key].half_life <= timedelta(days=5)


def test_the_families_that_stories_know_are_families_of_the_catalogue() -> None:
    assert FAMILIES.keys() <= {kind.family for kind in CATALOGUE.values()}


def test_the_catalogue_can_not_be_changed() -> None:
    with pytest.raises(TypeError):
        CATALOGUE["rain"] = CATALOGUE["acquires"]  # type: ignore[index]  # it is what is tested
