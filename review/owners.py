"""Whom an account can be given to."""

from review.rules import lexicon_now
from storage import users
from storage.engine import Connection

__all__ = ["owners"]


def owners(connection: Connection) -> tuple[tuple[str, str], ...]:
    """Return id and name of each who can own accounts: the rulebook's reps, or else all who may enter."""
    reps = lexicon_now(connection).reps
    if reps:
        return tuple((rep.id, rep.name or rep.id) for rep in reps)
    known = users.every(connection)
    return tuple((user.id, user.name) for user in known if user.disabled_at is None)
