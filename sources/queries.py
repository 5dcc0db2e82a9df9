"""Searches that watch accounts, to be pasted into Google Alerts; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from earmark.types import Account

__all__ = ["Query", "queries"]

_MOST_NAMES: Final = 4
_SHORTEST_NAME: Final = 3
_REASONS: Final = "funding OR acquires OR CEO OR launches OR hires OR partnership"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The search for one account."""

    account: str
    text: str


def queries(accounts: Iterable[Account]) -> Iterator[Query]:
    """Yield a search for each account that may be contacted, in order.

    It asks for the name or an alias as phrases and leaves out what the account is not; a name of one
    word, which may be any word, only beside words of business.
    """
    for account in accounts:
        if account.suppression is None and (names := _names(account)):
            yield Query(account=account.id, text=_text(names, account.not_aliases))


def _names(account: Account) -> list[str]:
    names: dict[str, str] = {}
    for name in map(_plain, (account.name, *account.aliases)):
        if len(name) >= _SHORTEST_NAME:
            names.setdefault(name.casefold(), name)
    return list(names.values())[:_MOST_NAMES]


def _text(names: list[str], not_names: tuple[str, ...]) -> str:
    phrases = " OR ".join(f'"{name}"' for name in names)
    several = f"({phrases})" if len(names) > 1 else phrases
    alone = any(" " not in name for name in names)
    without = [f'-"{name}"' for name in map(_plain, not_names[:_MOST_NAMES]) if name]
    return " ".join([several, *([f"({_REASONS})"] if alone else []), *without])


def _plain(name: str) -> str:
    return " ".join(name.replace('"', " ").split())
