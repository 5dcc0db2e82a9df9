"""The tables, for SQLite and PostgreSQL alike.

Nouns are spread over columns where a query asks for them; what is only ever read whole is packed text.
An event's text stands once, in ``events``; matches point to it.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from earmark.types import Fact, Feature, Hint, Note, Score, Span, StoredEvent, StoryFact, Suppression, Was
from storage.columns import Moment, Packed, Words
from storage.lesson import Lesson

__all__ = [
    "abstentions",
    "accounts",
    "agenda",
    "audit",
    "contacts",
    "counters",
    "event_revisions",
    "events",
    "judgements",
    "matches",
    "metadata",
    "outbox",
    "pages",
    "polls",
    "rulebook",
    "sources",
    "stories",
    "transitions",
    "triggers",
]


def _id() -> Column[str]:
    return Column("id", Text, primary_key=True)


def _sequence() -> Column[int]:
    # SQLite numbers rows by itself only in an INTEGER primary key.
    number = BigInteger().with_variant(Integer(), "sqlite")
    return Column("number", number, primary_key=True, autoincrement=True)


def _many() -> Packed:
    return Packed(tuple[str, ...])


def _plain() -> Text:
    # Compared byte by byte on both databases, so that a range of the index is a search by prefix.
    return Text().with_variant(Text(collation="C"), "postgresql")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

sources = Table(
    "sources",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("options", Packed, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("state", Packed),
    Column("created_at", Moment, nullable=False),
    Column("next_poll_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("lease_by", Text),
    Column("failures", Integer, nullable=False),
    Column("first_polled_at", Moment),
    Column("last_polled_at", Moment),
    Column("last_ok_at", Moment),
    Column("last_error", Words),
    Column("paused_reason", Words),
    Column("rhythm", Packed(tuple[datetime, ...])),
    Column("pace", Words),
    Column("silent_since", Moment),
    Index(None, "next_poll_at"),
)

pages = Table(
    "pages",
    metadata,
    Column("source", Text, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("url", Words, nullable=False),
    Column("etag", Words),
    Column("last_modified", Words),
    Column("body_hash", Text),
    Column("moved_to", Words),
    Column("moved_at", Moment),
    Column("moved_times", Integer),
)

polls = Table(
    "polls",
    metadata,
    _sequence(),
    Column("source", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("error", Words),
    Column("next_poll_at", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("revised", Integer, nullable=False),
    Column("triggers", Integer, nullable=False),
    Index(None, "source", "finished_at"),
    Index(None, "finished_at"),
)

events = Table(
    "events",
    metadata,
    _id(),
    Column("source", Text, nullable=False),
    Column("external_key", Text, nullable=False),
    Column("external_id", Words, nullable=False),
    Column("url", Words),
    Column("canonical_url", Words),
    Column("title", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("author", Words),
    Column("publisher", Words),
    Column("published_at", Moment),
    Column("occurred_at", Moment),
    Column("seen_at", Moment, nullable=False),
    Column("at", Moment, nullable=False),
    Column("language", Words),
    Column("thread_url", Words),
    Column("hints", Packed(tuple[Hint, ...])),
    Column("facts", Packed(tuple[Fact, ...])),
    Column("fingerprint", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("mark", Text, nullable=False),
    Column("trust", Float, nullable=False),
    UniqueConstraint("source", "external_key"),
    Index(None, "source", "fingerprint"),
    Index(None, "at"),
)

event_revisions = Table(
    "event_revisions",
    metadata,
    Column("event", Text, ForeignKey("events.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("body", Packed(StoredEvent), nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    _id(),
    Column("name", Words, nullable=False),
    Column("folded", _plain(), nullable=False, index=True),
    Column("domain", _plain(), index=True),
    Column("search", Text, nullable=False),
    Column("domains", _many()),
    Column("aliases", _many()),
    Column("not_aliases", _many()),
    Column("tickers", _many()),
    Column("tier", Words),
    Column("owner", Words),
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
)

contacts = Table(
    "contacts",
    metadata,
    _id(),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Words, nullable=False),
    Column("title", Words),
    Column("email", Words),
    Column("relation", Words),
    Column("crm_ids", Packed(Mapping[str, str])),
)

stories = Table(
    "stories",
    metadata,
    _id(),
    Column("past", Text, nullable=False),
    Column("key", Words, nullable=False),
    Column("account", Text),
    Column("company", Words),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("facts", Packed(tuple[StoryFact, ...])),
    Column("publishers", _many()),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("merged_into", Text),
    Index(None, "past", "last_at"),
)

matches = Table(
    "matches",
    metadata,
    Column("story", Text, ForeignKey("stories.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("event", Text, ForeignKey("events.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("account", Text),
    Column("company", Words),
    Column("problem", Text),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("facts", Packed(tuple[Fact, ...])),
    Column("features", Packed(tuple[Feature, ...])),
    Column("evidence", Packed(tuple[Span, ...])),
    Column("confidence", Float, nullable=False),
)

abstentions = Table(
    "abstentions",
    metadata,
    _sequence(),
    Column("event", Text, ForeignKey("events.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("span", Packed(Span), nullable=False),
    Column("reason", Words, nullable=False),
    Column("features", Packed(tuple[Feature, ...])),
    Column("confidence", Float, nullable=False),
    UniqueConstraint("event", "account", "place"),
    Index(None, "account"),
    Index(None, "at"),
)

triggers = Table(
    "triggers",
    metadata,
    _id(),
    Column("account", Text),
    Column("problem", Text),
    Column("story", Text, ForeignKey("stories.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("polarity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("score", Packed(Score), nullable=False),
    Column("score_now", Float, nullable=False),
    Column("mark", Text, nullable=False),
    Column("undated", Boolean, nullable=False),
    Column("decays_from", Moment, nullable=False),
    Column("opens_at", Moment, nullable=False),
    Column("closes_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("note", Packed(Note)),
    # A story belongs to one account (or to none), so this is "once per account, story and kind" without
    # a NULL in it. A merged trigger is a memory and may stand beside the one that took over.
    Index(
        "uq_triggers_story_kind",
        "story",
        "kind",
        unique=True,
        sqlite_where=text("state <> 'merged'"),
        postgresql_where=text("state <> 'merged'"),
    ),
    Index(None, "state", "score_now"),
    Index(None, "account"),
)

transitions = Table(
    "transitions",
    metadata,
    _sequence(),
    Column("id", Text, nullable=False, unique=True),
    Column("account", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("actor", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("trigger", Text),
    Column("undoes", Text),
    Column("was", Packed(Was)),
    Index(None, "account", "at"),
)

judgements = Table(
    "judgements",
    metadata,
    _sequence(),
    Column("id", Text, nullable=False, unique=True),
    Column("trigger", Text, ForeignKey("triggers.id"), nullable=False, index=True),
    Column("verdict", Text, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Words, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    _sequence(),
    Column("target", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("account", Text),
    Column("payload", Packed, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("lease_by", Text),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Words),
    Column("receipt", Packed),
    Column("ended_at", Moment),
    UniqueConstraint("target", "key"),
    Index(None, "state", "next_at"),
)

agenda = Table(
    "agenda",
    metadata,
    _id(),
    Column("key", Words, nullable=False),
    Column("due_at", Moment, nullable=False, index=True),
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
    _sequence(),
    Column("at", Moment, nullable=False),
    Column("by", Words, nullable=False),
    Column("verb", Text, nullable=False),
    Column("subject", Words, nullable=False),
    Column("text", Words, nullable=False),
)
