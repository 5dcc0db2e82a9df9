"""The straight line: read what is known, think, write what follows.

``read`` and ``write`` use the database, each in short transactions; ``think`` uses none. A crash between
them loses nothing: a page's validators are written with its last events, so the next poll sees again what
was not stored, and drops what was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earmark.contract import Source
from earmark.lifecycle import Stage
from earmark.types import Changes, History, Lexicon, Mark, Reading, StoredEvent
from matcher.decide import decide
from matcher.hours import day_begins
from matcher.read import Matcher
from matcher.stories import key_of
from monitors import notices
from monitors.identity import Arrivals, identified, sort_out
from monitors.poll import Outcome
from monitors.rereading import corrections_of
from storage import erasures, events, history, latency, lessons, loads, merges
from storage import readings as stored_readings
from storage.engine import Connection, Engine, reading, writing
from storage.polls import Configured, Finished

__all__ = ["Written", "read", "think", "write"]

BATCH: Final = 100
"""Events in one transaction: some tens of milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one poll left behind, in numbers."""

    source: str
    new: int = 0
    revised: int = 0
    known: int = 0
    baseline: int = 0
    undated: int = 0
    triggers: int = 0
    promoted: int = 0


def read(engine: Engine, outcome: Outcome, configured: Configured, source: Source) -> Arrivals:
    """Sort the events of a poll into new, revised and known."""
    now = outcome.started_at
    found = [identified(event, source=configured.id, now=now, trust=source.trust) for event in outcome.events]
    with reading(engine) as connection:
        found = erasures.without(erasures.erased(connection), found)
        known = events.known(
            connection,
            configured.id,
            [event.external_id for event in found],
            [event.fingerprint for event in found],
        )
    arrivals = sort_out(
        found,
        known,
        unstable_ids=source.unstable_ids,
        first_poll=configured.first_polled_at is None,
        backfill=source.backfill,
        now=now,
    )
    if not arrivals.revised:
        return arrivals
    with reading(engine) as connection:
        return replace(arrivals, corrections=corrections_of(lessons.learned(connection)))


def think(matcher: Matcher, arrivals: Arrivals) -> tuple[Reading, ...]:
    """Read every event that may speak: all but the baseline."""
    fresh = (*arrivals.new, *arrivals.revised)
    spoken = [event for event in fresh if event.mark is not Mark.BASELINE]
    said = arrivals.corrections
    return tuple(matcher.read(event, [one for text, one in said if text == event.id]) for event in spoken)


def write(
    engine: Engine,
    arrivals: Arrivals,
    readings: Sequence[Reading],
    finished: Finished,
    *,
    lexicon: Lexicon,
    now: datetime,
    matched_at: datetime | None = None,
) -> Written:
    """Store the events of one poll with all that follows from them, and the poll itself."""
    by_event = {reading.event.id: reading for reading in readings}
    total = Written(source=finished.source, known=arrivals.known)
    batches = list(_batches(arrivals))
    for number, (new, revised) in enumerate(batches, start=1):
        with writing(engine) as connection:
            stored = events.insert(connection, new) | events.revise(connection, revised)
            kept = [by_event[event.id] for event in (*new, *revised) if event.id in stored & by_event.keys()]
            changes, fresh = _decided(connection, kept, lexicon, now)
            latency.matched(connection, fresh, matched_at or now)
            total = _counted(total, new, revised, stored, changes=changes, fresh=len(fresh))
            if number == len(batches):
                done = replace(finished, new=total.new, revised=total.revised, triggers=total.triggers)
                notices.finish(connection, [done], now)
    return total


def _decided(
    connection: Connection, readings: Sequence[Reading], lexicon: Lexicon, now: datetime
) -> tuple[Changes, frozenset[str]]:
    """Decide and save; return the changes, and which triggers are new among them."""
    if not readings:
        return Changes(), frozenset()
    readings = merges.addressed(connection, readings)
    stored_readings.abstain(connection, [each for reading in readings for each in reading.abstentions])
    keys = {key_of(match) for reading in readings for match in reading.matches}
    keys |= history.keys_of(connection, [reading.event.id for reading in readings])
    if not keys:
        return Changes(), frozenset()
    moments = [reading.event.order[0] for reading in readings]
    past: History = history.load(connection, sorted(keys), min(moments), max(moments))
    given = loads.given(connection, [rep.id for rep in lexicon.reps], day_begins(now, lexicon.hours), now)
    changes = decide(readings, past, lexicon, now, given)
    history.save(connection, changes, now)
    before = {trigger.id for known in past.pasts.values() for trigger in known.triggers}
    return changes, frozenset(trigger.id for trigger in changes.triggers) - before


def _batches(arrivals: Arrivals) -> Iterator[tuple[Sequence[StoredEvent], Sequence[StoredEvent]]]:
    """Yield at least one batch, so that the poll itself is always written; the oldest events come first.

    Whatever a crash leaves for the next poll is then what the source told last: that makes its rhythm.
    """
    new, revised = sorted(arrivals.new, key=lambda event: event.order), arrivals.revised
    for start in range(0, max(len(new), len(revised), 1), BATCH):
        yield new[start : start + BATCH], revised[start : start + BATCH]


def _counted(
    total: Written,
    new: Sequence[StoredEvent],
    revised: Sequence[StoredEvent],
    stored: frozenset[str],
    *,
    changes: Changes,
    fresh: int,
) -> Written:
    added = [event for event in new if event.id in stored]
    return replace(
        total,
        new=total.new + len(added),
        revised=total.revised + sum(event.id in stored for event in revised),
        baseline=total.baseline + sum(event.mark is Mark.BASELINE for event in added),
        undated=total.undated + sum(event.happened_at is None for event in added),
        triggers=total.triggers + fresh,
        promoted=total.promoted
        + sum(move.before is not move.after is Stage.OUTREACH_READY for move in changes.transitions),
    )
