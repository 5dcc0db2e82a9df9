import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Account
from matcher.names import Ambiguity, Origin, ambiguity_of, domain_words, names_of
from matcher.normalise import words_of
from tests.builders import an_account


def _names(name: str, **changes: object) -> dict[str, Origin]:
    account = an_account(name, **({"domains": ()} | changes))
    return {b" ".join(words).decode(): found.origin for words, found in names_of(account)[0].items()}


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Norvik, Inc.", "norvik"),
        ("Norvik Corp.", "norvik"),
        ("Norvik GmbH & Co. KG", "norvik"),
        ("Norvik A/S", "norvik"),
        ("Norvik S.p.A.", "norvik"),
        ("Norvik S.A.B. de C.V.", "norvik"),
        ("Norvik Public Company Limited", "norvik"),
        ("Norvik Sdn. Bhd.", "norvik"),
        ("Norvik Sp. z o.o.", "norvik"),
        ("Norvik K.K.", "norvik"),
        ("Norvik Pvt. Ltd.", "norvik"),
        ("PT Norvik Tbk", "norvik"),
        ("The Norvik Company", "norvik"),
        ("Norvik Oyj", "norvik"),
    ],
)
def test_legal_forms_of_many_countries_are_stripped(name: str, bare: str) -> None:
    names = _names(name)
    assert bare in names
    assert " ".join(word.decode() for word in words_of(name)) in names


def test_a_name_that_is_only_a_legal_form_stays() -> None:
    assert _names("Limited") == {"limited": Origin.NAME}


def test_group_is_dropped_only_when_two_words_remain() -> None:
    assert _names("Norvik Telemark Group")["norvik telemark"] is Origin.STRIPPED
    assert _names("Norvik Group")["norvik"] is Origin.SHORT


def test_a_short_form_of_one_word_must_be_no_ordinary_word() -> None:
    assert "norvik" in _names("Norvik Systems")
    assert "ocean" not in _names("Ocean Systems")


def test_a_web_address_as_a_name_is_called_without_its_end() -> None:
    assert _names("Norvik.com, Inc.")["norvik"] is Origin.LABEL


def test_an_alias_is_trusted_more_than_the_name_without_its_legal_form() -> None:
    assert _names("Norvik, Inc.", aliases=("Norvik",))["norvik"] is Origin.ALIAS
    assert _names("Norvik", aliases=("Norvik",))["norvik"] is Origin.ALIAS


def test_umlauts_are_also_spelled_out() -> None:
    assert {"bruckner", "brueckner"} <= set(_names("Brückner"))


def test_ampersand_and_and_are_one() -> None:
    assert set(_names("Turner & Vale")) == set(_names("Turner and Vale"))


def test_aliases_are_names_and_not_aliases_never() -> None:
    names = _names("Norvik Labs", aliases=("NVK", "Norvik"), not_aliases=("norvik",))
    assert names["nvk"] is Origin.ALIAS
    assert "norvik" not in names


def test_a_domain_is_a_name_and_its_label_only_when_it_is_the_name_in_one_word() -> None:
    names = _names("Norvik Labs", domains=("www.norviklabs.example",))
    assert names["norviklabs example"] is Origin.DOMAIN
    assert names["norviklabs"] is Origin.LABEL
    assert "abc" not in _names("Norvik Labs", domains=("abc.example",))


@pytest.mark.parametrize("name", ["x" * 81, "a b c d e f g h i", "—", "!!!"])
def test_what_can_be_no_name_is_rejected_with_a_reason(name: str) -> None:
    names, [rejected] = names_of(Account(id="norvik", name=name))
    assert not names
    assert rejected.account == "norvik"
    assert rejected.reason


def test_a_legal_form_does_not_count_for_the_length_of_a_name() -> None:
    assert not names_of(an_account("A B C D E F G H S.A.B. de C.V.", domains=()))[1]


@pytest.mark.parametrize(
    ("name", "ambiguity"),
    [
        ("Norvik", Ambiguity.DISTINCTIVE),
        ("Norvik Table", Ambiguity.DISTINCTIVE),
        ("Blue Lantern", Ambiguity.PHRASE),
        ("Copper Street", Ambiguity.STREET),
        ("table", Ambiguity.EVERYDAY_WORD),
        ("gravel", Ambiguity.ORDINARY_WORD),
        ("Monday", Ambiguity.PLACE),
        ("Wolfgang", Ambiguity.PERSON),
        ("Sarah Connor", Ambiguity.PERSON),
        ("Denver", Ambiguity.PLACE),
        ("New York", Ambiguity.PLACE),
        ("VTX", Ambiguity.ACRONYM),
        ("AI", Ambiguity.GENERIC),
        ("We", Ambiguity.GENERIC),
        ("2024", Ambiguity.GENERIC),
        ("Systems", Ambiguity.GENERIC),
        ("& Sons", Ambiguity.GENERIC),
        ("Oracle", Ambiguity.DOMINANT),
    ],
)
def test_a_name_knows_what_else_its_words_mean(name: str, ambiguity: Ambiguity) -> None:
    assert ambiguity_of(tuple(words_of(name))) is ambiguity


def test_the_words_of_a_domain_leave_out_www() -> None:
    assert domain_words("www.norvik.co.uk") == (b"norvik", b"co", b"uk")


@given(st.text(max_size=90), st.lists(st.text(max_size=30), max_size=3))
def test_any_account_has_only_names_that_can_be_found(name: str, aliases: list[str]) -> None:
    account = Account(id="a", name=name, aliases=tuple(aliases), not_aliases=tuple(aliases[:1]))
    names, rejected = names_of(account)
    assert all(words and all(words) for words in names)
    assert all(found.account == "a" for found in names.values())
    assert tuple(words_of(aliases[0])) not in names if aliases else True
    assert names or rejected or not words_of(name) or aliases
