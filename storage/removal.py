"""Removal: the texts of events are forgotten, with all that was quoted from them.

The event itself stays, with its fingerprint, so that a poll that sees it again knows it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, bindparam, delete, select, update

from earmark.types import Basis, Note, Sentence, StoredEvent, StoryFact
from storage import search
from storage.person import Person
from storage.rows import batches, each
from storage.tables import abstentions, event_revisions, events, matches, outbox, stories, triggers

__all__ = ["REMOVED", "WithoutEvent", "remove", "withhold"]

REMOVED: Final = "evidence removed"
"""What a delivery says in the place of its note, and a note in the place of a sentence."""

_QUOTES: Final = frozenset(
    {
        "evidence",
        "note",
        "note_html",
        "note_markdown",
        "note_text",
        "opener",
        "publisher",
        "quote",
        "talk",
        "who",
        "why_now",
    }
)
"""What of a delivery is told from the note."""

WithoutEvent: TypeAlias = Callable[[Note, str], Note]
"""Gives a note without what rests on an event."""

_BLANK: Final[dict[str, Any]] = {
    "title": "",
    "text": "",
    "author": None,
    "publisher": None,
    "hints": (),
    "facts": (),
}


def remove(conn: Connection, event_ids: Collection[str], without: WithoutEvent) -> None:
    """Forget what these events say, and every quote, fact and sentence that rests on it."""
    told = _told_by(conn, event_ids)
    for batch in batches(sorted(event_ids)):
        conn.execute(update(events).where(events.c.id.in_(batch)).values(**_BLANK))
        conn.execute(delete(abstentions).where(abstentions.c.event.in_(batch)))
        quotes = update(matches).where(matches.c.event.in_(batch))
        conn.execute(quotes.values(facts=(), features=(), evidence=()))
    _blank_revisions(conn, event_ids)
    _drop_facts(conn, told)
    _clear_notes(conn, told, without)


def withhold(conn: Connection, trigger_ids: Iterable[str], person: Person) -> None:
    """Take out of these triggers' notes each sentence that names the person, whatever it rests on."""
    statement = update(triggers).where(triggers.c.id == bindparam("its_id"))
    for row in list(each(conn, select(triggers.c.id, triggers.c.note), triggers.c.id, trigger_ids)):
        if row.note is not None:
            told = tuple(_withheld(sentence, person) for sentence in row.note.sentences)
            conn.execute(statement, [{"its_id": row.id, "note": replace(row.note, sentences=told)}])
            search.fill(conn, [row.id])


def _withheld(sentence: Sentence, person: Person) -> Sentence:
    said = [sentence.text, sentence.field or "", *(span.quote for span in sentence.spans)]
    if not any(map(person.in_text, said)):
        return sentence
    return Sentence(section=sentence.section, text=REMOVED, basis=Basis.ERASED)


def _told_by(conn: Connection, event_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return the stories that these events tell, each with those of the events."""
    query = select(matches.c.story, matches.c.event)
    told: dict[str, set[str]] = {}
    for row in each(conn, query, matches.c.event, event_ids):
        told.setdefault(row.story, set()).add(row.event)
    return told


def _blank_revisions(conn: Connection, event_ids: Iterable[str]) -> None:
    statement = update(event_revisions).where(
        event_revisions.c.event == bindparam("its_event"),
        event_revisions.c.revision == bindparam("its_revision"),
    )
    for row in list(each(conn, select(event_revisions), event_revisions.c.event, event_ids)):
        body: StoredEvent = replace(row.body, **_BLANK)
        conn.execute(statement, [{"its_event": row.event, "its_revision": row.revision, "body": body}])


def _drop_facts(conn: Connection, told: dict[str, set[str]]) -> None:
    """Drop the facts that only these events tell; of a story with no other teller, all."""
    query = select(matches.c.story, matches.c.event)
    tellers: dict[str, set[str]] = {}
    for row in each(conn, query, matches.c.story, told):
        tellers.setdefault(row.story, set()).add(row.event)
    statement = update(stories).where(stories.c.id == bindparam("its_id"))
    for row in list(each(conn, select(stories.c.id, stories.c.facts), stories.c.id, told)):
        gone = told[row.id]
        kept: tuple[StoryFact, ...] = tuple(
            fact
            for fact in row.facts
            if tellers[row.id] - gone and (fact.span is None or fact.span.event not in gone)
        )
        if kept != row.facts:
            conn.execute(statement, [{"its_id": row.id, "facts": kept}])


def _clear_notes(conn: Connection, told: dict[str, set[str]], without: WithoutEvent) -> None:
    """Take out of notes, and of deliveries, what rests on the events."""
    query = select(triggers.c.id, triggers.c.story, triggers.c.account, triggers.c.note)
    held = list(each(conn, query, triggers.c.story, told))
    statement = update(triggers).where(triggers.c.id == bindparam("its_id"))
    changed: set[str] = set()
    for row in held:
        note = row.note
        for event_id in sorted(told[row.story]):
            note = without(note, event_id) if note else None
        if note != row.note:
            changed.add(row.id)
            conn.execute(statement, [{"its_id": row.id, "note": note}])
    search.fill(conn, changed)
    accounts = {row.account for row in held if row.id in changed and row.account}
    sent = select(outbox.c.number, outbox.c.payload)
    payloads = update(outbox).where(outbox.c.number == bindparam("its_number"))
    for row in list(each(conn, sent, outbox.c.account, accounts)):
        if isinstance(row.payload, Mapping) and row.payload.get("trigger") in changed:
            cleared = {key: REMOVED if key in _QUOTES else value for key, value in row.payload.items()}
            conn.execute(payloads, [{"its_number": row.number, "payload": cleared}])
