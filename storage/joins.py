"""What people said tells of one story: kept until it is taken back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from earmark.types import Join, Story, Trigger, TriggerState
from storage import stories, triggers
from storage.columns import short
from storage.rows import batches, each, put
from storage.tables import joins
from storage.tables import stories as story_rows

__all__ = ["held", "merged", "of_pasts", "save", "take_back"]


def of_pasts(conn: Connection, keys: Sequence[str]) -> dict[str, tuple[Join, ...]]:
    """Return the joins that hold in these pasts, by key, the earliest first."""
    asked = {short(key): key for key in keys}
    query = select(joins).where(joins.c.taken_back_at.is_(None)).order_by(joins.c.at, joins.c.id)
    found: dict[str, list[Join]] = {}
    for row in each(conn, query, joins.c.past, asked):
        join = Join(id=row.id, key=row.key, one=row.one, other=row.other, by=row.by, at=row.at)
        found.setdefault(asked[row.past], []).append(join)
    return {key: tuple(standing) for key, standing in found.items()}


def merged(conn: Connection, keys: Sequence[str]) -> dict[str, tuple[Trigger, ...]]:
    """Return the triggers of these pasts whose stories others took over, by key."""
    asked = {short(key): key for key in keys}
    query = select(story_rows.c.id, story_rows.c.past).where(story_rows.c.merged_into.is_not(None))
    ended = {row.id: asked[row.past] for row in each(conn, query, story_rows.c.past, asked)}
    told: dict[str, list[Story]] = {}
    for story in stories.of(conn, sorted(ended)).values():
        told.setdefault(ended[story.id], []).append(story)
    return {
        key: tuple(trigger for trigger in found if trigger.state is TriggerState.MERGED)
        for key, found in triggers.of_past(conn, told).items()
    }


def held(conn: Connection) -> frozenset[str]:
    """Return the ids of all joins that hold, which are those of the verdicts."""
    return frozenset(conn.execute(select(joins.c.id).where(joins.c.taken_back_at.is_(None))).scalars())


def save(conn: Connection, new: Sequence[Join]) -> None:
    """Store the joins; one that was taken back and is made again holds again."""
    rows = [
        {
            "id": join.id,
            "past": short(join.key),
            "key": join.key,
            "one": join.one,
            "other": join.other,
            "by": join.by,
            "at": join.at,
            "taken_back_at": None,
        }
        for join in new
    ]
    put(conn, joins, rows)


def take_back(conn: Connection, ids: Sequence[str], at: datetime) -> None:
    """Note that these joins no longer hold."""
    for batch in batches(ids):
        held_now = joins.c.id.in_(batch), joins.c.taken_back_at.is_(None)
        conn.execute(update(joins).where(*held_now).values(taken_back_at=at))
