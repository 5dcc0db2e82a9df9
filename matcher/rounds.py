"""Which kind of funding a round is: by its name, or else by its size."""

import re
from decimal import Decimal
from typing import Final

from earmark.types import Fact

__all__ = ["round_kind"]


def round_kind(facts: tuple[Fact, ...], text: str) -> str:
    """Return the funding kind of the catalogue that a round's name, or else its amount, stands for."""
    named = next((str(fact.value).lower() for fact in facts if fact.key == "round"), "")
    if "seed" in named or "angel" in named:
        return "funding_seed"
    letter = re.search(r"series[\s-]([a-k])", named)
    if letter:
        return "funding_early" if letter[1] in "ab" else "funding_growth"
    if named in {"growth equity", "mezzanine"} or _GROWN.search(text):
        return "funding_growth"
    dollars = _in_dollars(facts, "amount")
    if (_in_dollars(facts, "valuation") or 0) >= _LARGE_VALUE or (dollars or 0) >= _LARGE_ROUND:
        return "funding_growth"
    return "funding_early" if dollars is None or dollars >= _SMALL_ROUND else "funding_seed"


_GROWN: Final = re.compile(
    r"\b(?:pre-ipo|late[- ]stage|unicorn|(?:largest|biggest|record)[\w -]{0,20}round)\b", re.IGNORECASE
)
# What a unit was worth in US dollars, roughly: only to tell a small round from a large one.
_DOLLARS: Final = {
    "INR": "0.012", "JPY": "0.007", "CNY": "0.14", "KRW": "0.0007", "IDR": "0.00006", "VND": "0.00004",
    "SEK": "0.1",
    "NOK": "0.1", "DKK": "0.15", "PHP": "0.017", "THB": "0.03", "TWD": "0.03", "NGN": "0.0007", "HKD": "0.13",
    "BRL": "0.18", "MXN": "0.05", "ZAR": "0.055", "MYR": "0.23",
}  # fmt: skip
_SMALL_ROUND: Final = 4_000_000  # US dollars: below it a round is called seed
_LARGE_VALUE: Final = 1_000_000_000  # US dollars: a company worth that much has grown
_LARGE_ROUND: Final = 60_000_000  # from here on it is called growth


def _in_dollars(facts: tuple[Fact, ...], key: str) -> Decimal | None:
    values = {fact.key: fact.value for fact in facts}
    amount = values.get(key)
    if not isinstance(amount, Decimal):
        return None
    return amount * Decimal(_DOLLARS.get(str(values.get("currency")), "1"))
