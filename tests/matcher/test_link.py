import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Account, Hint, HintKind, Lexicon, StoredEvent
from matcher.link import LINE, Linker, confidence_of
from matcher.roles import with_roles
from tests.builders import a_stored_event, an_account, cpu_seconds

CASES = Path(__file__).parent / "cases"


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((CASES / name).read_text(encoding="utf-8"))


def _account(row: dict[str, Any]) -> Account:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Account(**fields)


@cache
def _linker() -> Linker:
    accounts = [_account(row) for row in _read("link.toml")["account"]]
    return Linker(Lexicon(accounts={account.id: account for account in accounts}))


def _event(case: dict[str, Any]) -> StoredEvent:
    return a_stored_event(
        case["text"],
        text=case.get("body", ""),
        url=case.get("url"),
        thread_url="https://forum.example/thread" if case.get("forum") else None,
    )


def _roles(event: StoredEvent) -> dict[str | None, str]:
    mentions = with_roles(event, _linker().link(event).mentions)
    return {mention.account: str(mention.role) for mention in reversed(mentions)}


@pytest.mark.parametrize("case", _read("link.toml")["case"], ids=lambda case: case["text"])
def test_a_text_means_these_accounts_in_these_roles(case: dict[str, Any]) -> None:
    assert _roles(_event(case)) == case["accounts"], case["why"]


@pytest.mark.parametrize("case", _read("link-traps.toml")["case"], ids=lambda case: case["text"])
def test_a_trap_links_nobody(case: dict[str, Any]) -> None:
    event = _event(case)
    assert _roles(event) == case["accounts"], case["why"]
    if case.get("undecided"):
        assert _linker().link(event).abstentions, "the doubt must be kept"


def test_an_abstention_names_the_rivals_and_its_words() -> None:
    abstention = _linker().link(a_stored_event("Harrow raises $12 million", url=None)).abstentions[0]
    assert abstention.span.quote == "Harrow"
    assert "Harrow (harrow.example)" in abstention.reason
    assert "Harrow (harrow-two)" in abstention.reason


def test_a_part_of_the_name_that_may_be_another_company_is_kept_as_a_doubt() -> None:
    account = an_account("Harrow Systems Ltd", domains=("harrowsystems.example",))
    links = Linker(Lexicon(accounts={account.id: account})).link(
        a_stored_event("Harrow raises $20 million", url=None)
    )
    assert not links.mentions
    assert [(doubt.account, doubt.span.quote) for doubt in links.abstentions] == [(account.id, "Harrow")]
    assert "may be another company of that name" in links.abstentions[0].reason


@pytest.mark.parametrize(
    ("title", "url", "feature", "quote"),
    [
        ("Harrow shares fall in Porto", None, "business", "shares"),
        ("Harrow opens a store in Porto", None, "city", "Porto"),
        ("Harrow: see harrow.example for more", None, "domain", "harrow.example"),
        ("Harrow opens a store", "https://harrow.example/news", "domain", "https://harrow.example/news"),
        ("Harrow opens a store", "https://outlet.example/harrow", "path", "https://outlet.example/harrow"),
        ("Harrow opens a store", "https://harrow.test/news", "other_domain", "https://harrow.test/news"),
        ("Harrow opens a store", None, "origin", "Harrow"),
    ],
)
def test_a_reason_shows_the_words_that_it_rests_on(
    title: str, url: str | None, feature: str, quote: str
) -> None:
    account = an_account("Harrow", domains=("harrow.example",), city="Porto")
    links = Linker(Lexicon(accounts={account.id: account})).link(a_stored_event(title, url=url))
    features = [each for mention in links.mentions for each in mention.features]
    features += [each for doubt in links.abstentions for each in doubt.features]
    assert {span.quote for each in features if each.name == feature for span in each.spans} == {quote}


def test_a_longer_name_hides_a_listed_one_also_with_a_region_behind() -> None:
    account = an_account("Norvik")
    linker = Linker(Lexicon(accounts={account.id: account}))
    assert not linker.link(a_stored_event("Norvik Labs Europe raises $5 million", url=None)).mentions


TESLAS = (
    an_account("Tesla Motor Parts Ltd", id="tesla-parts", domains=("teslaparts.example",)),
    an_account("Tesla, Inc.", id="tesla", domains=("www.tesla.example",), tickers=("TSLA",)),
)


@pytest.mark.parametrize("listed", [TESLAS, TESLAS[:1], TESLAS[1:]])
def test_a_famous_name_means_the_account_whose_domain_is_the_bare_name(listed: tuple[Account, ...]) -> None:
    linker = Linker(Lexicon(accounts={account.id: account for account in listed}))
    links = linker.link(a_stored_event("Tesla opens a paint shop", url=None))
    assert {mention.account for mention in links.mentions} == {account.id for account in listed} & {"tesla"}


def test_an_alias_of_the_user_outweighs_what_the_domain_says() -> None:
    account = an_account("Tesla Corporation", id="tesla", domains=("elsewhere.example",), aliases=("Tesla",))
    linker = Linker(Lexicon(accounts={account.id: account}))
    assert linker.link(a_stored_event("Tesla opens a paint shop", url=None)).mentions


