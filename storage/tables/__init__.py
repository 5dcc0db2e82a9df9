"""The tables, for SQLite and PostgreSQL alike.

Nouns are spread over columns where a query asks for them; what is only ever read whole is packed text.
An event's text stands once, in ``events``; matches point to it.
"""

from storage.tables.decided import (
    abstentions,
    actions,
    agenda,
    joins,
    judgements,
    matches,
    outcomes,
    stories,
    transitions,
    triggers,
)
from storage.tables.listed import (
    accounts,
    audit,
    contacts,
    counters,
    erasures,
    merges,
    rulebook,
    suggestions,
)
from storage.tables.read import digests, search, sessions, tokens, users, views
from storage.tables.seen import event_revisions, events, hosts, pages, polls, sources, workers
from storage.tables.sent import deliveries, outbox, remotes, targets
from storage.tables.shape import metadata

__all__ = [
    "abstentions",
    "accounts",
    "actions",
    "agenda",
    "audit",
    "contacts",
    "counters",
    "deliveries",
    "digests",
    "erasures",
    "event_revisions",
    "events",
    "hosts",
    "joins",
    "judgements",
    "matches",
    "merges",
    "metadata",
    "outbox",
    "outcomes",
    "pages",
    "polls",
    "remotes",
    "rulebook",
    "search",
    "sessions",
    "sources",
    "stories",
    "suggestions",
    "targets",
    "tokens",
    "transitions",
    "triggers",
    "users",
    "views",
    "workers",
]
