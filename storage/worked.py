"""The reasons that people worked, and what came of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from earmark.lifecycle import Cause
from storage import outcomes, transitions
from storage.rows import each
from storage.tables import events, matches, triggers
from storage.tables import transitions as moves

__all__ = ["Worked", "worked_since"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A trigger for which outreach was made, or something came of one; ``source`` told it first."""

    trigger: str
    kind: str
    source: str
    rep: str
    outcomes: frozenset[str]


def worked_since(conn: Connection, at: datetime) -> list[Worked]:
    """Return the reasons worked since a time, by the id of their trigger."""
    reps = _reps(conn, at)
    came: dict[str, set[str]] = {}
    for outcome in outcomes.since(conn, at):
        if outcome.trigger is not None:
            came.setdefault(outcome.trigger, set()).add(outcome.outcome)
            reps.setdefault(outcome.trigger, outcome.by)
    sources = _sources(conn, reps)
    kinds = select(triggers.c.id, triggers.c.kind)
    rows = {row.id: row.kind for row in each(conn, kinds, triggers.c.id, reps)}
    return [
        Worked(
            trigger=trigger,
            kind=kind,
            source=sources.get(trigger, ""),
            rep=reps[trigger],
            outcomes=frozenset(came.get(trigger, ())),
        )
        for trigger, kind in sorted(rows.items())
    ]


def _reps(conn: Connection, at: datetime) -> dict[str, str]:
    """Return who made the outreach for each trigger, as far as it was not taken back."""
    query = select(moves.c.account).where(moves.c.at >= at, moves.c.cause == Cause.CONTACTED.value).distinct()
    found: dict[str, str] = {}
    of_each = transitions.of_accounts(conn, conn.execute(query).scalars().all())
    for done in of_each.values():
        undone = {move.undoes for move in done}
        for move in done:
            if move.at < at or move.cause is not Cause.CONTACTED or move.was is None or move.id in undone:
                continue
            named = [move.trigger] if move.trigger is not None else [name for name, _, _ in move.was.triggers]
            found |= dict.fromkeys(named, move.actor)
    return found


def _sources(conn: Connection, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the source that told each trigger's story first."""
    query = select(triggers.c.id, events.c.source, events.c.seen_at, events.c.id.label("event"))
    query = query.join_from(triggers, matches, matches.c.story == triggers.c.story)
    query = query.join(events, events.c.id == matches.c.event)
    first: dict[str, tuple[datetime, str, str]] = {}
    for row in each(conn, query, triggers.c.id, wanted):
        told = (row.seen_at, row.event, row.source)
        first[row.id] = min(told, first.get(row.id, told))
    return {trigger: source for trigger, (_, _, source) in first.items()}