def test_letters_before_an_amount_are_money() -> None:
    account = an_account("RS")
    linker = Linker(Lexicon(accounts={account.id: account}))
    assert not linker.link(a_stored_event("Bakery raises Rs 20 crore", url=None)).mentions
    assert linker.link(a_stored_event("RS opens a warehouse in Cork", url=None)).mentions


def test_a_known_company_that_is_not_listed_hides_a_shorter_name() -> None:
    account = an_account("Norvik")
    event = a_stored_event("Fire guts a hall of Norvik Telemark", url=None)
    accounts = {account.id: account}
    assert Linker(Lexicon(accounts=accounts)).link(event).mentions
    assert not Linker(Lexicon(accounts=accounts, companies=("Norvik Telemark",))).link(event).mentions


def test_every_feature_explains_itself_and_the_sum_is_the_confidence() -> None:
    [mention] = _linker().link(a_stored_event("Gravel raises $9 million", url=None)).mentions
    assert all(feature.sentence for feature in mention.features)
    assert mention.confidence == pytest.approx(confidence_of(mention.features))
    assert mention.confidence >= LINE
    assert {span.quote for feature in mention.features for span in feature.spans} == {"Gravel", "raises"}


def test_a_sure_hint_of_the_source_decides_alone() -> None:
    hint = Hint(kind=HintKind.DOMAIN, value="quillon.example", strength=1.0)
    event = a_stored_event("Head of Sales", url=None, hints=(hint,))
    [mention] = _linker().link(event).mentions
    assert mention.account == "quillon"
    assert mention.span.quote == "Head of Sales"


def test_a_weak_hint_only_helps() -> None:
    plain = a_stored_event("Ember tops the list", url=None)
    hinted = replace(plain, hints=(Hint(kind=HintKind.NAME, value="Ember", strength=0.5),))
    bare = a_stored_event("Head of Sales", url=None, hints=hinted.hints)
    assert not _linker().link(bare).mentions
    [before] = _linker().link(plain).mentions or [None]
    [after] = _linker().link(hinted).mentions
    assert before is None or after.confidence > before.confidence


def test_a_cik_of_the_users_own_column_is_found() -> None:
    account = an_account("Farrow", extra={"cik": "0001234567"})
    linker = Linker(Lexicon(accounts={account.id: account}))
    hint = Hint(kind=HintKind.CIK, value="0001234567", strength=1.0)
    [mention] = linker.link(a_stored_event("8-K", url=None, hints=(hint,))).mentions
    assert mention.account == account.id


def test_two_accounts_of_one_hinted_name_are_no_decision() -> None:
    accounts = {name: replace(an_account("Farrow"), id=name) for name in ("one", "two")}
    hint = Hint(kind=HintKind.NAME, value="Farrow", strength=1.0)
    links = Linker(Lexicon(accounts=accounts)).link(a_stored_event("8-K", url=None, hints=(hint,)))
    assert not links.mentions


WORDS = st.sampled_from(
    [
        *(
            "Gravel",
            "gravel",
            "Ember",
            "Norvik",
            "Labs",
            "Beacon",
            "Harrow",
            "Nora",
            "Wharton",
            "prism.example",
        ),
        *(
            "raises",
            "to",
            "hire",
            "the",
            "a",
            "of",
            "in",
            "we",
            "left",
            "for",
            "backed",
            "ex-",
            "3",
            "million",
        ),
        *(",", ".", "-", "’s", "CEO", "$KSTL", "(NASDAQ: NVKL)", "&", "and", "é", "漢", "'", '"', "|", " "),
    ]
)


THREADS = st.sampled_from([None, "https://forum.example/thread"])


@given(st.lists(WORDS, max_size=14), st.lists(WORDS, max_size=25), THREADS)
def test_every_span_holds_its_quote_and_nothing_overlaps(
    title: list[str], text: list[str], thread: str | None
) -> None:
    event = a_stored_event(" ".join(title), text=" ".join(text), url=None, thread_url=thread)
    links = _linker().link(event)
    spans = [m.span for m in links.mentions] + [a.span for a in links.abstentions]
    spans += [span for m in links.mentions for f in m.features for span in f.spans]
    for span in spans:
        assert getattr(event, span.field)[span.start : span.end] == span.quote
    assert all(mention.confidence >= LINE for mention in links.mentions)
    assert links == _linker().link(event)


@pytest.mark.parametrize(
    "piece", ["'", "a'", "Norvik Labs ", "Gravel, ", "a.", "$A", "(NYSE: ", "é", "-", "http://", "a-b.", "x"]
)
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    text = piece * (50_000 // len(piece)) + " '"
    event = a_stored_event(text, url=None)
    linker = _linker()
    spent = cpu_seconds(lambda: with_roles(event, linker.link(event).mentions))
    assert spent < 3  # linear work takes a thirtieth of that, quadratic minutes
