"""Which names of a list may mean something else, and what a text must say more before they are linked."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from earmark.types import Account
from matcher.bearers import is_bearer
from matcher.names import Ambiguity, Name, Origin, Words, ambiguity_of, names_of
from matcher.vocabulary import family_names, given_names, popular_names

__all__ = ["Clash", "Collision", "clashes_of", "collisions"]

_TWO: Final = 2  # letters


class Clash(StrEnum):
    """What else a name may be."""

    DICTIONARY_WORD = "dictionary word"
    FIRST_NAME = "first name"
    SURNAME = "surname"
    PLACE = "place"
    ACRONYM = "acronym"
    TWO_LETTERS = "two letters"
    GENERAL = "too general"
    KNOWN = "name of a company that everybody knows"
    POPULAR = "name of many companies"
    SHARED = "shared with other accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """One name of one account that may mean something else.

    ``shared_with`` are the ids of other accounts of that name; ``demands`` is the extra evidence.
    """

    account: str
    name: str
    clashes: tuple[Clash, ...]
    shared_with: tuple[str, ...] = ()
    demands: str


_BY_ITS_NAME: Final = frozenset({Origin.NAME, Origin.ALIAS, Origin.STRIPPED})
_WORD: Final = frozenset({Ambiguity.RARE_WORD, Ambiguity.ORDINARY_WORD, Ambiguity.EVERYDAY_WORD})
_PLACES: Final = frozenset({Ambiguity.PLACE, Ambiguity.STREET})
_SIGN: Final = "a verb, noun or legal form of companies beside it, or its domain, city, country or industry"
_CAPITAL: Final = f"a capital amid small letters; in headlines and first words: {_SIGN}"
_DEMANDS: Final = {
    Ambiguity.RARE_WORD: _CAPITAL,
    Ambiguity.ORDINARY_WORD: _CAPITAL,
    Ambiguity.EVERYDAY_WORD: _CAPITAL,
    Ambiguity.PERSON: f"no other name of a person beside it, and {_SIGN}",
    Ambiguity.PLACE: "its domain or ticker in the text, or two signs that it is a company",
    Ambiguity.STREET: f"no place around it, and {_SIGN}",
    Ambiguity.ACRONYM: f"the same capitals, and {_SIGN}",
    Ambiguity.GENERIC: "its ticker, or its domain with another sign of a company",
}
_OF_ACCOUNT: Final = {
    Clash.KNOWN: "its own domain in the link or the text, or your alias that says it is called so",
    Clash.POPULAR: f"its domain, city, country or industry in the text, or more than one of these: {_SIGN}",
}
_APART: Final = "what tells it from its namesakes: its domain, city, country, industry or ticker in the text"


def collisions(accounts: Iterable[Account]) -> list[Collision]:
    """Return the names that may mean something else, in the order of accounts and their names.

    A legal form is no part of a name here, for texts leave it out.
    """
    bare: list[tuple[Account, dict[Words, Name]]] = []
    owners: dict[Words, list[str]] = {}
    for account in accounts:
        names = _bare_names(account)
        bare.append((account, names))
        for words in names:
            owners.setdefault(words, []).append(account.id)
    found = []
    for account, names in bare:
        for words, name in names.items():
            others = tuple(owner for owner in owners[words] if owner != name.account)
            namesakes = _namesakes_of(account, words, name)
            if others or namesakes or clashes_of(words):
                found.append(_collision(words, name, namesakes, others))
    return found


def _namesakes_of(account: Account, words: Words, name: Name) -> tuple[Clash, ...]:
    """Return whether companies that are not listed are called so, and are meant before this account."""
    bearer = is_bearer(account, words)
    if name.origin is Origin.ALIAS or bearer:
        return ()
    if bearer is False:
        return (Clash.KNOWN,)
    popular = bearer is None and len(words) == 1 and words[0] in popular_names()
    return (Clash.POPULAR,) if popular else ()


def clashes_of(words: Words) -> tuple[Clash, ...]:
    """Return what else these words may be, without regard to other accounts."""
    kind = ambiguity_of(words)
    if kind in {Ambiguity.DISTINCTIVE, Ambiguity.DOMINANT, Ambiguity.PHRASE}:
        return ()
    short = sum(map(len, words)) <= _TWO
    person = kind is Ambiguity.PERSON or (len(words) == 1 and kind in _WORD)
    tests = (
        (Clash.DICTIONARY_WORD, kind in _WORD),
        (Clash.FIRST_NAME, person and words[0] in given_names()),
        (Clash.SURNAME, person and words[-1] in family_names()),
        (Clash.PLACE, kind in _PLACES),
        (Clash.ACRONYM, kind is Ambiguity.ACRONYM and not short),
        (Clash.TWO_LETTERS, short),
        (Clash.GENERAL, kind is Ambiguity.GENERIC),
    )
    return tuple(clash for clash, holds in tests if holds)


def _bare_names(account: Account) -> dict[Words, Name]:
    """Return the names that texts use; one with a legal form only where the bare one is not looked for."""
    names = {words: name for words, name in names_of(account)[0].items() if name.origin in _BY_ITS_NAME}
    stripped = {name.written for name in names.values() if name.origin is Origin.STRIPPED}
    return {
        words: name
        for words, name in names.items()
        if name.origin is Origin.STRIPPED or name.written not in stripped
    }


def _collision(words: Words, name: Name, namesakes: tuple[Clash, ...], others: tuple[str, ...]) -> Collision:
    demands = [_DEMANDS[ambiguity_of(words)]] if clashes_of(words) else []
    demands += [_OF_ACCOUNT[clash] for clash in namesakes]
    own = (*clashes_of(words), *namesakes)
    return Collision(
        account=name.account,
        name=name.written,
        clashes=(*own, Clash.SHARED) if others else own,
        shared_with=others,
        demands="; ".join([*demands, _APART] if others else demands),
    )
