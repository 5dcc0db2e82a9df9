"""By which words an account may be named, and how far each of them can be trusted.

A name is stripped of its legal form on this side only; texts stay as they are. What evidence a name
demands follows from its ``Ambiguity``: see ``matcher.features``.
"""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final, NamedTuple

from earmark.types import Account
from matcher.normalise import words_of
from matcher.vocabulary import (
    Commonness,
    commonness,
    context_words,
    dominant_names,
    family_names,
    given_names,
    places,
    proper_words,
)

__all__ = ["Ambiguity", "Name", "Origin", "Rejected", "Words", "ambiguity_of", "domain_words", "names_of"]

Words = tuple[bytes, ...]

_LONGEST: Final = 80  # characters
_MOST_WORDS: Final = 8
_CALLED: Final = 4  # fewer letters stand for many things


class Origin(StrEnum):
    """Where a name of an account comes from, the most trusted first."""

    DOMAIN = "domain"
    NAME = "name"
    ALIAS = "alias"
    STRIPPED = "stripped"
    LABEL = "label"
    SHORT = "short"


_DERIVED: Final = frozenset({Origin.STRIPPED, Origin.LABEL, Origin.SHORT})  # an alias outweighs these


class Ambiguity(StrEnum):
    """What else the words of a name may mean."""

    DISTINCTIVE = "distinctive"
    DOMINANT = "dominant"
    PHRASE = "phrase"
    STREET = "street"
    RARE_WORD = "rare_word"
    ORDINARY_WORD = "ordinary_word"
    EVERYDAY_WORD = "everyday_word"
    PERSON = "person"
    PLACE = "place"
    ACRONYM = "acronym"
    GENERIC = "generic"


class Name(NamedTuple):
    """One name of one account, as the user wrote it."""

    account: str
    written: str
    origin: Origin


class Rejected(NamedTuple):
    """A name that can't be looked for, and why."""

    account: str
    written: str
    reason: str


_LONGEST_FORM: Final = 6  # words of a legal form
_FRONTS: Final = (b"the", b"pt", b"pjsc", b"jsc", b"ooo")


_WORDS: Final = {
    Commonness.RARE: Ambiguity.RARE_WORD,
    Commonness.ORDINARY: Ambiguity.ORDINARY_WORD,
    Commonness.EVERYDAY: Ambiguity.EVERYDAY_WORD,
}
_CALLABLE: Final = frozenset({Ambiguity.DISTINCTIVE, Ambiguity.DOMINANT, Ambiguity.RARE_WORD})


def _without_legal_form(words: Words) -> Words:
    """Return the words without legal forms at their end and articles in front; at least one word stays."""
    legal = context_words("legal_forms")
    changed = True
    while changed and len(words) > 1:
        changed = False
        for length in range(min(_LONGEST_FORM, len(words) - 1), 0, -1):
            if words[-length:] in legal:
                words, changed = words[:-length], True
                break
    while len(words) > 1 and words[0] in _FRONTS:
        words = words[1:]
    while len(words) > 1 and words[-1] == b"and":
        words = words[:-1]
    return words


def _shortened(words: Words) -> Iterator[Words]:
    """Yield the name without what companies add to it; one word alone must be no word of the language."""
    for _ in range(3):
        if len(words) == 1 or not _is_addition(words[-1:]):
            return
        words = words[:-1]
        if len(words) > 1 or (len(words[0]) >= _CALLED and ambiguity_of(words) in _CALLABLE):
            yield words


def _is_addition(word: Words) -> bool:
    """Say whether companies add the word to the one that people call them by."""
    return word in context_words("descriptors") or word in context_words("regions")


def _is_descriptor(word: bytes) -> bool:
    return (word,) in context_words("descriptors")


def _origin_of(bare: Words, short: Words) -> Origin:
    """Return how far a shortened name is trusted: groups and web addresses are called so by everybody."""
    rest = bare[len(short) :]
    if rest == (b"com",):
        return Origin.LABEL
    grouped = len(short) > 1 and (rest[0] in {b"group", b"holdings", b"holding"} or _is_region(rest))
    return Origin.STRIPPED if grouped else Origin.SHORT


def _is_region(words: Words) -> bool:
    """Say whether the words name a country or another part of the world."""
    return words in context_words("regions") or words in places()


def domain_words(domain: str) -> Words:
    """Return the words of a domain as they stand in a text: "www.norvik.co.uk" → norvik, co, uk."""
    words = tuple(words_of(domain))
    return words[1:] if words[:1] == (b"www",) else words


