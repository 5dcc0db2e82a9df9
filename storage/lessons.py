"""The names that people taught: kept with their account, listed, taken back."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from earmark.types import Account
from storage.accounts import as_account
from storage.counters import CHANGES, LEXICON, bump
from storage.lesson import Lesson
from storage.tables import accounts

__all__ = ["Lesson", "find", "learned", "of", "save"]


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


def save(conn: Connection, account_id: str, lessons: Sequence[Lesson]) -> Account:
    """Put these lessons in the place of those the account has; return the account as it is then known."""
    changed = update(accounts).where(accounts.c.id == account_id).values(lessons=tuple(lessons))
    row = conn.execute(changed.returning(accounts)).one()
    bump(conn, LEXICON)
    bump(conn, CHANGES)
    return as_account(row)
