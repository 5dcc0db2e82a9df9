"""Whom to ask for: people whom the source names, the user's own contacts, and ways to an introduction.

Nobody is looked up and nobody is guessed: each name comes from the source or from the user's list.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from earmark.types import Account, Basis, Contact, Sentence, Story
from matcher.citations import Cited, from_evidence, told
from matcher.people import KnownPerson, known_people, matching_personas, referral_paths

__all__ = ["acquaintances", "champions", "named_people", "ways_in"]

_MOST_PEOPLE: Final = 3
_MOST_PATHS: Final = 2


def named_people(story: Story) -> Iterator[Sentence]:
    """Name the people whom the source names, with their titles, and nobody else."""
    seen: set[str] = set()
    for match in story.matches:
        people = [told(fact, match) for fact in match.facts if fact.key == "person"]
        titles = [told(fact, match) for fact in match.facts if fact.key == "role"]
        for number, person in enumerate(people):
            if person.words not in seen and len(seen) < _MOST_PEOPLE:
                seen.add(person.words)
                yield _named(person, titles[number] if number < len(titles) else None)


def champions(story: Story) -> Iterator[Sentence]:
    """Say of each champion whom the account hired where the user knows them from."""
    moved = {
        feature.sentence: feature
        for match in story.matches
        for feature in match.features
        if feature.name == "champion"
    }
    for text, feature in moved.items():
        yield Sentence(section="who", text=text, basis=Basis.RECORD, spans=feature.spans, field="contacts")


def acquaintances(
    story: Story, contacts: Sequence[Contact], personas: Sequence[str] = (), openers: Collection[str] = ()
) -> Iterator[Sentence]:
    """Name the user's own contacts: those whom the source names, then those whom the play asks for.

    Others follow, those with a known relation first. ``openers`` are ids of those who may open a door.
    """
    known, others = _acquainted(story, contacts, personas)
    for each in known:
        text = f"Named by the source: {each.sentence}"
        yield Sentence(section="who", text=text, basis=Basis.RECORD, spans=(each.span,), field="contacts")
    for contact in others:
        since = f"your contact since {contact.since.year}" if contact.since else "on your list"
        if asked := matching_personas(contact.title, personas):
            since += f"; asked for as {asked[0]}"
        if contact.id in openers:
            since += "; ask for an introduction"
        text = ", ".join(part for part in (contact.name, contact.title, contact.relation) if part)
        yield Sentence(section="who", text=f"{text} ({since})", basis=Basis.RECORD, field="contacts")


def _acquainted(
    story: Story, contacts: Sequence[Contact], personas: Sequence[str]
) -> tuple[list[KnownPerson], list[Contact]]:
    """Return whom of the contacts to name: those whom the source names, and others at the account.

    A champion that moved is told of already, by the same words of the source.
    """
    named = known_people(story, contacts)
    moved = {
        (span.event, span.field, span.start)
        for match in story.matches
        for feature in match.features
        if feature.name == "champion"
        for span in feature.spans
    }
    known = [each for each in named if (each.span.event, each.span.field, each.span.start) not in moved]
    met = {each.contact.id for each in named}
    others = sorted(
        (contact for contact in contacts if contact.id not in met and contact.account == story.account),
        key=lambda contact: (
            not matching_personas(contact.title, personas),
            contact.relation is None,
            contact.name,
            contact.id,
        ),
    )
    return known[:_MOST_PEOPLE], others[: max(0, _MOST_PEOPLE - len(known))]


def ways_in(
    story: Story,
    account: Account | None,
    contacts: Sequence[Contact],
    relatives: Sequence[Account],
    personas: Sequence[str] = (),
) -> Iterator[Sentence]:
    """Name the best ways to an introduction, then the user's own contacts; nobody stands there twice."""
    met = {each.contact.id for each in known_people(story, contacts)}
    strangers = [each for each in contacts if each.id not in met]
    paths = referral_paths(account, strangers, relatives)[:_MOST_PATHS] if account is not None else ()
    listed = {contact.id for contact in _acquainted(story, contacts, personas)[1]}
    for path in paths:
        if path.contact is None or path.contact.id not in listed:
            field = "contacts" if path.contact else "parent"
            yield Sentence(section="who", text=path.sentence, basis=Basis.RECORD, field=field)
    openers = {path.contact.id for path in paths if path.contact is not None}
    yield from acquaintances(story, contacts, personas, openers)


def _named(person: Cited, title: Cited | None) -> Sentence:
    text = person.words if title is None else f"{person.words}, {title.words}"
    spans = (person.span,) if title is None else (person.span, title.span)
    return from_evidence("who", f"{text} (named by the source)", spans)
