"""What the team decided, for lists and actions that touch few accounts."""

from collections.abc import Iterable

from earmark.rulebook import parse
from earmark.types import Account, Lexicon
from storage import rulebook
from storage.engine import Connection

__all__ = ["lexicon_of"]


def lexicon_of(connection: Connection, accounts: Iterable[Account] = ()) -> Lexicon:
    """Return the lexicon with these accounts only: loading the whole list would take its time."""
    newest = rulebook.latest(connection)
    listed = {account.id: account for account in accounts}
    return parse(newest[1] if newest else "").lexicon(listed, rulebook.lexicon_version(connection))
