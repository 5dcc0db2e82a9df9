"""The note: what an SDR reads before the call, each sentence with what it rests on.

A sentence of basis evidence says nothing that its spans do not say: figures, names and dates are taken
over letter by letter (see ``matcher.citations`` for what a span may cite). The user's own record is the
account, the contacts, the problems, and what earmark counted (``reports``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from earmark.triggers import CATALOGUE
from earmark.types import (
    Account,
    Basis,
    Certainty,
    Contact,
    Lexicon,
    Match,
    Note,
    Role,
    Sentence,
    Span,
    Story,
    Trigger,
)
from matcher.addressees import champions, named_people, ways_in
from matcher.citations import (
    FIGURES,
    Cited,
    about,
    citations,
    evidence,
    from_evidence,
    quoted,
    ranked,
    told,
)
from matcher.fit import fit
from matcher.folding import FIRM, publisher_of
from matcher.layout import as_html, as_markdown, as_text
from matcher.plays import Line, Template, render, template_for
from matcher.score import is_compound
from matcher.steps import closest_proof, next_steps

__all__ = ["ERASED", "as_html", "as_markdown", "as_text", "erase", "note_of", "quoted"]

ERASED: Final = "evidence removed"
"""What a sentence says once the words that it rested on were erased, or are past their retention."""

_SHORT_QUOTE: Final = 120
_WHOLE_TALK: Final = 3  # problem, consequence, question

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
# The order in which facts are told, and how each is put.
_TOLD: Final = (
    ("target", "{}"), ("amount", "{}"), ("round", "{}"), ("valuation", "valued at {}"),
    ("revenue", "revenue {}"), ("investors", "from {}"), ("acquirer", "buyer {}"), ("person", "{}"),
    ("role", "{}"), ("product", "{}"), ("tool", "{}"), ("headcount", "{} people"), ("percent", "{}"),
    ("location", "in {}"), ("date", "date {}"), ("deadline", "by {}"),
)  # fmt: skip

_OWN: Final = {Role.ACQUIRER: "acquirer", Role.TARGET: "target"}


def note_of(
    trigger: Trigger,
    story: Story,
    *,
    account: Account | None,
    contacts: Sequence[Contact],
    lexicon: Lexicon,
    relatives: Sequence[Account] = (),
) -> Note:
    """Return the note of a trigger: why now, evidence, fit, who, talk track, opener, what next.

    ``relatives`` are the parent, the subsidiaries and the sisters of the account.
    """
    cited = citations(story)
    template = _template(trigger, account, lexicon)
    sentences = (
        *_why_now(trigger, story, cited, lexicon),
        *_quotes(story),
        *_fit(account, lexicon),
        *named_people(story),
        *champions(story),
        *_play(trigger, story, cited, account, lexicon, template),
        *_proof(trigger, account, lexicon),
        *ways_in(story, account, contacts, relatives, template.personas),
        *next_steps(trigger, account, lexicon),
    )
    return Note(ref=trigger.id, headline=_headline(trigger, account, lexicon), sentences=sentences)


def erase(note: Note, event: str) -> Note:
    """Return the note without anything that rests on the event: those sentences say that it was removed."""

    def erased(sentence: Sentence) -> Sentence:
        if not any(span.event == event for span in sentence.spans):
            return sentence
        return _removed(sentence.section)

    return replace(note, sentences=tuple(erased(sentence) for sentence in note.sentences))


def _unstopped(span: Span) -> Span:
    """Return the span without its full stop: the quote goes into a sentence of ours."""
    words = span.quote.rstrip(".,;: ")
    return replace(span, quote=words, end=span.start + len(words)) if words else span


def _headline(trigger: Trigger, account: Account | None, lexicon: Lexicon) -> str:
    who = account.name if account else "Somebody in public"
    joined = ": " if is_compound(trigger.kind, lexicon.kinds) else " "
    return f"{_LEADS.get(trigger.certainty, '')}{who}{joined}{_words(trigger.kind, lexicon)}"


def _words(kind: str, lexicon: Lexicon) -> str:
    known = lexicon.kinds.get(kind) or CATALOGUE.get(kind)
    return known.words if known else kind.replace("_", " ")


def _why_now(trigger: Trigger, story: Story, cited: Sequence[Cited], lexicon: Lexicon) -> Iterator[Sentence]:
    by_key = {each.key: each for each in cited}
    itself = _OWN.get(trigger.role)  # that the account itself bought, or was bought, is said by the kind
    details = [(key, put, by_key[key]) for key, put in _TOLD if key in by_key and key != itself]
    proof = next((match.evidence[:1] for match in story.matches if match.evidence), ())
    if not details and not proof and _is_removed(story):
        yield _removed("why_now")
        return
    said = ""
    for key, put, each in details:
        joined = " as " if key == "role" and "person" in by_key else ", "
        said += (joined if said else "") + put.format(each.words)
    text = _words(trigger.kind, lexicon)
    subject = "It" if trigger.account else "Somebody"
    text = text if is_compound(trigger.kind, lexicon.kinds) else f"{subject} {text}"
    text += f": {said}" if said else ""
    day, day_spans = _day(trigger, story)
    spans = [each.span for _, _, each in details] or list(proof)
    yield from_evidence("why_now", f"{text} ({day}).", (*spans, *day_spans))
    if how := _HOW_SURE.get(trigger.certainty):
        tellers = (match for match in story.matches if match.certainty is trigger.certainty)
        own = next((match.evidence[:1] for match in tellers if match.evidence), proof)
        yield from_evidence("why_now", how, own or day_spans)
    yield from _disputed(story)


def _quotes(story: Story) -> Iterator[Sentence]:
    if _is_removed(story):
        yield _removed("evidence")
    else:
        yield from evidence(story)


def _is_removed(story: Story) -> bool:
    """Tell whether every text of the story was erased, or is past its retention."""
    return all(not (match.evidence or match.event.title or match.event.text) for match in story.matches)


def _removed(section: str) -> Sentence:
    return Sentence(section=section, text=ERASED, basis=Basis.ERASED)


def _day(trigger: Trigger, story: Story) -> tuple[str, tuple[Span, ...]]:
    """Return the day on which it happened, was published, or at least was seen, and who says so."""
    day = trigger.decays_from
    for match in story.matches:
        for field, moment in _moments(match):
            if moment == day and (trigger.undated or field != "seen_at"):
                iso = f"{day:%Y-%m-%d}"
                lead = "undated, first seen " if trigger.undated else ""
                return f"{lead}{iso}", (about(match, field, iso),)
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
        if fact.key not in FIGURES:
            continue
        others = [other for other in fact.others if not set(other[1]) <= set(fact.publishers)]
        for value, publishers in others[:1]:
            teller, each = next(
                (match, each)
                for match in story.matches
                for each in match.facts
                if each.key == fact.key and each.value == value
            )
            cited = told(each, teller)
            publisher = publishers[0]
            text = f"Not all agree: {publisher} says {cited.words}."
            yield from_evidence("why_now", text, (cited.span, about(teller, "publisher", publisher)))


def _fit(account: Account | None, lexicon: Lexicon) -> Iterator[Sentence]:
    if account is None:
        return
    size = f"{account.size} employees" if account.size is not None else None
    tier = f"tier {account.tier}" if account.tier else None
    record = [part for part in (account.industry, account.city, account.country, size, tier) if part]
    if record:
        yield Sentence(section="fit", text=", ".join(record), basis=Basis.RECORD, field="account")
    for reason in fit(account, lexicon.icp).reasons:
        if reason.holds or (reason.holds is False and reason.wanted):
            text = f"{reason.sentence} ({reason.field}: {reason.shown})"
            yield Sentence(section="fit", text=text, basis=Basis.RECORD, field=reason.field)


def _template(trigger: Trigger, account: Account | None, lexicon: Lexicon) -> Template:
    """Return what the plays say; nobody is congratulated on a rumour: then the play for all kinds speaks."""
    firm = trigger.certainty in FIRM or trigger.certainty is Certainty.PLANNED
    return template_for(trigger.kind if firm or account is None else "*", lexicon.plays)


def _play(  # all that a template may ask for
    trigger: Trigger,
    story: Story,
    cited: Sequence[Cited],
    account: Account | None,
    lexicon: Lexicon,
    template: Template,
) -> Iterator[Sentence]:
    """Fill the play's templates; lines that ask for what nobody told are left out."""
    words = {each.key: each.words for each in cited}
    spans = {each.key: (each.span,) for each in cited}
    quote = next((match for match in ranked(story) if match.evidence), None)
    if quote is not None:
        short = _unstopped(quoted(quote.evidence[0], _SHORT_QUOTE))
        publisher = publisher_of(quote.event)
        words |= {"quote": short.quote, "publisher": publisher}
        spans |= {"quote": (short,), "publisher": (about(quote, "publisher", publisher),)}
    facts = frozenset(words) - {"publisher"}
    problem = next((each.name for each in lexicon.problems if each.id == trigger.problem), None)
    words |= {"kind": _words(trigger.kind, lexicon)}
    words |= {"account": account.name} if account else {}
    words |= {"problem": problem} if problem else {}
    if template.personas:
        personas = "Ask for: " + ", ".join(template.personas)
        yield Sentence(section="who", text=personas, basis=Basis.PLAY, field=template.personas_from)
    lines = list(render(template, words, facts))
    if problem is not None:
        yield Sentence(section="talk", text=f"Problem: {problem}", basis=Basis.RECORD, field="problem")
        lines = _from_the_consequence_on(lines)
    for line in lines:
        yield Sentence(
            section=line.section,
            text=line.text,
            basis=Basis.PLAY,
            spans=tuple(span for key in line.keys for span in spans.get(key, ())),
            field=line.play,
        )


def _from_the_consequence_on(lines: Sequence[Line]) -> list[Line]:
    """Return the lines without the problem with which a whole talk track begins: the user named a nearer."""
    talk = [line for line in lines if line.section == "talk"]
    return [line for line in lines if len(talk) < _WHOLE_TALK or line is not talk[0]]


def _proof(trigger: Trigger, account: Account | None, lexicon: Lexicon) -> Iterator[Sentence]:
    industry = account.industry if account else None
    proof = closest_proof(lexicon.proofs, trigger.problem, industry)
    if proof is not None and account is not None:
        text = f"Proof: {proof.text}" + (f" ({proof.url})" if proof.url else "")
        yield Sentence(section="talk", text=text, basis=Basis.PLAY, field=f"proof:{proof.id}")
