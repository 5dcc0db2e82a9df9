"""Magnitude: how large a thing is for the company to which it happens.

Twenty million are a new company to fifty people, and a week's turnover to ten thousand.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from earmark.types import Account, FactValue, Story

__all__ = ["USUAL", "Magnitude", "magnitude_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnitude:
    """What a size does to the intent: a factor under 1, or a part of the gap to 1 that it closes."""

    factor: float = 1.0
    closes: float = 0.0
    sentence: str = ""

    def of(self, intent: float) -> float:
        """Return the intent at this size."""
        return intent * self.factor + (1 - intent * self.factor) * self.closes


USUAL: Final = Magnitude()
"""Nothing is known of the size, or it is as usual."""

_SMALL: Final = 0.7
_MODEST: Final = 0.85
_LARGE: Final = 0.2
# Shares of the staff: up to 5 % is small, up to 15 % modest, from 30 % on it is large.
_SHARES: Final = (0.05, 0.15, 0.30)
# Money for each employee, in a currency whose unit is near a dollar.
_MONEY: Final = (5_000.0, 25_000.0, 250_000.0)
_NEAR_A_DOLLAR: Final = frozenset({"USD", "EUR", "GBP", "CHF", "CAD", "AUD"})
_OF_STAFF: Final = frozenset({"layoffs", "layoff_in_buyer_function", "hiring_surge", "new_office_or_market"})
_OF_MONEY: Final = frozenset(
    {"funding_seed", "funding_early", "funding_growth", "funding_debt_grant", "invests_into",
     "facility_capex", "gov_contract_award", "customer_win", "legal_or_fine"}
)  # fmt: skip


def magnitude_of(story: Story, account: Account | None) -> Magnitude:
    """Return how large the story is for the account; ``USUAL`` where one of both does not say."""
    facts = {fact.key: fact.value for fact in story.facts}
    size = account.size if account else None
    if "postings" in facts:
        past = f"{facts['postings']} postings in two weeks, {facts['postings_before']} in the eight before"
        return Magnitude(sentence=past)
    if story.kind in _OF_STAFF:
        if (percent := _number(facts.get("percent"))) is not None and 0 < percent <= 100:  # noqa: PLR2004 - %
            return _scaled(percent / 100, _SHARES, f"{percent:g} % of the staff")
        people = _number(facts.get("headcount"))
        if people and size:
            return _scaled(people / size, _SHARES, f"{people:g} people beside {size:,} staff")
    if story.kind in _OF_MONEY and size and facts.get("currency") in _NEAR_A_DOLLAR:
        amount = _number(facts.get("amount"))
        if amount:
            each = f"{facts['currency']} {amount / size:,.0f} for each of {size:,} staff"
            return _scaled(amount / size, _MONEY, each)
    return USUAL


def _scaled(value: float, steps: tuple[float, float, float], words: str) -> Magnitude:
    small, modest, large = steps
    if value <= small:
        return Magnitude(factor=_SMALL, sentence=f"small for its size ({words})")
    if value <= modest:
        return Magnitude(factor=_MODEST, sentence=f"modest for its size ({words})")
    if value >= large:
        return Magnitude(closes=_LARGE, sentence=f"large for its size ({words})")
    return USUAL


def _number(value: FactValue | None) -> float | None:
    if isinstance(value, int | Decimal):
        return float(value)
    try:
        return float(value.rstrip(" %")) if isinstance(value, str) else None
    except ValueError:
        return None
