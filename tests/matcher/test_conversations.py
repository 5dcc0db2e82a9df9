from decimal import Decimal
from functools import cache

import pytest

from earmark.types import Fact, Hint, HintKind, Lexicon, Match, Problem, Reading
from matcher.conversations import whole
from matcher.corrections import Correction
from matcher.read import Matcher
from tests.builders import a_stored_event, an_account

THREAD = "https://forum.example/t/9"
CLOSE = Problem(
    id="slow-close", name="The month-end close is slow", phrases=("month-end close",), rivals=("Spendaro",)
)


@cache
def matcher() -> Matcher:
    accounts = [
        an_account("Quillon", extra={"CIK": "0000912345", "board": "https://jobs.example/quillon/"}),
        an_account("Farrow", domains=("farrow.example",)),
    ]
    return Matcher(Lexicon(accounts={account.id: account for account in accounts}, problems=(CLOSE,)))


def said(text: str, title: str = "") -> Reading:
    return matcher().read(a_stored_event(title, text=text, url=None, thread_url=THREAD))


def of_account(reading: Reading) -> list[Match]:
    return [match for match in reading.matches if match.account]


def test_a_complaint_about_a_problem_that_the_user_solves_is_that_problem_and_surer() -> None:
    plain = said("We are fed up with Billo. Their support is terrible and we paid for a year.")
    about = said("We are fed up with Billo. Their support is terrible and our month-end close takes days.")
    assert {match.problem for match in plain.matches} == {None}
    assert {match.problem for match in about.matches} == {"slow-close"}
    assert about.matches[0].confidence > plain.matches[0].confidence
    assert "month-end close" in {
        span.quote for feature in about.matches[0].features for span in feature.spans
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The month-end close of most firms has four steps.", "problem_described"),
        ("Spendaro showed a booth at the fair.", "mention_neutral"),
    ],
)
def test_a_post_without_any_intent_still_voices_the_problem_or_names_the_rival(text: str, kind: str) -> None:
    [match] = said(text).matches
    assert (match.account, match.kind, match.problem) == (None, kind, "slow-close")


def test_who_promotes_his_own_product_has_no_problem() -> None:
    assert not said(
        "It makes the month-end close quick.", title="Show HN: Closely, made in a weekend"
    ).matches


def test_an_article_without_a_claim_is_no_trigger_though_it_names_the_problem() -> None:
    event = a_stored_event("Quillon on the month-end close", url=None)
    assert not matcher().read(event).matches


@pytest.mark.parametrize(
    "opening",
    [
        "I run finance at Quillon and we",
        "I’m the controller at Quillon and we",
        "As an accounting manager at Quillon I know: we",
        "I work for Quillon and we",
    ],
)
def test_an_author_tells_his_employer_in_many_ways(opening: str) -> None:
    reading = said(f"{opening} are fed up with Billo. Their support is terrible, and we paid for a year.")
    assert {match.account for match in of_account(reading)} == {"quillon"}


@pytest.mark.parametrize(
    "opening", ["I’m a former controller at Quillon. We", "I left my job at Quillon. We", "Like Quillon, we"]
)
def test_a_company_that_is_only_named_is_no_employer(opening: str) -> None:
    reading = said(f"{opening} are fed up with Billo. Their support is terrible, and we paid for a year.")
    assert not of_account(reading)


def test_a_fact_that_the_source_states_wins_over_the_words_of_the_text() -> None:
    stated = (Fact(key="amount", value=Decimal(21_500_000)), Fact(key="location", value="Oslo"))
    event = a_stored_event("Quillon raises $20 million Series B", url=None, facts=stated)
    [match] = matcher().read(event).matches
    told = {fact.key: fact.value for fact in match.facts}
    assert told["amount"] == Decimal(21_500_000)
    assert told["location"] == "Oslo"
    assert told["currency"] == "USD"
    assert [fact.key for fact in match.facts].count("amount") == 1


def test_a_party_that_the_source_states_has_its_role_without_a_span() -> None:
    stated = (Fact(key="target", value="Quillon"), Fact(key="acquirer", value="Farrow"))
    event = a_stored_event("Quillon acquires Farrow", url=None, facts=stated)
    told = {(match.account, match.kind) for match in matcher().read(event).matches}
    assert ("quillon", "acquired_or_merged") in told
    assert ("quillon", "acquires") not in told


@pytest.mark.parametrize(
    ("hints", "account"),
    [
        ((Hint(kind=HintKind.CIK, value="912345", strength=1),), "quillon"),
        ((Hint(kind=HintKind.CIK, value="0000912345", strength=1),), "quillon"),
        ((Hint(kind=HintKind.CIK, value="912345", strength=0.5),), None),
        ((Hint(kind=HintKind.CIK, value="12345", strength=1),), None),
        ((Hint(kind=HintKind.BOARD, value="jobs.example/Quillon", strength=1),), "quillon"),
        (
            (
                Hint(kind=HintKind.BOARD, value="jobs.example/f", strength=1),
                Hint(kind=HintKind.NAME, value="Farrow"),
            ),
            "farrow",
        ),
        (
            (
                Hint(kind=HintKind.BOARD, value="jobs.example/f", strength=1),
                Hint(kind=HintKind.DOMAIN, value="www.farrow.example"),
                Hint(kind=HintKind.NAME, value="Quillon"),
            ),
            "farrow",
        ),
        ((Hint(kind=HintKind.NAME, value="Farrow", strength=1),), "farrow"),
        ((Hint(kind=HintKind.BOARD, value="jobs.example/f", strength=1),), None),
    ],
)
def test_what_the_source_says_firmly_decides_alone(hints: tuple[Hint, ...], account: str | None) -> None:
    reading = matcher().read(a_stored_event("Raises $20 million Series B", url=None, hints=hints))
    assert {mention.account for mention in reading.mentions if mention.account} == (
        {account} if account else set()
    )


@pytest.mark.parametrize("title", ["", "Is anybody else this tired of Spendaro?"])
def test_a_person_may_say_whose_a_text_is_that_names_its_account_nowhere(title: str) -> None:
    event = a_stored_event(
        title,
        text="Our month-end close takes days. Any alternative to Spendaro?",
        url=None,
        thread_url=THREAD,
    )
    assert not of_account(matcher().read(event))
    spoken = Correction(account="quillon", words=whole(event), is_own=True, by="ada")
    read = matcher().read(event, [spoken])
    assert {match.account for match in read.matches} == {"quillon"}
    assert all("ada said so" in match.features[0].sentence for match in of_account(read))


def test_a_name_that_somebody_taught_in_a_text_does_not_make_its_author_work_there() -> None:
    event = a_stored_event(
        "", text="We left Farro last year. Any alternative to Spendaro?", thread_url=THREAD
    )
    named = Correction(account="farrow", words="Farro", is_own=True, by="ada")
    assert not of_account(matcher().read(event, [named]))
