"""What people did, as they did it: with it a replay can do it again."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from earmark.types import Action
from storage.rows import add
from storage.tables import actions

__all__ = ["save", "since"]


def save(conn: Connection, new: Sequence[Action], at: datetime) -> None:
    """Add what was done at this time."""
    rows = [
        {"at": at, "account": action.account, "trigger": action.trigger, "body": action} for action in new
    ]
    add(conn, actions, rows)


def since(conn: Connection, at: datetime) -> Iterator[tuple[datetime, Action]]:
    """Yield when and what was done since a time, in the order in which it was done."""
    query = select(actions.c.at, actions.c.body).where(actions.c.at >= at)
    for row in conn.execute(query.order_by(actions.c.at, actions.c.number)):
        yield row.at, row.body
