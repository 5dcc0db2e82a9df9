"""Which account a name in a text means: the sum of reasons decides, or it abstains.

``confidence`` is the logistic of the sum of ``value × weight`` of the features. Below ``LINE`` nothing is
linked; above ``PLAUSIBLE`` the doubt is kept as an abstention, with its reason, and so is a namesake.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from earmark.types import Abstention, Feature, HintKind, Lexicon, Mention, Span, StoredEvent
from matcher.compounds import is_lower_case_word
from matcher.features import context_of
from matcher.gazetteer import Gazetteer, Hit
from matcher.identity import DOUBTS, NAMESAKES, PARTS
from matcher.intent import is_conversation
from matcher.names import Ambiguity, Origin, ambiguity_of
from matcher.normalise import words_of
from matcher.passage import Passage, Style
from matcher.place import Place
from matcher.surroundings import Surroundings, features_of, plain_feature, resting_on
from matcher.vocabulary import commonness

__all__ = ["LINE", "PLAUSIBLE", "Linker", "Links", "confidence_of"]

LINE: Final = 0.6
PLAUSIBLE: Final = 0.25
_RATHER: Final = 0.5
_MOST_HITS: Final = 200  # names looked at in one text; who names more is a directory
_APART: Final = 0.7  # log odds by which the best of several accounts must lead
_TICKER: Final = re.compile(
    r"\((?:NYSE|NASDAQ|Nasdaq|NasdaqGS|AMEX|LSE|TSX|TSXV|NSE|BSE|ASX|HKEX|SEHK|XETRA|FRA|EPA|OTC\w*)\s?:\s?"
    r"([A-Z0-9][A-Z0-9.]{0,7})\)|(?<![\w$])\$([A-Z]{1,5})\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What was linked in one event, and what was left undecided."""

    mentions: tuple[Mention, ...] = ()
    abstentions: tuple[Abstention, ...] = ()


def confidence_of(features: Iterable[Feature]) -> float:
    """Return the logistic of the weighted sum, 0 to 1."""
    return 1 / (1 + math.exp(-_sum(features)))


