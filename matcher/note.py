"""The note: what an SDR reads before the call, each sentence with what it rests on.

A sentence of basis evidence says nothing that its spans do not say: figures, names and dates are taken
over letter by letter. Besides title and text, a span may cite what the source says about the text: its
``field`` is then publisher, published_at, occurred_at or seen_at (quoted as an ISO date), url, or
``facts.KEY`` for a fact that the source gives as data; ``start:end`` is the whole of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earmark.triggers import CATALOGUE
from earmark.types import (
    Account,
    Basis,
    Certainty,
    Contact,
    Fact,
    Lexicon,
    Match,
    Note,
    Sentence,
    Span,
    Story,
    StoryFact,
    Trigger,
)
from matcher.fit import fit
from matcher.folding import FIRM, publisher_of
from matcher.layout import as_markdown, as_text
from matcher.plays import render, template_for

__all__ = ["ERASED", "as_markdown", "as_text", "erase", "note_of", "quoted"]

ERASED: Final = "evidence removed"
"""What a sentence says once the words that it rested on were erased."""

_LONGEST_QUOTE: Final = 280
_SHORT_QUOTE: Final = 120
_MOST_QUOTES: Final = 2
_MOST_PEOPLE: Final = 3

_LEADS: Final = {
    Certainty.RUMOUR: "Rumour: ",
    Certainty.PLANNED: "Planned: ",
    Certainty.CORRECTED: "Corrected: ",
    Certainty.DENIED: "Denied: ",
}
_HOW_SURE: Final = {
    Certainty.RUMOUR: "This is a rumour, not a fact: do not present it as known.",
    Certainty.PLANNED: "This is planned, not done.",
    Certainty.CORRECTED: "The news was corrected: use what is told now.",
    Certainty.DENIED: "This was denied.",
}
# The order in which facts are told, and the word before each.
_TOLD: Final = (
    ("amount", ""), ("round", ""), ("valuation", "valuation"), ("revenue", "revenue"),
    ("investors", "investors"), ("acquirer", "buyer"), ("target", "target"), ("person", ""), ("role", "as"),
    ("product", ""), ("tool", "tool"), ("headcount", "people"), ("percent", ""), ("location", "in"),
    ("date", "date"),
)  # fmt: skip


_FIGURES: Final = frozenset({"amount", "headcount", "percent", "revenue", "valuation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cited:
    """A fact in the words of its source."""

    key: str
    words: str
    span: Span


def note_of(
    trigger: Trigger,
    story: Story,
    *,
    account: Account | None,
    contacts: Sequence[Contact],
    lexicon: Lexicon,
) -> Note:
    """Return the note of a trigger: why now, evidence, fit, who, talk track, opener, what next."""
    cited = _cited(story)
    sentences = (
        *_why_now(trigger, story, cited),
        *_evidence(story),
        *_problem(trigger, lexicon),
        *_fit(account, lexicon),
        *_named_people(story),
        *_play(trigger, story, cited, account, lexicon),
        *_known_people(contacts),
        *_next(trigger),
    )
    return Note(ref=trigger.id, headline=_headline(trigger, account), sentences=sentences)


def erase(note: Note, event: str) -> Note:
    """Return the note without anything that rests on the event: those sentences say that it was removed."""

    def erased(sentence: Sentence) -> Sentence:
        if not any(span.event == event for span in sentence.spans):
            return sentence
        return Sentence(section=sentence.section, text=ERASED, basis=Basis.ERASED)

    return replace(note, sentences=tuple(erased(sentence) for sentence in note.sentences))


def quoted(span: Span, longest: int = _LONGEST_QUOTE) -> Span:
    """Return the span cut to at most so many characters, at a blank where there is one."""
    if len(span.quote) <= longest:
        return span
    cut = span.quote.rfind(" ", longest // 2, longest)
    end = cut if cut > 0 else longest
    return replace(span, quote=span.quote[:end], end=span.start + end)


def _unstopped(span: Span) -> Span:
    """Return the span without its full stop: the quote goes into a sentence of ours."""
    words = span.quote.rstrip(".,;: ")
    return replace(span, quote=words, end=span.start + len(words)) if words else span


def _headline(trigger: Trigger, account: Account | None) -> str:
    who = account.name if account else "Somebody in public"
    return f"{_LEADS.get(trigger.certainty, '')}{who} {_words(trigger.kind)}"


def _words(kind: str) -> str:
    known = CATALOGUE.get(kind)
    return known.words if known else kind.replace("_", " ")


def _cited(story: Story) -> tuple[_Cited, ...]:
    """Return the story's facts in the words of those who tell them."""
    return tuple(cited for fact in story.facts if (cited := _cite(fact, story)) is not None)


