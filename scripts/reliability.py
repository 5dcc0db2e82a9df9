"""How honest the matcher's confidence is: of the links that it is so sure of, how many are right.

Reads ``../shared/eval`` (without it, says so and ends) and prints a line for each range of confidence: the
links and doubts in it, their mean confidence, and the share that is right. Doubts between namesakes of the
list are left out, for their confidence is about the name and not about one account.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from earmark.intake.accounts import read_accounts
from earmark.types import Lexicon, Reading
from matcher.read import Matcher
from monitors import evaluate

__all__ = ["Observed", "error_of", "main", "observed", "table"]

EVAL: Final = Path(__file__).resolve().parents[1].parent / "shared" / "eval"
EDGES: Final = (0.25, 0.4, 0.6, 0.75, 0.85, 0.92, 0.97, 0.99, 1.01)
_RIVALS: Final = "nothing in the text tells which"


class Observed(NamedTuple):
    """One link or doubt: how sure the matcher was, and whether it was right."""

    confidence: float
    right: bool


def main() -> int:
    """Print the table; 0 also when there is nothing to measure on."""
    if not EVAL.is_dir():
        print("Skipped: there is no evaluation set in ../shared/eval beside this checkout.")
        return 0
    accounts = {account.id: account for account in read_accounts(EVAL / "accounts.csv")}
    matcher = Matcher(Lexicon(accounts=accounts))
    found: list[Observed] = []
    for row, wanted in _labelled():
        found.extend(observed(matcher.read(evaluate.stored(row)), wanted))
    print("\n".join(table(found)))
    return 0


def _labelled() -> Iterator[tuple[Mapping[str, Any], frozenset[str]]]:
    """Yield each event whose accounts are labelled, with those that are right."""
    gold = {row["id"]: row for row in evaluate.read_events(EVAL / "gold.jsonl")}
    for row in evaluate.read_events(EVAL / "events.jsonl"):
        label = gold[row["id"]]
        if "accounts" in label["tasks"]:
            yield row, frozenset(label["account_ids"]) | frozenset(label.get("ok_account_ids", ()))
    for row in evaluate.read_events(EVAL / "ambiguous.jsonl"):
        yield row, frozenset(row["gold"]["account_ids"])


def observed(reading: Reading, wanted: frozenset[str]) -> Iterator[Observed]:
    """Yield what one reading linked and doubted; of several mentions of an account, the surest."""
    best: dict[str, float] = {}
    for mention in reading.mentions:
        if mention.account:
            best[mention.account] = max(best.get(mention.account, 0.0), mention.confidence)
    for doubt in reading.abstentions:
        if doubt.account and _RIVALS not in doubt.reason:
            best.setdefault(doubt.account, doubt.confidence)
    for account, confidence in best.items():
        yield Observed(confidence, account in wanted)


def table(found: Iterable[Observed]) -> Iterator[str]:
    """Yield a line for each range of confidence that holds anything, and the expected error."""
    found = list(found)
    yield f"{'confidence':>12}{'links':>8}{'mean':>8}{'right':>8}"
    for low, high in pairwise(EDGES):
        inside = [each for each in found if low <= each.confidence < high]
        if inside:
            mean = sum(each.confidence for each in inside) / len(inside)
            right = sum(each.right for each in inside) / len(inside)
            yield f"{low:6.2f}–{min(high, 1):.2f}{len(inside):>9}{mean:8.3f}{right:8.3f}"
    yield f"expected calibration error {error_of(found):.3f} over {len(found)}"


def error_of(found: Iterable[Observed]) -> float:
    """Return the mean distance between confidence and truth over the ranges, weighted by what they hold."""
    found = list(found)
    error = 0.0
    for low, high in pairwise(EDGES):
        inside = [each for each in found if low <= each.confidence < high]
        error += abs(sum(each.confidence for each in inside) - sum(each.right for each in inside))
    return error / max(1, len(found))


if __name__ == "__main__":
    sys.exit(main())
