"""What the matcher could not tell: mentions that may mean an account."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from earmark.types import Abstention
from storage import events
from storage.rows import batches, upsert
from storage.tables import abstentions as table

__all__ = ["abstain", "abstentions", "forget"]


def abstain(conn: Connection, new: Iterable[Abstention]) -> None:
    """Store the abstentions; a second one at the same words replaces the first."""
    statement = upsert(conn, table)
    changed = {name: statement.excluded[name] for name in ("at", "span", "reason", "features", "confidence")}
    statement = statement.on_conflict_do_update(index_elements=["event", "account", "place"], set_=changed)
    for batch in batches(new):
        rows = [
            {
                "event": doubt.event.id,
                "account": doubt.account,
                "place": f"{doubt.span.field}:{doubt.span.start}:{doubt.span.end}",
                "at": doubt.event.seen_at,
                "span": doubt.span,
                "reason": doubt.reason,
                "features": doubt.features,
                "confidence": doubt.confidence,
            }
            for doubt in batch
        ]
        conn.execute(statement, rows)


def abstentions(conn: Connection, account: str | None = None, limit: int = 50) -> list[Abstention]:
    """Return the newest abstentions, of one account or of all; the same doubt of one text once."""
    query = select(table).order_by(table.c.at.desc(), table.c.number.desc()).limit(limit)
    if account is not None:
        query = query.where(table.c.account == account)
    rows = conn.execute(query).all()
    texts = events.get(conn, [row.event for row in rows])
    doubts = {(row.event, row.account, row.span.quote, row.reason): row for row in reversed(rows)}
    return [
        Abstention(
            event=texts[row.event],
            account=row.account,
            span=row.span,
            reason=row.reason,
            features=row.features,
            confidence=row.confidence,
        )
        for row in reversed(doubts.values())
    ]


def forget(conn: Connection, event_ids: Iterable[str]) -> None:
    """Forget what could not be told of these events, because they are read again."""
    for batch in batches(dict.fromkeys(event_ids)):
        conn.execute(delete(table).where(table.c.event.in_(batch)))
