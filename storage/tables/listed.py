"""What the team told: its list, its rules, and the log of both."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from earmark.types import Account, Suppression
from storage.columns import Moment, Packed, Words
from storage.lesson import Lesson
from storage.tables.shape import identity, many, metadata, plain, sequence

__all__ = ["accounts", "audit", "contacts", "counters", "erasures", "merges", "rulebook", "suggestions"]

_GONE: Final[dict[str, Any]] = dict.fromkeys(
    ("sqlite_where", "postgresql_where"), text("merged_into IS NOT NULL")
)

accounts = Table(
    "accounts",
    metadata,
    identity(),
    Column("name", Words, nullable=False),
    Column("folded", plain(), nullable=False, index=True),
    Column("domain", plain(), index=True),
    Column("search", Text, nullable=False),
    Column("domains", many()),
    Column("aliases", many()),
    Column("not_aliases", many()),
    Column("tickers", many()),
    Column("tier", Words),
    Column("owner", Words),
    Column("parent", Text, index=True),
    Column("territory", Words),
    Column("industry", Words),
    Column("size", BigInteger),
    Column("city", Words),
    Column("country", Words),
    Column("extra", Packed(Mapping[str, str])),
    Column("crm_ids", Packed(Mapping[str, str])),
    Column("digest", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("stage_since", Moment),
    Column("snoozed_until", Moment),
    Column("suppression", Packed(Suppression)),
    Column("lessons", Packed(tuple[Lesson, ...])),
    # An account that others were merged into keeps its own words beside what the list says of them all.
    Column("own", Packed(Account)),
    Column("merged_into", Text),
    # Few have one: no query for those that stand may take it for the way to them.
    Index("ix_accounts_merged_into", "merged_into", **_GONE),
    Index(None, "stage"),
    Index(None, "owner"),
    Index(None, "territory"),
)

merges = Table(
    "merges",
    metadata,
    identity(),
    Column("keeps", Text, nullable=False, index=True),
    Column("goes", Text, nullable=False, index=True),
    Column("rows", Packed(Mapping[str, tuple[str, ...]])),
    Column("told", Packed(Mapping[str, tuple[str, ...]])),
    Column("lessons", Packed(tuple[Lesson, ...])),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("taken_back_at", Moment),
)

contacts = Table(
    "contacts",
    metadata,
    identity(),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Words, nullable=False),
    Column("title", Words),
    Column("email", Words),
    Column("relation", Words),
    Column("since", Moment),
    Column("crm_ids", Packed(Mapping[str, str])),
)

suggestions = Table(
    "suggestions",
    metadata,
    identity(),
    Column("company", Words, nullable=False),
    Column("state", Text, nullable=False),
    Column("stories", many()),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("by", Words),
    Column("decided_at", Moment),
    Index(None, "state", "last_at"),
)

erasures = Table(
    "erasures",
    metadata,
    sequence(),
    Column("digest", Text, nullable=False, unique=True),
    Column("at", Moment, nullable=False),
    Column("by", Words, nullable=False),
)

rulebook = Table(
    "rulebook",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=True),
    Column("body", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    sequence(),
    Column("at", Moment, nullable=False),
    Column("by", Words, nullable=False),
    Column("verb", Text, nullable=False),
    Column("subject", Words, nullable=False),
    Column("text", Words, nullable=False),
)
