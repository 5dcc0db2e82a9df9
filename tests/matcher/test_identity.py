import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Account, Lexicon
from matcher.bearers import bearers, is_bare, is_bearer, site_label
from matcher.link import Linker, Links
from matcher.names import Words
from matcher.nations import HAVENS, nation_named, nations_in, nations_told
from matcher.normalise import words_of
from matcher.passage import Passage
from matcher.roles import with_roles
from matcher.sectors import exclude, sectors_of_industry, sectors_of_words
from matcher.vocabulary import popular_names
from tests.builders import a_stored_event, an_account

CASES = tomllib.loads((Path(__file__).parent / "cases" / "link-namesakes.toml").read_text(encoding="utf-8"))


def _words(text: str) -> Words:
    return tuple(words_of(text))


@cache
def _accounts() -> dict[str, Account]:
    return {row["id"]: _account(row) for row in CASES["account"]}


def _account(row: dict[str, Any]) -> Account:
    fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
    return Account(**fields)


def _link(account: Account, text: str, url: str | None = None) -> Links:
    return Linker(Lexicon(accounts={account.id: account})).link(a_stored_event(text, url=url))


@pytest.mark.parametrize("case", CASES["case"], ids=lambda case: case["text"])
def test_a_namesake_is_told_from_the_account(case: dict[str, Any]) -> None:
    event = a_stored_event(case["text"], url=case.get("url"))
    links = Linker(Lexicon(accounts=_accounts())).link(event)
    roles = {mention.account: str(mention.role) for mention in reversed(with_roles(event, links.mentions))}
    assert roles == case["accounts"], case["why"]
    assert links.abstentions or not case.get("undecided"), "the doubt must be kept"


def test_each_namesake_of_the_cases_is_linked_where_its_own_domain_speaks() -> None:
    for account in _accounts().values():
        if account.domains:
            links = _link(account, f"{account.name} opens a workshop", f"https://{account.domains[0]}/news")
            assert [mention.account for mention in links.mentions] == [account.id]


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("Delta", {"domains": ("delta.com",)}, True),
        ("Delta", {"domains": ("news.delta.com",)}, True),
        ("Delta", {"domains": ("deltajoinery.example",)}, False),
        ("Delta", {"domains": ("delta.app",)}, False),
        ("Delta", {"domains": ("delta.dk",), "country": "Denmark"}, False),
        ("Bosch", {"domains": ("bosch.in",), "country": "India"}, True),
        ("Uniqlo", {"domains": ("uniqlo.de",), "country": "Germany"}, True),
        ("Vivo", {"domains": (), "country": "Brazil"}, False),
        ("Vivo", {"domains": (), "country": "PRC"}, None),
        ("Vivo", {"domains": (), "country": "Hong Kong"}, None),
        ("Vivo", {"domains": (), "country": None}, None),
        ("Ford", {"domains": (), "country": "USA", "tickers": ("F",)}, True),
        ("Siri", {"domains": ()}, False),
        ("Norvik", {"domains": ("norvik.example",)}, None),
    ],
)
def test_the_record_tells_whether_the_account_is_whom_everybody_means(
    name: str, changes: dict[str, Any], told: object
) -> None:
    assert is_bearer(an_account(name, **changes), _words(name)) is told


def test_a_part_of_a_name_is_another_company_where_the_record_says_nothing() -> None:
    account = an_account("Tata Tea Rooms", domains=())
    assert is_bearer(account, (b"tata",), whole=False) is False
    assert is_bearer(account, (b"tata",)) is None


def test_each_well_known_bearer_is_found_by_its_own_domain() -> None:
    for words, known in bearers().items():
        for bearer in known:
            assert bearer.domains
            assert is_bearer(an_account("any", domains=bearer.domains[:1]), words)


def test_the_lists_of_names_do_not_contradict_each_other() -> None:
    assert not {words for words in bearers() if not all(words)}
    assert all(word.islower() for word in popular_names())
    countries = {bearer.country for known in bearers().values() for bearer in known} - {None}
    assert all(country == nation_named(_words(str(country))) for country in countries)


@pytest.mark.parametrize(
    ("domain", "label"),
    [
        ("www.norvik.example", "norvik"),
        ("shop.norvik.co.uk", "norvik"),
        ("norvik.com.br", "norvik"),
        ("NORVIK.IO", "norvik"),
    ],
)
def test_a_domain_calls_its_owner_by_one_label(domain: str, label: str) -> None:
    assert site_label(domain)[0] == label


