import pytest

from earmark.types import Account, Suppression
from sources.queries import queries


def text_of(**fields: object) -> str | None:
    account = Account(**({"id": "a", "name": "Norvik Labs"} | fields))  # type: ignore[arg-type]  # as a test names them
    found = list(queries([account]))
    return found[0].text if found else None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, '"Norvik Labs"'),
        ({"aliases": ("Norvik Freight", "NORVIK LABS", "NV")}, '("Norvik Labs" OR "Norvik Freight")'),
        ({"not_aliases": ("Norvik Oy",)}, '"Norvik Labs" -"Norvik Oy"'),
        ({"name": 'The "Tide"  Group'}, '"The Tide Group"'),
        ({"name": "X"}, None),
        ({"suppression": Suppression(reason="opt_out", by="ann")}, None),
    ],
)
def test_an_account_is_searched_for_by_its_names(fields: dict[str, object], text: str | None) -> None:
    assert text_of(**fields) == text


def test_a_name_that_may_be_any_word_is_searched_for_beside_words_of_business() -> None:
    text = text_of(name="Tide")
    assert text is not None
    assert text.startswith('"Tide" (')
    assert "funding OR" in text


def test_a_search_stays_within_what_google_takes() -> None:
    text = text_of(aliases=tuple(f"Norvik Long Alias {n}" for n in range(40)), not_aliases=("N O",) * 40)
    assert text is not None
    assert len(text.split()) <= 32


def test_the_searches_keep_the_order_of_the_accounts() -> None:
    accounts = [Account(id=name, name=f"{name} Labs") for name in ("tide", "fell", "oak")]
    assert [query.account for query in queries(accounts)] == ["tide", "fell", "oak"]
