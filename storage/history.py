"""The past that a decision needs, and the changes that it makes: one load, one save."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, text, update

from earmark.types import Account, Changes, History, Past
from storage import (
    accounts,
    actions,
    joins,
    judgements,
    loads,
    outbox,
    outcomes,
    stories,
    transitions,
    triggers,
)
from storage.agenda import due, remember
from storage.columns import short
from storage.counters import CHANGES, LEXICON, bump
from storage.engine import LOCK_CLASS
from storage.rows import batches, each
from storage.stories import keys_of
from storage.tables import accounts as account_rows
from storage.united import STANDS, assigned

__all__ = ["due", "keys_of", "load", "save"]

_MARGIN = timedelta(days=90)
"""How far apart two events of one story may lie, and how far back a surge is measured."""

# Locks are few, however many accounts a poll touches: PostgreSQL holds only some thousands of them. Two
# pasts that share one wait for each other, no more. Taken in the order of their numbers, never in a circle.
_LOCK = text(
    "SELECT pg_advisory_xact_lock(:class, place) FROM (SELECT DISTINCT "
    "(1 + (hashtextextended(key, 0) & 1023))::int AS place FROM unnest(CAST(:keys AS text[])) AS key "
    "ORDER BY place OFFSET 0) AS places"
)


def load(conn: Connection, keys: Sequence[str], since: datetime, until: datetime) -> History:
    """Lock the pasts of these keys to the end of the transaction, then return them.

    A past has the account, the stories within 90 days of the time or with a trigger that lives, their
    triggers, every transition, the relatives, the contacts of all these, and the joins that hold; where
    there are any, also the triggers that were merged. A key that nothing is known of has an empty past.
    """
    _lock(conn, keys)
    ids = {key: key.removeprefix("a:") for key in keys if key.startswith("a:")}
    rows = each(conn, select(account_rows).where(STANDS), account_rows.c.id, ids.values())
    listed = {row.id: accounts.as_account(row) for row in rows}
    told = stories.load(conn, keys, since - _MARGIN, until + _MARGIN)
    held = triggers.of_past(conn, told)
    joined = joins.of_pasts(conn, keys)
    merged = joins.merged(conn, list(joined))
    moves = transitions.of_accounts(conn, ids.values())
    kin = accounts.relatives(conn, listed.values())
    near = {own: (own, *(one.id for one in kin.get(own, ()))) for own in listed}
    people = accounts.contacts(conn, [one for several in near.values() for one in several])
    return History(
        pasts={
            key: Past(
                account=listed.get(ids.get(key, "")),
                stories=told.get(key, ()),
                triggers=(*held.get(key, ()), *merged.get(key, ())),
                transitions=moves.get(ids.get(key, ""), ()),
                contacts=tuple(
                    contact for one in near.get(ids.get(key, ""), ()) for contact in people.get(one, ())
                ),
                relatives=kin.get(ids.get(key, ""), ()),
                joins=joined.get(key, ()),
            )
            for key in keys
        }
    )


def save(conn: Connection, changes: Changes, at: datetime) -> None:
    """Write all that a decision changed; the events of its matches must be stored by then."""
    told = _move(conn, changes.accounts, at)
    stories.save(conn, changes.stories, changes.merged)
    triggers.save(conn, changes.triggers)
    transitions.save(conn, changes.transitions)
    judgements.save(conn, changes.judgements)
    outcomes.save(conn, changes.outcomes)
    joins.save(conn, changes.joins)
    judgements.take_back(conn, changes.taken_back, at)
    joins.take_back(conn, changes.taken_back, at)
    outcomes.take_back(conn, changes.taken_back, at)
    actions.save(conn, changes.actions, at)
    outbox.add(conn, changes.outgoing, at)
    remember(conn, changes.due)
    if told:
        bump(conn, LEXICON)
    if changes.stories or changes.triggers or changes.accounts or changes.transitions or changes.judgements:
        bump(conn, CHANGES)


def _lock(conn: Connection, keys: Iterable[str]) -> None:
    # SQLite needs none: its transaction began with the one lock that there is.
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK, {"class": LOCK_CLASS, "keys": [short(key) for key in keys]}).all()


def _move(conn: Connection, moved: Sequence[Account], at: datetime) -> bool:
    """Write stage, owner, snooze and suppression; say whether what the lexicon holds of them changed."""
    ids = [account.id for account in moved]
    query = select(account_rows.c.id, account_rows.c.suppression, account_rows.c.owner)
    before = {row.id: (row.suppression, row.owner) for row in each(conn, query, account_rows.c.id, ids)}
    statement = update(account_rows).where(account_rows.c.id == bindparam("account_id"))
    for batch in batches(sorted(moved, key=lambda account: account.id)):
        rows = [
            {
                "account_id": account.id,
                "stage": account.stage.value,
                "stage_since": account.stage_since,
                "owner": account.owner,
                "snoozed_until": account.snoozed_until,
                "suppression": account.suppression,
            }
            for account in batch
        ]
        conn.execute(statement, rows)
    owners = {account.id: account.owner for account in moved}
    assigned(conn, {key: owners[key] for key, (_, owner) in before.items() if owners[key] != owner})
    unowned = {key for key, (_, owner) in before.items() if owner is None}
    loads.count(conn, [each.owner for each in moved if each.owner and each.id in unowned], at)
    return any((account.suppression, account.owner) != before.get(account.id) for account in moved)
