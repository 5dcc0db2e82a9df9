"""What the team decided and what was learned, for lists and actions that touch few accounts."""

from collections.abc import Iterable
from dataclasses import replace
from weakref import WeakKeyDictionary

from earmark.types import Account, Lexicon
from storage import rulebook
from storage.engine import Connection, Engine

__all__ = ["lexicon_now", "lexicon_of"]

_lexicons: WeakKeyDictionary[Engine, tuple[int, Lexicon]] = WeakKeyDictionary()


def lexicon_of(connection: Connection, accounts: Iterable[Account] = ()) -> Lexicon:
    """Return the lexicon with these accounts only: loading the whole list would take its time."""
    return rulebook.lexicon(connection, accounts)


def lexicon_now(connection: Connection, accounts: Iterable[Account] = ()) -> Lexicon:
    """Return what ``lexicon_of`` does, for what only reads: it is made anew when it changed alone."""
    version = rulebook.lexicon_version(connection)
    known = _lexicons.get(connection.engine)
    if known is None or known[0] != version:
        known = (version, lexicon_of(connection))
        _lexicons[connection.engine] = known
    listed = {account.id: account for account in accounts}
    return replace(known[1], accounts=listed) if listed else known[1]
