"""Search: the words of every trigger, as its note, its account and its publishers have them.

The database keeps the index of words itself (FTS5 in SQLite, GIN in PostgreSQL); here is what it indexes.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)

from earmark.types import Note, Trigger
from storage.rows import batches, each, upsert
from storage.tables import accounts, search, stories, triggers

__all__ = ["Found", "among", "fill", "fill_of_accounts", "matching", "save", "words_of"]

_INDEX: Final = table("search_words", column("rowid"))
_WORD: Final = re.compile(r"[^\W_]+")
_FEW: Final = 2_000
_SOME: Final = 20_000
"""Ids that are handed to PostgreSQL as they are: it guesses the length of a list within a query wrongly."""
_MOST_WORDS: Final = 12
_LONGEST: Final = 1_000  # characters of a search that are read


def words_of(asked: str) -> tuple[str, ...]:
    """Return the words of a search as they are looked up: whatever else was typed means nothing."""
    return tuple(_WORD.findall(_plain(asked[:_LONGEST])))[:_MOST_WORDS]


def matching(conn: Connection, asked: str) -> Select[Any]:
    """Return the ids of the triggers that hold all these words, the last one as a beginning.

    It is safe for any text: only its words are looked up. Without a word nothing matches.
    """
    return select(search.c.trigger).where(_holds(conn.dialect.name, asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found; ``some`` are the ids of the triggers, where it found no more, else None."""

    some: tuple[str, ...] | None
    asked: str
    dialect: str

    @property
    def is_few(self) -> bool:
        """Whether it found so few that they can be looked up one by one."""
        return self.some is not None and len(self.some) <= _FEW

    def holds(self, trigger: ColumnElement[str]) -> ColumnElement[bool]:
        """Return the condition that a trigger holds all words of the search.

        Words that many have are looked up trigger by trigger, in the order of the list. As PostgreSQL has to
        cut each text into words anew for that, it does so only where most hold them.
        """
        if self.some is None:
            found = select(search.c.trigger).where(_holds(self.dialect, self.asked))
            one = found.where(search.c.trigger == trigger)
            # With an offset PostgreSQL makes no list of all of it.
            return (one.offset(0) if self.dialect == "postgresql" else one).exists()
        if self.dialect != "postgresql":
            return trigger.in_(self.some)
        ids = func.any(literal(list(self.some), ARRAY(Text)))
        # Many are not looked up one after the other: the list is read in its own order.
        return trigger == ids if self.is_few else trigger.concat("") == ids

    @property
    def numbers(self) -> Select[Any]:
        """The query of SQLite's numbers of the triggers in ``storage.tables.search`` that hold the words."""
        return _numbers(words_of(self.asked))

    def within(self, conn: Connection, some: Select[Any]) -> "Found":
        """Return what was found among some triggers alone, of which ``some`` gives the ids."""
        if self.some is not None or self.dialect == "postgresql":
            return self
        numbers = select(search.c.number).where(search.c.trigger.in_(some))
        # Each number that holds the words is looked for among those few: no list of them all is made.
        words = self.numbers.where(literal_column("+search_words.rowid").in_(numbers))
        return _found(conn, select(search.c.trigger).where(search.c.number.in_(words)), self.asked, _FEW)


def among(conn: Connection, asked: str) -> Found:
    """Look for these words, and return what says whether a trigger holds them."""
    words, most = words_of(asked), _SOME if conn.dialect.name == "postgresql" else _FEW
    if words and conn.dialect.name == "sqlite":
        many = _numbers(words).offset(_FEW).limit(1)
        if conn.execute(many).first() is not None:
            return Found(some=None, asked=asked, dialect="sqlite")
    return _found(conn, matching(conn, asked), asked, most)


def _found(conn: Connection, query: Select[Any], asked: str, most: int) -> Found:
    if conn.dialect.name == "postgresql":
        # Of so many it thinks to find the first ones soon, and cuts one text after the other into words.
        conn.execute(text("SET LOCAL enable_seqscan = off"))
    ids = conn.execute(query.limit(most + 1)).scalars().all()
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET LOCAL enable_seqscan = on"))
    return Found(some=tuple(ids) if len(ids) <= most else None, asked=asked, dialect=conn.dialect.name)


def _holds(dialect: str, asked: str) -> ColumnElement[bool]:
    words = words_of(asked)
    if not words:
        return search.c.number < 0
    if dialect == "postgresql":
        wanted = " & ".join(f"'{word}'" for word in words) + ":*"
        indexed = func.to_tsvector(text("'simple'"), search.c.body)
        return indexed.bool_op("@@")(func.to_tsquery(text("'simple'"), wanted))
    return search.c.number.in_(_numbers(words))


def _numbers(words: Sequence[str]) -> Select[Any]:
    """Return the query of SQLite's index of words: the numbers of what holds them all."""
    wanted = " ".join(f'"{word}"' for word in words) + "*"
    return select(_INDEX.c.rowid).where(literal_column("search_words").bool_op("MATCH")(wanted))


def save(conn: Connection, new: Sequence[Trigger]) -> None:
    """Make these triggers findable by what they say now; their stories must be stored by then."""
    _put(conn, [(each.id, each.account, each.story, each.note) for each in new])


def fill(conn: Connection, trigger_ids: Iterable[str]) -> None:
    """Make these triggers findable by what is stored of them now: their notes or their names changed."""
    query = select(triggers.c.id, triggers.c.account, triggers.c.story, triggers.c.note)
    found = each(conn, query, triggers.c.id, trigger_ids)
    for batch in batches(list(found)):
        _put(conn, [(row.id, row.account, row.story, row.note) for row in batch])


def fill_of_accounts(conn: Connection, account_ids: Iterable[str]) -> None:
    """Make the triggers of these accounts findable by the names that the accounts have now."""
    rows = each(conn, select(search.c.trigger), search.c.account, account_ids)
    fill(conn, [row.trigger for row in rows])


def _put(conn: Connection, told: Sequence[tuple[str, str | None, str, Note | None]]) -> None:
    if not told:
        return
    query = select(accounts.c.id, accounts.c.name, accounts.c.domains, accounts.c.aliases)
    named = {row.id: row for row in each(conn, query, accounts.c.id, [one[1] for one in told if one[1]])}
    tellers = select(stories.c.id, stories.c.publishers)
    publishers = {
        row.id: row.publishers for row in each(conn, tellers, stories.c.id, [one[2] for one in told])
    }
    rows = [
        {
            "trigger": name,
            "account": account,
            "body": _body(note, named.get(account or ""), publishers.get(story, ())),
        }
        for name, account, story, note in told
    ]
    statement = upsert(conn, search)
    changed = {"account": statement.excluded.account, "body": statement.excluded.body}
    statement = statement.on_conflict_do_update(index_elements=["trigger"], set_=changed)
    for batch in batches(rows):
        conn.execute(statement, batch)


def _body(note: Note | None, account: Row[Any] | None, publishers: Iterable[str]) -> str:
    said = (note.headline, *(sentence.text for sentence in note.sentences)) if note else ()
    names = (account.name, *account.domains, *account.aliases) if account else ()
    # Words alone: each database would cut addresses and signs in its own way.
    return "\n".join(" ".join(_WORD.findall(_plain(str(part)))) for part in (*said, *names, *publishers))


def _plain(part: str) -> str:
    """Return the text in small letters without accents, so that both databases find the same."""
    split = unicodedata.normalize("NFKD", part.replace("\x00", " ")).casefold()
    return "".join(char for char in split if not unicodedata.combining(char))
