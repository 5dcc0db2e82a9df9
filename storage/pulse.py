"""How the watching goes, in figures few enough to be asked for every few seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, func, select

from earmark.types import TriggerState
from storage import outbox, workers
from storage.outbox import State
from storage.tables import outbox as parcels
from storage.tables import polls, sources, triggers

__all__ = ["Pulse", "pulse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The figures of one moment, of the whole database.

    ``sources`` counts by state (paused, stopped, failing, silent, new, ok), ``polls`` the recent ones by
    outcome, ``outbox`` by target and state; ``waiting`` is since when the oldest delivery of a target waits.
    ``due_since`` is since when the longest overdue source, ``due_source``, is due.
    """

    sources: Mapping[str, int]
    due: int
    due_source: str | None
    due_since: datetime | None
    polls: Mapping[str, int]
    new_events: int
    new_triggers: int
    open_triggers: int
    outbox: Mapping[tuple[str, State], int]
    waiting: Mapping[str, datetime]
    workers: int


def pulse(conn: Connection, now: datetime, *, recent: timedelta, heard_within: timedelta) -> Pulse:
    """Return the figures; polls are those of the ``recent`` past, workers those ``heard_within`` it."""
    overdue = and_(sources.c.enabled, sources.c.paused_reason.is_(None), sources.c.next_poll_at <= now)
    first = conn.execute(
        select(sources.c.id, sources.c.next_poll_at)
        .where(overdue)
        .order_by(sources.c.next_poll_at, sources.c.id)
        .limit(1)
    ).one_or_none()
    done = conn.execute(
        select(
            polls.c.outcome,
            func.count().label("held"),
            func.sum(polls.c.new).label("new"),
            func.sum(polls.c.triggers).label("triggers"),
        )
        .where(polls.c.finished_at > now - recent)
        .group_by(polls.c.outcome)
    ).all()
    opened = select(func.count()).where(triggers.c.state == TriggerState.OPEN.value)
    at = workers.clock(conn)
    known = workers.every(conn)
    return Pulse(
        sources=_states(conn),
        due=conn.execute(select(func.count()).select_from(sources).where(overdue)).scalar_one(),
        due_source=first.id if first else None,
        due_since=first.next_poll_at if first else None,
        polls={row.outcome: row.held for row in done},
        new_events=sum(row.new for row in done),
        new_triggers=sum(row.triggers for row in done),
        open_triggers=conn.execute(opened).scalar_one(),
        outbox=outbox.counts(conn),
        waiting=_waiting(conn),
        workers=sum(one.stopped_at is None and at - one.seen_at < heard_within for one in known),
    )


def _states(conn: Connection) -> dict[str, int]:
    state = case(
        (~sources.c.enabled, "paused"),
        (sources.c.paused_reason.is_not(None), "stopped"),
        (sources.c.failures > 0, "failing"),
        (sources.c.silent_since.is_not(None), "silent"),
        (sources.c.last_ok_at.is_(None), "new"),
        else_="ok",
    ).label("state")
    query = select(state, func.count().label("held")).select_from(sources).group_by(state)
    return {row.state: row.held for row in conn.execute(query)}


def _waiting(conn: Connection) -> dict[str, datetime]:
    oldest = func.min(parcels.c.created_at).label("oldest")
    query = select(parcels.c.target, oldest).where(parcels.c.state == State.WAITING.value)
    return {row.target: row.oldest for row in conn.execute(query.group_by(parcels.c.target))}