@pytest.mark.parametrize(
    ("domain", "answer"),
    [
        ("norvik.example", True),
        ("norvik-group.example", True),
        ("norvikindia.example", True),
        ("trynorvik.example", False),
        ("norvikrobotics.example", False),
    ],
)
def test_a_bare_domain_says_the_name_and_no_more(domain: str, answer: object) -> None:
    assert is_bare(domain, (b"norvik",)) is answer


@given(st.text(max_size=40))
def test_any_text_for_a_domain_is_read(domain: str) -> None:
    label, last = site_label(domain)
    assert isinstance(label, str)
    assert isinstance(last, str)
    is_bearer(an_account("Delta", domains=(domain,)), (b"delta",))


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("India's Norvik", {"india"}),
        ("Danish start-up Norvik", {"denmark"}),
        ("Oslo-based Norvik", {"norway"}),
        ("Saudi Arabia’s Norvik", {"saudi arabia"}),
        ("Norvik", set()),
    ],
)
def test_the_words_beside_a_name_tell_a_country(text: str, countries: set[str]) -> None:
    passage = Passage("event", "title", text)
    assert nations_told(passage, range(len(passage.words) - 1)) == countries


def test_a_text_names_countries_by_their_people_cities_and_money() -> None:
    assert nations_in(words_of("Rs 20 crore for a French clinic in Ho Chi Minh City")) == {
        "india",
        "france",
        "vietnam",
    }
    assert not nations_in(words_of("It helps us to see"))


def test_a_country_has_one_spelling() -> None:
    assert nation_named(_words("USA")) == nation_named(_words("United States of America")) == "united states"
    assert nation_named(_words("Ruritania")) == "ruritania"
    assert nation_named(()) is None
    assert all(haven == nation_named(_words(haven)) for haven in HAVENS)


@pytest.mark.parametrize(
    ("industry", "words", "excluded"),
    [
        ("Banks", "crypto exchange", False),
        ("Banks", "steelmaker", True),
        ("Real Estate Management & Development", "pharmacy", True),
        ("Fintech", "software", False),
        ("Software", "airline", False),
        ("B2B", "personal finance", True),
        ("B2B", "b2b snack", False),
        ("Consumer", "procurement", True),
        ("Automobiles", "battery", False),
        ("Diversified Telecommunication Services", "bank", False),
        ("", "bank", False),
    ],
)
def test_a_trade_excludes_another_only_where_no_company_is_in_both(
    industry: str, words: str, excluded: object
) -> None:
    assert exclude(sectors_of_industry(industry), sectors_of_words(words_of(words))) is excluded


SECTORS = st.frozensets(st.sampled_from(["finance", "health", "mining", "food", "shops", "consumer"]))


@given(SECTORS, SECTORS)
def test_what_shares_a_sector_is_never_excluded(listed: frozenset[str], told: frozenset[str]) -> None:
    mine, theirs = listed - {"consumer"}, told - {"consumer"}
    if mine & theirs or not mine:
        assert not exclude(listed, told)
    if mine and theirs:
        assert exclude(listed, told) == exclude(told, listed)


def test_a_doubt_about_the_name_gives_it_to_no_rival() -> None:
    rivals = (
        an_account("Quorlex", id="one", domains=("quorlex.example",)),
        an_account("Quorlex", id="two", domains=("getquorlex.example",)),
    )
    linker = Linker(Lexicon(accounts={account.id: account for account in rivals}))
    links = linker.link(a_stored_event("Quorlex raises $5 million", url=None))
    assert not links.mentions
    assert "nothing in the text tells which" in links.abstentions[0].reason


@pytest.mark.parametrize(
    ("account", "text"),
    [
        ("meta-optics", "Meta to hire 400 engineers in Zurich"),
        ("kestra", "Pharmacy start-up Kestra raises $4 million"),
        ("kestra", "Chile's Kestra lays off 90"),
    ],
)
def test_a_namesake_is_kept_as_a_doubt_that_says_why(account: str, text: str) -> None:
    [doubt] = _link(_accounts()[account], text).abstentions
    assert doubt.account == account
    assert "another company of that name" in doubt.reason


def test_what_would_not_be_linked_anyway_is_no_doubt_about_a_namesake() -> None:
    assert not _link(_accounts()["delta-joinery"], "The delta of the Po is flooded").abstentions


def test_every_reason_that_tells_a_namesake_is_a_sentence_with_its_proof() -> None:
    [abstention] = _link(_accounts()["kestra"], "Chile's Kestra lays off 90").abstentions
    [reason] = [feature for feature in abstention.features if feature.name == "other_country"]
    assert "Norway" in reason.sentence
    assert [span.quote for span in reason.spans] == ["Chile"]
    assert reason.sentence in abstention.reason
