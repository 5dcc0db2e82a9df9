"""What was seen: the sources, their polls, and the events."""

from datetime import datetime

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from earmark.types import Fact, Hint, StoredEvent
from storage.columns import Moment, Packed, Words
from storage.tables.shape import identity, metadata, sequence

__all__ = ["event_revisions", "events", "hosts", "pages", "polls", "sources", "workers"]

sources = Table(
    "sources",
    metadata,
    identity(),
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
    Column("host", Words),
    Column("bucket", Integer, index=True),
    Index(None, "next_poll_at"),
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", Text, primary_key=True),
    Column("day", Text, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("blocked_until", Moment),
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
    sequence(),
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

workers = Table(
    "workers",
    metadata,
    identity(),
    Column("host", Words, nullable=False),
    Column("process", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("stopped_at", Moment),
)

events = Table(
    "events",
    metadata,
    identity(),
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
