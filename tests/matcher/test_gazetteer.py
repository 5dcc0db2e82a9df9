from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from earmark.types import Account
from matcher.gazetteer import Gazetteer
from matcher.names import Words, names_of
from matcher.normalise import words_of
from matcher.vocabulary import hiding_phrases
from tests.builders import an_account


def _found(gazetteer: Gazetteer, text: str) -> list[tuple[str, list[str]]]:
    words = words_of(text)
    return [
        (b" ".join(words[hit.start : hit.end]).decode(), sorted(name.account for name in hit.names))
        for hit in gazetteer.find(words)
    ]


def test_the_longest_name_wins_from_the_left() -> None:
    gazetteer = Gazetteer([an_account("Norvik"), an_account("Norvik Labs"), an_account("Labs Quillon")])
    assert _found(gazetteer, "Norvik Labs Quillon and Norvik") == [
        ("norvik labs", ["norvik-labs"]),
        ("norvik", ["norvik", "norvik-labs"]),
    ]


def test_a_name_is_found_only_as_whole_words() -> None:
    assert not _found(Gazetteer([an_account("Norvik")]), "Norviks Norvikson unnorvik")


def test_a_longer_try_that_fails_gives_back_the_shorter_name() -> None:
    gazetteer = Gazetteer([an_account("Norvik"), an_account("Norvik Labs of Ghent"), an_account("Labs")])
    assert _found(gazetteer, "Norvik Labs of Bruges") == [("norvik", ["norvik"]), ("labs", ["labs"])]


def test_accounts_may_share_a_name() -> None:
    one, two = an_account("Norvik Inc"), replace(an_account("Norvik AG"), id="two")
    assert _found(Gazetteer([one, two]), "Norvik") == [("norvik", ["norvik-inc", "two"])]


def test_a_hiding_phrase_hides_what_stands_in_it() -> None:
    gazetteer = Gazetteer([an_account("Supreme")], companies=["Supreme Norvik"])
    assert _found(gazetteer, "Supreme Court") == [("supreme court", [])]
    assert _found(gazetteer, "Supreme Norvik") == [("supreme norvik", [])]
    assert _found(gazetteer, "Supreme wins") == [("supreme", ["supreme"])]


def test_what_is_never_the_account_hides_the_name_in_it_until_the_account_goes() -> None:
    norvik = an_account("Norvik", not_aliases=("Norvik Bay Hotel",))
    other = an_account("Norvik Bay")
    gazetteer = Gazetteer([norvik, other])
    assert _found(gazetteer, "Norvik Bay Hotel, Norvik") == [("norvik bay hotel", []), ("norvik", ["norvik"])]
    gazetteer.remove(norvik)
    assert _found(gazetteer, "Norvik Bay Hotel") == [("norvik bay", ["norvik-bay"])]


def test_words_that_are_never_one_account_may_be_the_name_of_another() -> None:
    gazetteer = Gazetteer([an_account("Norvik", not_aliases=("Norvik Bay",)), an_account("Norvik Bay")])
    assert _found(gazetteer, "Norvik Bay") == [("norvik bay", ["norvik-bay"])]


def test_rejected_names_are_reported_and_forgotten_with_their_account() -> None:
    bad = an_account("Norvik", aliases=("x" * 100,))
    gazetteer = Gazetteer([bad])
    assert [rejected.account for rejected in gazetteer.rejected] == ["norvik"]
    gazetteer.remove(bad)
    assert not gazetteer.rejected


NAMES = st.lists(
    st.sampled_from(["norvik", "labs", "gravel", "supreme", "court", "of", "ghent", "inc"]),
    min_size=1,
    max_size=4,
).map(" ".join)
ACCOUNTS = st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=8).map(
    lambda rows: [
        Account(id=f"a{i}", name=name, aliases=(alias,), not_aliases=(never,))
        for i, (name, alias, never) in enumerate(rows)
    ]
)
TEXTS = st.lists(
    st.sampled_from(["norvik", "labs", "gravel", "supreme", "court", "of", "ghent", "inc", "x"]), max_size=12
)


@given(ACCOUNTS, TEXTS)
def test_it_finds_what_a_plain_search_finds(accounts: list[Account], words: list[str]) -> None:
    patterns: dict[Words, set[str]] = {phrase: set() for phrase in hiding_phrases()}
    for account in accounts:
        never = tuple(words_of(account.not_aliases[0]))
        if len(never) > 1:
            patterns.setdefault(never, set())
        for pattern in names_of(account)[0]:
            patterns.setdefault(pattern, set()).add(account.id)
    text = [word.encode() for word in words]
    expected, at = [], 0
    while at < len(text):
        ends = [end for end in range(at + 1, len(text) + 1) if tuple(text[at:end]) in patterns]
        if ends:
            expected.append((at, ends[-1], sorted(patterns[tuple(text[at : ends[-1]])])))
        at = ends[-1] if ends else at + 1
    hits = Gazetteer(accounts).find(text)
    found = [(hit.start, hit.end, sorted({n.account for n in hit.names})) for hit in hits if hit.names]
    assert found == [hit for hit in expected if hit[2]]


@given(ACCOUNTS, ACCOUNTS, TEXTS)
def test_what_was_added_and_removed_is_found_no_more(
    staying: list[Account], going: list[Account], words: list[str]
) -> None:
    going = [replace(account, id="gone-" + account.id) for account in going]
    gazetteer = Gazetteer([*staying, *going])
    for account in going:
        gazetteer.remove(account)
    text = " ".join(words)
    assert _named(gazetteer, text) == _named(Gazetteer(staying), text)


def test_removing_every_account_leaves_no_name() -> None:
    accounts = [an_account("Norvik"), an_account("Norvik Labs"), an_account("Supreme Norvik Group")]
    gazetteer = Gazetteer(accounts)
    for account in accounts:
        gazetteer.remove(account)
    assert not _named(gazetteer, "Norvik Labs, Supreme Norvik Group, norvik.example")


def _named(gazetteer: Gazetteer, text: str) -> list[tuple[str, list[str]]]:
    return [found for found in _found(gazetteer, text) if found[1]]
