"""What happens because time passes: windows close, triggers expire, accounts cool, snoozes end."""

from datetime import datetime
from typing import Final

from earmark.types import Lexicon
from matcher.decide import decide
from matcher.hours import day_begins
from matcher.score import score_now
from storage import history, loads, rulebook, triggers
from storage.engine import Engine, reading, writing

__all__ = ["refresh_scores", "sweep"]

BATCH: Final = 500


def sweep(engine: Engine, lexicon: Lexicon, now: datetime) -> int:
    """Decide all that has fallen due, and return how many pasts that were.

    However late it runs, it ends in the same state: each moment is decided at its own time. With a lexicon
    that is no longer the newest it stops, and leaves the rest to the next sweep.
    """
    swept: set[str] = set()
    version = lexicon.version
    while True:
        with writing(engine) as connection:
            if rulebook.lexicon_version(connection) != version:
                return len(swept)
            keys = [key for key in history.due(connection, now, limit=BATCH) if key not in swept]
            if not keys:
                return len(swept)
            past = history.load(connection, keys, now, now)
            begun = day_begins(now, lexicon.hours)
            given = loads.given(connection, [rep.id for rep in lexicon.reps], begun, now)
            history.save(connection, decide((), past, lexicon, now, given), now)
            version = rulebook.lexicon_version(connection)  # the end of a suppression counts it up
        swept.update(keys)


def refresh_scores(engine: Engine, lexicon: Lexicon, now: datetime) -> int:
    """Bring the stored score of every open trigger up to date, so that lists sort by today's freshness."""
    with reading(engine) as connection:
        alive = triggers.every_open(connection)
    scores = {trigger.id: score_now(trigger, now, lexicon.kinds) for trigger in alive}
    with writing(engine) as connection:
        triggers.refresh(connection, scores)
    return len(scores)
