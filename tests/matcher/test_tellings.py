"""When two tellings are of one thing: how far apart, and what holds them together or tells them apart."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from string import ascii_lowercase
from typing import Any

import pytest

from earmark.triggers import CATALOGUE
from earmark.types import Certainty, Fact, FactValue, Match
from matcher.stories import same_story
from matcher.tellings import FAMILIES
from tests.builders import NOW, a_match, a_stored_event, days

SECOND = timedelta(seconds=1)
EACH = count(1)
WORDS = [f"{letter}umak" for letter in ascii_lowercase]

# For each family: how many days apart two tellings may be, within how many a second such thing is not to be
# expected, and the facts that tell two things apart.
HOLD: dict[str, tuple[float, float, str]] = {
    "funding": (21, 5, "round amount valuation"),
    "ipo": (21, 7, "amount"),
    "acquisition": (21, 3, "acquirer target amount"),
    "divestiture": (21, 3, "acquirer target amount"),
    "investment": (14, 1, "target amount"),
    "earnings": (5, 3, ""),
    "exec_hire": (14, 2, "person"),
    "exec_departure": (14, 2, "person"),
    "board_change": (14, 2, "person"),
    "layoffs": (14, 4, "headcount percent"),
    "hiring": (30, 0, "role"),
    "hiring_names_tool": (30, 2, "tool"),
    "incident": (5, 2, ""),
    "vendor": (10, 2, "tool"),
    "legal": (14, 2, "amount"),
    "product": (10, 0, "product"),
    "customer_win": (10, 0, "amount"),
    "expansion": (10, 1, "location"),
    "technology": (14, 0, "tool"),
    "closing": (30, 14, ""),
    "rebrand": (21, 7, ""),
    "headcount": (21, 7, ""),
    "asks": (14, 0, ""),
    "complaint": (14, 0, ""),
    "switch": (14, 0, ""),
    "mention": (3, 0, ""),
    "a family of one's own": (10, 0, ""),
}
NUMBERS = {"amount", "valuation", "headcount", "percent"}


def kind_of(family: str) -> str:
    return next((key for key, kind in CATALOGUE.items() if kind.family == family), "own")


def told(
    kind: str = "partnership",
    at: datetime = NOW,
    facts: Mapping[str, FactValue] | None = None,
    certainty: Certainty = Certainty.ANNOUNCED,
    **changes: Any,
) -> Match:
    """A match like no other one in words, link and id, unless they are given."""
    number = next(EACH)
    fields: dict[str, Any] = {"id": f"e{number}", "url": f"https://wire.example/{number}", "published_at": at}
    title = changes.pop("title", " ".join(f"x{number}x{letter}umak" for letter in "abc"))
    return a_match(
        a_stored_event(title, **(fields | changes)),
        kind=kind,
        certainty=certainty,
        facts=tuple(Fact(key=key, value=value) for key, value in (facts or {}).items()),
    )


def test_every_family_that_holds_in_its_own_way_is_known_here() -> None:
    assert FAMILIES.keys() == HOLD.keys() - {"a family of one's own"}


@pytest.mark.parametrize("family", HOLD)
def test_how_far_apart_two_tellings_of_one_thing_may_be(family: str) -> None:
    window, alone, _ = HOLD[family]
    kind, page = kind_of(family), "https://wire.example/one"
    first = told(kind, url=page)
    assert same_story(first, told(kind, NOW + days(window), url=page))
    assert not same_story(first, told(kind, NOW + days(window) + SECOND, url=page))
    assert same_story(first, told(kind, NOW + days(alone))) is (alone > 0)
    assert not same_story(first, told(kind, NOW + days(alone) + SECOND))


@pytest.mark.parametrize(("family", "fact"), [(name, key) for name in HOLD for key in HOLD[name][2].split()])
def test_what_tells_two_things_of_a_family_apart_holds_tellings_of_one_together(
    family: str, fact: str
) -> None:
    one, other = (Decimal(20), Decimal(60)) if fact in NUMBERS else ("Ada Berg", "Ivo Lund")
    kind, facts, last = kind_of(family), {fact: one}, NOW + days(HOLD[family][0])
    assert same_story(told(kind, facts=facts), told(kind, last, facts))
    assert not same_story(
        told(kind, facts=facts), told(kind, facts={fact: other}, url="https://wire.example/1")
    )
    page = "https://wire.example/one"
    assert not same_story(told(kind, facts=facts, url=page), told(kind, facts={fact: other}, url=page))


@pytest.mark.parametrize("fact", ["amount", "valuation"])
def test_two_outlets_may_round_a_sum_by_a_fifth(fact: str) -> None:
    def funding(sum_: str, currency: str = "USD") -> Match:
        return told("funding_early", facts={fact: Decimal(sum_), "currency": currency})

    assert same_story(funding("20"), funding("25"))
    assert not same_story(funding("20"), funding("25.01"))
    assert not same_story(funding("20", "usd"), funding("60", "USD")), "one currency, however it is written"
    assert same_story(funding("20", "USD"), funding("60", "EUR")), "neither for nor against"


@pytest.mark.parametrize("some", [20, 1])
def test_a_sum_that_is_no_number_agrees_with_none(some: int) -> None:
    one, other = (told("funding_early", facts={"amount": value}) for value in (Decimal(some), "many"))
    assert not same_story(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Series B", "series"),
        ("Series B", "B round"),
        ("seed stage funding", "Seed"),
        ("Series B extension financing", "series b"),
    ],
)
def test_words_that_every_round_has_tell_none_apart(one: str, other: str) -> None:
    last = NOW + days(21)
    assert same_story(
        told("funding_early", facts={"round": one}), told("funding_early", last, {"round": other})
    )


def test_several_names_are_compared_as_their_words() -> None:
    one, other = (told("exec_hire", facts={"person": name}) for name in (("Ada", "Berg"), "Berg, Ada"))
    assert same_story(one, other)


@pytest.mark.parametrize("certainty", [Certainty.CORRECTED, Certainty.DENIED])
@pytest.mark.parametrize("facts", [{"round": "Series A"}, {"amount": Decimal(1)}, {"valuation": Decimal(1)}])
def test_who_corrects_or_denies_may_name_another_figure_or_round(
    certainty: Certainty, facts: dict[str, FactValue]
) -> None:
    first = told("funding_early", facts={"round": "B", "amount": Decimal(20), "valuation": Decimal(90)})
    later = told("funding_early", NOW + days(1), facts, certainty)
    assert same_story(first, later)
    assert same_story(later, first)
    assert not same_story(first, told("funding_early", NOW + days(1), facts))


def test_a_thread_or_a_link_with_its_tracking_is_one_page() -> None:
    thread = "https://forum.example/t/1"
    assert same_story(told(thread_url=thread), told(thread_url=thread))
    assert same_story(
        told(url="https://wire.example/one?utm_source=rss"), told(url="https://wire.example/one")
    )
    page = "https://wire.example/one"
    assert same_story(told(canonical_url=page), told(url=page))
    assert not same_story(told(url=None), told(url=None))


def test_headlines_are_alike_when_nearly_half_of_their_words_are_shared() -> None:
    def headline(*words: str) -> Match:
        return told("partnership", title=" ".join(words))

    first = headline(*WORDS[:14])
    assert same_story(first, headline(*WORDS[:9], *WORDS[14:20])), "9 of 20"
    assert not same_story(first, headline(*WORDS[:9], *WORDS[14:21])), "9 of 21"
    assert same_story(headline(*WORDS[:3]), headline(*WORDS[:3]))
    for more in (2, 3):
        assert not same_story(headline(*WORDS[:2]), headline(*WORDS[:more])), "two words are no headline"


@pytest.mark.parametrize("fact", ["headcount", "percent"])
def test_two_outlets_may_round_a_number_of_people_too(fact: str) -> None:
    one, near, far = (told("layoffs", facts={fact: Decimal(number)}) for number in (20, 25, 26))
    assert same_story(one, near)
    assert not same_story(one, far)


@pytest.mark.parametrize("word", ["round", "series", "funding", "financing", "stage", "extension"])
def test_each_word_that_every_round_has_is_passed_over(word: str) -> None:
    one, other = (told("funding_early", facts={"round": text}) for text in (f"B {word}", "B prime"))
    assert same_story(one, other)


def test_a_text_without_a_title_is_known_by_how_it_begins() -> None:
    begins = " ".join(WORDS[:20])
    one, other = (told(title="", text=f"{begins} {'y' * 90} {end * 400}") for end in "xz")
    assert same_story(one, other)
