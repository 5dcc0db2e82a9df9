"""What the words of a list mean: countries, regions, industries, sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.record import Bounds, bounds_of, country_named, industry_named, is_region, regions_of

ENDLESS = float("inf")


@pytest.mark.parametrize("text", ["DE", "de", "Germany", "Deutschland", "DEU", " GERMANY "])
def test_a_country_has_one_spelling(text: str) -> None:
    assert country_named(text) == "germany"


def test_an_unknown_country_is_itself() -> None:
    assert country_named("Ruritania") == "ruritania"
    assert regions_of("Ruritania") == frozenset()


def test_countries_belong_to_regions() -> None:
    assert "dach" in regions_of("CH")
    assert "eu" not in regions_of("Norway")
    assert "nordics" in regions_of("Norwegen")
    assert is_region("EMEA")
    assert not is_region("Germany")


@pytest.mark.parametrize(
    ("text", "industry"),
    [
        ("COMPUTER_SOFTWARE", "software"),
        ("SaaS", "software"),
        ("Information Technology & Services", "it services"),
        ("Hospital & Health Care", "health care"),
        ("Transportation/Trucking/Railroad", "logistics"),
        ("Underwater basketry", "underwater basketry"),
    ],
)
def test_an_industry_has_one_spelling(text: str, industry: str) -> None:
    assert industry_named(text) == industry


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("250", Bounds(250, 250)),
        ("51-200", Bounds(51, 200)),
        ("51 – 200 employees", Bounds(51, 200)),
        ("1,001 to 5,000", Bounds(1001, 5000)),
        ("10,001+", Bounds(10001, ENDLESS)),
        (">500", Bounds(500, ENDLESS)),
        ("<50", Bounds(0, 50)),
        ("1.5k", Bounds(1500, 1500)),
        ("1-5K", Bounds(1000, 5000)),
        ("$10M", Bounds(10_000_000, 10_000_000)),
        ("$1M - $10M", Bounds(1_000_000, 10_000_000)),
        ("many", None),
        ("", None),
        ("200-51", None),
    ],
)
def test_a_number_or_a_range_is_read(text: str, bounds: Bounds | None) -> None:
    assert bounds_of(text) == bounds


@given(st.text(max_size=30))
def test_whatever_the_text_a_range_is_in_order(text: str) -> None:
    bounds = bounds_of(text)
    assert bounds is None or 0 <= bounds.low <= bounds.high