def _cite(fact: StoryFact, story: Story) -> _Cited | None:
    if fact.span is not None:
        return _Cited(key=fact.key, words=fact.span.quote, span=fact.span)
    teller = next(
        (
            match
            for match in story.matches
            for each in match.facts
            if (each.key, each.value) == (fact.key, fact.value)
        ),
        None,
    )
    return None if teller is None else _as_data(fact.key, fact.value, teller)


def _as_data(key: str, value: object, teller: Match) -> _Cited:
    words = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return _Cited(key=key, words=words, span=_about(teller, f"facts.{key}", words))


def _about(match: Match, field: str, words: str) -> Span:
    return Span(event=match.event.id, field=field, start=0, end=len(words), quote=words)


def _why_now(trigger: Trigger, story: Story, cited: Sequence[_Cited]) -> Iterator[Sentence]:
    by_key = {each.key: each for each in cited}
    told = [(lead, by_key[key]) for key, lead in _TOLD if key in by_key]
    details = ", ".join(f"{lead} {each.words}".strip() for lead, each in told)
    first = story.matches[0]
    spans = [each.span for _, each in told] or list(first.evidence[:1])
    text = f"It {_words(trigger.kind)}"
    text += f": {details}" if details else ""
    day, day_spans = _day(trigger, story)
    yield _from_evidence("why_now", f"{text} ({day}).", (*spans, *day_spans))
    if said := _HOW_SURE.get(trigger.certainty):
        teller = next((match for match in story.matches if match.certainty is trigger.certainty), first)
        yield _from_evidence("why_now", said, teller.evidence[:1])
    yield from _disputed(story)


def _day(trigger: Trigger, story: Story) -> tuple[str, tuple[Span, ...]]:
    """Return the day on which it happened, was published, or at least was seen, and who says so."""
    day = trigger.decays_from
    for match in story.matches:
        for field, moment in _moments(match):
            if moment == day and (trigger.undated or field != "seen_at"):
                iso = f"{day:%Y-%m-%d}"
                lead = "undated, first seen " if trigger.undated else ""
                return f"{lead}{iso}", (_about(match, field, iso),)
    return "date unknown", ()


def _moments(match: Match) -> Iterator[tuple[str, datetime]]:
    event = match.event
    for field, moment in (("occurred_at", event.occurred_at), ("published_at", event.published_at)):
        if moment is not None:
            yield field, moment
    yield "seen_at", event.seen_at


def _disputed(story: Story) -> Iterator[Sentence]:
    """Say which other publisher tells a figure differently."""
    for fact in story.facts:
        if fact.key not in _FIGURES:
            continue  # names are spelled in many ways; that is no dispute
        others = [other for other in fact.others if not set(other[1]) <= set(fact.publishers)]
        for value, publishers in others[:1]:
            teller, told = next(
                (match, each)
                for match in story.matches
                for each in match.facts
                if each.key == fact.key and each.value == value
            )
            cited = _told(told, teller)
            publisher = publishers[0]
            text = f"Not all agree: {publisher} says {cited.words}."
            yield _from_evidence("why_now", text, (cited.span, _about(teller, "publisher", publisher)))


def _told(fact: Fact, teller: Match) -> _Cited:
    if fact.span is not None:
        return _Cited(key=fact.key, words=fact.span.quote, span=fact.span)
    return _as_data(fact.key, fact.value, teller)


def _evidence(story: Story) -> Iterator[Sentence]:
    """Quote the surest tellers word by word, one for each publisher, and count the others."""
    ranked = sorted(story.matches, key=lambda match: (-match.confidence, match.event.order))
    best = list({publisher_of(match.event): match for match in reversed(ranked) if match.evidence}.items())[
        ::-1
    ]
    best.sort(key=lambda pair: ranked.index(pair[1]))
    for number, (publisher, match) in enumerate(best[:_MOST_QUOTES]):
        span = quoted(match.evidence[0])
        dots = "…" if span.end < match.evidence[0].end else ""
        parts, spans = [f"“{span.quote}{dots}” {publisher}"], [span, _about(match, "publisher", publisher)]
        moment = match.event.happened_at
        if moment is not None:
            iso = f"{moment:%Y-%m-%d}"
            field = "occurred_at" if match.event.occurred_at else "published_at"
            parts.append(iso)
            spans.append(_about(match, field, iso))
        if match.event.url:
            parts.append(match.event.url)
            spans.append(_about(match, "url", match.event.url))
        more = len(best) - _MOST_QUOTES
        if number == _MOST_QUOTES - 1 and more > 0:
            parts.append("and others")
        yield _from_evidence("evidence", ", ".join(parts), spans)


