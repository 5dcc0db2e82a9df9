"""Who reads the list, by which key, and how: users, sessions, tokens, saved views, digests."""

from collections.abc import Mapping

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from storage.columns import Moment, Packed, Words
from storage.tables.shape import identity, many, metadata, sequence

__all__ = ["digests", "search", "sessions", "tokens", "users", "views"]

users = Table(
    "users",
    metadata,
    identity(),
    Column("name", Words, nullable=False),
    Column("email", Words),
    Column("role", Text, nullable=False),
    Column("rep", Words),
    Column("password", Text),
    Column("preferences", Packed(Mapping[str, str])),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)

# Sessions and tokens are kept by the digest of their secret: who reads the database can't enter with it.
sessions = Table(
    "sessions",
    metadata,
    identity(),
    Column("user", Text, nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    identity(),
    Column("digest", Text, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("user", Text, nullable=False, index=True),
    Column("name", Words, nullable=False),
    Column("scopes", many()),
    Column("query", Words),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
)

views = Table(
    "views",
    metadata,
    identity(),
    Column("user", Text, index=True),
    Column("name", Words, nullable=False),
    Column("query", Words, nullable=False),
    Column("place", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)

digests = Table(
    "digests",
    metadata,
    Column("user", Text, primary_key=True),
    Column("every", Text, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("query", Words, nullable=False),
    Column("through", Moment),
    Column("next_at", Moment, index=True),
    Column("sent_at", Moment),
    Column("lease_until", Moment),
    Column("failures", Integer, nullable=False),
    Column("last_error", Words),
)

# What a search of triggers looks through. The index of words over it is the database's own (FTS5 in SQLite,
# GIN in PostgreSQL): the migration makes it, and the database keeps it up to date.
search = Table(
    "search",
    metadata,
    sequence(),
    Column("trigger", Text, ForeignKey("triggers.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("account", Text),
    Column("body", Words, nullable=False),
    Index(None, "account"),
)
