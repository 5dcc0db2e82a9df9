"""Whom to ask for: people whom the source names, the user's own contacts, and ways to an introduction.

Nobody is looked up and nobody is guessed: each name comes from the source or from the user's list.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from earmark.types import Account, Basis, Contact, Sentence, Story
from matcher.citations import Cited, from_evidence, told
from matcher.normalise import fold

__all__ = ["introductions", "known_people", "named_people", "same_person"]

_MOST_PEOPLE: Final = 3
_INTRODUCES: Final = frozenset({"customer", "introducer", "investor", "partner", "referrer"})
"""Relations whose contact may lead to somebody else."""


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are written alike: the same first and last word, whatever stands between."""
    first, second = fold(one).split(), fold(other).split()
    if len(first) < 2 or len(second) < 2:  # noqa: PLR2004 - one word alone names nobody
        return False
    return (first[0], first[-1]) == (second[0], second[-1])


def named_people(story: Story) -> Iterator[Sentence]:
    """Name the people whom the source names, with their titles, and nobody else."""
    for person, title in _named(story):
        text = person.words if title is None else f"{person.words}, {title.words}"
        spans = (person.span,) if title is None else (person.span, title.span)
        yield from_evidence("who", f"{text} (named by the source)", spans)


def known_people(story: Story, contacts: Sequence[Contact]) -> Iterator[Sentence]:
    """Name the user's own contacts: those whom the source names, then those with a known relation."""
    spans = {
        contact.id: person.span
        for contact in contacts
        for person, _ in reversed(_named(story))
        if same_person(contact.name, person.words)
    }
    ranked = sorted(
        contacts, key=lambda each: (each.id not in spans, each.relation is None, each.name, each.id)
    )
    for contact in ranked[:_MOST_PEOPLE]:
        since = f"your contact since {contact.since.year}" if contact.since else "on your list"
        named = "whom the source names, " if contact.id in spans else ""
        text = ", ".join(part for part in (contact.name, contact.title, contact.relation) if part)
        yield Sentence(
            section="who",
            text=f"{text} ({named}{since})",
            basis=Basis.RECORD,
            spans=(spans[contact.id],) if contact.id in spans else (),
            field="contacts",
        )


def introductions(
    account: Account | None, relatives: Iterable[Account], contacts: Iterable[Contact]
) -> Iterator[Sentence]:
    """Name the way to an introduction: a customer in the same group, or a contact who may lead on."""
    for relative in sorted(relatives, key=lambda each: (each.name, each.id)):
        if account is not None and relative.suppression and relative.suppression.reason == "customer":
            if relative.id == account.parent:
                kin = "the parent of this account"
            elif relative.parent == account.id:
                kin = "a subsidiary of this account"
            else:
                kin = "in the same group"
            text = f"Ask for an introduction: {relative.name}, {kin}, is your customer"
            yield Sentence(section="who", text=text, basis=Basis.RECORD, field="parent")
            return
    for contact in sorted(contacts, key=lambda each: (each.name, each.id)):
        if (contact.relation or "").strip().lower() in _INTRODUCES:
            text = f"Ask {contact.name} ({contact.relation}) for an introduction"
            yield Sentence(section="who", text=text, basis=Basis.RECORD, field="contacts")
            return


def _named(story: Story) -> list[tuple[Cited, Cited | None]]:
    """Return the first people whom the story's texts name, each with the title that goes with it."""
    found: dict[str, tuple[Cited, Cited | None]] = {}
    for match in story.matches:
        people = [told(fact, match) for fact in match.facts if fact.key == "person"]
        titles = [told(fact, match) for fact in match.facts if fact.key == "role"]
        for number, person in enumerate(people):
            title = titles[number] if number < len(titles) else None
            found.setdefault(person.words, (person, title))
    return list(found.values())[:_MOST_PEOPLE]
