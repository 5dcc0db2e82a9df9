import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Account, Lexicon, Match, Reading, Role, StoredEvent
from matcher.read import MOST_ACCOUNTS, Matcher
from tests.builders import a_stored_event, an_account

NEWS = tomllib.loads((Path(__file__).parent / "cases" / "news.toml").read_text("utf-8"))["cases"]
NAMES = ("Norvik Labs", "Quillon", "Farrow", "Bluerock Telemark", "Gravel, Inc.")


@cache
def _matcher() -> Matcher:
    accounts = [an_account(name) for name in NAMES]
    return Matcher(Lexicon(accounts={account.id: account for account in accounts}))


def _read(title: str, **changes: str) -> Reading:
    return _matcher().read(a_stored_event(title, **({"url": None} | changes)))


def _told(reading: Reading) -> set[tuple[str | None, str, str]]:
    return {(match.account, match.kind, str(match.role)) for match in reading.matches}


def test_a_round_belongs_to_the_company_that_raises_it_and_not_to_its_investor() -> None:
    reading = _read("Norvik Labs raises $20 million Series B led by Quillon")
    assert _told(reading) == {("norvik-labs", "funding_early", "raiser")}
    assert {m.account: m.role for m in reading.mentions}["quillon"] is Role.INVESTOR


def test_a_deal_is_an_acquisition_for_one_and_a_sale_for_the_other() -> None:
    told = _told(_read("Quillon acquires Norvik Labs for $80 million"))
    assert ("quillon", "acquires", "acquirer") in told
    assert ("norvik-labs", "acquired_or_merged", "target") in told
    assert ("norvik-labs", "acquires", "target") not in told


def test_a_former_employer_is_no_reason_to_call() -> None:
    reading = _read("Farrow appoints former Quillon executive Mara Lind as chief financial officer")
    assert {match.account for match in reading.matches} == {"farrow"}


@pytest.mark.parametrize(
    ("title", "told"),
    [
        (
            "Fjordgate leads $42m round in Danish tool maker Norvik Labs",
            {("norvik-labs", "funding_early", "raiser")},
        ),
        ("Quillon adds Farrow CEO to board", {("quillon", "board_change", "subject")}),
        (
            "Mara Lind, Quillon and Farrow veteran, quits as finance chief of Norvik Labs",
            {("norvik-labs", "exec_departure", "subject")},
        ),
        ("Quillon Spinoff Lands $90 Million Series C", set()),
        ("Quillon rival raises $9 million seed round", set()),
    ],
)
def test_the_news_belongs_to_the_one_who_does_it(title: str, told: set[tuple[str, str, str]]) -> None:
    assert {one for one in _told(_read(title)) if one[0]} == told


@pytest.mark.parametrize("case", NEWS, ids=lambda case: case["text"])
def test_a_headline_is_news_of_these_accounts_and_of_no_other(case: dict[str, Any]) -> None:
    told = {one for one in _told(_read(case["text"])) if one[0]}
    assert told == {tuple(one) for one in case["told"]}, case["why"]


def test_an_investor_and_the_one_it_invests_in_have_each_their_own_part() -> None:
    told = _told(_read("Quillon invests $5 million in Norvik Labs"))
    assert told == {("quillon", "invests_into", "investor"), ("norvik-labs", "funding_early", "raiser")}


def test_a_claim_about_an_unlisted_company_does_not_go_to_a_namesake() -> None:
    accounts = {"norvik": an_account("Norvik")}
    reading = Matcher(Lexicon(accounts=accounts)).read(
        a_stored_event("Norvik Labs Europe raises $5 million in seed funding", url=None)
    )
    assert all(match.account is None for match in reading.matches)
    assert {match.company for match in reading.matches} == {"norvik labs europe"}


def test_the_evidence_is_the_claim_then_the_name() -> None:
    [match] = _read("Norvik Labs raises $20 million Series B").matches
    assert [span.quote for span in match.evidence] == [
        "Norvik Labs raises $20 million Series B",
        "Norvik Labs",
    ]
    assert match.features
    assert 0 < match.confidence <= 1


def test_a_body_without_a_name_speaks_of_the_subject_of_the_title() -> None:
    reading = _read("Norvik Labs plans ahead", text="The company raised $20 million in a Series B round.")
    assert {(m.account, m.kind) for m in reading.matches} == {("norvik-labs", "funding_early")}
    assert (
        reading.matches[0].confidence < _read("Norvik Labs raises $20 million Series B").matches[0].confidence
    )