def _problem(trigger: Trigger, lexicon: Lexicon) -> Iterator[Sentence]:
    for problem in lexicon.problems:
        if problem.id == trigger.problem:
            text = f"It is about a problem that you solve: {problem.name}"
            yield Sentence(section="fit", text=text, basis=Basis.RECORD, field="problem")


def _fit(account: Account | None, lexicon: Lexicon) -> Iterator[Sentence]:
    if account is None:
        return
    size = f"{account.size} employees" if account.size is not None else None
    tier = f"tier {account.tier}" if account.tier else None
    record = [part for part in (account.industry, account.city, account.country, size, tier) if part]
    if record:
        yield Sentence(section="fit", text=", ".join(record), basis=Basis.RECORD, field="account")
    for reason in fit(account, lexicon.icp).reasons:
        if reason.holds is not None:
            text = f"{reason.sentence} ({reason.field}: {reason.shown})"
            yield Sentence(section="fit", text=text, basis=Basis.RECORD, field=reason.field)


def _named_people(story: Story) -> Iterator[Sentence]:
    """Name the people whom the source names, with their titles, and nobody else."""
    seen: set[str] = set()
    for match in story.matches:
        people = [_told(fact, match) for fact in match.facts if fact.key == "person"]
        titles = [_told(fact, match) for fact in match.facts if fact.key == "role"]
        for number, person in enumerate(people):
            if person.words in seen or len(seen) >= _MOST_PEOPLE:
                continue
            seen.add(person.words)
            title = titles[number] if number < len(titles) else None
            text = person.words if title is None else f"{person.words}, {title.words}"
            spans = (person.span,) if title is None else (person.span, title.span)
            yield _from_evidence("who", f"{text} (named by the source)", spans)


def _known_people(contacts: Iterable[Contact]) -> Iterator[Sentence]:
    """Name the user's own contacts, those with a known relation first."""
    ranked = sorted(contacts, key=lambda contact: (contact.relation is None, contact.name))
    for contact in ranked[:_MOST_PEOPLE]:
        text = ", ".join(part for part in (contact.name, contact.title, contact.relation) if part)
        yield Sentence(section="who", text=f"{text} (on your list)", basis=Basis.RECORD, field="contacts")


def _play(
    trigger: Trigger, story: Story, cited: Sequence[_Cited], account: Account | None, lexicon: Lexicon
) -> Iterator[Sentence]:
    """Fill the play's templates; lines that ask for what nobody told are left out."""
    words = {each.key: each.words for each in cited}
    spans = {each.key: (each.span,) for each in cited}
    quote = next((match for match in story.matches if match.evidence), None)
    if quote is not None:
        short = _unstopped(quoted(quote.evidence[0], _SHORT_QUOTE))
        publisher = publisher_of(quote.event)
        words |= {"quote": short.quote, "publisher": publisher}
        spans |= {"quote": (short,), "publisher": (_about(quote, "publisher", publisher),)}
    evidence = frozenset(words) - {"publisher"}
    words["kind"] = _words(trigger.kind)
    if account is not None:
        words["account"] = account.name
    # Nobody is congratulated on a rumour: then the play for all kinds speaks.
    firm = trigger.certainty in FIRM or trigger.certainty is Certainty.PLANNED
    template = template_for(trigger.kind if firm or account is None else "*", lexicon.plays)
    if template.personas:
        personas = "Ask for: " + ", ".join(template.personas)
        yield Sentence(section="who", text=personas, basis=Basis.PLAY, field=template.personas_from)
    for line in render(template, words, evidence):
        yield Sentence(
            section=line.section,
            text=line.text,
            basis=Basis.PLAY,
            spans=tuple(span for key in line.keys for span in spans.get(key, ())),
            field=line.play,
        )


def _next(trigger: Trigger) -> Iterator[Sentence]:
    text = (
        f"Best time to call: {trigger.opens_at:%Y-%m-%d} to {trigger.closes_at:%Y-%m-%d}; "
        f"the reason ends on {trigger.expires_at:%Y-%m-%d}."
    )
    yield Sentence(section="next", text=text, basis=Basis.PLAY, field=f"kind:{trigger.kind}")


def _from_evidence(section: str, text: str, spans: Sequence[Span]) -> Sentence:
    return Sentence(section=section, text=text, basis=Basis.EVIDENCE, spans=tuple(spans))
