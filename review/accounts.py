"""The list of accounts, as a person looks for some of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from earmark.lifecycle import Stage
from earmark.types import Account, IcpRule
from matcher.fit import fit
from review.rules import lexicon_of
from review.today import fit_line
from storage import accounts, directory
from storage.directory import Asked, Place
from storage.engine import Connection
from storage.scope import Scope

__all__ = ["Entry", "Found", "Leaf", "Wanted", "entries", "found_accounts"]

_MOST_READ: Final = 2_000
"""Accounts that one page of the list may read to find well-fitting ones: a twentieth of a second."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An account on the list: its fit with the ICP, 0 to 1, its record in one line, its open reasons."""

    account: Account
    fit: float
    line: str
    reasons: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One page of the list, by name. ``count`` were found in all, or None where that takes reading them all.

    ``after`` is where the next page begins, None at the end.
    """

    entries: tuple[Entry, ...]
    count: int | None
    listed: int
    after: Place | None


def entries(
    connection: Connection,
    wanted: Wanted,
    *,
    scope: Scope | None = None,
    suppressed: bool | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> Leaf:
    """Return a page of the accounts that are wanted, in the order of their names.

    Where fit is asked, a page ends after some thousands of accounts: it may then hold few of them, or none.
    """
    asked = Asked(
        text=wanted.text,
        stage=wanted.stage,
        owner=wanted.owner,
        territory=wanted.territory,
        tier=wanted.tier,
        suppressed=suppressed,
    )
    rules = lexicon_of(connection).icp
    kept: list[tuple[Account, float]] = []
    last: Account | None = None
    more = False
    for read, one in enumerate(directory.leaf(connection, asked, scope, after)):
        if len(kept) == limit or read == _MOST_READ:
            more = True
            break
        last, value = one, fit(one, rules).value
        if wanted.fit_at_least is None or value >= wanted.fit_at_least:
            kept.append((one, value))
    reasons = directory.reasons_of(connection, [one.id for one, _ in kept])
    return Leaf(
        entries=tuple(
            Entry(account=one, fit=value, line=fit_line(one), reasons=reasons.get(one.id, 0))
            for one, value in kept
        ),
        count=directory.count(connection, asked, scope) if wanted.fit_at_least is None else None,
        listed=directory.count(connection, Asked(), scope),
        after=directory.place_of(last) if more and last is not None else None,
    )


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
