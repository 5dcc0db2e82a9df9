"""What the team told: its list, its rules, and the log of both."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from earmark.types import Suppression
from storage.columns import Moment, Packed, Words
from storage.lesson import Lesson
from storage.tables.shape import identity, many, metadata, plain, sequence

__all__ = ["accounts", "audit", "contacts", "counters", "erasures", "rulebook", "suggestions"]

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
    Index(None, "stage"),
    Index(None, "owner"),
    Index(None, "territory"),
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
