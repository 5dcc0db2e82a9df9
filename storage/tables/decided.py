"""What was decided: stories, triggers, transitions, and what people said of them."""

from typing import Any, Final

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from earmark.types import Action, Fact, Feature, Note, Score, Span, StoryFact, Was
from storage.columns import Moment, Packed, Words
from storage.tables.shape import identity, many, metadata, sequence

__all__ = [
    "abstentions",
    "actions",
    "agenda",
    "joins",
    "judgements",
    "matches",
    "outcomes",
    "stories",
    "transitions",
    "triggers",
]

_WAITING: Final[dict[str, Any]] = dict.fromkeys(
    ("sqlite_where", "postgresql_where"), text("ended_at IS NULL")
)
_COUNTED: Final = ("account", "kind", "problem", "polarity", "state", "expires_at", "mark")
_OFFERED: Final[dict[str, Any]] = dict.fromkeys(
    ("sqlite_where", "postgresql_where"), text("offered_to IS NOT NULL")
)

stories = Table(
    "stories",
    metadata,
    identity(),
    Column("past", Text, nullable=False),
    Column("key", Words, nullable=False),
    Column("account", Text),
    Column("company", Words),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("facts", Packed(tuple[StoryFact, ...])),
    Column("publishers", many()),
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
    sequence(),
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
    identity(),
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
    Column("offered_to", Words),
    Column("offered_at", Moment),
    Column("notified_at", Moment),
    Column("matched_at", Moment),
    Column("opened_at", Moment),
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
    # In these orders a page of the list is read: what waits by its score and its end, all by their age.
    Index("ix_triggers_waiting_score", "score_now", "id", **_WAITING),
    Index("ix_triggers_waiting_kind", "kind", "score_now", "id", **_WAITING),
    Index("ix_triggers_waiting_end", "expires_at", "id", **_WAITING),
    # What is counted over the whole list stands in this one alone: no row need be read for it.
    Index("ix_triggers_waiting_account", *_COUNTED, **_WAITING),
    Index("ix_triggers_offered", "account", **_OFFERED),
    Index(None, "created_at", "id"),
    Index(None, "state", "ended_at", "id"),
)

transitions = Table(
    "transitions",
    metadata,
    sequence(),
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
    Index(None, "actor", "number"),
)

judgements = Table(
    "judgements",
    metadata,
    sequence(),
    Column("id", Text, nullable=False, unique=True),
    Column("trigger", Text, ForeignKey("triggers.id"), nullable=False, index=True),
    Column("verdict", Text, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Words, nullable=False),
    Column("taken_back_at", Moment),
)

joins = Table(
    "joins",
    metadata,
    identity(),
    Column("past", Text, nullable=False, index=True),
    Column("key", Words, nullable=False),
    Column("one", Text, nullable=False),
    Column("other", Text, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("taken_back_at", Moment),
)

outcomes = Table(
    "outcomes",
    metadata,
    sequence(),
    Column("id", Text, nullable=False, unique=True),
    Column("account", Text, nullable=False, index=True),
    Column("trigger", Text, index=True),
    Column("outcome", Text, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("taken_back_at", Moment),
)

actions = Table(
    "actions",
    metadata,
    sequence(),
    Column("at", Moment, nullable=False, index=True),
    Column("account", Text, index=True),
    Column("trigger", Text),
    Column("body", Packed(Action), nullable=False),
)

agenda = Table(
    "agenda",
    metadata,
    identity(),
    Column("key", Words, nullable=False),
    Column("due_at", Moment, nullable=False, index=True),
)