def test_a_text_that_names_more_than_ten_accounts_is_a_round_up() -> None:
    names = [
        f"{start}vik"
        for start in ("Nor", "Sol", "Bel", "Tar", "Mol", "Gar", "Fen", "Hul", "Jor", "Pel", "Zan")
    ]
    accounts = {account.id: account for account in map(an_account, names)}
    matcher = Matcher(Lexicon(accounts=accounts))
    event = a_stored_event(f"{names[0]} raises $20 million Series B", text=", ".join(names), url=None)
    reading = matcher.read(event)
    assert len({mention.account for mention in reading.mentions}) == len(names) > MOST_ACCOUNTS
    assert reading.claims
    assert not reading.matches
    few = matcher.read(replace(event, text=", ".join(names[:MOST_ACCOUNTS])))
    assert few.matches


def test_somebody_who_asks_in_public_is_a_conversation_without_an_account() -> None:
    reading = _read(
        "Which billing tool do you use instead of Quillon?", thread_url="https://forum.example/t/1"
    )
    assert reading.intent
    assert reading.matches
    assert all(match.account is None and match.company is None for match in reading.matches)


def test_an_author_who_names_his_employer_speaks_for_that_account() -> None:
    reading = _read(
        "",
        text="We at Quillon are fed up with Billo. Their support is terrible and we paid for a year.",
        thread_url="https://forum.example/t/2",
    )
    [match] = [match for match in reading.matches if match.account]
    assert (match.account, match.kind) == ("quillon", "competitor_complaint")
    [disclosed] = [feature for feature in match.features if feature.name == "self_disclosed"]
    assert disclosed.spans[0].quote == "We at Quillon"
    assert all(match.account is not None for match in reading.matches), "one post is one row"


def test_the_same_event_gives_the_same_reading() -> None:
    event = a_stored_event("Quillon acquires Norvik Labs for $80 million", url=None)
    assert _matcher().read(event) == _matcher().read(event)


@pytest.mark.parametrize("title", ["", " ", "…", "$", "(NYSE: )", "'s", "&", "x" * 5000, "a " * 4000])
def test_odd_titles_are_read_without_harm(title: str) -> None:
    reading = _read(title)
    assert not reading.matches


def _spans_hold(event: StoredEvent, match: Match) -> bool:
    spans = [*match.evidence, *(span for feature in match.features for span in feature.spans)]
    return all(getattr(event, span.field)[span.start : span.end] == span.quote for span in spans)


PIECES = st.sampled_from(
    [
        *(
            "Norvik Labs",
            "Quillon",
            "Gravel",
            "Farrow’s",
            "Mara Lind",
            "the company",
            "raises",
            "acquires",
            "€",
        ),
        *(
            "$20 million",
            "Series B",
            "led by",
            "from",
            "as CEO",
            "cuts 40 jobs",
            "and",
            ",",
            ".",
            "-",
            "in",
            "é",
            "&",
        ),
    ]
)


@given(st.lists(PIECES, max_size=10).map(" ".join), st.lists(PIECES, max_size=20).map(" ".join))
def test_every_match_is_proven_by_spans_of_the_text(title: str, text: str) -> None:
    event = a_stored_event(title, text=text, url=None)
    lexicon = Lexicon()
    for match in _matcher().read(event).matches:
        assert match.evidence
        assert all(feature.spans for feature in match.features)
        assert _spans_hold(event, match)
        assert str(match.role) in lexicon.kinds[match.kind].roles
        assert (match.account is None) != (match.company is None)


def test_a_lexicon_without_accounts_reads_too() -> None:
    reading = Matcher(Lexicon()).read(a_stored_event("Norvik Labs raises $20 million Series B", url=None))
    assert [match.company for match in reading.matches] == ["norvik labs"]


def test_accounts_with_odd_names_do_no_harm() -> None:
    accounts = {
        str(i): Account(id=str(i), name=name) for i, name in enumerate(["", "&", "—", "The", "x" * 500])
    }
    reading = Matcher(Lexicon(accounts=accounts)).read(
        a_stored_event("The x & — raises $2 million", url=None)
    )
    assert not [mention for mention in reading.mentions if mention.account]
