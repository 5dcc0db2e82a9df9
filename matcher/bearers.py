"""Companies that nearly everybody means by a name, so that a namesake isn't taken for one of them."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from earmark.types import Account
from matcher.names import Words
from matcher.nations import HAVENS, nation_named
from matcher.normalise import words_of
from matcher.vocabulary import commonness, context_words, dominant_names

__all__ = ["Bearer", "bearers", "is_bare", "is_bearer", "site_label"]

_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "gov", "ne", "net", "or", "org"})
_ENDS: Final = ("", "ag", "corp", "corporate", "global", "group", "holding", "holdings", "inc", "intl", "se")
_VANITY: Final = frozenset(
    b"""ad agency ai app biz capital cc cloud club co dev digital fi finance fm fyi games gg global health im
    inc info io is it la land life live ly me media money network one page pro run sh shop site so software
    space store studio systems team tech to today tools tv us vc ventures vip work works world ws xyz
    zone""".split()
)


class Bearer(NamedTuple):
    """A company known by a name; a ``product`` is made by whom the domains belong to."""

    domains: tuple[str, ...]
    country: str | None
    product: bool


@cache
def bearers() -> Mapping[Words, tuple[Bearer, ...]]:
    """Return the well-known bearers of each name."""
    found: dict[Words, tuple[Bearer, ...]] = {}
    text = (files("matcher") / "words" / "bearers.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, domains, country = line.split("|")
            product = country == "product"
            bearer = Bearer(
                tuple(domains.split()) or (f"{name}.com",),
                None if product else nation_named(tuple(words_of(country))),
                product,
            )
            words = tuple(words_of(name))
            found[words] = (*found.get(words, ()), bearer)
    return found


def site_label(domain: str) -> tuple[str, str]:
    """Return what a domain calls its owner, and what stands behind: "shop.norvik.co.uk" → norvik, uk."""
    parts = domain.lower().removeprefix("www.").split(".")
    last = parts.pop()
    while len(parts) > 1 and parts[-1] in _SECOND_LEVEL:
        parts.pop()
    return parts[-1] if parts else "", last


def is_bare(domain: str, words: Words) -> bool:
    """Say whether the domain calls its owner by these words and nothing else that tells companies apart."""
    label = site_label(domain)[0].replace("-", "")
    name = b"".join(words).decode("utf-8", "replace")
    return label.startswith(name) and (label.removeprefix(name) in _ENDS or _is_of_country(label, name))


def _is_of_country(label: str, name: str) -> bool:
    """Say whether a domain's label is the name, alone or with a country behind it."""
    rest = label.replace("-", "").removeprefix(name)
    return label.startswith(name) and (not rest or (rest.encode(),) in context_words("regions"))


def is_bearer(account: Account, words: Words, *, whole: bool = True) -> bool | None:
    """Say whether the account is whom everybody means by these words; None where that can't be told.

    ``whole`` is false where the words are only a part of the account's name ("Tata" of "Tata Electronics").
    """
    known = bearers().get(words)
    if known is None:
        return None
    if account.domains:
        return any(_is_site(account, domain, words, bearer) for domain in account.domains for bearer in known)
    return _is_from_there(account, known, whole=whole)


def _is_from_there(account: Account, known: tuple[Bearer, ...], *, whole: bool) -> bool | None:
    """Judge an account without a domain by its country."""
    if all(bearer.product for bearer in known):
        return False
    country = _country_of(account)
    countries = {bearer.country for bearer in known}
    if country is None and not whole:
        return False
    if country is None or None in countries or country in HAVENS:
        return None
    if country not in countries:
        return False
    return True if whole and account.tickers else None


def _country_of(account: Account) -> str | None:
    return nation_named(tuple(words_of(account.country or "")))


def _is_site(account: Account, domain: str, words: Words, bearer: Bearer) -> bool:
    """Say whether the domain is one of the bearer's, or that of its company in another country."""
    domain = domain.lower().removeprefix("www.")
    if any(domain == own or domain.endswith(f".{own}") for own in bearer.domains):
        return True
    label, last = site_label(domain)
    if bearer.product or last.encode() in _VANITY:
        return False
    name = b"".join(words).decode("utf-8", "replace")
    same = label in {site_label(own)[0] for own in bearer.domains} or _is_of_country(label, name)
    if words[0] in dominant_names() or not any(map(commonness, words)):
        return same  # "bosch.in": nobody else bears a word that is none
    return same and _country_of(account) in {None, bearer.country}
