"""What a text says happened: claims of trigger kinds, each with its certainty, facts and evidence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Final

from earmark.types import Certainty, Claim, Fact, Span, StoredEvent
from matcher.certainty import certainty_of, is_past, taken_back
from matcher.cues import Budget, Hit, hits
from matcher.facts import facts_of
from matcher.intent import read
from matcher.jobs import is_job, job_facts, job_tools
from matcher.lexicon import Lesser, language
from matcher.lexicon.grams import Sieve, letters_of
from matcher.rounds import round_kind
from matcher.sentences import Sentence, sentences, span_of
from matcher.updates import UPDATE, lesser
from matcher.vocabulary import given_names

__all__ = ["claims"]

_PLAIN: Final = str.maketrans(
    {"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "\u00a0": " ", "\u202f": " "}
)
_EVIDENCE: Final = 280
_OPENING: Final = 1  # sentences of the body that may add facts to what the headline tells
_OPENING_TEXT: Final = 1_200  # characters of the body in which those concerned may deny what is told
_MOST_HITS: Final = 8  # of one sentence
# How much a sentence counts: the headline fully, the opening nearly, what follows less and less.
_WEIGHTS: Final = (1.0, 0.9, 0.8, 0.7, 0.6)
_LEAST_WEIGHT: Final = 0.45


@dataclass(frozen=True, slots=True)
class _Finding:
    """A kind found in a sentence; ``news`` is False where the text's class forbids it."""

    kind: str
    certainty: Certainty
    sentence: Sentence
    hit: Hit
    facts: tuple[Fact, ...]
    confidence: float
    news: bool

    @property
    def update(self) -> bool:
        """Whether it only tells of an update."""
        return any(fact.key == UPDATE for fact in self.facts)


def claims(event: StoredEvent) -> tuple[Claim, ...]:
    """Return what the event says happened, the surest first; one claim per kind.

    A job posting claims its role; what a forum post wants is told by ``matcher.intent``. The headline
    counts most. Old news, conditions, round-ups, market reports, offers of law firms, opinions and the
    like claim nothing. Every span lies exactly in ``event.title`` or ``event.text``.
    """
    if is_job(event):
        return tuple(_job_claims(event))
    voice = read(event)
    if voice and voice.label != "discussion":
        return ()  # what a person wants is no news; a link that is discussed may be
    best: dict[str, _Finding] = {}
    for finding in _findings(event):
        if not finding.news:
            continue
        known = best.get(finding.kind)
        if known is None or _outweighs(finding, known):
            best[finding.kind] = finding if known is None else _with_facts(finding, known)
        else:
            best[finding.kind] = _with_facts(known, finding)
    chosen = sorted(_consistent(best).values(), key=lambda finding: (-finding.confidence, finding.kind))
    return tuple(_claim(event, finding) for finding in chosen)


def _job_claims(event: StoredEvent) -> Iterator[Claim]:
    """Yield what a posting says: the role, and the tools that it asks for; its prose is no news."""
    title = span_of(event, "title", 0, min(len(event.title), _EVIDENCE))
    said = Certainty.ANNOUNCED
    yield Claim(kind="hiring_role", certainty=said, evidence=title, facts=job_facts(event), confidence=0.95)
    tools = job_tools(event)
    if tools and tools[0].span:
        yield Claim(
            kind="hiring_names_tool", certainty=said, evidence=tools[0].span, facts=tools, confidence=0.85
        )


def _outweighs(new: _Finding, known: _Finding) -> bool:
    # A denial or correction in a later sentence does not undo the headline; a surer sentence wins, and
    # what is news wins over what is a mere update.
    if new.update != known.update:
        return known.update
    return new.confidence > known.confidence + 0.02


def _with_facts(finding: _Finding, other: _Finding) -> _Finding:
    """Add the facts that only the other finding of the same kind knows."""
    have = {UPDATE} | {fact.key for fact in finding.facts}
    if "amount" in have:
        have.add("currency")
    return replace(finding, facts=(*finding.facts, *(fact for fact in other.facts if fact.key not in have)))


_WEAKER: Final = {
    # When the left kind is found in the same words, the right one is only its echo.
    "board_change": ("exec_hire", "exec_departure"),
    "promotion": ("exec_hire",),
    "gov_contract_award": ("customer_win",),
    "hiring_surge": ("new_office_or_market", "hiring_role"),
    "ipo_filing": ("funding_seed", "funding_early", "funding_growth"),
    "funding_debt_grant": ("funding_seed", "funding_early", "funding_growth", "invests_into"),
    "integration": ("partnership",),
    "security_incident": ("account_outage",),
    "bankruptcy_or_closing": ("vendor_eol",),
    "award_recognition": ("customer_win",),
    "layoffs": ("exec_departure",),
    "facility_capex": ("product_launch", "new_office_or_market"),
    "new_office_or_market": ("product_launch",),
    "event_participation": ("product_launch",),
    "tech_adoption": ("product_launch",),
}


def _consistent(best: dict[str, _Finding]) -> dict[str, _Finding]:
    """Drop a kind that another one explains: the same cue, or cues that overlap."""
    kept = dict(best)
    for strong, echoes in _WEAKER.items():
        for weak in echoes:
            if strong in kept and weak in kept and _same_words(kept[strong], kept[weak]):
                del kept[weak]
    return kept


