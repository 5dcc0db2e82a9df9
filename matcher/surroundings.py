"""Reasons that an account gives by itself: its domain, its spelling, its city, what the source hints."""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from earmark.types import Account, Feature, Span, StoredEvent
from matcher.identity import identity_of
from matcher.names import Ambiguity, Name, Origin
from matcher.nations import nations_in
from matcher.normalise import words_of
from matcher.passage import Style
from matcher.place import Place
from matcher.vocabulary import context_words

__all__ = ["Surroundings", "features_of", "plain_feature", "resting_on"]

_HOST: Final = re.compile(r"(?<![\w@.-])(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,12})\b", re.IGNORECASE)
_ORIGINS: Final = {
    Origin.DOMAIN: (4.0, "its domain stands in the text"),
    Origin.NAME: (0.7, "it is the name on your list"),
    Origin.ALIAS: (0.7, "it is an alias on your list"),
    Origin.STRIPPED: (-0.1, "it is the name on your list without its legal form"),
    Origin.LABEL: (-0.3, "it is how its domain writes the name"),
    Origin.SHORT: (-1.9, "it is only a part of the name on your list"),
}


class Surroundings:
    """What the whole event says besides the name: its words, and the hosts it links to."""

    def __init__(self, event: StoredEvent) -> None:
        self._event = event
        link = urlsplit(event.canonical_url or event.url or "")
        self.link = (link.hostname or "").removeprefix("www.")
        self.path = frozenset(link.path.lower().split("/"))
        text = f"{event.title} {event.text}" if "." in event.title or "." in event.text else ""
        self.hosts = frozenset(host.lower().removeprefix("www.") for host in _HOST.findall(text))
        self.hinted = frozenset(hint.value.lower() for hint in event.hints)

    def hints(self, account: Account) -> bool:
        """Say whether the source itself names the account."""
        return account.id.lower() in self.hinted or account.name.lower() in self.hinted

    def where(self, words: Iterable[str]) -> tuple[Span, ...]:
        """Return where the event first says each of the words; without those that it spells otherwise."""
        fields = (("title", self._event.title), ("text", self._event.text))
        found = []
        for word in words:
            told = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
            match, field = next(
                ((m, field) for field, text in fields if (m := told.search(text))), (None, "")
            )
            if match:
                found.append(
                    Span(
                        event=self._event.id,
                        field=field,
                        start=match.start(),
                        end=match.end(),
                        quote=match[0],
                    )
                )
        return tuple(found)

    def of_link(self) -> tuple[Span, ...]:
        """Return the event's link, as what its source says of it."""
        link = self._event.url or self._event.canonical_url or ""
        return (Span(event=self._event.id, field="url", start=0, end=len(link), quote=link),) if link else ()

    @cached_property
    def _in_turn(self) -> list[bytes]:
        return words_of(f"{self._event.title} {self._event.text}")

    @cached_property
    def words(self) -> frozenset[bytes]:
        """All words of the event."""
        return frozenset(self._in_turn)

    @cached_property
    def nations(self) -> frozenset[str]:
        """The countries that the event names."""
        return nations_in(self._in_turn)

    @cached_property
    def business(self) -> tuple[Span, ...]:
        """Where the event speaks of what only companies have."""
        told = sorted(word for word in self.words if (word,) in context_words("business"))
        return self.where(word.decode() for word in told[:1])


def features_of(place: Place, name: Name, account: Account, around: Surroundings) -> list[Feature]:
    """Return the reasons that this account gives, beyond its name.

    Those without spans rest on the name as it stands there; ``resting_on`` adds it.
    """
    weight, sentence = _ORIGINS[name.origin]
    if name.origin is Origin.SHORT and place.ambiguity is Ambiguity.DOMINANT:
        weight = -0.9  # everybody calls it so
    features = [plain_feature("origin", weight, sentence)]
    if name.origin is Origin.STRIPPED and place.is_word and place.end - place.start == 1:
        features.append(
            plain_feature("stripped_word", -0.2, "without its legal form the name is an ordinary word")
        )
    features.extend(_spelling(place, name))
    features.extend(identity_of(place, name, account, around))
    if around.hints(account):
        features.append(plain_feature("hinted", 2.0, "the source names it"))
    if around.business and place.is_capital and (place.opens or place.owns):
        business = plain_feature("business", 1.0, "the text speaks of what only companies have")
        features.append(replace(business, spans=around.business))
    return features


def plain_feature(name: str, weight: float, sentence: str) -> Feature:
    """Return a feature of full value, without spans as yet."""
    return Feature(name=name, value=1.0, weight=weight, sentence=sentence)


def resting_on(span: Span, features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return the features; those without spans get this one, of the name that they speak of."""
    return tuple(each if each.spans else replace(each, spans=(span,)) for each in features)


_OWN_S: Final = frozenset({"'s", "’s", "'S", "’S"})


def _spelling(place: Place, name: Name) -> list[Feature]:
    """Weigh the account's own capitals: unusual ones prove it, missing ones speak against it."""
    passage = place.passage
    written = passage.text[passage.tokens[place.start].start : passage.tokens[place.end - 1].end]
    own = name.written[: len(written)]
    if place.owns and name.written[len(written) :][:2] in _OWN_S:
        return [plain_feature("apostrophe", 2.4, "its own name ends so, with an apostrophe")]
    if passage.style in {Style.UPPER, Style.LOWER} or name.origin is Origin.DOMAIN:
        return []
    unusual = own[1:] != own[1:].lower() and place.end - place.start == 1
    short = name.origin is Origin.SHORT and passage.style is Style.SENTENCE
    tests = (
        (
            unusual and written == own and place.ambiguity is not Ambiguity.GENERIC,
            ("spelling", 1.6, "it is spelled with the same capitals as on your list"),
        ),
        (
            place.ambiguity is Ambiguity.ACRONYM and own.isupper() and not written.isupper(),
            ("spelling", -2.5, "so short a name would stand in capitals"),
        ),
        (
            place.is_word and written.isupper() and not own.isupper(),
            ("shouted", -1.5, "it is written in capitals, as an abbreviation"),
        ),
        (
            place.ambiguity is Ambiguity.DISTINCTIVE and written[0].islower() and not own[0].islower(),
            ("small", -1.0 if place.voice else -3.6, "it lacks the capital that it has on your list"),
        ),
        (
            short and place.close_after and passage.is_capital(place.end),
            ("longer", -1.5, "another capitalised word follows"),
        ),
    )
    return [plain_feature(*reason) for holds, reason in tests if holds][:1]
