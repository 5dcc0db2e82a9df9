"""What goes out: the outbox, its targets, and what stands there."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from storage.columns import Moment, Packed, Words
from storage.tables.shape import identity, metadata, sequence

__all__ = ["deliveries", "outbox", "remotes", "targets"]

outbox = Table(
    "outbox",
    metadata,
    sequence(),
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
    Column("hash", Text),
    Column("ended_at", Moment),
    UniqueConstraint("target", "key"),
    Index(None, "state", "next_at"),
)

targets = Table(
    "targets",
    metadata,
    identity(),
    Column("kind", Text, nullable=False),
    Column("options", Packed, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("state", Packed),
    Column("created_at", Moment, nullable=False),
    Column("next_read_at", Moment),
    Column("last_read_at", Moment),
    Column("last_error", Words),
    Column("paused_reason", Words),
)

remotes = Table(
    "remotes",
    metadata,
    Column("target", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("remote_id", Words),
    Column("url", Words),
    Column("hash", Text),
    Column("fields", Packed(Mapping[str, Any])),
    Column("at", Moment, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    sequence(),
    Column("target", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("parcel", BigInteger),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("remote_id", Words),
    Column("before", Packed(Mapping[str, Any])),
    Column("after", Packed(Mapping[str, Any])),
    Column("at", Moment, nullable=False),
    Column("undone_at", Moment),
    Index(None, "target", "batch"),
)
