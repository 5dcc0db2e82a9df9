"""The verdicts of people on triggers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from earmark.types import Judgement, Verdict
from storage.rows import add
from storage.tables import judgements

__all__ = ["of_trigger", "save", "take_back"]


def of_trigger(conn: Connection, trigger_id: str) -> list[Judgement]:
    """Return the verdicts on one trigger that hold, the earliest first."""
    query = select(judgements).where(judgements.c.trigger == trigger_id, judgements.c.taken_back_at.is_(None))
    return [
        Judgement(
            id=row.id,
            trigger=row.trigger,
            verdict=Verdict(row.verdict),
            by=row.by,
            at=row.at,
            text=row.text,
        )
        for row in conn.execute(query.order_by(judgements.c.at, judgements.c.number))
    ]


def save(conn: Connection, new: Sequence[Judgement]) -> None:
    """Add the verdicts; one that is there already stays as it is."""
    rows = [
        {
            "id": judgement.id,
            "trigger": judgement.trigger,
            "verdict": judgement.verdict.value,
            "by": judgement.by,
            "at": judgement.at,
            "text": judgement.text,
        }
        for judgement in new
    ]
    add(conn, judgements, rows)


def take_back(conn: Connection, ids: Sequence[str], at: datetime) -> None:
    """Note that these verdicts no longer hold."""
    if ids:
        held = update(judgements).where(judgements.c.id.in_(ids), judgements.c.taken_back_at.is_(None))
        conn.execute(held.values(taken_back_at=at))