def _umlauts_spelled_out(text: str) -> str:
    """Return "Müller" as "Mueller"."""
    spelled = text
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
        spelled = spelled.replace(letter, letters)
    return spelled


def _written(account: Account) -> Iterator[tuple[str, Origin]]:
    for text, origin in ((account.name, Origin.NAME), *((alias, Origin.ALIAS) for alias in account.aliases)):
        if text:
            yield text, origin
            spelled = text if text.isascii() else _umlauts_spelled_out(text)
            if spelled != text:
                yield spelled, origin


def _refusal(text: str, words: Words) -> str | None:
    if not words:
        return "it has no letters or digits"
    if len(text) > _LONGEST:
        return f"it has more than {_LONGEST} characters; is a quotation mark missing in the file?"
    if len(words) > _MOST_WORDS:
        return f"it has more than {_MOST_WORDS} words"
    return None


def names_of(account: Account) -> tuple[dict[Words, Name], tuple[Rejected, ...]]:
    """Return the names by which to look for an account, by their words, and those that were rejected.

    The account's ``not_aliases`` are never among them. Where two names have the same words, the more
    trusted one stays.
    """
    names: dict[Words, Name] = {}
    rejected: list[Rejected] = []
    key = account.id
    for text, origin in _written(account):
        words = tuple(words_of(text))
        bare = _without_legal_form(words)
        if reason := _refusal(text, bare):
            rejected.append(Rejected(key, text[:_LONGEST], reason))
            continue
        if words not in names or names[words].origin in _DERIVED or origin is Origin.ALIAS:
            names[words] = Name(key, text, origin)  # an alias that repeats the name confirms it
        if bare != words:
            names.setdefault(bare, Name(key, text, Origin.STRIPPED))
        for short in _shortened(bare):
            names.setdefault(short, Name(key, text, _origin_of(bare, short)))
    for domain in account.domains:
        words = domain_words(domain)
        if len(words) > 1:
            names.setdefault(words, Name(key, domain, Origin.DOMAIN))
            _add_label(names, Name(key, domain, Origin.LABEL), words[0])
    for text in account.not_aliases:
        names.pop(tuple(words_of(text)), None)
    return names, tuple(rejected)


def _add_label(names: dict[Words, Name], name: Name, label: bytes) -> None:
    """Add the label of a domain when it is the account's name written as one word."""
    if len(label) >= _CALLED and any(b"".join(words) == label for words in names if len(words) > 1):
        names.setdefault((label,), name)


@cache
def _too_general() -> frozenset[Words]:
    """Return single words that name no company without the strongest evidence."""
    return context_words("legal_forms") | context_words("descriptors") | context_words("function_words")


@lru_cache(maxsize=65536)
def ambiguity_of(words: Words) -> Ambiguity:
    """Return what else these words may mean."""
    if len(words) > 1:
        return _ambiguity_of_phrase(words)
    word = words[0]
    common = commonness(word)
    if word in dominant_names():
        kind = Ambiguity.DOMINANT
    elif word.isdigit() or len(word) == 1 or (words in _too_general() and words not in places()):
        kind = Ambiguity.GENERIC
    elif words in places() or word in proper_words():
        kind = Ambiguity.PLACE
    elif common < Commonness.EVERYDAY and (word in given_names() or word in family_names()):
        kind = Ambiguity.PERSON
    elif common:
        kind = _WORDS[common]
    else:
        kind = Ambiguity.DISTINCTIVE if len(word) >= _CALLED else Ambiguity.ACRONYM
    return kind


_STREETS: Final = frozenset(
    b"street avenue road square valley bay river lake island hill hills park bridge beach".split()
)


def _ambiguity_of_phrase(words: Words) -> Ambiguity:
    if words in places() or all((word,) in places() for word in words):
        return Ambiguity.PLACE
    if words[0] == b"and" or words[-1] == b"and":
        return Ambiguity.GENERIC
    if all(word.isdigit() or len(word) == 1 or _is_descriptor(word) for word in words):
        short = sum(map(len, words)) < _CALLED
        return Ambiguity.GENERIC if short or _is_descriptor(words[0]) else Ambiguity.ACRONYM
    if words[0] in given_names() and all(word in family_names() for word in words[1:]):
        return Ambiguity.PERSON
    if all(commonness(word) or len(word) == 1 or word.isdigit() or (word,) in places() for word in words):
        return Ambiguity.STREET if words[-1] in _STREETS else Ambiguity.PHRASE
    return Ambiguity.DISTINCTIVE
