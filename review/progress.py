"""How far the team's compounds have come for an account, now or on a day in the past."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from earmark.types import Account, Past, TriggerState
from matcher.progress import Progress, progress
from review.rules import lexicon_of
from storage import stories, triggers
from storage.engine import Connection

__all__ = ["progress_of"]

_YEAR: Final = timedelta(days=366)


def progress_of(connection: Connection, account: Account, at: datetime) -> tuple[Progress, ...]:
    """Return the progress of each compound of which a wanted part is there, the furthest first."""
    lexicon = lexicon_of(connection, [account])
    if not lexicon.compounds:
        return ()
    key = f"a:{account.id}"
    told = stories.load(connection, [key], at - _YEAR, at)
    held = tuple(
        replace(each, state=TriggerState.OPEN) if each.ended_at and each.ended_at > at else each
        for each in triggers.of_past(connection, told).get(key, ())
    )
    past = Past(account=account, stories=told.get(key, ()), triggers=held)
    found = [progress(compound, past, lexicon, at) for compound in lexicon.compounds]
    begun = [each for each in found if each.met]
    return tuple(sorted(begun, key=lambda each: (not each.holds, each.met - each.needed)))
