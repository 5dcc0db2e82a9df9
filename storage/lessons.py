"""The names that people taught: kept with their account, listed, taken back."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select, update

from earmark.types import Account, StoredEvent
from storage.accounts import as_account
from storage.counters import CHANGES, LEXICON, bump
from storage.events import as_event, get
from storage.lesson import Lesson, taught_names
from storage.tables import accounts, events

__all__ = ["Lesson", "account_with", "events_like", "find", "learned", "of", "save", "texts"]

_LAST = "\U0010ffff"


def of(conn: Connection, account_id: str) -> tuple[Lesson, ...]:
    """Return the lessons of one account, the earliest first."""
    found = conn.execute(select(accounts.c.lessons).where(accounts.c.id == account_id)).scalar_one_or_none()
    return found or ()


def learned(conn: Connection) -> list[tuple[str, Lesson]]:
    """Return every lesson that holds, with the id of its account, the newest first."""
    query = select(accounts.c.id, accounts.c.lessons).where(accounts.c.lessons.is_not(None))
    found = [(row.id, lesson) for row in conn.execute(query) for lesson in row.lessons]
    return sorted(found, key=lambda pair: (pair[1].at, pair[1].id), reverse=True)


def find(conn: Connection, lesson_id: str) -> list[tuple[str, Lesson]]:
    """Return the lessons whose id begins so, with the id of their account."""
    return [(account, lesson) for account, lesson in learned(conn) if lesson.id.startswith(lesson_id)]


def account_with(conn: Connection, account_id: str, lessons: Sequence[Lesson]) -> Account:
    """Return the account as it would be known with these lessons in the place of those it has."""
    row = conn.execute(select(accounts).where(accounts.c.id == account_id)).one()
    aliases, not_aliases = taught_names(row.aliases, row.not_aliases, lessons)
    return replace(as_account(row), aliases=aliases, not_aliases=not_aliases)


def events_like(conn: Connection, beginning: str) -> list[StoredEvent]:
    """Return the events whose id begins so, two at most: a second one says that it is not enough."""
    within = (events.c.id >= beginning, events.c.id <= beginning + _LAST)
    return [as_event(row) for row in conn.execute(select(events).where(*within).limit(2))]


def save(conn: Connection, account_id: str, lessons: Sequence[Lesson]) -> None:
    """Put these lessons in the place of those that the account has."""
    conn.execute(update(accounts).where(accounts.c.id == account_id).values(lessons=tuple(lessons)))
    bump(conn, LEXICON)
    bump(conn, CHANGES)


def texts(conn: Connection, event_ids: Sequence[str]) -> list[StoredEvent]:
    """Return the texts of a lesson, as far as they are still stored, in its order."""
    found = get(conn, event_ids)
    return [found[event_id] for event_id in event_ids if event_id in found]