def _same_words(one: _Finding, other: _Finding) -> bool:
    return one.sentence == other.sentence and one.hit.start < other.hit.end and other.hit.start < one.hit.end


def _claim(event: StoredEvent, finding: _Finding) -> Claim:
    return Claim(
        kind=finding.kind,
        certainty=finding.certainty,
        evidence=_evidence(event, finding),
        facts=finding.facts,
        confidence=round(finding.confidence, 3),
    )


def _evidence(event: StoredEvent, finding: _Finding) -> Span:
    sentence = finding.sentence
    if len(sentence.text) <= _EVIDENCE:
        return sentence.span(event)
    start = max(0, finding.hit.start - _EVIDENCE // 2)
    end = min(len(sentence.text), start + _EVIDENCE)
    start = sentence.text.find(" ", start) + 1 if start else 0
    end = sentence.text.rfind(" ", start, end) if end < len(sentence.text) else end
    return sentence.span(event, start, end)


def _findings(event: StoredEvent) -> Iterator[_Finding]:
    forbidden = _forbidden(event.title[:600].translate(_PLAIN)) if event.title else frozenset()
    if None in forbidden:
        return
    budget = Budget()
    told: set[str] = set()
    for sentence in sentences(event):
        # Further down, only what is not told yet matters.
        settled = frozenset(told) if sentence.place > _OPENING else frozenset()
        for finding in _read(event, sentence, forbidden, settled, budget):
            if finding.news:
                told.update(finding.hit.frame.kinds)
            yield finding


def _read(
    event: StoredEvent,
    sentence: Sentence,
    forbidden: frozenset[str | None],
    settled: frozenset[str],
    budget: Budget,
) -> Iterator[_Finding]:
    plain = sentence.text.translate(_PLAIN)
    year = (event.happened_at or event.seen_at).year
    own: frozenset[str | None] | None = None
    for hit in islice(hits(plain, settled, budget), _MOST_HITS):
        if own is None:
            own = forbidden if sentence.place == 0 else forbidden | _forbidden(plain)
        if None in own:
            return
        kinds = [kind for kind in hit.frame.kinds if kind not in own]
        if not kinds:
            continue
        before, after = plain[: hit.start], plain[hit.end :]
        certainty = certainty_of(before, hit.form, after, plain)
        if certainty is None or (not hit.frame.dated and is_past(before, after, year)):
            continue
        facts = facts_of(event, sentence, plain, hit)
        for kind in kinds:
            named = _catalogue_kind(kind, facts, plain)
            if named in _DEALS and _takes_a_seat(plain, hit, facts):
                continue
            less = lesser(named, plain, hit)
            if less and not less[0].update:
                continue
            yield _Finding(
                kind=named,
                certainty=taken_back(event.title[:200], _own(hit, certainty), event.text[:_OPENING_TEXT]),
                sentence=sentence,
                hit=hit,
                facts=(*facts, _update(event, sentence, *less)) if less else facts,
                confidence=hit.frame.confidence * _weight(event, sentence),
                news=named not in own,
            )


def _update(event: StoredEvent, sentence: Sentence, less: Lesser, start: int, end: int) -> Fact:
    return Fact(key=UPDATE, value=less.name, span=sentence.span(event, start, end))


def _own(hit: Hit, certainty: Certainty) -> Certainty:
    """Return the certainty that the frame itself has, or else that of the words around it."""
    return Certainty(hit.frame.certainty) if hit.frame.certainty else certainty


def _catalogue_kind(kind: str, facts: tuple[Fact, ...], plain: str) -> str:
    if kind == "funding":
        return round_kind(facts, plain)
    if kind == "acquired_or_merged" and any(fact.key == "seller" for fact in facts):
        return "divest_spinoff"  # a part of the seller is sold, not the seller
    if kind == "customer_win" and _public().search(plain):
        return "gov_contract_award"
    return kind


_DEALS: Final = frozenset({"acquires", "acquired_or_merged"})


def _takes_a_seat(plain: str, hit: Hit, facts: tuple[Fact, ...]) -> bool:
    """Say whether a person takes over, as "Sarah Berg takes over Norvik": who leads it, not who owns it."""
    if not plain[hit.start : hit.end].lower().endswith(" over"):
        return False
    names = next((str(fact.value) for fact in facts if fact.key == "acquirer"), "").split()
    return len(names) in {2, 3} and names[0].lower().encode() in given_names()


@cache
def _public() -> re.Pattern[str]:
    return language().pattern(r"\b(?:<PUBLIC>)\b")


def _weight(event: StoredEvent, sentence: Sentence) -> float:
    place = sentence.place if event.title.strip() else sentence.place - 1
    return _WEIGHTS[place] if place < len(_WEIGHTS) else _LEAST_WEIGHT


def _forbidden(plain: str) -> frozenset[str | None]:
    """Return the kinds that the text's class forbids; None among them for all."""
    found: set[str | None] = set()
    kept = _sieve().kept(letters_of(plain))
    for veto in language().vetoes:
        if id(veto.pattern) in kept and veto.pattern.search(plain):
            found |= veto.kinds or {None}
            if not veto.kinds:
                break
    return frozenset(found)


@cache
def _sieve() -> Sieve:
    return Sieve(veto.pattern for veto in language().vetoes)
