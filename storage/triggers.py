"""Triggers: what is a reason to act now, and what became of the others."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from earmark.errors import ConfigError
from earmark.triggers import Polarity
from earmark.types import Certainty, Mark, Role, Story, Trigger, TriggerState
from storage import search
from storage.rows import BATCH, batches, each, put
from storage.tables import triggers

__all__ = [
    "as_trigger",
    "every_open",
    "find",
    "get",
    "meant",
    "of_account",
    "of_past",
    "refresh",
    "save",
    "stream",
]

_WAITING = (TriggerState.OPEN, TriggerState.ACCEPTED)


def get(conn: Connection, trigger_id: str) -> Trigger | None:
    """Return one trigger by its whole id, or None."""
    row = conn.execute(select(triggers).where(triggers.c.id == trigger_id)).one_or_none()
    return None if row is None else as_trigger(row)


def meant(conn: Connection, beginning: str) -> Trigger | None:
    """Return the trigger whose id begins so, or None; ConfigError when several do.

    For what a person types: it may read the ids of all triggers.
    """
    if not beginning:
        return None
    begins = triggers.c.id.startswith(beginning, autoescape=True)
    rows = conn.execute(select(triggers).where(begins).order_by(triggers.c.id).limit(2)).all()
    if len(rows) > 1 and rows[0].id != beginning:
        raise ConfigError(f"Several triggers begin with {beginning!r}. Give more letters of the id.")
    return as_trigger(rows[0]) if rows else None


def of_account(conn: Connection, account_id: str) -> list[Trigger]:
    """Return every trigger of the account, the newest first."""
    return find(conn, account=account_id, limit=None)


def every_open(conn: Connection) -> list[Trigger]:
    """Return the triggers that wait for a person, with or without an account."""
    query = select(triggers).where(triggers.c.state.in_(_WAITING)).order_by(triggers.c.id)
    return [as_trigger(row) for row in conn.execute(query)]


def find(
    conn: Connection,
    *,
    kind: str | None = None,
    state: str | None = None,
    account: str | None = None,
    since: datetime | None = None,
    limit: int | None = 50,
) -> list[Trigger]:
    """Return the newest triggers of a kind, a state, an account, created since a time."""
    query = select(triggers).order_by(triggers.c.created_at.desc(), triggers.c.id).limit(limit)
    for column, wanted in ((triggers.c.kind, kind), (triggers.c.state, state), (triggers.c.account, account)):
        if wanted is not None:
            query = query.where(column == wanted)
    if since is not None:
        query = query.where(triggers.c.created_at >= since)
    return [as_trigger(row) for row in conn.execute(query)]


def stream(conn: Connection, since: datetime | None = None) -> Iterator[Trigger]:
    """Yield all triggers, or those made or ended since a time, few at a time in memory."""
    query = select(triggers).order_by(triggers.c.created_at, triggers.c.id)
    if since is not None:
        query = query.where(or_(triggers.c.created_at >= since, triggers.c.ended_at >= since))
    for row in conn.execute(query.execution_options(yield_per=BATCH)):
        yield as_trigger(row)


def of_past(conn: Connection, loaded: Mapping[str, Sequence[Story]]) -> dict[str, tuple[Trigger, ...]]:
    """Return the triggers of the loaded stories, by the key under which the stories stand."""
    keys = {story.id: key for key, told in loaded.items() for story in told}
    found: dict[str, list[Trigger]] = {}
    for row in each(conn, select(triggers).order_by(triggers.c.id), triggers.c.story, keys):
        found.setdefault(keys[row.story], []).append(as_trigger(row))
    return {key: tuple(held) for key, held in found.items()}


def refresh(conn: Connection, scores: Mapping[str, float]) -> None:
    """Set the score of today, by which lists are sorted."""
    statement = update(triggers).where(triggers.c.id == bindparam("trigger_id"))
    for batch in batches(sorted(scores.items())):
        conn.execute(statement, [{"trigger_id": trigger, "score_now": score} for trigger, score in batch])


def save(conn: Connection, new: Sequence[Trigger]) -> None:
    """Replace the triggers that have the same id; the score of today starts as the score."""
    # What has ended comes first: it makes room under "once per story and kind".
    ended_first = sorted(new, key=lambda trigger: (trigger.state is not TriggerState.MERGED, trigger.id))
    put(conn, triggers, [_row(trigger) for trigger in ended_first])
    search.save(conn, ended_first)


def as_trigger(row: Any) -> Trigger:
    """Return the trigger that a row of the table holds."""
    return Trigger(
        id=row.id,
        account=row.account,
        problem=row.problem,
        story=row.story,
        kind=row.kind,
        role=Role(row.role),
        polarity=Polarity(row.polarity),
        state=TriggerState(row.state),
        certainty=Certainty(row.certainty),
        score=row.score,
        mark=Mark(row.mark),
        undated=row.undated,
        decays_from=row.decays_from,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        expires_at=row.expires_at,
        created_at=row.created_at,
        ended_at=row.ended_at,
        offered_to=row.offered_to,
        offered_at=row.offered_at,
        note=row.note,
    )


def _row(trigger: Trigger) -> dict[str, Any]:
    return {
        "id": trigger.id,
        "account": trigger.account,
        "problem": trigger.problem,
        "story": trigger.story,
        "kind": trigger.kind,
        "role": trigger.role.value,
        "polarity": trigger.polarity.value,
        "state": trigger.state.value,
        "certainty": trigger.certainty.value,
        "score": trigger.score,
        "score_now": trigger.score.total,
        "mark": trigger.mark.value,
        "undated": trigger.undated,
        "decays_from": trigger.decays_from,
        "opens_at": trigger.opens_at,
        "closes_at": trigger.closes_at,
        "expires_at": trigger.expires_at,
        "created_at": trigger.created_at,
        "ended_at": trigger.ended_at,
        "offered_to": trigger.offered_to,
        "offered_at": trigger.offered_at,
        "note": trigger.note,
    }
