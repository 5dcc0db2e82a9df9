from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.money import amounts, number_of
from tests.builders import cpu_seconds

WRITTEN = [
    ("$25M", "25000000", "USD"),
    ("€7,5 Mio.", "7500000", "EUR"),
    ("USD 3 bn", "3000000000", "USD"),
    ("Rs 1,200 crore", "12000000000", "INR"),
    ("₹57.66 crore", "576600000", "INR"),
    ("₹2.79 lakh", "279000", "INR"),
    ("12,34,567 rupees", "1234567", "INR"),
    ("S$10m", "10000000", "SGD"),
    ("$25-30 million", "25000000", "USD"),
    ("$2+ billion", "2000000000", "USD"),
    ("$71-million", "71000000", "USD"),
    ("3 billion euros", "3000000000", "EUR"),
    ("$ 13.7 billion", "13700000000", "USD"),
    ("US$1.5bn", "1500000000", "USD"),
    ("£950k", "950000", "GBP"),
    ("CHF 1'250'000", "1250000", "CHF"),
    ("1.234.567 EUR", "1234567", "EUR"),
    ("$4,000", "4000", "USD"),
    ("2,5 Milliarden Euro", "2500000000", "EUR"),
    ("1,6 milliards d’euros", "1600000000", "EUR"),
    ("HK$88 million", "88000000", "HKD"),
]


@pytest.mark.parametrize(("text", "value", "currency"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_an_amount_is_read_in_each_way_to_write_it(text: str, value: str, currency: str) -> None:
    before, after = "It paid ", ", it said."
    (money,) = amounts(before + text + after)
    assert (money.value, money.currency) == (Decimal(value), currency)
    assert (before + text + after)[money.start : money.end].rstrip(".") == text.rstrip(".")


@pytest.mark.parametrize(
    "text",
    [
        "7.5 million users",
        "Series 20",
        "an undisclosed sum",
        "50% off",
        "Route 66",
        "B2B",
        "10 pm",
        "",
        "$",
        "€ and £",
    ],
)
def test_what_is_no_money_is_not_read_as_money(text: str) -> None:
    assert amounts(text) == ()


def test_two_amounts_of_one_sentence_come_in_order() -> None:
    found = amounts("raises $2B+ at $50B valuation")
    assert [money.value for money in found] == [Decimal(2_000_000_000), Decimal(50_000_000_000)]


def test_a_price_per_piece_is_marked() -> None:
    assert [money.per for money in amounts("$28 per share, or $4 billion in all; $9/month")] == [
        True,
        False,
        True,
    ]


@given(
    whole=st.integers(1, 999),
    tenth=st.integers(0, 9),
    sign=st.sampled_from(
        [("$", "USD"), ("€", "EUR"), ("£", "GBP"), ("₹", "INR"), ("USD ", "USD"), ("Rs ", "INR")]
    ),
    times=st.sampled_from(
        [("", 0), ("k", 3), ("M", 6), (" million", 6), ("mn", 6), ("bn", 9), (" crore", 7), (" lakh", 5)]
    ),
)
def test_what_is_formatted_is_read_back(
    whole: int, tenth: int, sign: tuple[str, str], times: tuple[str, int]
) -> None:
    text = f"{sign[0]}{whole}.{tenth}{times[0]}"
    (money,) = amounts(f"Norvik paid {text} for it")
    assert money.value == Decimal(f"{whole}.{tenth}").scaleb(times[1])
    assert money.currency == sign[1]


@given(st.integers(0, 10**12))
def test_a_number_with_marks_of_grouping_is_read_back(number: int) -> None:
    assert number_of(f"{number:,}") == number


@given(st.decimals(0, 10**6, places=2, allow_nan=False))
def test_a_number_with_either_decimal_mark_is_read_back(number: Decimal) -> None:
    assert number_of(str(number)) == number
    assert number_of(str(number).replace(".", ",")) == number


@pytest.mark.parametrize("text", ["", ".", "abc", "1a", "--", " "])
def test_no_number_is_none(text: str) -> None:
    assert number_of(text) is None


@given(st.text(max_size=300))
def test_any_text_is_read_and_every_place_lies_in_it(text: str) -> None:
    for money in amounts(text):
        assert 0 <= money.start < money.end <= len(text)
        assert money.value >= 0


@pytest.mark.parametrize("text", ["$" * 50_000, "$1," * 16_000, "1," * 25_000, "$1 - $1 " * 6_000])
def test_a_hostile_text_costs_no_more_than_a_moment(text: str) -> None:
    assert cpu_seconds(lambda: amounts(text)) < 2  # a runaway pattern takes minutes