def _sum(features: Iterable[Feature]) -> float:
    return sum(feature.value * feature.weight for feature in features)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One account that one place may mean, with the reasons for and against."""

    passage: Passage
    start: int
    end: int
    account: str
    features: tuple[Feature, ...]

    @property
    def sum(self) -> float:
        return _sum(self.features)

    @property
    def claim(self) -> float:
        """The sum without what only weakens a claim to the name and gives it to nobody else."""
        return _sum(feature for feature in self.features if feature.name not in DOUBTS)

    @property
    def is_namesake(self) -> bool:
        """Whether it would be linked, if nothing told that another company of the name is meant.

        Of a part of its own name it is enough that it would rather be meant than not.
        """
        names = {feature.name for feature in self.features}
        told = names & NAMESAKES or names & PARTS
        others = [feature for feature in self.features if feature.name not in told]
        return bool(told) and confidence_of(others) >= (LINE if names & NAMESAKES else _RATHER)


class Linker:
    """Links names in events to the accounts of one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._accounts = lexicon.accounts
        self.gazetteer = Gazetteer(lexicon.accounts.values(), lexicon.companies)
        self._tickers: dict[str, list[str]] = {}
        self._domains: dict[str, list[str]] = {}
        self._numbers: dict[tuple[str, str], list[str]] = {}  # CIKs and job boards, from the user's columns
        for account in lexicon.accounts.values():
            for ticker in account.tickers:
                self._tickers.setdefault(ticker.upper(), []).append(account.id)
            for domain in account.domains:
                self._domains.setdefault(domain.lower().removeprefix("www."), []).append(account.id)
            for column, value in account.extra.items():
                if (kind := column.lower()) in _NUMBERED:
                    self._numbers.setdefault((kind, _number(kind, value)), []).append(account.id)

    def link(self, event: StoredEvent) -> Links:
        """Return the accounts that the event names, and the doubts that are worth keeping."""
        mentions = self._hinted(event)
        sure = {mention.account for mention in mentions}
        groups: list[list[_Candidate]] = []
        around = Surroundings(event)
        for field, text in (("title", event.title), ("text", event.text)):
            if text:
                groups.extend(self._groups(event, field, text, around))
                mentions.extend(self._by_ticker(event, field, text))
        abstentions: list[Abstention] = []
        for group in _with_company(groups):
            best = group[0]
            confidence = confidence_of(best.features)
            span = best.passage.span(best.start, best.end)
            rivals = [other for other in group[1:] if best.claim - other.claim < _APART]
            if best.account not in sure and rivals and confidence >= PLAUSIBLE:
                names = " or ".join(sorted({self._named(c) for c in (best, *rivals)})[:4])
                reason = f"“{span.quote}” may be {names}; nothing in the text tells which."
                abstentions.append(_abstention(event, best, span, reason, confidence))
            elif confidence >= LINE and not rivals:
                features = resting_on(span, best.features)
                mentions.append(
                    Mention(span=span, account=best.account, features=features, confidence=confidence)
                )
            elif confidence >= PLAUSIBLE or best.is_namesake:
                abstentions.append(_abstention(event, best, span, _doubt(best, span), confidence))
        linked = {mention.account for mention in mentions}
        return Links(
            mentions=tuple(mentions), abstentions=tuple(a for a in abstentions if a.account not in linked)
        )

    def _named(self, candidate: _Candidate) -> str:
        account = self._accounts[candidate.account]
        return f"{account.name} ({account.domains[0] if account.domains else account.id})"

    def _groups(
        self, event: StoredEvent, field: str, text: str, around: Surroundings
    ) -> list[list[_Candidate]]:
        """Return the candidates of each place in one text, the best first."""
        hits = self._hits(words_of(text))
        if not hits:
            return []
        passage = Passage(event.id, field, text)
        voice = passage.style is Style.LOWER or is_conversation(event)
        groups = []
        for hit in hits:
            if self._is_plural(passage, hit) and not passage.is_capital(hit.start):
                continue  # a verb: "he googles"
            group = self._candidates(passage, hit, around, voice=voice)
            if group:
                groups.append(sorted(group, key=lambda candidate: (-candidate.sum, candidate.account)))
        return groups

    def _hits(self, words: Sequence[bytes]) -> list[Hit]:
        """Return the names in the words; "Norviks" stands for Norvik where it is no word of its own."""
        hits = self.gazetteer.find(words)
        plurals = [index for index, word in enumerate(words) if _without_plural(word) != word]
        if plurals:
            taken = {index for hit in hits for index in range(hit.start, hit.end)}
            for index in plurals:
                word = _without_plural(words[index])
                if index not in taken and ambiguity_of((word,)) in _PLURAL:
                    hits.extend(Hit(index, index + 1, found.names) for found in self.gazetteer.find([word]))
            hits.sort()
        return [hit for hit in hits if hit.names][:_MOST_HITS]

    def _is_plural(self, passage: Passage, hit: Hit) -> bool:
        words = passage.words[hit.start : hit.end]
        return len(words) == 1 and _without_plural(words[0]) != words[0] and not self.gazetteer.find(words)

    def _candidates(
        self, passage: Passage, hit: Hit, around: Surroundings, *, voice: bool
    ) -> list[_Candidate]:
        ambiguity = ambiguity_of(tuple(passage.words[hit.start : hit.end]))
        place = Place(passage, hit.start, hit.end, ambiguity, voice)
        if is_lower_case_word(place) and not any(n.origin is Origin.DOMAIN for n in hit.names):
            return []
        context: list[Feature] | None = None
        found = []
        for name in hit.names:
            if name.origin is Origin.DOMAIN and not _is_domain(passage, hit):
                continue
            context = context or context_of(place)
            account = self._accounts[name.account]
            own = features_of(place, name, account, around)
            found.append(_Candidate(passage, hit.start, hit.end, account.id, (*context, *own)))
        return found

    def _by_ticker(self, event: StoredEvent, field: str, text: str) -> list[Mention]:
        """Return the accounts whose ticker stands in the text as tickers do: "(NYSE: NVK)", "$NVK"."""
        mentions = []
        if "$" in text or ":" in text:
            for match in _TICKER.finditer(text):
                group = 1 if match[1] else 2
                accounts = self._tickers.get(match[group], [])
                if len(accounts) == 1:
                    start, end = match.span(group)
                    span = Span(event=event.id, field=field, start=start, end=end, quote=match[group])
                    mentions.append(_sure(accounts[0], span, "ticker", "its ticker stands in the text"))
        return mentions

    def _hinted(self, event: StoredEvent) -> list[Mention]:
        """Return the accounts that the source itself names so firmly that this decides alone."""
        mentions = []
        for hint in event.hints:
            if hint.strength < 1:
                continue
            accounts = self._of_hint(hint.kind, hint.value)
            if hint.kind is HintKind.BOARD and not accounts:
                accounts = self._of_board(event)
            if len(accounts) == 1:
                span = _where(event, hint.value)
                mentions.append(_sure(accounts[0], span, "source", f"the source says so ({hint.kind})"))
        return mentions

    def _of_board(self, event: StoredEvent) -> list[str]:
        """Return the accounts of a job board that no column names: by the domain or name beside it."""
        for kind in (HintKind.DOMAIN, HintKind.NAME):
            named = [self._of_hint(kind, hint.value) for hint in event.hints if hint.kind is kind]
            if len(accounts := {account for found in named for account in found}) == 1:
                return sorted(accounts)
        return []

    def _of_hint(self, kind: HintKind, value: str) -> list[str]:
        if kind is HintKind.TICKER:
            return self._tickers.get(value.upper(), [])
        if kind is HintKind.DOMAIN:
            return self._domains.get(value.lower().removeprefix("www."), [])
        if kind is HintKind.NAME:
            words = words_of(value)
            names = [
                n
                for hit in self.gazetteer.find(words)
                if hit.end - hit.start == len(words)
                for n in hit.names
            ]
            exact = [n.account for n in names if n.origin in {Origin.NAME, Origin.ALIAS}]
            return sorted(set(exact or [n.account for n in names]))
        return self._numbers.get((kind.value, _number(kind.value, value)), [])


