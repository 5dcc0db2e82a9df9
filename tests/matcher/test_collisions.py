from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Account, Lexicon
from matcher.collisions import Clash, clashes_of, collisions
from matcher.link import Linker
from matcher.names import Ambiguity, ambiguity_of
from matcher.normalise import words_of
from tests.builders import a_stored_event, an_account


@pytest.mark.parametrize(
    ("name", "clashes"),
    [
        ("Norvik Labs", ()),
        ("Kestrelin GmbH", ()),
        ("Box", (Clash.DICTIONARY_WORD,)),
        ("Harrow Ltd", (Clash.DICTIONARY_WORD,)),
        ("Ray", (Clash.DICTIONARY_WORD, Clash.FIRST_NAME, Clash.SURNAME)),
        ("Jordan Lee", (Clash.FIRST_NAME, Clash.SURNAME)),
        ("Smith", (Clash.SURNAME,)),
        ("Paris", (Clash.PLACE,)),
        ("NVK Inc", (Clash.ACRONYM,)),
        ("HP", (Clash.TWO_LETTERS,)),
        ("Global Systems", (Clash.GENERAL,)),
    ],
)
def test_a_name_is_told_what_else_it_may_be(name: str, clashes: tuple[Clash, ...]) -> None:
    found = collisions([an_account(name)])
    assert tuple(clash for one in found for clash in one.clashes) == clashes
    assert all(one.demands for one in found)


def test_a_famous_name_clashes_with_nothing_for_everybody_means_the_company() -> None:
    assert collisions([an_account("Apple", domains=("apple.example",))]) == []


def test_accounts_that_share_a_name_are_named_whatever_their_legal_form() -> None:
    one, other = collisions([an_account("Norvik AG"), an_account("Norvik Ltd"), an_account("Norvik Labs")])
    assert (one.account, one.shared_with) == ("norvik-ag", ("norvik-ltd",))
    assert (other.account, other.shared_with) == ("norvik-ltd", ("norvik-ag",))
    assert one.clashes == (Clash.SHARED,)
    assert "its domain" in one.demands


def test_an_alias_is_looked_at_and_one_that_is_never_the_account_is_not() -> None:
    account = an_account("Norvik Labs", aliases=("Target",))
    assert [one.name for one in collisions([account])] == ["Target"]
    assert collisions([replace(account, not_aliases=("Target",))]) == []


@pytest.mark.parametrize(
    ("name", "alone", "proven"),
    [
        ("Target", "Why We Target The Wrong Buyers", "Target raises $20 million, says target.example"),
        ("Smith", "Why Jordan Smith Left The Band", "Smith raises $20 million, says smith.example"),
        ("Paris", "Paris is calling", "Paris raises $20 million, says paris.example"),
        ("Box", "Inside The Big Box Problem", "Box raises $20 million, says box.example"),
    ],
)
def test_what_a_clash_demands_is_what_the_linker_waits_for(name: str, alone: str, proven: str) -> None:
    account = an_account(name, domains=(f"{name.lower()}.example",))
    assert collisions([account])
    linker = Linker(Lexicon(accounts={account.id: account}))
    assert not linker.link(a_stored_event(alone, url=None)).mentions
    assert linker.link(a_stored_event(proven, url=None)).mentions


NAMES = st.lists(
    st.sampled_from(["norvik", "box", "paris", "jordan", "lee", "hp", "nvk", "global", "inc", "7", "and"]),
    min_size=1,
    max_size=3,
)


@given(st.lists(NAMES, max_size=5))
def test_a_name_is_reported_exactly_when_it_clashes_or_is_shared(rows: list[list[str]]) -> None:
    listed = [Account(id=f"a{i}", name=" ".join(words)) for i, words in enumerate(rows)]
    for one in collisions(listed):
        assert one.clashes
        assert one.account not in one.shared_with
        assert (Clash.SHARED in one.clashes) == bool(one.shared_with)


@given(NAMES)
def test_only_a_name_that_is_no_ordinary_phrase_clashes(written: list[str]) -> None:
    words = tuple(words_of(" ".join(written)))
    plain = {Ambiguity.DISTINCTIVE, Ambiguity.DOMINANT, Ambiguity.PHRASE}
    assert bool(clashes_of(words)) == (ambiguity_of(words) not in plain)
