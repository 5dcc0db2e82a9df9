"""The list of accounts, as a person looks for some of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from earmark.lifecycle import Stage
from earmark.types import Account, IcpRule
from matcher.fit import fit
from review.rules import lexicon_of
from storage import accounts
from storage.engine import Connection

__all__ = ["Found", "Wanted", "found_accounts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which accounts are looked for; what is None is not asked, an empty owner means nobody's."""

    text: str = ""
    stage: Stage | None = None
    owner: str | None = None
    territory: str | None = None
    tier: str | None = None
    fit_at_least: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The accounts with the fit of each; ``count`` were found in all, ``listed`` are on the list."""

    accounts: tuple[Account, ...]
    fits: tuple[float, ...]
    count: int
    listed: int


def found_accounts(connection: Connection, wanted: Wanted, *, limit: int) -> Found:
    """Return at most so many of the accounts that are wanted; where fit is asked, the best fitting first."""
    rules = lexicon_of(connection).icp
    listed = accounts.count(connection)
    if wanted == Wanted():
        shown = list(islice(accounts.each_account(connection), limit))  # a long list is not read to its end
        return Found(accounts=tuple(shown), fits=_fits(shown, rules), count=listed, listed=listed)
    found = [one for one in _held(connection, wanted) if _is_wanted(one, wanted)]
    if wanted.fit_at_least is not None:
        fits = {one.id: fit(one, rules).value for one in found}
        found = [one for one in found if fits[one.id] >= wanted.fit_at_least]
        found.sort(key=lambda one: (-fits[one.id], one.id))
    shown = found[:limit]
    return Found(accounts=tuple(shown), fits=_fits(shown, rules), count=len(found), listed=listed)


def _fits(shown: Sequence[Account], rules: Sequence[IcpRule]) -> tuple[float, ...]:
    return tuple(fit(one, rules).value for one in shown)


def _held(connection: Connection, wanted: Wanted) -> Iterator[Account]:
    if wanted.text:
        yield from accounts.find(connection, wanted.text, limit=accounts.count(connection) or 1)
    else:
        yield from accounts.each_account(connection)


def _is_wanted(account: Account, wanted: Wanted) -> bool:
    pairs = (
        (wanted.owner, account.owner),
        (wanted.territory, account.territory),
        (wanted.tier, account.tier),
    )
    return wanted.stage in {None, account.stage} and all(
        asked is None or (held or "").casefold() == asked.strip().casefold() for asked, held in pairs
    )