_NUMBERED: Final = frozenset({HintKind.CIK.value, HintKind.BOARD.value})


def _number(kind: str, value: str) -> str:
    """Return a CIK without leading zeros; a board without what its address may or may not have."""
    value = value.strip().lower()
    if kind == HintKind.CIK.value:
        return value.lstrip("0")
    return value.split("//", 1)[-1].removeprefix("www.").rstrip("/")


_PLURAL: Final = frozenset({Ambiguity.DISTINCTIVE, Ambiguity.DOMINANT})
_LONG: Final = 6  # letters of a plural; a shorter one is another name as often


def _without_plural(word: bytes) -> bytes:
    if word[-1:] != b"s" or len(word) < _LONG or word[-2:] == b"ss" or commonness(word):
        return word
    return word[:-1]


def _is_domain(passage: Passage, hit: Hit) -> bool:
    return all(passage.gap(i) == "." for i in range(hit.start + 1, hit.end))


_LISTED: Final = re.compile(r"\s*(?:,|/|\+|&|and|,\s*and|vs\.?|or|-)\s*")


def _with_company(groups: Sequence[list[_Candidate]]) -> list[list[_Candidate]]:
    """Return the groups; one that stands in a list with a linked company gains by it."""
    linked = [group[0] for group in groups if confidence_of(group[0].features) >= LINE]
    out = []
    for group in groups:
        best = group[0]
        sure = confidence_of(best.features) >= LINE
        if not sure and any(_side_by_side(best, other) for other in linked if other is not best):
            extra = plain_feature("company", 1.8, "it stands in a list with a company")
            group = [replace(c, features=(*c.features, extra)) for c in group]  # noqa: PLW2901 - the same group, richer
        out.append(group)
    return out


def _side_by_side(one: _Candidate, other: _Candidate) -> bool:
    if one.passage is not other.passage:
        return False
    first, second = sorted((one, other), key=lambda c: c.start)
    text, tokens = one.passage.text, one.passage.tokens
    if not one.passage.is_capital(one.start) and one.passage.style is not Style.LOWER:
        return False
    return bool(_LISTED.fullmatch(text[tokens[first.end - 1].end : tokens[second.start].start]))


def _sure(account: str, span: Span, name: str, sentence: str) -> Mention:
    feature = Feature(name=name, value=1.0, weight=6.0, sentence=sentence, spans=(span,))
    return Mention(span=span, account=account, features=(feature,), confidence=confidence_of((feature,)))


def _where(event: StoredEvent, value: str) -> Span:
    """Return where the hinted name stands; the whole title when only the source names it."""
    for field, text in (("title", event.title), ("text", event.text)):
        at = text.lower().find(value.lower())
        if at >= 0:
            quote = text[at : at + len(value)]
            return Span(event=event.id, field=field, start=at, end=at + len(value), quote=quote)
    return Span(event=event.id, field="title", start=0, end=len(event.title), quote=event.title)


def _doubt(candidate: _Candidate, span: Span) -> str:
    against = min(candidate.features, key=lambda feature: feature.value * feature.weight)
    if against.name in NAMESAKES | PARTS:
        return f"“{span.quote}” may be another company of that name: {against.sentence}."
    return f"“{span.quote}” may not be a company here: {against.sentence}."


def _abstention(
    event: StoredEvent, best: _Candidate, span: Span, reason: str, confidence: float
) -> Abstention:
    return Abstention(
        event=event,
        account=best.account,
        span=span,
        reason=reason,
        features=resting_on(span, best.features),
        confidence=confidence,
    )
