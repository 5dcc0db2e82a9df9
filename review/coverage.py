"""Blind spots: which kinds of reason the sources of today can show of an account, and what to add."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from earmark.contract import Source
from earmark.triggers import CATALOGUE, CONVERSATIONS, Polarity
from earmark.types import Account
from monitors.health import health_of
from storage.polls import Configured

__all__ = ["GENERAL", "Coverage", "Remedy", "coverage_of", "told_words", "watchers"]

_BLIND_STATES: Final = frozenset({"paused", "stopped", "failing"})
GENERAL: Final = 16
"""A source that shows more kinds than this is of the general press: it may show all, and misses most."""
_PRIVATE: Final = frozenset({"demo_requested", "engaged", "replied"})
_MOST_REMEDIES: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A kind of source to add, and the kinds of reason that it would show."""

    kind: str
    adds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the sources of today can show of an account.

    ``own`` are the sources about it in particular, ``general`` those about nobody in particular, ``ill``
    those of either that can't show anything now. Kinds of reason are ``shown`` by its own sources (or, in
    the voice of a buyer, by any), ``if_told`` by a feed of its own if it happens to publish them there,
    ``by_chance`` through general ones only, or ``blind``.
    """

    account: str
    own: tuple[str, ...]
    general: tuple[str, ...]
    ill: tuple[str, ...]
    shown: Mapping[str, tuple[str, ...]]
    if_told: Mapping[str, tuple[str, ...]]
    by_chance: tuple[str, ...]
    blind: tuple[str, ...]
    remedies: tuple[Remedy, ...]


def coverage_of(
    account: Account,
    listed: Mapping[str, Account],
    configured: Sequence[Configured],
    kinds: Mapping[str, type[Source]],
    now: datetime,
) -> Coverage:
    """Return what the sources of this moment can show of an account, and what would show more."""
    watched = watchers(listed, configured)
    in_particular = {name for names in watched.values() for name in names}
    own = [one for one in configured if one.id in watched.get(account.id, ())]
    general = [one for one in configured if one.id not in in_particular]
    ill = {one.id for one in (*own, *general) if health_of(one, now).state in _BLIND_STATES}
    special = {name for name, kind in kinds.items() if len(kind.shows) <= GENERAL}
    closely = _shown([one for one in own if one.id not in ill and one.kind in special], kinds)
    loosely = _shown([one for one in own if one.id not in ill and one.kind not in special], kinds)
    broadly = _shown([one for one in general if one.id not in ill], kinds)
    wanted = [key for key, kind in CATALOGUE.items() if kind.polarity is Polarity.BUY]
    shown = {
        key: closely.get(key, ()) or broadly[key]
        for key in wanted
        if key in closely or (key in CONVERSATIONS and key in broadly)
    }
    missing = [key for key in wanted if key not in shown]
    if_told = {key: loosely[key] for key in missing if key in loosely and key not in CONVERSATIONS}
    rest = [key for key in missing if key not in if_told]
    return Coverage(
        account=account.id,
        own=tuple(one.id for one in own),
        general=tuple(one.id for one in general),
        ill=tuple(sorted(ill)),
        shown=shown,
        if_told=if_told,
        by_chance=tuple(key for key in rest if key in broadly),
        blind=tuple(key for key in rest if key not in broadly),
        remedies=_remedies(missing, kinds),
    )


def watchers(listed: Mapping[str, Account], configured: Iterable[Configured]) -> dict[str, list[str]]:
    """Return the sources that watch each account in particular: by its domain, name, CIK or board."""
    names: dict[str, str] = {}
    for one in listed.values():
        boards = [one.extra[key] for key in ("board", "cik") if one.extra.get(key)]
        for text in (one.name, *one.aliases, *one.domains, *boards):
            names.setdefault(text.casefold().removeprefix("www."), one.id)
    found: dict[str, list[str]] = {}
    for source in configured:
        account = next((names[text] for text in _told(source) if text in names), None)
        if account is not None:
            found.setdefault(account, []).append(source.id)
    return found


def told_words(configured: Iterable[Configured]) -> list[str]:
    """Return all words by which sources may name an account: only accounts that have one are watched."""
    return list(dict.fromkeys(word for source in configured for word in _told(source)))


def _shown(sources: Iterable[Configured], kinds: Mapping[str, type[Source]]) -> dict[str, tuple[str, ...]]:
    """Return by which of the sources each kind of reason can be shown."""
    found: dict[str, tuple[str, ...]] = {}
    for source in sources:
        kind = kinds.get(source.kind)
        for key in _told_by(kind) if kind else ():
            found[key] = (*found.get(key, ()), source.id)
    return found


def _told_by(kind: type[Source]) -> list[str]:
    """Return the kinds of reason that a kind of source can show: nobody publishes who replied to the user."""
    return [key for key in kind.shows if len(kind.shows) <= GENERAL or key not in _PRIVATE]


def _remedies(missing: Sequence[str], kinds: Mapping[str, type[Source]]) -> tuple[Remedy, ...]:
    """Return few kinds of source that would show what is missing: the special ones first, most gain first."""
    left, remedies = set(missing), list[Remedy]()
    special = {name for name, kind in kinds.items() if len(kind.shows) <= GENERAL}
    for candidates in (special, kinds.keys() - special):
        while left and len(remedies) < _MOST_REMEDIES:
            best = max(sorted(candidates), key=lambda name: len(left & set(kinds[name].shows)), default=None)
            if best is None or not (gain := left & set(kinds[best].shows)):
                break
            remedies.append(Remedy(kind=best, adds=tuple(key for key in missing if key in gain)))
            left -= gain
    return tuple(remedies)


def _told(source: Configured) -> list[str]:
    """Return the words by which a source may name its account, the surest first."""
    options = source.options
    words = [options.get(key) for key in ("company", "account", "cik", "token")]
    told = [str(word).casefold().strip().removeprefix("www.") for word in words if word]
    for key in ("url", "page", "site", "base_url"):
        try:
            host = urlsplit(str(options.get(key) or "")).hostname or ""
        except ValueError:
            continue
        parts = host.removeprefix("www.").split(".")
        told.extend(".".join(parts[start:]) for start in range(len(parts) - 1))
    return told
