"""What people did, as they did it: with it a replay can do it again."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from earmark.types import Action
from storage.rows import add, each
from storage.tables import actions, stories, triggers

__all__ = ["keyed", "of_accounts", "save"]


def save(conn: Connection, new: Sequence[Action], at: datetime) -> None:
    """Add what was done at this time."""
    rows = [
        {"at": at, "account": action.account, "trigger": action.trigger, "body": action} for action in new
    ]
    add(conn, actions, rows)


def of_accounts(conn: Connection, account_ids: Iterable[str]) -> dict[str, tuple[Action, ...]]:
    """Return what was done about these accounts themselves, by account, in the order in which it was done."""
    query = select(actions.c.account, actions.c.body).order_by(actions.c.at, actions.c.number)
    found: dict[str, list[Action]] = {}
    for row in each(conn, query, actions.c.account, account_ids):
        found.setdefault(row.account, []).append(row.body)
    return {account: tuple(done) for account, done in found.items()}


def keyed(conn: Connection, at: datetime, until: datetime) -> Iterator[tuple[datetime, str, Action]]:
    """Yield when, to which past (its key) and what was done from ``at`` on, before ``until``, in order."""
    within = (actions.c.at >= at, actions.c.at < until)
    query = select(actions.c.at, actions.c.body, stories.c.key).where(*within)
    query = query.outerjoin(triggers, triggers.c.id == actions.c.trigger)
    query = query.outerjoin(stories, stories.c.id == triggers.c.story)
    for row in conn.execute(query.order_by(actions.c.at, actions.c.number)):
        if row.body.account is not None:
            yield row.at, f"a:{row.body.account}", row.body
        elif row.key is not None:
            yield row.at, row.key, row.body
