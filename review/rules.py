"""What the team decided and what was learned, for lists and actions that touch few accounts."""

from collections.abc import Iterable

from earmark.types import Account, Lexicon
from storage import rulebook
from storage.engine import Connection

__all__ = ["lexicon_of"]


def lexicon_of(connection: Connection, accounts: Iterable[Account] = ()) -> Lexicon:
    """Return the lexicon with these accounts only: loading the whole list would take its time."""
    return rulebook.lexicon(connection, accounts)
